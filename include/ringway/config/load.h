// From text to a validated Config, or to every error that the text has.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/config.h"

namespace ringway::config {

/// One mistake in a file: "message" says what is wrong and what to do. Printed as file:line:column:
/// message.
struct Error {
    std::string file;
    std::uint32_t line = 0;  // 1-based; 0: the file as a whole
    std::uint32_t column = 0;
    std::string message;
    std::string text() const;
};

/// What the machine has, for "auto" values; an argument so that loading stays testable.
struct Machine {
    std::vector<int> cpus;  // that this process may run on
};
Machine this_machine();

/// Parses and validates. All errors of the text, in order of their place. Reads the environment and
/// the files that secrets refer to (`{ env = "NAME" }`, `{ file = "/path" }`), nothing else. No
/// exceptions leave.
std::expected<Config, std::vector<Error>> parse(std::string_view text, const std::string& file_name,
                                                const Machine& machine);

/// parse() on the content of a file.
std::expected<Config, std::vector<Error>> load(const std::string& path, const Machine& machine);

/// The reference of every key as Markdown, from the same table that the loader checks keys against.
std::string reference_markdown();

}  // namespace ringway::config
