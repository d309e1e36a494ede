// A small decaying histogram of one upstream's answers on one shard, for the quantiles that make a
// request overdue or worth a hedge. Pure; recording is a few instructions on the request path.
#pragma once

#include <array>
#include <cstdint>

#include "ringway/base/time.h"

namespace ringway::health {

/// Four buckets an octave (at most 19 % above the true value) from 1 us to 73 minutes. When 4096
/// samples are in, all counts are halved: a change of pace is followed within a few thousand
/// answers. Quantiles are worked out anew each 64 samples (and for each of the first 64).
class LatencySketch {
 public:
    void record(base::Duration latency);

    std::uint32_t samples() const { return total_; }
    /// The upper bound of the bucket of quantile q (0..1); 0 without samples.
    base::Duration quantile(double q) const;

 private:
    static constexpr std::size_t kBuckets = 128;
    static std::size_t index_of(base::Duration latency);
    static base::Duration upper_bound(std::size_t index);
    void halve();

    std::array<std::uint16_t, kBuckets> counts_{};
    std::uint32_t total_ = 0;
};

}  // namespace ringway::health
