// From a file to its TOML tables, or to what is wrong with it. No exception leaves: toml++ throws
// on a syntax error, which is caught here. Any thread; allocates freely.
#pragma once

#include <toml++/toml.h>

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "ringway/config/errors.h"

namespace ringway::config {

/// The content of a file of at most 16 MiB, or the end of a sentence that starts with its name.
std::expected<std::string, std::string> read_file(const std::string& path);

/// Calls `read` with the tables of the text, or complains of its syntax. The tables live as long as
/// the call.
void parse_toml(std::string_view text, Errors& errors,
                const std::function<void(const toml::table&)>& read);

}  // namespace ringway::config
