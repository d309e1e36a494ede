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

std::string list_text(std::string_view heading, const Value& list) {
    std::string out;
    for (const Value& one : list.elements()) out += fmt::format("  {}{}\n", heading, one.text());
    return out;
}

/// "generation 4 is in use", and what is different now.
std::string generation_text(const Value& answer) {
    std::string text = fmt::format("generation {} is in use", answer["generation"].text());
    if (answer["confirm_by"].there()) {
        text += fmt::format(" until {}, unless `ringctl confirm` says that it stays",
                            answer["confirm_by"].text());
    } else if (answer["changed"].is_array()) {
        text += answer["changed"].elements().empty() ? "; nothing has changed" : ":";
    }
    return text + '\n' + list_text("", answer["changed"]) +
           list_text("needs a restart: ", answer["needs_restart"]);
}

Result<int> post(Session& session, const char* target) {
    return session.show(session.change({.method = "POST", .target = target, .timeout = kPatience}),
                        generation_text);
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
    const std::string name = arguments.file == "-" ? "standard input" : arguments.file;
    target += "&name=" + percent_encoded(name);
    if (!arguments.abort_if.empty()) target += "&abort_if=" + percent_encoded(arguments.abort_if);
    const auto reply = session.change({.method = "POST",
                                       .target = std::move(target),
                                       .body = std::move(*text),
                                       .content_type = "application/toml",
                                       .timeout = kPatience});
    return session.show(reply, generation_text);
}

Result<int> run_upgrade(Session& session, const NoArguments&) {
    const auto reply =
        session.change({.method = "POST", .target = "/upgrade", .timeout = kPatience});
    return session.show(reply, [](const Value& answer) {
        return fmt::format("process {} has taken over; the old one drains\n", answer["pid"].text());
    });
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
