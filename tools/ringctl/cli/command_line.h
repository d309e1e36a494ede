// The tree of commands: the parser, --help and the completions all walk it.
#pragma once

#include <CLI/CLI.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cli/connection.h"
#include "cli/session.h"
#include "client/failure.h"

namespace ringctl {

/// What a command does: its exit status, or why it could not.
using Action = std::function<Result<int>(Session&)>;

struct CommandLine {
    Globals globals;
    Action action;
};

/// Adds a command whose arguments are an `Arguments`; `run` is its action when argv names it.
template <class Arguments>
std::pair<CLI::App*, std::shared_ptr<Arguments>> add_command(
    CLI::App& parent, CommandLine& line, const std::string& name, const std::string& meaning,
    Result<int> (*run)(Session&, const Arguments&)) {
    CLI::App* const command = parent.add_subcommand(name, meaning);
    auto arguments = std::make_shared<Arguments>();
    command->callback([&line, arguments, run] {
        line.action = [arguments, run](Session& session) { return run(session, *arguments); };
    });
    return {command, std::move(arguments)};
}

/// Every command, in the order of --help. `line` outlives the tree.
std::unique_ptr<CLI::App> make_command_line(CommandLine& line);

/// Parses argv. An int is the exit status of what was printed instead: help, version, or one line
/// on what is wrong.
std::expected<CommandLine, int> parse_command_line(int argc, const char* const* argv);

/// Runs the action and says what kept it from its end. The exit status.
int run(CommandLine line);

}  // namespace ringctl
