// The report for people.
#include <gtest/gtest.h>

#include <algorithm>

#include "report/report.h"
#include "report/show.h"
#include "results.h"

namespace ringload {
namespace {

using namespace std::chrono_literals;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// The line that begins with `begin`, blanks taken together.
std::string line(const std::string& text, std::string_view begin) {
    std::size_t at = text.starts_with(begin) ? 0 : text.find('\n' + std::string(begin));
    if (at == std::string::npos) return "no such line";
    if (at > 0) ++at;
    std::string out;
    for (const char c : text.substr(at, text.find('\n', at) - at)) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    return out;
}

TEST(show, times_have_three_significant_digits_and_their_unit) {
    EXPECT_EQ(show_ns(0), "0 ns");
    EXPECT_EQ(show_ns(7), "7 ns");
    EXPECT_EQ(show_ns(999), "999 ns");
    EXPECT_EQ(show_ns(1'000), "1 us");
    EXPECT_EQ(show_ns(850'000), "850 us");
    EXPECT_EQ(show_ns(999'499), "999 us");
    EXPECT_EQ(show_ns(999'500), "1 ms");
    EXPECT_EQ(show_ns(1'234'567), "1.23 ms");
    EXPECT_EQ(show_ns(12'345'678), "12.3 ms");
    EXPECT_EQ(show_ns(2'500'000'000), "2.5 s");
    EXPECT_EQ(show_ns(999'600'000'000), "1000 s");
    EXPECT_EQ(show_ns(1'234'000'000'000), "1230 s");
}

TEST(show, no_time_is_shown_with_an_exponent_or_far_from_what_it_is) {
    for (double ns = 1; ns < 2e12; ns *= 1.0137) {
        const auto whole = static_cast<std::uint64_t>(ns);
        const std::string shown = show_ns(whole);
        ASSERT_FALSE(has(shown, "e")) << shown;
        std::size_t end = 0;
        const double value = std::stod(shown, &end);
        const std::string unit = shown.substr(end + 1);
        const double scale = unit == "ns" ? 1 : unit == "us" ? 1e3 : unit == "ms" ? 1e6 : 1e9;
        ASSERT_NEAR(value * scale / static_cast<double>(whole), 1, 0.00501) << shown;
    }
}

TEST(show, other_figures) {
    EXPECT_EQ(show_duration(10s), "10 s");
    EXPECT_EQ(show_duration(0s), "0 s");
    EXPECT_EQ(show_duration(-1500ms), "-1.5 s");
    EXPECT_EQ(show_ms(-0.85), "-850 us");
    EXPECT_EQ(show_ms(0), "0 ms");
    EXPECT_EQ(show_bytes(0), "0 B");
    EXPECT_EQ(show_bytes(1023.9), "1 KiB");
    EXPECT_EQ(show_bytes(1536), "1.5 KiB");
    EXPECT_EQ(show_bytes(0x1p40), "1 TiB");
    EXPECT_EQ(show_rate(10233.6), "10234/s");
    EXPECT_EQ(show_rate(12.345), "12.3/s");
    EXPECT_EQ(show_rate(99.96), "100/s");
    EXPECT_EQ(show_share(1, 8), "12.5 %");
    EXPECT_EQ(show_share(0, 0), "-");
}

TEST(table, columns_stand_below_one_another_whatever_is_in_them) {
    Table table;
    table.row({"", "b", "c"});
    table.row({"ä", "10"});
    table.row({"long", "2", "30"});
    EXPECT_EQ(table.str(1), "        b   c\n ä     10\n long   2  30\n");
}

TEST(text, says_what_was_run) {
    const std::string text = text_of(tests::open_result());
    EXPECT_EQ(line(text, "ringload"),
              std::string("ringload ") + RINGWAY_VERSION + " http://127.0.0.1:8080/\"</script>");
    EXPECT_TRUE(has(text,
                    "open loop, constant arrivals at 100/s, 8 connections (at most 16), "
                    "2 requests on each at once, 3 threads"));
    EXPECT_TRUE(
        has(text,
            "10 s measured from 2026-01-02T03:04:05.678Z, after 500 ms of warm-up, time-out 5 s"));
    EXPECT_FALSE(has(text, "interrupted"));
}

TEST(text, says_what_came_of_it) {
    const std::string text = text_of(tests::open_result());
    EXPECT_EQ(line(text, "requests "),
              "requests 1000 due, 990 answered, 10 errors (1 %), 2 left by us, 1 unfinished, "
              "4 slow clients cut");
    EXPECT_EQ(line(text, "rate"), "rate 99/s answered of 100/s wanted");
    EXPECT_EQ(line(text, "bytes"), "bytes 1 MiB (102 KiB/s) received, 4 KiB (410 B/s) sent");
    EXPECT_EQ(line(text, "connects"),
              "connects 9 opened; at most 11 requests were due while no connection was free");
}

TEST(text, of_an_open_loop_has_corrected_and_uncorrected_side_by_side) {
    const std::string text = text_of(tests::open_result());
    EXPECT_TRUE(has(text, "corrected  uncorrected  first byte  sent late\n"));
    EXPECT_EQ(line(text, "  count"), "count 990 990 990 1000");
    EXPECT_EQ(line(text, "  mean"), "mean 4.96 ms 2.48 ms 1.98 ms 50.1 us");
    EXPECT_EQ(line(text, "  p50"), "p50 4.95 ms 2.48 ms 1.98 ms 50 us");
    EXPECT_EQ(line(text, "  p99.99"), "p99.99 9.9 ms 4.95 ms 3.96 ms 100 us");
    EXPECT_TRUE(has(text, "corrected: from when a request was due"));
    EXPECT_TRUE(has(text, "at most 0.1 % above the exact ones"));
    EXPECT_FALSE(has(text, "closed loop"));
}

TEST(text, of_a_closed_loop_has_one_latency_and_says_what_it_hides) {
    const std::string text = text_of(tests::closed_result());
    EXPECT_FALSE(has(text, "corrected"));
    EXPECT_EQ(line(text, "  p99 "), "p99 2 ms");
    EXPECT_TRUE(has(text, "a closed loop has no schedule to be late against"));
    EXPECT_TRUE(has(text, "at most 0.1 % above the exact ones"));
    EXPECT_EQ(line(text, "connects"), "connects 0 opened");
}

TEST(text, has_statuses_failures_and_kinds) {
    const std::string text = text_of(tests::open_result());
    EXPECT_EQ(line(text, "  timed_out"), "timed_out 6 0.6 %");
    EXPECT_EQ(line(text, "  unexpected_status"), "unexpected_status 4 0.4 %");
    EXPECT_FALSE(has(text, "  reset "));
    EXPECT_EQ(line(text, "  200 "), "200 986 98.6 % 4.93 ms 4.93 ms 9.77 ms 9.86 ms 9.86 ms");
    EXPECT_EQ(line(text, "  503 "), "503 4 0.4 % 2.5 ms 2 ms 4 ms 4 ms 4 ms");
    EXPECT_TRUE(line(text, "  search").starts_with("search, \"all\" 600 8 "));
    EXPECT_TRUE(line(text, "  home").starts_with("home 390 2 "));
    EXPECT_FALSE(has(text_of(tests::closed_result()), "GET /"));
}

TEST(text, has_steps_and_the_highest_rate_that_was_found) {
    Result result = tests::open_result();
    const std::string text = text_of(result);
    EXPECT_EQ(line(text, "  200/s"), "200/s 5 s 150/s 9 1 ms 9 ms 9.5 ms 9.9 ms missed");
    EXPECT_EQ(line(text, "  100/s"), "100/s 5 s 99.5/s 1 1 ms 2 ms 3 ms 4 ms met");
    EXPECT_EQ(line(text, "find max"),
              "find max 100/s is the highest rate that met p99<5ms; 200/s did not");
    result.found_max->next_failed = 0;
    EXPECT_TRUE(has(text_of(result), "met p99<5ms; none was found that did not\n"));
    result.found_max->rate = 0;
    EXPECT_EQ(line(text_of(result), "find max"), "find max no rate met p99<5ms");
    result.found_max.reset();
    EXPECT_FALSE(has(text_of(result), "find max"));
}

TEST(text, has_cpu_time_by_request_of_ringload_and_of_who_was_watched) {
    const std::string text = text_of(tests::open_result());
    EXPECT_EQ(line(text, "  ringload"), "ringload 99 ms 0.01 100.00 us");
    EXPECT_EQ(line(text, "  process"), "process 4711 198 ms 0.02 200.00 us");
    EXPECT_EQ(line(text, "  all on CPU"), "all on CPU 2 310 ms 0.03 313.13 us");
}

TEST(text, has_faults_and_assertions) {
    Result result = tests::open_result();
    const std::string text = text_of(result);
    EXPECT_EQ(line(text, "  kill one"),
              "kill one 2 s 4 s 2000 3 7 31.3 ms 500 us 24.5 ms 30 ms 26 ms - 1");
    EXPECT_TRUE(has(text, "errors of kill one: reset, 502\n"));
    EXPECT_EQ(line(text, "  p99<5ms"), "p99<5ms FAILS found 9.81 ms");
    EXPECT_EQ(line(text, "  errors<2%"), "errors<2% holds found 1 % (10 of 1000)");
}

TEST(text, of_a_run_without_answers_says_so) {
    Result result;
    result.plan.arrivals = Arrivals::poisson;
    result.interrupted = true;
    const std::string text = text_of(result);
    EXPECT_TRUE(has(text, "no request was answered\n"));
    EXPECT_TRUE(has(text, "interrupted: this is what was measured until then"));
    EXPECT_TRUE(has(text, "0 errors (-)"));
}

TEST(text, is_about_thirty_lines_and_no_wider_than_a_screen) {
    const std::string text = text_of(tests::closed_result());
    EXPECT_LE(std::ranges::count(text, '\n'), 32);
    const std::string open = text_of(tests::open_result());
    for (const std::string& each : {text, open}) {
        std::size_t begin = 0;
        while (begin < each.size()) {
            const std::size_t end = each.find('\n', begin);
            EXPECT_LE(end - begin, 130u) << each.substr(begin, end - begin);
            EXPECT_NE(each[end - 1], ' ') << each.substr(begin, end - begin);
            begin = end + 1;
        }
    }
}

TEST(text, control_bytes_of_names_do_not_reach_the_terminal) {
    Result result = tests::open_result();
    result.plan.url = "http://a/\x1b[2J";
    result.by_kind[0].name = "\x1b]0;x\a";
    result.faults[0].error_kinds = {"\x1b[31m"};
    EXPECT_FALSE(has(text_of(result), "\x1b"));
}

}  // namespace
}  // namespace ringload
