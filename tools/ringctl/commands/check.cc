// check: what `ringway -t` says, without a ringway. config: what the process runs with.
#include <fmt/format.h>

#include <cstdio>

#include "commands/commands.h"
#include "ringway/config/load.h"
#include "ringway/observe/json.h"
#include "ringway/ring/kernel_features.h"
#include "tables/settings.h"

namespace ringctl {

namespace {

namespace config = ringway::config;

struct NoArguments {};

struct CheckArguments {
    std::string file;
};

/// What only shows when a ring is to be made.
std::vector<config::Error> feature_errors(const config::Config& loaded, const std::string& file) {
    std::vector<config::Error> errors;
    for (const config::Shard& shard : loaded.shards) {
        for (const std::string& complaint :
             ringway::ring::unknown_features(shard.kernel_features_off)) {
            errors.push_back({"ringway: " + file, 0, 0, "`kernel_features_off`: " + complaint});
        }
    }
    return errors;
}

std::string json_of(const std::string& file, const std::vector<config::Error>& errors) {
    std::string out;
    ringway::observe::JsonWriter json(out);
    json.open_object();
    json.key("file").text(file);
    json.key("ok").boolean(errors.empty());
    json.key("errors").open_array();
    for (const config::Error& error : errors) {
        json.open_object();
        json.key("line").number(error.line);
        json.key("column").number(error.column);
        json.key("message").text(error.message);
        json.close_object();
    }
    json.close_array();
    json.close_object();
    return out;
}

Result<int> run_check(Session& session, const CheckArguments& arguments) {
    const auto loaded = config::load(arguments.file, config::this_machine());
    const auto errors = loaded ? feature_errors(*loaded, arguments.file) : loaded.error();
    if (session.json()) session.print_json(json_of(arguments.file, errors));
    for (const config::Error& error : errors) std::fprintf(stderr, "%s\n", error.text().c_str());
    if (!errors.empty()) return static_cast<int>(ExitStatus::refused);
    if (!session.json()) session.print_line(arguments.file + ": ok");
    return 0;
}

Result<int> run_show(Session& session, const NoArguments&) {
    return session.show(session.ask({.target = "/config"}), [&](const Value& config) {
        return settings_text(config, session.style());
    });
}

std::string pending_text(const Value& pending) {
    if (!pending["confirm_by"].there()) return "no configuration waits for its confirmation\n";
    return fmt::format(
        "generation {} is reverted at {}, unless `ringctl confirm` says that it stays\n",
        pending["generation"].text(), pending["confirm_by"].text());
}

Result<int> run_pending(Session& session, const NoArguments&) {
    return session.show(session.ask({.target = "/config/pending"}), pending_text);
}

}  // namespace

void add_config_commands(CLI::App& app, CommandLine& line) {
    CLI::App* const config = app.add_subcommand("config", "the configuration that is in use");
    config->require_subcommand(1);
    add_command<NoArguments>(*config, line, "show", "every value, secrets hidden", run_show);
    add_command<NoArguments>(*config, line, "pending", "the one that waits for its confirmation",
                             run_pending);
    const auto [check, arguments] = add_command<CheckArguments>(
        app, line, "check", "check a configuration file, as `ringway -t`", run_check);
    check->add_option("file", arguments->file, "the file")->type_name("FILE")->required();
}

}  // namespace ringctl
