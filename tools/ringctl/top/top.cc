// top: the live screen. The main thread has the terminal, the sampler's thread the server.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "commands/commands.h"
#include "ringway/base/printable.h"
#include "ringway/base/units.h"
#include "top/keys.h"
#include "top/sampler.h"
#include "top/screen.h"
#include "top/terminal.h"

namespace ringctl {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIntervalMin{100};
constexpr milliseconds kIntervalMax{3'600'000};
constexpr milliseconds kPatience{30'000};

struct TopArguments {
    std::string interval = "1s";
    bool once = false;
};

std::string clock_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    return fmt::format("{:%H:%M:%S}", parts);
}

/// The loop of the live screen.
class Top {
 public:
    Top(Terminal& terminal, Sampler& sampler, Reading first, Style style)
        : terminal_(terminal), sampler_(sampler), reading_(std::move(first)), style_(style) {
        rates_.take(reading_.at, counters_of(reading_));
        look_.clock = clock_text();
    }

    int run() {
        terminal_.enter();
        while (!done_) {
            if (!terminal_.show(draw(reading_, rates_, look_, terminal_.size(), style_))) break;
            wait();
        }
        terminal_.leave();
        return signal_;
    }

 private:
    void wait() {
        pollfd sources[] = {{STDIN_FILENO, POLLIN, 0},
                            {terminal_.signals(), POLLIN, 0},
                            {sampler_.descriptor(), POLLIN, 0}};
        if (::poll(sources, std::size(sources), -1) < 0) return;
        if (sources[1].revents != 0) on_signals();
        if (sources[0].revents != 0) on_input();
        if (sources[2].revents != 0) on_reading();
    }

    void on_signals() {
        while (const int number = terminal_.next_signal()) {
            if (number == SIGWINCH) continue;  // the next drawing asks for the size
            if (number == SIGTSTP) {
                terminal_.suspend();
                continue;
            }
            signal_ = number;
            done_ = true;
        }
    }

    void on_input() {
        char bytes[256];
        const ssize_t size = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (size <= 0) {
            done_ = true;  // the terminal has gone
            return;
        }
        for (const Key key : keys_.take({bytes, static_cast<std::size_t>(size)})) on_key(key);
    }

    void on_key(Key key) {
        const std::size_t page = std::max<std::size_t>(terminal_.size().rows / 2, 1);
        switch (key) {
            case Key::quit:
                done_ = true;
                break;
            case Key::pause:
                look_.paused = !look_.paused;
                break;
            case Key::sort:
            case Key::right:
                sort_by(1);
                break;
            case Key::left:
                sort_by(kSorts - 1);
                break;
            case Key::up:
                look_.first -= std::min<std::size_t>(look_.first, 1);
                break;
            case Key::down:
                look_.first += 1;
                break;
            case Key::page_up:
                look_.first -= std::min(look_.first, page);
                break;
            case Key::page_down:
                look_.first += page;
                break;
            case Key::home:
                look_.first = 0;
                break;
        }
    }

    void sort_by(std::size_t further) {
        look_.sort = static_cast<SortBy>((static_cast<std::size_t>(look_.sort) + further) % kSorts);
        look_.first = 0;
    }

    void on_reading() {
        auto found = sampler_.take();
        if (!found || look_.paused) return;
        if (!*found) {
            look_.problem = "old figures: " + found->error().message;
            return;
        }
        look_.problem.clear();
        look_.clock = clock_text();
        reading_ = std::move(**found);
        rates_.take(reading_.at, counters_of(reading_));
    }

    Terminal& terminal_;
    Sampler& sampler_;
    Reading reading_;
    Rates rates_;
    Look look_;
    KeyReader keys_;
    Style style_;
    bool done_ = false;
    int signal_ = 0;  // that ended it
};

/// Two looks, an interval apart: rates need both.
Result<int> print_once(Session& session, Client& client, milliseconds interval) {
    Rates rates;
    Reading last;
    for (const int look : {1, 2}) {
        if (look == 2) std::this_thread::sleep_for(interval);
        const auto pages = fetch_pages(client, kPatience);
        if (!pages) return std::unexpected(pages.error());
        auto reading = parse_pages(*pages);
        if (!reading) return std::unexpected(reading.error());
        last = std::move(*reading);
        rates.take(last.at, counters_of(last));
    }
    Look look;
    look.clock = clock_text();
    for (const std::string& line : draw_all(last, rates, look, session.style()))
        session.print_line(line);
    return 0;
}

Result<int> print_json(Session& session, Client& client, milliseconds interval, bool once) {
    while (true) {
        const auto pages = fetch_pages(client, kPatience);
        if (!pages) return std::unexpected(pages.error());
        session.print_json(pages->json());
        if (once) return 0;
        std::this_thread::sleep_for(interval);
    }
}

Result<int> run_top(Session& session, const TopArguments& arguments) {
    const auto parsed = ringway::base::parse_duration(arguments.interval);
    const auto interval =
        std::chrono::duration_cast<milliseconds>(parsed.value_or(milliseconds(0)));
    if (interval < kIntervalMin || interval > kIntervalMax) {
        return std::unexpected(Failure::usage(
            fmt::format("--interval: `{}` is no duration from 100ms to 1h; write it as 500ms or 2s",
                        ringway::base::shown(arguments.interval))));
    }
    const auto client = session.client();
    if (!client) return std::unexpected(client.error());
    if (session.json()) return print_json(session, **client, interval, arguments.once);
    if (arguments.once) return print_once(session, **client, interval);
    // the first look is taken before the screen is: who cannot be asked is told of as ever
    const auto pages = fetch_pages(**client, kPatience);
    if (!pages) return std::unexpected(pages.error());
    auto first = parse_pages(*pages);
    if (!first) return std::unexpected(first.error());
    auto terminal = Terminal::open();
    if (!terminal) return std::unexpected(Failure::usage(terminal.error()));
    int signal = 0;
    {
        Sampler sampler(**client, interval);
        signal = Top(**terminal, sampler, std::move(*first), session.style()).run();
    }
    if (signal != 0) (*terminal)->die_of(signal);
    return 0;
}

}  // namespace

void add_top_command(CLI::App& app, CommandLine& line) {
    const auto [top, arguments] =
        add_command<TopArguments>(app, line, "top", "a live screen of all that", run_top);
    top->add_option("--interval", arguments->interval, "between two looks (1s)")
        ->type_name("DURATION");
    top->add_flag("--once", arguments->once, "print one look, and exit");
}

}  // namespace ringctl
