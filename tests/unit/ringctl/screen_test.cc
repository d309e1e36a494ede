#include "top/screen.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ringctl {
namespace {

using std::chrono::seconds;

/// A server with so many upstreams, number n of which has had n * `per_upstream` requests.
Reading reading_of(int upstreams, double per_upstream, int at) {
    std::string pages;
    for (int i = 0; i < upstreams; ++i) {
        pages += fmt::format(
            R"({}{{"pool":"api","name":"u{}","state":"healthy","weight":1,"weight_config":1,"requests":{},)"
            R"("failures":0,"in_flight":{},"breaker":{{"phase":"closed"}},"latency":{{"ewma_ms":1.5}}}})",
            i == 0 ? "" : ",", i, i * per_upstream, upstreams - i);
    }
    Reading reading;
    reading.at = Rates::Clock::time_point{seconds(at)};
    reading.status = *Document::parse(
        R"({"version":"1.2.3","pid":42,"uptime_seconds":7500,"phase":"accepting","generation":3})");
    reading.shards = *Document::parse(fmt::format(
        R"([{{"shard":0,"cpu":1,"connections":5,"exchanges":2,"requests":{},"turns":9,"cpu_seconds":{}}}])",
        1000 * at, at * 0.25));
    reading.pools = *Document::parse(
        R"([{"name":"api","upstreams":3,"eligible":2,"serving_tier":0,"requests":1,"latency":{"p50_ms":1}}])");
    reading.upstreams = *Document::parse('[' + pages + ']');
    return reading;
}

struct Shown {
    std::vector<std::string> lines;
    std::string text;
};

Shown shown(int upstreams, Look& look, ScreenSize size) {
    Rates rates;
    const Reading before = reading_of(upstreams, 0, 10);
    const Reading now = reading_of(upstreams, 10, 11);
    rates.take(before.at, counters_of(before));
    rates.take(now.at, counters_of(now));
    Shown result{draw(now, rates, look, size, {}), ""};
    for (const std::string& line : result.lines) result.text += line + '\n';
    return result;
}

TEST(screen, it_shows_who_the_server_is_and_rates_of_every_table) {
    Look look;
    const Shown seen = shown(3, look, {120, 40});
    EXPECT_NE(seen.text.find("ringway 1.2.3  pid 42  up 2h 05m  accepting  generation 3"),
              std::string::npos);
    EXPECT_NE(seen.text.find("1000 requests/s  5 connections  2 exchanges"), std::string::npos);
    EXPECT_NE(seen.text.find("25%"), std::string::npos);  // of the shard's CPU
    EXPECT_NE(seen.text.find("2/3"), std::string::npos);
    EXPECT_NE(seen.text.find("api/u2"), std::string::npos);
    EXPECT_NE(seen.text.find("20.0"), std::string::npos);  // requests a second of u2
}

TEST(screen, it_fits_any_size) {
    for (std::size_t rows = 1; rows < 40; ++rows) {
        for (const std::size_t columns : {1u, 20u, 79u, 200u}) {
            Look look{.first = 50};
            const Shown seen = shown(30, look, {columns, rows});
            EXPECT_LE(seen.lines.size(), rows);
            for (const std::string& line : seen.lines) EXPECT_LE(width_of(line), columns);
        }
    }
}

TEST(screen, scrolling_ends_with_the_last_upstream) {
    Look look{.first = 1000};
    const Shown seen = shown(50, look, {120, 24});
    EXPECT_NE(seen.text.find("api/u49"), std::string::npos);
    EXPECT_EQ(seen.text.find("api/u0 "), std::string::npos);
    EXPECT_EQ(seen.lines.size(), 24u);
    EXPECT_NE(seen.text.find("-50 of 50"), std::string::npos);
    EXPECT_LT(look.first, 50u);
}

TEST(screen, upstreams_are_sorted_by_what_was_chosen) {
    const auto is_before = [](const Shown& seen, const char* one, const char* other) {
        return seen.text.find(one) < seen.text.find(other);
    };
    Look by_name;
    EXPECT_TRUE(is_before(shown(9, by_name, {120, 40}), "api/u1", "api/u8"));
    Look by_rate{.sort = SortBy::rate};
    EXPECT_TRUE(is_before(shown(9, by_rate, {120, 40}), "api/u8", "api/u1"));
    Look by_flight{.sort = SortBy::in_flight};
    EXPECT_TRUE(is_before(shown(9, by_flight, {120, 40}), "api/u1", "api/u8"));
}

}  // namespace
}  // namespace ringctl
