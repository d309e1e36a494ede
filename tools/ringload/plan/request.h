// Parts of a request as flags and mix files write them. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plan/plan.h"
#include "ringway/config/checks.h"

namespace ringload {

/// "field:NAME", "fnv1a64:HEX" or "crc32:HEX"; otherwise the end of a sentence that starts with
/// the value.
std::expected<BodyChecksum, std::string> parse_checksum(std::string_view text);

/// A method (RFC 9110 9.1) that can be measured.
ringway::config::Complaint check_method(std::string_view text);
/// The path and query of a request, with "{n}" at most once.
ringway::config::Complaint check_target(std::string_view text);
/// The name of a field that is not written by ringload itself.
ringway::config::Complaint check_field_name(std::string_view text);

/// Fills in what the others are the default of: the method of a request with a body, the name.
void complete(RequestKind& kind);

/// "200", "2xx", "200-204": nothing when it is none of these.
std::optional<StatusRange> parse_statuses(std::string_view text);

}  // namespace ringload
