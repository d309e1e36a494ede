// drain, ready, maintenance, weight, breaker: what is set by hand.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "cli/progress_line.h"
#include "commands/commands.h"
#include "ringway/base/printable.h"
#include "ringway/base/units.h"
#include "tables/cells.h"
#include "tables/units.h"

namespace ringctl {

namespace {

using Clock = std::chrono::steady_clock;
using ringway::base::shown;

constexpr std::chrono::milliseconds kPollInterval{200};
constexpr unsigned kWeightMax = 1000;

struct UpstreamArgument {
    std::string upstream;
};

struct BreakerArguments {
    std::string upstream;
    std::string action;  // as the API has it
};

struct DrainArguments {
    std::string upstream;
    bool all = false;
    std::string wait;  // "" when not asked for; "true" without a bound, as the parser has it
};

struct WeightArguments {
    std::string upstream;
    std::string weight;
};

/// "api/a: draining (by_hand), weight 5, breaker closed, 3 in flight"
std::string line_of(const Value& upstream, const Style& style) {
    const Cell state = state_cell(upstream);
    const Cell breaker = breaker_cell(upstream["breaker"]);
    return fmt::format("{}: {}, weight {}, breaker {}, {} in flight",
                       upstream_cell(upstream["pool"].text(), upstream["name"].text()).text,
                       style.paint(state.tone, state.text), weight_cell(upstream).text,
                       style.paint(breaker.tone, breaker.text),
                       count_text(upstream["in_flight"].number()));
}

/// What the upstream is now, or the server's answer to the change.
Result<int> show_upstream(Session& session, const UpstreamName& name, const Reply& changed) {
    if (session.json() && !changed.body.empty()) {
        session.print_json(changed.body);
        return 0;
    }
    const auto now = session.get(name.path());
    if (!now) return std::unexpected(now.error());
    if (session.json()) {
        session.print_json(now->root().json());
    } else {
        session.print_line(line_of(now->root(), session.style()));
    }
    return 0;
}

Result<int> change_upstream(Session& session, const std::string& wanted, const char* method,
                            std::string_view action, std::string body = "") {
    const auto name = session.upstream_named(wanted);
    if (!name) return std::unexpected(name.error());
    const auto reply = session.change(method, fmt::format("{}/{}", name->path(), action), body);
    if (!reply) return std::unexpected(reply.error());
    return show_upstream(session, *name, *reply);
}

Result<int> run_ready(Session& session, const UpstreamArgument& arguments) {
    return change_upstream(session, arguments.upstream, "POST", "ready");
}
Result<int> run_maintenance(Session& session, const UpstreamArgument& arguments) {
    return change_upstream(session, arguments.upstream, "POST", "maintenance");
}

Result<int> run_weight(Session& session, const WeightArguments& arguments) {
    const std::string& text = arguments.weight;
    if (text == "default") {
        return change_upstream(session, arguments.upstream, "DELETE", "weight");
    }
    unsigned weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (error != std::errc{} || end != text.data() + text.size() || weight > kWeightMax) {
        return std::unexpected(Failure::usage(fmt::format(
            "`{}` is no weight; write a whole number from 0 to {}, or `default` for the "
            "configured one",
            shown(text), kWeightMax)));
    }
    return change_upstream(session, arguments.upstream, "PUT", "weight",
                           fmt::format("{{\"weight\":{}}}", weight));
}

Result<int> run_breaker(Session& session, const BreakerArguments& arguments) {
    const auto name = session.upstream_named(arguments.upstream);
    if (!name) return std::unexpected(name.error());
    const auto reply =
        session.change("POST", fmt::format("/breakers/{}/{}", name->segments(), arguments.action));
    if (!reply) return std::unexpected(reply.error());
    return show_upstream(session, *name, *reply);
}

// -- waiting

/// Nothing: no bound.
Result<std::optional<Clock::time_point>> deadline_of(const std::string& wait) {
    if (wait == "true") return std::nullopt;
    const auto duration = ringway::base::parse_duration(wait);
    if (!duration) {
        return std::unexpected(Failure::usage(
            fmt::format("--wait: `{}` is no duration; write it as 500ms, 30s or 5m", shown(wait))));
    }
    return Clock::now() + *duration;
}

bool over(const std::optional<Clock::time_point>& deadline) {
    return deadline && Clock::now() >= *deadline;
}

Result<int> wait_for_upstream(Session& session, const UpstreamName& name,
                              const std::optional<Clock::time_point>& deadline) {
    ProgressLine progress;
    int idle_looks = 0;
    while (true) {
        const auto now = session.get(name.path());
        if (!now) return std::unexpected(now.error());
        const Value upstream = now->root();
        const double in_flight = upstream["in_flight"].number_or_zero();
        const std::string shown_name = ringway::base::printable(name.full());
        if (upstream["state"].text() != "draining") {
            progress.end();
            return std::unexpected(
                Failure{.message = fmt::format("{} is not draining any more: it is {}", shown_name,
                                               upstream["state"].text())});
        }
        // twice: a shard that had picked it before it heard of the change has begun by then
        idle_looks = in_flight == 0 ? idle_looks + 1 : 0;
        if (idle_looks == 2) {
            progress.end();
            if (session.json()) {
                session.print_json(upstream.json());
            } else {
                session.print_line(fmt::format("{}: drained, nothing in flight", shown_name));
            }
            return 0;
        }
        if (over(deadline)) {
            progress.end();
            return std::unexpected(
                Failure{.message = fmt::format("{} goes on draining, with {} still in flight",
                                               shown_name, counted(in_flight, "request"))});
        }
        progress.show(fmt::format("{}: draining, {:.0f} in flight", shown_name, in_flight));
        std::this_thread::sleep_for(kPollInterval);
    }
}

/// "12 connections, 3 exchanges, 1 stream, 0 tunnels left, cut in 8.2 s"
std::string drain_text(const Value& drain) {
    std::string text;
    for (const char* const one : {"connection", "exchange", "stream", "tunnel"}) {
        const auto count = drain[one + std::string("s")].number();
        if (count) text += (text.empty() ? "" : ", ") + counted(count, one);
    }
    text += " left";
    if (drain["seconds_left"].there())
        text += ", cut in " + seconds_text(drain["seconds_left"].number());
    return text;
}

/// Until nobody answers any more: the process has ended. `last`: what the server has said last.
Result<int> wait_for_process(Session& session, std::string last,
                             const std::optional<Clock::time_point>& deadline) {
    ProgressLine progress;
    while (true) {
        const auto now = session.get("/drain");
        const bool gone = !now && now.error().nobody_listens;
        if (!now && now.error().status != ExitStatus::no_connection)
            return std::unexpected(now.error());
        if (!now && !gone) {  // it ended this very connection, or is busy: the next question tells
            if (over(deadline)) return std::unexpected(now.error());
            std::this_thread::sleep_for(kPollInterval);
            continue;
        }
        if (gone || !now->root()["draining"].flag()) {
            progress.end();
            if (session.json()) {
                session.print_json(last);
            } else {
                session.print_line("drained: the process has ended");
            }
            return 0;
        }
        last = now->root().json();
        if (over(deadline)) {
            progress.end();
            return std::unexpected(
                Failure{.message = "the process goes on draining: " + drain_text(now->root())});
        }
        progress.show("draining: " + drain_text(now->root()));
        std::this_thread::sleep_for(kPollInterval);
    }
}

Result<int> drain_process(Session& session, const DrainArguments& arguments,
                          const std::optional<Clock::time_point>& deadline) {
    const auto reply = session.change("POST", "/drain");
    if (!reply) return std::unexpected(reply.error());
    if (!arguments.wait.empty()) return wait_for_process(session, reply->body, deadline);
    if (session.json()) {
        session.print_json(reply->body);
        return 0;
    }
    const auto now = session.get("/drain");
    session.print_line("draining: " + (now ? drain_text(now->root()) : "nothing left"));
    return 0;
}

Result<int> run_drain(Session& session, const DrainArguments& arguments) {
    if (arguments.all == !arguments.upstream.empty()) {
        return std::unexpected(Failure::usage(
            arguments.all ? "drain takes a POOL/UPSTREAM or --all, not both"
                          : "drain what? Name a POOL/UPSTREAM, or --all for the whole process"));
    }
    std::optional<Clock::time_point> deadline;
    if (!arguments.wait.empty()) {
        const auto found = deadline_of(arguments.wait);
        if (!found) return std::unexpected(found.error());
        deadline = *found;
    }
    if (arguments.all) return drain_process(session, arguments, deadline);
    if (arguments.wait.empty())
        return change_upstream(session, arguments.upstream, "POST", "drain");
    const auto name = session.upstream_named(arguments.upstream);
    if (!name) return std::unexpected(name.error());
    const auto reply = session.change("POST", name->path() + "/drain");
    if (!reply) return std::unexpected(reply.error());
    return wait_for_upstream(session, *name, deadline);
}

void add_upstream_option(CLI::App& command, std::string& upstream) {
    command.add_option("upstream", upstream, "which one")->type_name("POOL/UPSTREAM")->required();
}

void add_breaker_commands(CLI::App& app, CommandLine& line) {
    CLI::App* const breaker = app.add_subcommand("breaker", "set a circuit breaker by hand");
    breaker->require_subcommand(1);
    const auto add = [&](const char* action, const char* meaning) {
        const auto [command, arguments] =
            add_command<BreakerArguments>(*breaker, line, action, meaning, run_breaker);
        arguments->action = action;
        add_upstream_option(*command, arguments->upstream);
    };
    add("open", "send nothing to the upstream");
    add("close", "send to it again at once");
    add("reset", "close it, and forget what it has counted");
}

}  // namespace

void add_upstream_commands(CLI::App& app, CommandLine& line) {
    const auto [drain, draining] = add_command<DrainArguments>(
        app, line, "drain", "no new requests for an upstream, or for the process", run_drain);
    drain->add_option("upstream", draining->upstream, "which one")->type_name("POOL/UPSTREAM");
    drain->add_flag("--all", draining->all, "the whole process: it ends when nothing is left");
    drain->add_flag("--wait", draining->wait,
                    "until nothing is in flight; --wait=DURATION: at most so long");

    const auto [ready, made_ready] =
        add_command<UpstreamArgument>(app, line, "ready", "let an upstream serve again", run_ready);
    add_upstream_option(*ready, made_ready->upstream);
    const auto [maintenance, maintained] = add_command<UpstreamArgument>(
        app, line, "maintenance", "take an upstream out, whatever its checks say", run_maintenance);
    add_upstream_option(*maintenance, maintained->upstream);

    const auto [weight, weighed] =
        add_command<WeightArguments>(app, line, "weight", "weigh an upstream", run_weight);
    add_upstream_option(*weight, weighed->upstream);
    weight->add_option("weight", weighed->weight, "0 to 1000, or `default`: as configured")
        ->type_name("N|default")
        ->required();
    add_breaker_commands(app, line);
}

}  // namespace ringctl
