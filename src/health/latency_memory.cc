// Latencies out of a shard and into another one; see latency_memory.h.
#include "ringway/health/latency_memory.h"

#include <algorithm>

#include "ringway/health/latency_sketch.h"
#include "ringway/health/suspicion.h"

namespace ringway::health {

void LatencyMemory::fold(const LatencyMemory& other) {
    counts.resize(std::max(counts.size(), other.counts.size()));
    for (std::size_t i = 0; i < other.counts.size(); ++i) counts[i] += other.counts[i];
    if (other.srtt > srtt) {
        srtt = other.srtt;
        rttvar = other.rttvar;
    }
}

void LatencySketch::restore(std::span<const std::uint32_t> counts) {
    counts_ = {};
    total_ = 0;
    std::uint64_t sum = 0;
    const std::size_t size = std::min(counts.size(), kBuckets);
    for (std::size_t i = 0; i < size; ++i) sum += counts[i];
    // Halved as record() would have done it, to less than half of the room.
    const std::uint64_t divisor = sum < kSamplesMax / 2 ? 1 : sum / (kSamplesMax / 2) + 1;
    for (std::size_t i = 0; i < size; ++i) {
        counts_[i] = static_cast<std::uint16_t>(counts[i] / divisor);
        total_ += counts_[i];
    }
}

void RoundTripEstimator::restore(base::Duration srtt, base::Duration rttvar) {
    if (srtt < base::Duration::zero()) return;
    srtt_ = srtt;
    rttvar_ = std::max(rttvar, base::Duration::zero());
    samples_ = 1;
}

LatencyMemory Suspicion::memory() const {
    LatencyMemory memory;
    if (sketch_.samples() > 0) {
        const auto counts = sketch_.counts();
        memory.counts.assign(counts.begin(), counts.end());
    }
    if (!round_trip_.empty()) {
        memory.srtt = round_trip_.srtt();
        memory.rttvar = round_trip_.rttvar();
    }
    return memory;
}

void Suspicion::restore(const LatencyMemory& memory) {
    sketch_.restore(memory.counts);
    round_trip_.restore(memory.srtt, memory.rttvar);
    work_out();
}

}  // namespace ringway::health
