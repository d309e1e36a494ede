// The command line of `ringload scenario`.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/options.h"
#include "tally/assertion.h"

namespace ringload {

struct ScenarioArguments {
    std::vector<std::string> files;
    std::vector<std::string> settings;  // of --set
    std::vector<Assertion> assertions;
    Outputs outputs;
};

/// argv[0] is "scenario". An Exit for --help, and for a line that is wrong.
std::expected<ScenarioArguments, Exit> parse_scenario_arguments(int argc, const char* const* argv);

/// "out.json" of the variant "off" and its third round: "out.off.3.json". Without a variant, or
/// with one round, without that part.
std::string path_of_round(const std::string& path, const std::string& variant, std::uint32_t round,
                          std::uint32_t rounds);

}  // namespace ringload
