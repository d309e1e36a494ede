// Progress, read at the other end of a pipe and of a terminal.
#include "report/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace ringload {
namespace {

using namespace std::chrono_literals;

LoadPlan plan_of(Duration duration) {
    LoadPlan plan;
    plan.duration = duration;
    plan.sample_interval = 1s;
    return plan;
}

Sample sample_at(Duration at, std::uint64_t errors = 0) {
    return {.at = at,
            .length = 1s,
            .rate = 10'234,
            .errors = errors,
            .in_flight = 64,
            .p99_ns = 1'300'000};
}

/// Two ends, of which what is written to `out` comes out.
class Ends {
 public:
    static Ends pipe() {
        std::array<int, 2> fds{};
        EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
        return Ends(fds[0], fds[1]);
    }
    static Ends terminal(std::uint16_t columns) {
        const int outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        EXPECT_GE(outer, 0);
        EXPECT_EQ(grantpt(outer), 0);
        EXPECT_EQ(unlockpt(outer), 0);
        const int inner = ::open(ptsname(outer), O_RDWR | O_NOCTTY | O_CLOEXEC);
        EXPECT_GE(inner, 0);
        termios raw{};
        tcgetattr(inner, &raw);
        cfmakeraw(&raw);  // what is written comes out as it is
        tcsetattr(inner, TCSANOW, &raw);
        const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
        EXPECT_EQ(ioctl(inner, TIOCSWINSZ, &size), 0);
        return Ends(outer, inner);
    }
    Ends(int in, int written) : out(fdopen(written, "w")), in_(in) {}
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        fclose(out);
        close(in_);
    }
    /// All that was written until now.
    std::string read() {
        std::string text;
        pollfd readable{.fd = in_, .events = POLLIN, .revents = 0};
        while (poll(&readable, 1, 20) == 1 && (readable.revents & POLLIN) != 0) {
            std::array<char, 4096> chunk;
            const ssize_t n = ::read(in_, chunk.data(), chunk.size());
            if (n <= 0) break;
            text.append(chunk.data(), static_cast<std::size_t>(n));
        }
        return text;
    }

    std::FILE* out;

 private:
    int in_;
};

TEST(progress, a_line_says_what_is_known) {
    EXPECT_EQ(Progress::line_of(plan_of(30s), sample_at(12s), 0),
              "12 s  rate 10234/s  p99 1.3 ms  errors 0  in flight 64  18 s left");
}

TEST(progress, what_remains_is_never_negative) {
    EXPECT_TRUE(Progress::line_of(plan_of(30s), sample_at(31s), 0).ends_with("  0 s left"));
    EXPECT_TRUE(Progress::line_of(plan_of(30s), sample_at(-1s), 0).ends_with("  30 s left"));
}

TEST(progress, warm_up_is_called_so) {
    EXPECT_TRUE(Progress::line_of(plan_of(30s), sample_at(-500ms), 0).starts_with("warm-up  rate"));
}

TEST(progress, runs_of_so_many_requests_have_no_time_left) {
    LoadPlan plan = plan_of(0s);
    plan.requests = 5000;
    EXPECT_TRUE(
        Progress::line_of(plan, sample_at(12s), 0).ends_with("in flight 64  until 5000 requests"));
    plan.duration = 30s;
    EXPECT_TRUE(
        Progress::line_of(plan, sample_at(12s), 0).ends_with("  18 s left or until 5000 requests"));
    EXPECT_TRUE(Progress::line_of(plan_of(0s), sample_at(12s), 0).ends_with("in flight 64"));
}

TEST(progress, short_intervals_have_tenths_and_no_answers_no_percentile) {
    LoadPlan plan = plan_of(2s);
    plan.sample_interval = 100ms;
    Sample sample = sample_at(500ms);
    sample.p99_ns = 0;
    EXPECT_EQ(Progress::line_of(plan, sample, 3),
              "0.5 s  rate 10234/s  p99 -  errors 3  in flight 64  1.5 s left");
}

TEST(progress, into_a_pipe_lines_may_be_fewer_than_samples_but_count_them_all) {
    Ends ends = Ends::pipe();
    {
        Progress progress(plan_of(3s), ends.out, 1s);
        for (const auto at : {400ms, 800ms, 1000ms, 1400ms, 2000ms})
            progress.show(sample_at(at, 1));
    }
    const std::string text = ends.read();
    EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
    EXPECT_NE(text.find("1 s  rate 10234/s  p99 1.3 ms  errors 3"), std::string::npos) << text;
    EXPECT_NE(text.find("2 s  rate 10234/s  p99 1.3 ms  errors 5"), std::string::npos) << text;
}

TEST(progress, into_a_pipe_each_sample_is_a_plain_line) {
    Ends ends = Ends::pipe();
    {
        Progress progress(plan_of(3s), ends.out);
        progress.show(sample_at(1s, 2));
        EXPECT_EQ(ends.read(), "1 s  rate 10234/s  p99 1.3 ms  errors 2  in flight 64  2 s left\n");
        progress.say("kill one");
        progress.show(sample_at(2s, 3));
    }
    EXPECT_EQ(ends.read(),
              "kill one\n2 s  rate 10234/s  p99 1.3 ms  errors 5  in flight 64  1 s left\n");
}

TEST(progress, on_a_terminal_one_line_is_drawn_over) {
    Ends ends = Ends::terminal(200);
    {
        Progress progress(plan_of(3s), ends.out);
        progress.show(sample_at(1s));
        EXPECT_EQ(ends.read(),
                  "\r1 s  rate 10234/s  p99 1.3 ms  errors 0  in flight 64  2 s left\x1b[K");
        progress.show(sample_at(2s));
        EXPECT_EQ(ends.read(),
                  "\r2 s  rate 10234/s  p99 1.3 ms  errors 0  in flight 64  1 s left\x1b[K");
        progress.say("kill one");
        EXPECT_EQ(ends.read(), "\r\x1b[Kkill one\n");
        progress.say("back");
        EXPECT_EQ(ends.read(), "back\n");
        progress.show(sample_at(3s));
        ends.read();
    }
    EXPECT_EQ(ends.read(), "\n");
}

TEST(progress, a_terminal_that_nothing_is_drawn_on_gets_no_line) {
    Ends ends = Ends::terminal(80);
    {
        Progress progress(plan_of(3s), ends.out);
        progress.say("one");
    }
    EXPECT_EQ(ends.read(), "one\n");
}

TEST(progress, a_narrow_terminal_gets_what_fits_on_one_line) {
    for (const unsigned columns : {1u, 2u, 20u, 40u}) {
        Ends ends = Ends::terminal(static_cast<std::uint16_t>(columns));
        Progress progress(plan_of(30s), ends.out);
        progress.show(sample_at(12s));
        const std::string all = "12 s  rate 10234/s  p99 1.3 ms  errors 0  in flight 64  18 s left";
        EXPECT_EQ(ends.read(), '\r' + all.substr(0, columns - 1) + "\x1b[K");
    }
}

TEST(progress, a_window_that_is_resized_gets_lines_of_its_new_width) {
    Ends ends = Ends::terminal(200);
    Progress progress(plan_of(30s), ends.out);
    progress.show(sample_at(12s));
    EXPECT_GT(ends.read().size(), 60u);
    const winsize size{.ws_row = 24, .ws_col = 11, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(ioctl(fileno(ends.out), TIOCSWINSZ, &size), 0);
    progress.show(sample_at(13s));
    EXPECT_EQ(ends.read(), "\r13 s  rate\x1b[K");
}

TEST(progress, errors_add_up_until_the_next_run_of_a_search_begins) {
    Ends ends = Ends::pipe();
    Progress progress(plan_of(3s), ends.out);
    progress.show(sample_at(1s, 2));
    progress.show(sample_at(2s, 3));
    EXPECT_NE(ends.read().find("errors 5 "), std::string::npos);
    progress.show(sample_at(1s, 1));
    EXPECT_NE(ends.read().find("errors 1 "), std::string::npos);
}

TEST(progress, what_is_said_stays_one_line_without_control_bytes) {
    Ends ends = Ends::pipe();
    Progress progress(plan_of(3s), ends.out);
    progress.say("a\n\x1b[2Jb");
    EXPECT_EQ(ends.read(), "a\\x0a\\x1b[2Jb\n");
}

}  // namespace
}  // namespace ringload
