#include "cli/command_line.h"

#include <fmt/format.h>

#include <cstdio>

#include "commands/commands.h"
#include "ringway/base/printable.h"
#include "ringway/base/suggest.h"

namespace ringctl {

namespace {

constexpr const char* kFooter = R"(
POOL/UPSTREAM may be the bare name of an upstream that only one pool has.
A ringway whose [admin] has a token_file wants its token for everything that changes something.

Environment: RINGWAY_ADMIN and RINGWAY_TOKEN_FILE stand for --admin and --token-file; NO_COLOR.
Exit status: 0 done, 1 refused by the server, 2 wrong usage, 3 no connection.

Examples:
  ringctl status
  ringctl drain api/a --wait=30s
  ringctl route explain http://www.example.com/api/x -X POST
  ringctl apply new.toml --confirm 60s --abort-if 'errors>1%'
)";

void add_globals(CLI::App& app, Globals& globals) {
    app.add_option("--admin", globals.admin, "the admin API: IP:port, name:port or unix:/path")
        ->type_name("ADDRESS");
    app.add_option("--token-file", globals.token_file, "file with the token that changes need")
        ->type_name("FILE");
    app.add_option("--config", globals.config,
                   fmt::format("take both from [admin] of this file ({}, when it is there)",
                               kDefaultConfig))
        ->type_name("FILE");
    app.add_flag("--json", globals.json, "the server's JSON instead of tables");
    app.add_option("--color", globals.colour, "colours: auto (on a terminal), always or never")
        ->type_name("auto|always|never")
        ->check([](const std::string& word) {
            const bool known = word == "auto" || word == "always" || word == "never";
            return known ? std::string() : "`" + word + "` is none of auto, always, never";
        });
}

/// The names of the commands that could stand where `word` does.
std::string suggestion_for(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) names.push_back(command->get_name());
    }
    return ringway::base::did_you_mean(word, names);
}

/// A suggestion ends with a question mark; what stands there without one.
std::string suggestion_or(const std::string& suggestion, const char* mark) {
    return suggestion.empty() ? mark : suggestion;
}

/// What is wrong, in one line.
std::string sentence_of(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App* at = &app;
    std::string path = "ringctl";
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        path += ' ' + at->get_name();
    }
    const auto extra = app.remaining(true);
    const bool wants_command = at->get_require_subcommand_min() > 0;
    if (!extra.empty() && wants_command && !extra.front().starts_with('-')) {
        return fmt::format("no command is named `{}`{} `{} --help` lists them",
                           ringway::base::shown(extra.front()),
                           suggestion_or(suggestion_for(app, extra.front()), ";"), path);
    }
    if (!extra.empty()) {
        std::vector<std::string> flags;
        for (const CLI::App* owner : {at, &app}) {
            for (const CLI::Option* option : owner->get_options()) {
                for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
            }
        }
        return fmt::format(
            "`{}` is not expected{} See `{} --help`", ringway::base::shown(extra.front()),
            suggestion_or(ringway::base::did_you_mean(extra.front(), flags), "."), path);
    }
    if (wants_command) return fmt::format("no command is given; `{} --help` lists them", path);
    return fmt::format("{}; see `{} --help`", error.what(), path);
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line(CommandLine& line) {
    auto app = std::make_unique<CLI::App>(
        "ringctl asks and steers a running ringway by its admin API.", "ringctl");
    app->get_formatter()->column_width(34);
    app->set_version_flag("-V,--version", "ringctl " RINGWAY_VERSION, "print the version and exit");
    add_globals(*app, line.globals);
    app->require_subcommand(1);
    app->fallthrough();  // flags of all commands may stand behind the command
    add_view_commands(*app, line);
    add_top_command(*app, line);
    add_event_commands(*app, line);
    add_route_commands(*app, line);
    add_upstream_commands(*app, line);
    add_process_commands(*app, line);
    add_config_commands(*app, line);
    add_completion_commands(*app, line);
    app->footer(kFooter);  // not of the commands, which inherit what is set before them
    return app;
}

std::expected<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
    CommandLine line;
    const auto app = make_command_line(line);
    try {
        app->parse(argc, argv);
    } catch (const CLI::Success& success) {
        app->exit(success);  // prints help or version
        return std::unexpected(0);
    } catch (const CLI::ParseError& error) {
        Session::note(sentence_of(*app, error));
        return std::unexpected(static_cast<int>(ExitStatus::usage));
    }
    return line;
}

int run(CommandLine line) {
    Session session(std::move(line.globals));
    const auto status = line.action(session);
    if (!status) {
        const Failure& failure = status.error();
        if (session.json()) {
            session.print_json(failure.json.empty() ? error_json(failure) : failure.json);
        }
        Session::note(failure.message);
        for (const std::string& error : failure.lines) std::fprintf(stderr, "%s\n", error.c_str());
        return static_cast<int>(failure.status);
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        Session::note("what was to be printed could not be written to standard output");
        return static_cast<int>(ExitStatus::refused);
    }
    return *status;
}

}  // namespace ringctl
