// ringctl: argv to one of its commands.
#include "cli/command_line.h"

int main(int argc, char** argv) {
    auto line = ringctl::parse_command_line(argc, argv);
    if (!line) return line.error();
    return ringctl::run(std::move(*line));
}
