// events: what happened, and what happens from now on. A stream that is cut is taken up again where
// it ended.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "client/follow.h"
#include "client/sse.h"
#include "commands/commands.h"
#include "ringway/base/printable.h"
#include "tables/units.h"

namespace ringctl {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kShown = 20;  // when nothing says how many
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{5000};

struct EventArguments {
    bool follow = false;
    std::optional<std::uint64_t> after;
    std::optional<std::uint64_t> limit;
};

Tone tone_of(std::string_view severity) {
    if (severity == "critical") return Tone::bad;
    if (severity == "warning") return Tone::warning;
    return Tone::plain;
}

/// "2026-01-02T03:04:05.678Z  warning   unhealthy  api/a  (connect_failed) refused, took 12.3 ms"
std::string line_of(const Value& event, const Style& style) {
    const std::string severity = event["severity"].text();
    std::string place = event["pool"].text();
    if (event["upstream"].there()) place += '/' + event["upstream"].text();
    std::string line = fmt::format("{}  {}  {}", event["time"].text(),
                                   style.paint(tone_of(severity), fmt::format("{:8}", severity)),
                                   style.paint(Tone::strong, event["kind"].text()));
    if (!place.empty()) line += "  " + place;
    std::string rest;
    if (event["reason"].there()) rest += fmt::format("({}) ", event["reason"].text());
    rest += event["evidence"].text();
    if (rest.ends_with(' ')) rest.pop_back();
    if (event["took_ms"].there()) {
        rest += fmt::format("{}took {}", rest.empty() ? "" : ", ",
                            milliseconds_text(event["took_ms"].number()));
    }
    if (!rest.empty()) line += "  " + rest;
    return line;
}

void print_event(Session& session, const Value& event) {
    if (session.json()) {
        session.print_json(event.json());
    } else {
        session.print_line(line_of(event, session.style()));
    }
}

std::string page_of(const EventArguments& arguments) {
    std::string target = "/events?";
    if (arguments.after) target += fmt::format("after={}&", *arguments.after);
    if (arguments.limit) {
        target += fmt::format("limit={}", *arguments.limit);
    } else if (!arguments.after) {
        target += fmt::format("limit={}", kShown);
    }
    if (target.ends_with('&')) target.pop_back();
    return target;
}

/// "" when it is one: the parser's way to say that nothing is wrong.
std::string whole_number(const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? "" : '`' + ringway::base::shown(text) + "` is no whole number";
}

/// `events -f`: one life of it.
class Follower {
 public:
    Follower(Session& session, Client& client, std::uint64_t after)
        : session_(session), client_(client), history_(after) {}

    Result<int> run(const Value& first) {
        for (const Value& event : first.elements()) tell(event);
        milliseconds pause = kFirstPause;
        bool cut = false;
        while (true) {
            heard_ = false;
            auto ended = cut ? compare() : std::expected<void, Failure>();
            if (ended) ended = follow();
            const bool refused = !ended && ended.error().status == ExitStatus::refused;
            if (refused && !cut) return std::unexpected(ended.error());
            if (heard_) pause = kFirstPause;
            if (!cut || heard_) {
                Session::note(fmt::format("{}; trying again", ended
                                                                  ? "the stream of events has ended"
                                                                  : ended.error().message));
            }
            cut = true;
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, kLongestPause);
        }
    }

 private:
    void tell(const Value& event) {
        const auto verdict = history_.take(event_id(event), event["time"].text());
        if (!verdict.is_new) return;
        if (verdict.missed > 0)
            Session::note(
                fmt::format("{} events before the next are no longer kept", verdict.missed));
        print_event(session_, event);
    }

    /// After a cut: is it still the same process?
    std::expected<void, Failure> compare() {
        const auto after = history_.probe_after();
        if (!after) return {};
        const auto events = session_.get(fmt::format("/events?after={}&limit=1", *after));
        if (!events) return std::unexpected(events.error());
        const auto status = session_.get("/status");
        if (!status) return std::unexpected(status.error());
        const double newest = status->root()["last_event_id"].number_or_zero();
        if (history_.begins_anew(events->root(), static_cast<std::uint64_t>(newest)))
            Session::note("ringway was started anew: its events begin with 1 again");
        return {};
    }

    std::expected<void, Failure> follow() {
        SseReader reader([this](const ServerEvent& event) {
            const auto document = Document::parse(event.data);
            if (document && document->root().is_object()) tell(document->root());
        });
        Question question{.target = fmt::format("/events?after={}", history_.last_id()),
                          .body = {},
                          .timeout = milliseconds(0)};
        question.fields = {"Accept: text/event-stream",
                           fmt::format("Last-Event-ID: {}", history_.last_id())};
        return client_.stream(question, [&](std::string_view bytes) {
            heard_ = true;
            return reader.take(bytes);
        });
    }

    Session& session_;
    Client& client_;
    EventHistory history_;
    bool heard_ = false;  // true exactly when the connection of this round has brought something
};

Result<int> run_events(Session& session, const EventArguments& arguments) {
    const auto client = session.client();
    if (!client) return std::unexpected(client.error());
    const auto reply = session.ask({.target = page_of(arguments)});
    if (!reply) return std::unexpected(reply.error());
    const auto page = Document::parse(reply->body);
    if (!page) return std::unexpected(Failure{.message = page.error()});
    if (arguments.follow) {
        return Follower(session, **client, arguments.after.value_or(0)).run(page->root());
    }
    if (session.json()) {
        session.print_json(reply->body);
        return 0;
    }
    for (const Value& event : page->root().elements()) print_event(session, event);
    return 0;
}

}  // namespace

void add_event_commands(CLI::App& app, CommandLine& line) {
    const auto [events, arguments] = add_command<EventArguments>(
        app, line, "events", "what happened, the oldest first", run_events);
    events->add_flag("-f,--follow", arguments->follow, "and what happens from now on");
    events->add_option("--after", arguments->after, "only those after this id")
        ->type_name("ID")
        ->check(whole_number);
    events
        ->add_option("--limit", arguments->limit,
                     fmt::format("at most so many ({}; with --after all that are kept)", kShown))
        ->type_name("N")
        ->check(whole_number);
}

}  // namespace ringctl
