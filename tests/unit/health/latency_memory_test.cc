// What a shard knows of an upstream's latency outlives it.
#include "ringway/health/latency_memory.h"

#include <gtest/gtest.h>

#include "ringway/health/latency_sketch.h"
#include "ringway/health/suspicion.h"

namespace ringway::health {
namespace {

using base::Duration;
using std::chrono::milliseconds;

Suspicion taught(const config::Suspicion& rules, Duration latency, int samples) {
    Suspicion suspicion(rules);
    for (int i = 0; i < samples; ++i) suspicion.record(latency);
    suspicion.add_round_trip(latency / 2);
    return suspicion;
}

TEST(LatencyMemory, GoesOnWhereItWas) {
    const config::Suspicion rules;
    const Suspicion old = taught(rules, milliseconds(20), 1000);
    Suspicion next(rules);
    EXPECT_NE(next.overdue_after(), old.overdue_after());
    next.restore(old.memory());
    EXPECT_EQ(next.overdue_after(), old.overdue_after());
    EXPECT_EQ(next.quantile(0.5), old.quantile(0.5));
    EXPECT_EQ(next.probe_deadline(), old.probe_deadline());
    EXPECT_EQ(next.memory().counts, old.memory().counts);
}

TEST(LatencyMemory, IsEmptyWhereNothingIsKnown) {
    const config::Suspicion rules;
    EXPECT_TRUE(Suspicion(rules).memory().empty());
    Suspicion next(rules);
    next.restore({});
    EXPECT_EQ(next.overdue_after(), Suspicion(rules).overdue_after());
    EXPECT_TRUE(next.round_trip().empty());
    EXPECT_FALSE(taught(rules, milliseconds(1), 1).memory().empty());
}

TEST(LatencyMemory, OfSeveralShardsIsWhatAllOfThemSaw) {
    const config::Suspicion rules;
    LatencyMemory both = taught(rules, milliseconds(1), 300).memory();
    both.fold(taught(rules, milliseconds(100), 700).memory());
    LatencySketch sketch;
    sketch.restore(both.counts);
    EXPECT_EQ(sketch.samples(), 1000u);
    EXPECT_LT(sketch.quantile(0.29), milliseconds(2));
    EXPECT_GT(sketch.quantile(0.31), milliseconds(80));
    EXPECT_EQ(both.srtt, milliseconds(50));
    both.fold({});
    EXPECT_EQ(both.srtt, milliseconds(50));
}

// However many shards there were, the sketch has room for more and keeps its proportions.
TEST(LatencyMemory, OfManyShardsIsScaledDown) {
    const config::Suspicion rules;
    LatencyMemory all;
    for (int shard = 0; shard < 64; ++shard) {
        all.fold(taught(rules, milliseconds(1), 1500).memory());
        all.fold(taught(rules, milliseconds(100), 1500).memory());
    }
    LatencySketch sketch;
    sketch.restore(all.counts);
    EXPECT_LE(sketch.samples(), LatencySketch::kSamplesMax / 2);
    EXPECT_GT(sketch.samples(), LatencySketch::kSamplesMax / 4);
    EXPECT_LT(sketch.quantile(0.49), milliseconds(2));
    EXPECT_GT(sketch.quantile(0.51), milliseconds(80));
    for (std::uint32_t i = 0; i < LatencySketch::kSamplesMax; ++i) sketch.record(milliseconds(5));
    EXPECT_LT(sketch.samples(), LatencySketch::kSamplesMax);
    const std::vector<std::uint32_t> too_many(1000, 70'000);  // of a later version, perhaps
    sketch.restore(too_many);
    EXPECT_LE(sketch.samples(), LatencySketch::kSamplesMax / 2);
}

}  // namespace
}  // namespace ringway::health
