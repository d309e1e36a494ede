// What a shard has learned of an upstream's latency, as a value that outlives the shard: for a
// process that takes over from another. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "ringway/base/time.h"

namespace ringway::health {

struct LatencyMemory {
    // of LatencySketch, by bucket; empty: none
    std::vector<std::uint32_t> counts;
    base::Duration srtt{-1};  // of RoundTripEstimator; -1: no sample
    base::Duration rttvar{0};

    bool empty() const { return counts.empty() && srtt < base::Duration::zero(); }
    /// What two shards know together: counts add up; of the round trips the longer one.
    void fold(const LatencyMemory& other);
};

}  // namespace ringway::health
