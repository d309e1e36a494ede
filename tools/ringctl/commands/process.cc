// reload, apply, confirm, revert, upgrade: the process as a whole.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "commands/commands.h"
#include "ringway/base/printable.h"
#include "ringway/base/units.h"
#include "ringway/config/toml_file.h"

namespace ringctl {

namespace {

using ringway::base::shown;

/// A new process may take 30 s to get ready, and a configuration with many names as long.
constexpr std::chrono::milliseconds kPatience{120'000};
constexpr std::size_t kInputBytesMax = 16 << 20;

struct NoArguments {};

struct ApplyArguments {
    std::string file;
    std::string confirm = "60s";
    std::string abort_if;
};

void print_list(const Session& session, std::string_view heading, const Value& list) {
    for (const Value& one : list.elements())
        session.print_line(fmt::format("  {} {}", heading, one.text()));
}

/// "generation 4 is in use", and what is different now.
Result<int> show_generation(Session& session, const Reply& reply) {
    if (session.json()) {
        session.print_json(reply.body);
        return 0;
    }
    const auto document = Document::parse(reply.body);
    if (!document) return std::unexpected(Failure{.message = document.error()});
    const Value root = document->root();
    const bool changed = !root["changed"].elements().empty();
    std::string text = fmt::format("generation {} is in use", root["generation"].text());
    if (root["confirm_by"].there()) {
        text += fmt::format(" until {}, unless `ringctl confirm` says that it stays",
                            root["confirm_by"].text());
    } else if (root["changed"].is_array()) {
        text += changed ? ":" : "; nothing has changed";
    }
    session.print_line(text);
    print_list(session, "changed:", root["changed"]);
    print_list(session, "needs a restart:", root["needs_restart"]);
    return 0;
}

Result<int> post(Session& session, const char* target) {
    const auto reply =
        session.change({.method = "POST", .target = target, .body = {}, .timeout = kPatience});
    if (!reply) return std::unexpected(reply.error());
    return show_generation(session, *reply);
}

Result<int> run_reload(Session& session, const NoArguments&) { return post(session, "/reload"); }
Result<int> run_confirm(Session& session, const NoArguments&) {
    return post(session, "/config/confirm");
}
Result<int> run_revert(Session& session, const NoArguments&) {
    return post(session, "/config/revert");
}

Result<std::string> read_input(const std::string& file) {
    if (file != "-") {
        auto text = ringway::config::read_file(file);
        if (text) return std::move(*text);
        return std::unexpected(Failure::usage(fmt::format("{} {}", shown(file), text.error())));
    }
    std::string text;
    char piece[16 * 1024];
    while (const std::size_t size = std::fread(piece, 1, sizeof piece, stdin)) {
        text.append(piece, size);
        if (text.size() > kInputBytesMax) {
            return std::unexpected(Failure::usage("standard input is larger than 16 MiB"));
        }
    }
    return text;
}

Result<int> run_apply(Session& session, const ApplyArguments& arguments) {
    if (!ringway::base::parse_duration(arguments.confirm)) {
        return std::unexpected(Failure::usage(fmt::format(
            "--confirm: `{}` is no duration; write it as 30s or 5m", shown(arguments.confirm))));
    }
    auto text = read_input(arguments.file);
    if (!text) return std::unexpected(text.error());
    std::string target = "/config/apply?confirm=" + percent_encoded(arguments.confirm);
    if (!arguments.abort_if.empty()) target += "&abort_if=" + percent_encoded(arguments.abort_if);
    const auto reply = session.change({.method = "POST",
                                       .target = std::move(target),
                                       .body = std::move(*text),
                                       .content_type = "application/toml",
                                       .timeout = kPatience});
    if (!reply) return std::unexpected(reply.error());
    return show_generation(session, *reply);
}

Result<int> run_upgrade(Session& session, const NoArguments&) {
    const auto reply =
        session.change({.method = "POST", .target = "/upgrade", .body = {}, .timeout = kPatience});
    if (!reply) return std::unexpected(reply.error());
    if (session.json()) {
        session.print_json(reply->body);
        return 0;
    }
    const auto document = Document::parse(reply->body);
    if (!document) return std::unexpected(Failure{.message = document.error()});
    session.print_line(fmt::format("process {} has taken over; the old one drains",
                                   document->root()["pid"].text()));
    return 0;
}

}  // namespace

void add_process_commands(CLI::App& app, CommandLine& line) {
    add_command<NoArguments>(app, line, "reload", "take the configuration file anew", run_reload);
    const auto [apply, applied] = add_command<ApplyArguments>(
        app, line, "apply", "try a configuration; it is reverted unless confirmed in time",
        run_apply);
    apply->add_option("file", applied->file, "the configuration; - is standard input")
        ->type_name("FILE")
        ->required();
    apply->add_option("--confirm", applied->confirm, "how long to wait for `ringctl confirm` (60s)")
        ->type_name("DURATION");
    apply
        ->add_option("--abort-if", applied->abort_if,
                     "revert at once when this comes true, as 'errors>1%'")
        ->type_name("BOUND");
    add_command<NoArguments>(app, line, "confirm", "keep the configuration that is tried",
                             run_confirm);
    add_command<NoArguments>(app, line, "revert", "go back to the one before it", run_revert);
    add_command<NoArguments>(app, line, "upgrade",
                             "hand over to a new process of the binary on disk", run_upgrade);
}

}  // namespace ringctl
