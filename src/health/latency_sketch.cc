// The slow paths of the latency sketch; see latency_sketch.h.
#include "ringway/health/latency_sketch.h"

#include <cmath>

namespace ringway::health {

base::Duration LatencySketch::quantile(double q) const {
    if (total_ == 0) return base::Duration::zero();
    const double exact = std::ceil(q * static_cast<double>(total_));
    const auto rank =
        static_cast<std::uint32_t>(std::clamp(exact, 1.0, static_cast<double>(total_)));
    // from the top: the quantiles that are asked for are high
    std::uint32_t up_to = total_;  // samples in this bucket and below
    for (std::size_t index = kBuckets; index-- > 0;) {
        up_to -= counts_[index];
        if (up_to < rank) return upper_bound(index);
    }
    return upper_bound(0);
}

/// The first duration past the bucket.
base::Duration LatencySketch::upper_bound(std::size_t index) {
    const std::size_t next = index + 1;
    const int octave = kFirstOctave + static_cast<int>(next / 4);
    if (next % 4 == 0) return base::Duration(std::int64_t{1} << octave);
    const int shift = 63 - octave;
    const std::uint64_t bound = (kQuarters[next % 4 - 1] - 1) >> shift;
    return base::Duration(static_cast<std::int64_t>(bound + 1));
}

void LatencySketch::halve() {
    total_ = 0;
    for (std::uint16_t& count : counts_) {
        count = static_cast<std::uint16_t>(count / 2);
        total_ += count;
    }
}

}  // namespace ringway::health
