// Quantiles of the sketch against exact ones, within the error that its header states.
#include "ringway/health/latency_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

using base::Duration;
using namespace std::chrono_literals;

constexpr double kErrorMax = 1.19;

/// From `shortest` to `shortest` x `span`, each octave as likely as the others.
Duration draw(base::Prng& prng, double shortest_ns, double span) {
    return Duration(static_cast<std::int64_t>(shortest_ns * std::pow(span, prng.unit())));
}

TEST(LatencySketch, QuantilesAreAtMost19PercentAboveTheExactOnes) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        base::Prng prng(seed);
        LatencySketch sketch;
        std::vector<Duration> all;
        const double shortest_ns = 1024 * std::pow(2.0, 20 * prng.unit());
        const double span = std::pow(2.0, 11 * prng.unit());
        const std::size_t count = 1 + prng.below(LatencySketch::kSamplesMax - 1);
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(draw(prng, shortest_ns, span));
            sketch.record(all.back());
        }
        ASSERT_EQ(sketch.samples(), count);
        std::ranges::sort(all);
        for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
            const auto rank = std::max<std::size_t>(
                1, static_cast<std::size_t>(std::ceil(q * static_cast<double>(count))));
            const auto exact = static_cast<double>(all[rank - 1].count());
            const auto stated = static_cast<double>(sketch.quantile(q).count());
            ASSERT_GT(stated, exact) << "q " << q << " of " << count;
            ASSERT_LE(stated, exact * kErrorMax) << "q " << q << " of " << count;
        }
    }
}

TEST(LatencySketch, EveryDurationLiesWithinItsBucketRightUpToTheBounds) {
    for (int quarter = 0; quarter < 127; ++quarter) {
        const double bound = 1024 * std::pow(2.0, quarter / 4.0);
        for (const std::int64_t offset : {-2, -1, 0, 1, 2}) {
            const Duration latency(std::llround(bound) + offset);
            if (latency < 1024ns) continue;
            LatencySketch sketch;
            sketch.record(latency);
            ASSERT_GT(sketch.quantile(0.5), latency);
            ASSERT_LE(static_cast<double>(sketch.quantile(0.5).count()),
                      static_cast<double>(latency.count()) * kErrorMax + 1);
        }
    }
}

TEST(LatencySketch, CountsWhatIsOutOfItsRangeAtTheEnds) {
    LatencySketch shortest;
    shortest.record(-1s);
    shortest.record(0s);
    EXPECT_EQ(shortest.samples(), 2u);
    EXPECT_EQ(shortest.quantile(1), 1218ns);
    LatencySketch longest;
    longest.record(Duration::max());
    EXPECT_EQ(longest.quantile(1), Duration(std::int64_t{1} << 42));
    EXPECT_GE(longest.quantile(1), 73min);
}

TEST(LatencySketch, SaysNothingWithoutSamples) {
    EXPECT_EQ(LatencySketch().samples(), 0u);
    EXPECT_EQ(LatencySketch().quantile(0.99), 0ns);
}

TEST(LatencySketch, HalvesItsCountsWhenFullAndKeepsItsQuantiles) {
    LatencySketch sketch;
    for (std::uint32_t i = 0; i < LatencySketch::kSamplesMax - 1; ++i)
        sketch.record(i % 4 == 3 ? 100ms : 1ms);
    EXPECT_EQ(sketch.samples(), LatencySketch::kSamplesMax - 1);
    const Duration p50 = sketch.quantile(0.5), p90 = sketch.quantile(0.9);
    sketch.record(100ms);
    EXPECT_EQ(sketch.samples(), LatencySketch::kSamplesMax / 2);
    EXPECT_EQ(sketch.quantile(0.5), p50);
    EXPECT_EQ(sketch.quantile(0.9), p90);
}

TEST(LatencySketch, FollowsAChangeOfPaceWithinAFewThousandAnswers) {
    LatencySketch sketch;
    for (int i = 0; i < 100'000; ++i) sketch.record(1ms);
    for (int i = 0; i < 4096; ++i) sketch.record(50ms);
    EXPECT_GE(sketch.quantile(0.5), 50ms);
    for (int i = 0; i < 30'000; ++i) sketch.record(1ms);
    EXPECT_LE(sketch.quantile(0.999), 1190us) << "the slow time is forgotten";
}

}  // namespace
}  // namespace ringway::health
