#include "ringway/control/traffic_rates.h"

#include <gtest/gtest.h>

namespace ringway::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant kStart{std::chrono::hours(1)};

TEST(traffic_rates, soon_after_the_start_are_of_the_time_since_then) {
    TrafficRates rates;
    EXPECT_EQ(rates.read(kStart, {.requests = 5}).requests, 0);
    rates.tick(kStart, {.requests = 5});
    EXPECT_EQ(rates.read(kStart, {.requests = 5}).requests, 0);
    const TrafficRate rate =
        rates.read(kStart + milliseconds(500),
                   {.requests = 25, .errors = 1, .received_bytes = 1000, .sent_bytes = 4000});
    EXPECT_EQ(rate.over, milliseconds(500));
    EXPECT_EQ(rate.requests, 40);
    EXPECT_EQ(rate.errors, 2);
    EXPECT_EQ(rate.received_bytes, 2000);
    EXPECT_EQ(rate.sent_bytes, 8000);
}

TEST(traffic_rates, forget_what_is_longer_ago_than_their_window) {
    TrafficRates rates;
    // 1000 requests in the first second, 10 in each one after it.
    std::uint64_t requests = 0;
    rates.tick(kStart, {.requests = requests});
    requests = 1000;
    for (int second = 1; second <= 30; ++second) {
        rates.tick(kStart + seconds(second), {.requests = requests});
        requests += 10;
    }
    const TrafficRate rate = rates.read(kStart + seconds(31), {.requests = requests});
    EXPECT_EQ(rate.over, seconds(11));  // the last tick that was 10 s old a tick ago
    EXPECT_EQ(rate.requests, 10);
}

TEST(traffic_rates, sum_all_shards_listeners_and_routes) {
    config::Config config;
    config.listeners.resize(2);
    config.routes.resize(2);
    observe::ShardCounters first(config), second(config);
    first.exchanges.add(3);
    second.exchanges.add(4);
    first.routes[1].responses_by_class[5].add(2);
    second.routes[0].responses_by_class[5].add(1);
    second.routes[0].responses_by_class[4].add(7);
    first.listeners[0].bytes_in.add(10);
    second.listeners[1].bytes_in.add(20);
    second.listeners[1].bytes_out.add(5);
    const TrafficTotals totals = sum_of_traffic({&first, &second});
    EXPECT_EQ(totals.requests, 7u);
    EXPECT_EQ(totals.errors, 3u);
    EXPECT_EQ(totals.received_bytes, 30u);
    EXPECT_EQ(totals.sent_bytes, 5u);
}

TEST(traffic_rates, begin_anew_where_counts_have_gone_back) {
    TrafficRates rates;
    rates.tick(kStart, {.requests = 100, .errors = 50});
    rates.tick(kStart + seconds(1), {.requests = 200, .errors = 60});
    const TrafficTotals less{.requests = 300, .errors = 10};
    EXPECT_EQ(rates.read(kStart + seconds(2), less).over, base::Duration{0});
    rates.tick(kStart + seconds(2), less);
    const TrafficRate rate = rates.read(kStart + seconds(4), {.requests = 500, .errors = 14});
    EXPECT_EQ(rate.over, seconds(2));
    EXPECT_EQ(rate.requests, 100);
    EXPECT_EQ(rate.errors, 2);
}

}  // namespace
}  // namespace ringway::control
