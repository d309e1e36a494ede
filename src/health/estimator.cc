// Smoothed times of probes and checks; see estimator.h.
#include "ringway/health/estimator.h"

#include <algorithm>

namespace ringway::health {

void RoundTripEstimator::add(base::Duration sample) {
    if (sample < base::Duration::zero()) return;
    if (samples_++ == 0) {  // RFC 6298 2.2
        srtt_ = sample;
        rttvar_ = sample / 2;
        return;
    }
    // RFC 6298 2.3: rttvar first, with the old srtt; alpha = 1/8, beta = 1/4
    rttvar_ = (3 * rttvar_ + std::chrono::abs(srtt_ - sample)) / 4;
    srtt_ = (7 * srtt_ + sample) / 8;
}

base::Duration RoundTripEstimator::deadline(base::Duration floor, base::Duration ceiling) const {
    if (empty()) return ceiling;
    return std::min(std::max(srtt_ + 4 * rttvar_, floor), ceiling);
}

void CheckLatency::add(base::Duration sample) {
    if (sample < base::Duration::zero()) return;
    ewma_ = count_ == 0 ? sample : (7 * ewma_ + 3 * sample) / 10;
    last_[count_ % kKept] = sample;
    ++count_;
}

base::Duration CheckLatency::p95() const {
    const std::size_t kept = std::min(count_, kKept);
    if (kept == 0) return base::Duration::zero();
    auto sorted = last_;
    const std::size_t rank = (kept * 95 + 99) / 100;  // 1..kept
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(sorted.begin(), at, sorted.begin() + static_cast<std::ptrdiff_t>(kept));
    return *at;
}

}  // namespace ringway::health
