// When a request is overdue, against a model that keeps all latencies; the back-off; the guard.
#include "ringway/health/suspicion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../rounds.h"
#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

using base::Duration;
using namespace std::chrono_literals;

void record(Suspicion& suspicion, int count, Duration latency) {
    for (int i = 0; i < count; ++i) suspicion.record(latency);
}

TEST(Suspicion, IsPatientUntilEightAnswersAreKnown) {
    const config::Suspicion rules;
    Suspicion suspicion(rules);
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_max);
    record(suspicion, 7, 1ms);
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_max);
    EXPECT_EQ(suspicion.quantile(0.5), 0ns);
    suspicion.record(1ms);
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_min);
    EXPECT_GE(suspicion.quantile(0.5), 1ms);
    EXPECT_LE(suspicion.quantile(0.5), 1190us);
}

/// Within the bounds, 3 to 3 x 1.19 times the exact 99th percentile of what was recorded when
/// quantiles were last worked out.
TEST(Suspicion, IsOverdueAtAMultipleOfItsOwnQuantileWithinTheBounds) {
    for (std::uint64_t seed = 0; seed < rounds(100u); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        base::Prng prng(seed);
        const config::Suspicion rules;
        Suspicion suspicion(rules);
        const double shortest_ns = 1e5 * std::pow(1e6, prng.unit());  // 0.1 ms to 100 s
        std::vector<double> all;
        double exact = 0;
        for (std::uint32_t i = 1; i <= 1000; ++i) {
            all.push_back(std::floor(shortest_ns * std::pow(20.0, prng.unit())));
            suspicion.record(Duration(static_cast<std::int64_t>(all.back())));
            if (i < 8) continue;
            if (i <= 64 || i % 64 == 0) {
                std::vector<double> sorted = all;
                std::ranges::sort(sorted);
                exact = sorted[static_cast<std::size_t>(std::ceil(0.99 * i)) - 1];
            }
            const auto overdue = static_cast<double>(suspicion.overdue_after().count());
            ASSERT_GE(overdue, std::clamp(exact * 3, 50e6, 30e9)) << "after " << i;
            ASSERT_LE(overdue, std::clamp(exact * 3 * 1.19, 50e6, 30e9)) << "after " << i;
        }
    }
}

TEST(Suspicion, WaitsTwiceAsLongAfterEachProbeThatFoundTheUpstreamAlive) {
    const config::Suspicion rules;
    Suspicion suspicion(rules);
    record(suspicion, 100, 1ms);
    for (int times = 1; times <= 6; ++times) {
        suspicion.found_alive();
        EXPECT_EQ(suspicion.overdue_after(), rules.overdue_min * (1 << times));
    }
    suspicion.found_alive();
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_min * 64);
    record(suspicion, 100, 1ms);
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_min * 64)
        << "quick answers beside slow ones";
    suspicion.settle();
    EXPECT_EQ(suspicion.overdue_after(), rules.overdue_min);
}

TEST(Suspicion, SurvivesBoundsWithoutEnd) {
    config::Suspicion rules;
    rules.overdue_max = Duration::max();
    Suspicion suspicion(rules);
    for (int i = 0; i < 10; ++i) suspicion.found_alive();
    EXPECT_GT(suspicion.overdue_after(), 24h);
}

TEST(Suspicion, AnswersTheQuantileThatItIsAskedForAlsoInTurn) {
    const config::Suspicion rules;
    Suspicion suspicion(rules);
    record(suspicion, 60, 1ms);
    record(suspicion, 4, 1s);
    for (int i = 0; i < 3; ++i) {
        EXPECT_LT(suspicion.quantile(0.5), 2ms);
        EXPECT_GE(suspicion.quantile(0.99), 1s);
    }
    EXPECT_LT(suspicion.quantile(0.5), 2ms);
    record(suspicion, 64, 1s);
    EXPECT_GE(suspicion.quantile(0.5), 1s) << "worked out anew";
}

TEST(Suspicion, GivesAProbeTheTimeThatRoundTripsTake) {
    config::Suspicion rules;
    rules.probe_min = 10ms;
    rules.probe_max = 1s;
    Suspicion suspicion(rules);
    EXPECT_EQ(suspicion.probe_deadline(), 1s);
    suspicion.add_round_trip(40ms);
    EXPECT_EQ(suspicion.probe_deadline(), 120ms);
    for (int i = 0; i < 200; ++i) suspicion.add_round_trip(100us);
    EXPECT_EQ(suspicion.probe_deadline(), 10ms);
}

TEST(SilenceCounts, UnlessMoreThanHalfOfTheOthersAreSilentToo) {
    EXPECT_TRUE(silence_counts(0, 0));
    EXPECT_TRUE(silence_counts(1, 0));
    EXPECT_FALSE(silence_counts(1, 1));
    EXPECT_TRUE(silence_counts(2, 1));
    EXPECT_FALSE(silence_counts(3, 2));
    EXPECT_TRUE(silence_counts(4, 2));
    EXPECT_FALSE(silence_counts(0xffffffff, 0xffffffff));
}

}  // namespace
}  // namespace ringway::health
