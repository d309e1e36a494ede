// ringload: argv to one of its commands.
#include <cstdio>
#include <string_view>

#include "cli/options.h"
#include "report/compare.h"
#include "scenario/scenario.h"

int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "scenario") return ringload::scenario_command(argc - 1, argv + 1);
    if (command == "compare") return ringload::compare_command(argc - 1, argv + 1);
    const auto options = ringload::parse_options(argc, argv);
    if (options) return ringload::run_command(*options);
    std::fputs(options.error().out.c_str(), stdout);
    std::fputs(options.error().err.c_str(), stderr);
    return options.error().status;
}
