// `ringload compare A.json B.json`: results side by side.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace ringload {

/// The table, or a sentence that names the file and what is wrong with it.
std::expected<std::string, std::string> compare(const std::vector<std::string>& paths);

/// argv of the subcommand to the exit status.
int compare_command(int argc, const char* const* argv);

}  // namespace ringload
