// `ringload compare A.json B.json`: results side by side.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace ringload {

/// The table, or a sentence that names the file and what is wrong with it.
std::expected<std::string, std::string> compare(const std::vector<std::string>& paths);

/// A result as json_of() wrote it, and what its column is called.
struct NamedJson {
    std::string name;
    std::string json;
};
/// compare() of what is in memory already.
std::expected<std::string, std::string> compare_json(const std::vector<NamedJson>& results);

/// argv of the subcommand, argv[0] its name ("compare"), to the exit status: 0, or 1 when there is
/// nothing to compare.
int compare_command(int argc, const char* const* argv);

}  // namespace ringload
