// The request mix: from a TOML file to the kinds of requests, or to all of its errors.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "ringway/config/load.h"

namespace ringload {

/// Parses and validates `[[request]]` tables. Reads the body files that they name (relative to the
/// file's own folder), nothing else.
std::expected<std::vector<RequestKind>, std::vector<ringway::config::Error>> parse_mix(
    std::string_view text, const std::string& file_name);

/// parse_mix() on the content of a file.
std::expected<std::vector<RequestKind>, std::vector<ringway::config::Error>> load_mix(
    const std::string& path);

/// The reference of every key as Markdown, from the table that the file is checked against.
std::string mix_reference_markdown();

}  // namespace ringload
