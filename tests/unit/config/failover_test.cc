// What the tables of failover become, and the exact errors of bad ones.
#include <gtest/gtest.h>

#include "every_key.h"

namespace ringway::config {
namespace {

using std::chrono::minutes;

/// The first pool of a file whose table [pool.<table>] is this.
std::string pool_with(std::string_view table) {
    return "[[pool]]\nname = 'a'\nupstream = [{ address = 'h:1' }]\n" + std::string(table);
}

std::string errors_of(std::string_view table) {
    const auto config = parse_with_rest(pool_with(table));
    return config ? "accepted" : lines_of(config.error());
}

Pool good_pool(std::string_view table) { return good_with_rest(pool_with(table)).pools.at(0); }

TEST(FailoverDefaults, OfTheDesign) {
    const Pool pool = good_pool("");
    EXPECT_EQ(pool.retry.statuses, (std::vector<std::uint16_t>{502, 503, 504}));
    EXPECT_TRUE(pool.retry.repeat_refused);
    EXPECT_EQ(pool.retry.budget_per_second, 10u);
    EXPECT_EQ(pool.retry.backoff_min, milliseconds(25));
    EXPECT_EQ(pool.retry.backoff_max, milliseconds(250));
    EXPECT_EQ(pool.hedge.quantile, 0);
    EXPECT_TRUE(pool.hedge.connect);
    EXPECT_EQ(pool.queue.length_max, 1024u);
    EXPECT_EQ(pool.queue.wait_max, seconds(1));
    EXPECT_TRUE(pool.suspicion.enabled);
    EXPECT_EQ(pool.suspicion.max_out_percent, 50u);
    EXPECT_TRUE(pool.outlier.enabled);
    EXPECT_EQ(pool.outlier.consecutive, 5u);
    EXPECT_EQ(pool.outlier.ejection_time, seconds(30));
    EXPECT_EQ(pool.outlier.ejection_max, seconds(300));
    EXPECT_EQ(pool.outlier.max_ejected_percent, 10u);
    EXPECT_TRUE(pool.breaker.enabled);
    EXPECT_EQ(pool.breaker.failure_threshold, 5u);
    EXPECT_EQ(pool.breaker.recovery_timeout, seconds(10));
    EXPECT_EQ(pool.breaker.recovery_max, minutes(5));
    EXPECT_EQ(pool.breaker.max_trial_requests, 3u);
    EXPECT_EQ(pool.breaker.success_threshold, 3u);
    EXPECT_EQ(pool.idle_connections_min, 0u);
}

TEST_F(EveryKey, OfRetryHedgeAndQueue) {
    const Pool& pool = config_.pools.at(0);
    EXPECT_EQ(pool.retry.attempts_max, 5u);
    EXPECT_TRUE(pool.retry.unsafe);
    EXPECT_FALSE(pool.retry.repeat_refused);
    EXPECT_EQ(pool.retry.buffer_bytes, 1024u);
    EXPECT_EQ(pool.retry.statuses, (std::vector<std::uint16_t>{502, 429}));
    EXPECT_EQ(pool.retry.budget_percent, 50u);
    EXPECT_EQ(pool.retry.budget_per_second, 51u);
    EXPECT_EQ(pool.retry.backoff_min, milliseconds(52));
    EXPECT_EQ(pool.retry.backoff_max, milliseconds(53));
    EXPECT_EQ(pool.hedge.quantile, 0.95);
    EXPECT_EQ(pool.hedge.delay_min, milliseconds(54));
    EXPECT_EQ(pool.hedge.percent_max, 55u);
    EXPECT_FALSE(pool.hedge.connect);
    EXPECT_EQ(pool.hedge.connect_delay_min, milliseconds(56));
    EXPECT_EQ(pool.queue.length_max, 57u);
    EXPECT_EQ(pool.queue.wait_max, seconds(58));
}

TEST_F(EveryKey, OfSuspicion) {
    const Suspicion& suspicion = config_.pools.at(0).suspicion;
    EXPECT_FALSE(suspicion.enabled);
    EXPECT_EQ(suspicion.quantile, 0.9);
    EXPECT_EQ(suspicion.factor, 2.5);
    EXPECT_EQ(suspicion.overdue_min, milliseconds(59));
    EXPECT_EQ(suspicion.overdue_max, milliseconds(60));
    EXPECT_EQ(suspicion.probe_min, milliseconds(61));
    EXPECT_EQ(suspicion.probe_max, milliseconds(62));
    EXPECT_EQ(suspicion.max_out_percent, 63u);
}

TEST_F(EveryKey, OfOutlier) {
    const Outlier& outlier = config_.pools.at(0).outlier;
    EXPECT_FALSE(outlier.enabled);
    EXPECT_EQ(outlier.consecutive, 64u);
    EXPECT_EQ(outlier.error_percent, 65u);
    EXPECT_EQ(outlier.latency_factor, 6.6);
    EXPECT_EQ(outlier.latency_excess_min, milliseconds(67));
    EXPECT_EQ(outlier.window, seconds(8));
    EXPECT_EQ(outlier.requests_min, 69u);
    EXPECT_EQ(outlier.ejection_time, seconds(70));
    EXPECT_EQ(outlier.ejection_max, seconds(71));
    EXPECT_EQ(outlier.max_ejected_percent, 72u);
}

TEST_F(EveryKey, OfBreaker) {
    const Breaker& breaker = config_.pools.at(0).breaker;
    EXPECT_FALSE(breaker.enabled);
    EXPECT_EQ(breaker.failure_threshold, 73u);
    EXPECT_EQ(breaker.error_percent, 74u);
    EXPECT_EQ(breaker.window, seconds(9));
    EXPECT_EQ(breaker.requests_min, 76u);
    EXPECT_EQ(breaker.recovery_timeout, seconds(77));
    EXPECT_EQ(breaker.recovery_max, seconds(78));
    EXPECT_EQ(breaker.max_trial_requests, 80u);
    EXPECT_EQ(breaker.success_threshold, 79u);
}

TEST(FailoverValues, ZeroTurnsOffWhereItMay) {
    const Pool pool = good_pool(
        "hedge = { quantile = 0, percent_max = 0 }\nqueue = { length_max = 0 }\n"
        "outlier = { consecutive = 0, error_percent = 0, latency_factor = 0.0, "
        "max_ejected_percent = 0 }\nbreaker = { error_percent = 0 }\n"
        "retry = { statuses = [], budget_percent = 0, budget_per_second = 0, backoff_min = '0s', "
        "backoff_max = '0s' }\n");
    EXPECT_EQ(pool.hedge.quantile, 0);
    EXPECT_EQ(pool.outlier.latency_factor, 0);
    EXPECT_EQ(pool.outlier.consecutive, 0u);
    EXPECT_EQ(pool.queue.length_max, 0u);
    EXPECT_TRUE(pool.retry.statuses.empty());
    EXPECT_EQ(pool.retry.backoff_max, Duration(0));
}

TEST(FailoverValues, AtTheirBounds) {
    const Pool pool = good_pool(
        "hedge = { quantile = 0.999 }\nsuspicion = { quantile = 0.5, factor = 1, overdue_min = "
        "'5s', overdue_max = '5s' }\noutlier = { latency_factor = 1.5, window = '60s' }\n"
        "breaker = { window = '1s', recovery_timeout = '5m' }\n"
        "idle_connections_min = 7\nidle_connections_max = 7\n");
    EXPECT_EQ(pool.hedge.quantile, 0.999);
    EXPECT_EQ(pool.suspicion.factor, 1);
    EXPECT_EQ(pool.suspicion.overdue_min, pool.suspicion.overdue_max);
    EXPECT_EQ(pool.outlier.latency_factor, 1.5);
    EXPECT_EQ(pool.outlier.window, seconds(60));
    EXPECT_EQ(pool.breaker.recovery_timeout, pool.breaker.recovery_max);
    EXPECT_EQ(pool.idle_connections_min, 7u);
}

TEST(FailoverValues, FewTrialsLowerTheSuccessesThatAreNeeded) {
    EXPECT_EQ(good_pool("breaker = { max_trial_requests = 2 }\n").breaker.success_threshold, 2u);
    EXPECT_EQ(good_pool("breaker = { max_trial_requests = 9 }\n").breaker.success_threshold, 3u);
}

struct BadTable {
    const char* name;
    std::string_view table;  // on line 4
    std::string_view errors;
};

void PrintTo(const BadTable& bad, std::ostream* out) { *out << bad.name; }

class BadFailover : public testing::TestWithParam<BadTable> {};

TEST_P(BadFailover, GivesExactlyTheseErrors) {
    EXPECT_EQ(errors_of(GetParam().table), GetParam().errors);
}

constexpr BadTable kBad[] = {
    {"retry_backoff", "retry = { backoff_min = '2s', backoff_max = '1s' }\n",
     "f:4:25: `backoff_min` (2s) is more than `backoff_max` (1s); lower the one or raise the "
     "other\n"},
    {"retry_backoff_max_alone", "retry = { backoff_max = '1ms' }\n",
     "f:4:25: `backoff_min` (25ms) is more than `backoff_max` (1ms); lower the one or raise the "
     "other\n"},
    {"retry_values",
     "retry = { repeat_refused = 1, budget_per_second = -1, statuses = [200, 600, 'x'] }\n",
     "f:4:28: `repeat_refused`: expected true or false, found a whole number\n"
     "f:4:51: `budget_per_second`: -1 is out of bounds; write 0 to 1048576\n"
     "f:4:67: `statuses`: write statuses from 400 to 599, as [502, 503]\n"
     "f:4:72: `statuses`: write statuses from 400 to 599, as [502, 503]\n"
     "f:4:77: `statuses`: write statuses from 400 to 599, as [502, 503]\n"},
    {"retry_hedge_is_a_table_of_its_own", "retry = { hedge = {} }\n",
     "f:4:11: unknown key `hedge`; it belongs in [[pool]]\n"},
    {"hedge_quantile_low", "hedge = { quantile = 0.4 }\n",
     "f:4:22: `quantile`: 0.4 is out of bounds; write 0.5 to 0.999, or 0\n"},
    {"hedge_quantile_high", "hedge = { quantile = 1 }\n",
     "f:4:22: `quantile`: 1 is out of bounds; write 0.5 to 0.999, or 0\n"},
    {"hedge_quantile_negative", "hedge = { quantile = -0.5 }\n",
     "f:4:22: `quantile`: -0.5 is out of bounds; write 0.5 to 0.999, or 0\n"},
    {"hedge_percent", "hedge = { percent_max = 101, quantile = 'p99' }\n",
     "f:4:25: `percent_max`: 101 is out of bounds; write 0 to 100\n"
     "f:4:41: `quantile`: expected a number, found a string\n"},
    {"queue", "queue = { length = 5, wait_max = '0s' }\n",
     "f:4:11: unknown key `length`, did you mean `length_max`?\n"
     "f:4:34: `wait_max`: \"0s\" is out of bounds; write 1ms to 1h\n"},
    {"queue_type", "queue = 5\n",
     "f:4:9: `queue`: expected the table [pool.queue], found a whole number\n"},
    {"suspicion_quantile", "suspicion = { quantile = 0 }\n",
     "f:4:26: `quantile`: 0 is out of bounds; write 0.5 to 0.999\n"},
    {"suspicion_factor", "suspicion = { factor = 0.9 }\n",
     "f:4:24: `factor`: 0.9 is out of bounds; write 1 to 1000\n"},
    {"suspicion_nan", "suspicion = { factor = nan }\n",
     "f:4:24: `factor`: nan is out of bounds; write 1 to 1000\n"},
    {"suspicion_overdue", "suspicion = { overdue_min = '31s' }\n",
     "f:4:29: `overdue_min` (31s) is more than `overdue_max` (30s); lower the one or raise the "
     "other\n"},
    {"suspicion_probe", "suspicion = { probe_min = '2s', probe_max = '1500ms' }\n",
     "f:4:27: `probe_min` (2s) is more than `probe_max` (1500ms); lower the one or raise the "
     "other\n"},
    {"suspicion_out", "suspicion = { max_out_percent = 0 }\n",
     "f:4:33: `max_out_percent`: 0 is out of bounds; write 1 to 100\n"},
    {"outlier_latency_factor", "outlier = { latency_factor = 1.4 }\n",
     "f:4:30: `latency_factor`: 1.4 is out of bounds; write 1.5 to 1000, or 0\n"},
    {"outlier_window", "outlier = { window = '61s' }\n",
     "f:4:22: `window`: \"61s\" is out of bounds; write 1s to 1m\n"},
    {"outlier_window_in_part", "outlier = { window = '1500ms' }\n",
     "f:4:22: `window`: write whole seconds, as \"10s\"\n"},
    {"outlier_ejection", "outlier = { ejection_max = '29s' }\n",
     "f:4:28: `ejection_time` (30s) is more than `ejection_max` (29s); lower the one or raise the "
     "other\n"},
    {"outlier_percents", "outlier = { error_percent = 101, max_ejected_percent = 101 }\n",
     "f:4:29: `error_percent`: 101 is out of bounds; write 0 to 100\n"
     "f:4:56: `max_ejected_percent`: 101 is out of bounds; write 0 to 100\n"},
    {"breaker_recovery", "breaker = { recovery_timeout = '6m' }\n",
     "f:4:32: `recovery_timeout` (6m) is more than `recovery_max` (5m); lower the one or raise "
     "the other\n"},
    {"breaker_trials", "breaker = { success_threshold = 4 }\n",
     "f:4:33: `success_threshold` (4) is more than `max_trial_requests` (3); lower the one or "
     "raise the other\n"},
    {"breaker_values",
     "breaker = { failure_threshold = 0, error_percent = 101, window = '999ms', requests_min = 0, "
     "max_trial_requests = 0 }\n",
     "f:4:33: `failure_threshold`: 0 is out of bounds; write 1 to 10000\n"
     "f:4:52: `error_percent`: 101 is out of bounds; write 0 to 100\n"
     "f:4:66: `window`: \"999ms\" is out of bounds; write 1s to 1m\n"
     "f:4:90: `requests_min`: 0 is out of bounds; write 1 to 1048576\n"
     "f:4:114: `max_trial_requests`: 0 is out of bounds; write 1 to 1000\n"},
    {"idle_connections", "idle_connections_min = 2000\n",
     "f:4:24: `idle_connections_min` (2000) is more than `idle_connections_max` (1024); lower the "
     "one or raise the other\n"},
    {"what_was_complained_of_is_not_compared",
     "suspicion = { overdue_min = '31s', overdue_max = '45' }\n"
     "outlier = { ejection_time = '10m', ejection_mx = '20m' }\n",
     "f:4:50: `overdue_max`: \"45\" is no duration; write a whole number and a unit, as "
     "\"250ms\", \"5s\" or \"1m\"\n"
     "f:5:36: unknown key `ejection_mx`, did you mean `ejection_max`?\n"},
};

std::string name_of(const testing::TestParamInfo<BadTable>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Tables, BadFailover, testing::ValuesIn(kBad), name_of);

}  // namespace
}  // namespace ringway::config
