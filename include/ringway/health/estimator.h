// Smoothed times of an upstream's answers to probes. Pure; owned by a shard's Monitor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ringway/base/time.h"

namespace ringway::health {

/// srtt and rttvar as TCP has them (RFC 6298, section 2): the deadline of a probe is
/// srtt + 4 rttvar within [floor, ceiling]. In whole nanoseconds,
/// rounded down.
class RoundTripEstimator {
 public:
    /// A negative sample says "not measured" and is passed over.
    void add(base::Duration sample);
    bool empty() const { return samples_ == 0; }
    base::Duration srtt() const { return srtt_; }
    base::Duration rttvar() const { return rttvar_; }
    /// The ceiling without a sample.
    base::Duration deadline(base::Duration floor, base::Duration ceiling) const;
    /// Goes on from what another one came to (latency_memory.cc); a negative srtt: nothing.
    void restore(base::Duration srtt, base::Duration rttvar);

 private:
    base::Duration srtt_{0};
    base::Duration rttvar_{0};
    std::uint64_t samples_ = 0;
};

/// Latency of checks: EWMA (0.7 old + 0.3 new, the first sample whole) and the 95th percentile of
/// the last 100.
class CheckLatency {
 public:
    /// A negative sample says "not measured" and is passed over.
    void add(base::Duration sample);
    base::Duration ewma() const { return ewma_; }
    base::Duration p95() const;  // 0 without a sample; nearest-rank of what there is

 private:
    static constexpr std::size_t kKept = 100;
    base::Duration ewma_{0};
    std::array<base::Duration, kKept> last_{};
    std::size_t count_ = 0;  // in all
};

}  // namespace ringway::health
