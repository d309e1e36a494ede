// The estimators against the formulas of their sources, worked out in floating point.
#include "ringway/health/estimator.h"

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

/// Some 10 us to 1 s, each octave as likely as the others.
Duration draw(base::Prng& prng) {
    return Duration(static_cast<std::int64_t>(1e4 * std::pow(1e5, prng.unit())));
}

double as_double(Duration duration) { return static_cast<double>(duration.count()); }

TEST(RoundTripEstimator, AgreesWithTheFormulasOfRfc6298) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        base::Prng prng(seed);
        RoundTripEstimator estimator;
        double srtt = 0, rttvar = 0;
        for (int i = 0; i < 300; ++i) {
            const Duration sample = draw(prng);
            const double r = as_double(sample);
            if (i == 0) {
                srtt = r;
                rttvar = r / 2;
            } else {
                rttvar = 0.75 * rttvar + 0.25 * std::abs(srtt - r);
                srtt = 0.875 * srtt + 0.125 * r;
            }
            estimator.add(sample);
            // rounding down loses less than 1 ns a step, of which 7/8 and 3/4 stay
            ASSERT_NEAR(as_double(estimator.srtt()), srtt, 8.0) << "sample " << i;
            ASSERT_NEAR(as_double(estimator.rttvar()), rttvar, 12.0) << "sample " << i;
            ASSERT_NEAR(as_double(estimator.deadline(0ns, 1h)), srtt + 4 * rttvar, 56.0);
        }
    }
}

TEST(RoundTripEstimator, KeepsItsDeadlineBetweenFloorAndCeiling) {
    RoundTripEstimator estimator;
    EXPECT_EQ(estimator.deadline(10ms, 1s), 1s) << "nothing is known: as long as allowed";
    estimator.add(-1ns);
    EXPECT_TRUE(estimator.empty()) << "a negative sample was not measured";
    estimator.add(1ms);
    EXPECT_EQ(estimator.deadline(1us, 1s), 3ms);
    EXPECT_EQ(estimator.deadline(10ms, 1s), 10ms);
    EXPECT_EQ(estimator.deadline(1us, 2ms), 2ms);
}

TEST(CheckLatency, P95IsTheNearestRankOfTheLastHundred) {
    for (std::uint64_t seed = 0; seed < rounds(50u); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        base::Prng prng(seed);
        CheckLatency latency;
        std::vector<Duration> all;
        for (int i = 0; i < 350; ++i) {
            all.push_back(draw(prng));
            latency.add(all.back());
            std::vector<Duration> last(all.end() - std::min<std::ptrdiff_t>(100, std::ssize(all)),
                                       all.end());
            std::ranges::sort(last);
            const auto rank =
                static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(last.size()) - 1e-9));
            ASSERT_EQ(latency.p95(), last[rank - 1]) << "after " << all.size();
        }
    }
}

TEST(CheckLatency, EwmaIsSevenPartsOldAndThreePartsNew) {
    CheckLatency latency;
    EXPECT_EQ(latency.ewma(), 0ns);
    EXPECT_EQ(latency.p95(), 0ns);
    latency.add(-1ns);
    EXPECT_EQ(latency.p95(), 0ns);
    latency.add(100ms);
    EXPECT_EQ(latency.ewma(), 100ms);
    latency.add(200ms);
    EXPECT_EQ(latency.ewma(), 130ms);
    latency.add(0ms);
    EXPECT_EQ(latency.ewma(), 91ms);
}

}  // namespace
}  // namespace ringway::health
