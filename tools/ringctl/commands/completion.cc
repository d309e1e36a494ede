// completion: the scripts for shells; and the names that those ask for.
#include "cli/completion.h"

#include "commands/commands.h"

namespace ringctl {

namespace {

struct NoArguments {};

Result<int> print_script(Session& session, std::string (*script_of)(const CLI::App&)) {
    CommandLine line;
    session.print(script_of(*make_command_line(line)));
    return 0;
}

Result<int> run_bash(Session& session, const NoArguments&) {
    return print_script(session, bash_completion);
}
Result<int> run_zsh(Session& session, const NoArguments&) {
    return print_script(session, zsh_completion);
}
Result<int> run_fish(Session& session, const NoArguments&) {
    return print_script(session, fish_completion);
}

Result<int> run_upstream_names(Session& session, const NoArguments&) {
    const auto upstreams = session.get("/upstreams");
    if (!upstreams) return std::unexpected(upstreams.error());
    for (const UpstreamName& name : upstream_names(upstreams->root()))
        session.print_line(name.full());
    return 0;
}

Result<int> run_pool_names(Session& session, const NoArguments&) {
    const auto pools = session.get("/pools");
    if (!pools) return std::unexpected(pools.error());
    for (const Value& pool : pools->root().elements()) session.print_line(pool["name"].raw_text());
    return 0;
}

}  // namespace

void add_completion_commands(CLI::App& app, CommandLine& line) {
    CLI::App* const completion =
        app.add_subcommand("completion", "a script for a shell's completions");
    completion->require_subcommand(1);
    add_command<NoArguments>(*completion, line, "bash",
                             "for bash: eval \"$(ringctl completion bash)\"", run_bash);
    add_command<NoArguments>(*completion, line, "zsh", "for zsh: a file _ringctl in $fpath",
                             run_zsh);
    add_command<NoArguments>(*completion, line, "fish",
                             "for fish: ringctl completion fish | source", run_fish);
    // for the scripts; a group without a name is hidden from --help
    CLI::App* const names = app.add_subcommand(kNamesCommand, "names, a line each")->group("");
    names->require_subcommand(1);
    add_command<NoArguments>(*names, line, "upstreams", "POOL/UPSTREAM", run_upstream_names);
    add_command<NoArguments>(*names, line, "pools", "POOL", run_pool_names);
}

}  // namespace ringctl
