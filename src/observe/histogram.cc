// Reading side of the latency histograms. Control thread; owned by whoever sums.
#include "ringway/observe/histogram.h"

#include <algorithm>
#include <cmath>

namespace ringway::observe {

void HistogramSum::add(const Histogram& histogram) {
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
        const std::uint64_t n = histogram.bucket(i);
        buckets_[i] += n;
        count_ += n;  // counted from the buckets just read, so that count and buckets always agree
    }
    sum_ns_ += histogram.sum_ns();
}

std::uint64_t HistogramSum::quantile_ns(double q) const {
    if (count_ == 0) return 0;
    const double share = std::clamp(q, 0.0, 1.0) * static_cast<double>(count_);
    const std::uint64_t rank =
        std::clamp(static_cast<std::uint64_t>(std::ceil(share)), std::uint64_t{1}, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
        seen += buckets_[i];
        if (seen >= rank) return Histogram::upper_bound(i);
    }
    return Histogram::upper_bound(Histogram::kBuckets - 1);
}

std::uint64_t HistogramSum::count_below(std::uint64_t ns) const {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
        if (Histogram::upper_bound(i) > ns) break;
        below += buckets_[i];
    }
    return below;
}

}  // namespace ringway::observe
