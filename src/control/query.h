// The query of an admin request, and what stands percent-encoded in its path. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::control {

/// Takes percent-encoding off (RFC 3986 2.1); what is no %XX stays as it is.
std::string percent_decoded(std::string_view text);

/// All values of a member, decoded, a '+' being a space there.
std::vector<std::string> values_in(std::string_view query, std::string_view name);
/// The first of them.
std::optional<std::string> value_in(std::string_view query, std::string_view name);
/// As a whole number: nothing when it is not there, a sentence when it is none.
std::expected<std::optional<std::uint64_t>, std::string> number_in(std::string_view query,
                                                                   std::string_view name);

}  // namespace ringway::control
