// The windows of soft evidence, and who stands out in them; see outlier.h.
#include "ringway/health/outlier.h"

#include <algorithm>

#include "ringway/base/assert.h"
#include "ringway/base/limits.h"

namespace ringway::health {
namespace {

/// The mean of the middle two when there are as many above as below. Reorders.
double median(std::span<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

void Window::tick(const Totals& totals) {
    const Totals& last = at_[(ticks_ + at_.size() - 1) % at_.size()];
    if (totals.failures < last.failures || totals.answers < last.answers ||
        totals.latency_us < last.latency_us) {
        first_ = ticks_;
    }
    at_[ticks_ % at_.size()] = totals;
    ++ticks_;
}

Totals Window::over(std::uint32_t seconds) const {
    RW_ASSERT(seconds >= 1);
    RW_ASSERT(seconds <= kSecondsMax);
    if (ticks_ == 0) return {};
    const std::uint64_t last = ticks_ - 1;
    const std::uint64_t from = std::max(first_, last - std::min<std::uint64_t>(last, seconds));
    const Totals& now = at_[last % at_.size()];
    const Totals& then = at_[from % at_.size()];
    // Requests less those in flight, read at two moments, may seem to have gone back by a few.
    return {.requests = now.requests - std::min(then.requests, now.requests),
            .failures = now.failures - then.failures,
            .answers = now.answers - then.answers,
            .latency_us = now.latency_us - then.latency_us};
}

void Window::restart() { first_ = ticks_ == 0 ? 0 : ticks_ - 1; }

bool too_many_errors(const Totals& grown, std::uint32_t error_percent, std::uint32_t requests_min) {
    if (error_percent == 0 || grown.requests == 0 || grown.requests < requests_min) return false;
    return grown.failures * 100 >= grown.requests * error_percent;
}

std::optional<std::size_t> slowest_outlier(std::span<const Totals> grown,
                                           const config::Outlier& rules) {
    RW_ASSERT(grown.size() <= base::kUpstreamsPerPoolMax);
    if (rules.latency_factor <= 0) return std::nullopt;
    // Whoever is slowest has the fastest others, so only the slowest can stand out most.
    std::array<double, base::kUpstreamsPerPoolMax> others;
    std::size_t count = 0;
    std::optional<std::size_t> slowest;
    double slowest_us = 0;
    for (std::size_t i = 0; i < grown.size(); ++i) {
        const Totals& one = grown[i];
        if (one.answers == 0 || one.answers < rules.requests_min) continue;
        double mean_us = static_cast<double>(one.latency_us) / static_cast<double>(one.answers);
        if (!slowest) {
            slowest = i;
            slowest_us = mean_us;
            continue;
        }
        if (mean_us > slowest_us) {
            std::swap(mean_us, slowest_us);
            slowest = i;
        }
        others[count++] = mean_us;
    }
    if (count == 0) return std::nullopt;
    const double peers_us = median(std::span(others).first(count));
    const auto excess_us = static_cast<double>(base::to_ns(rules.latency_excess_min)) / 1e3;
    const bool stands_out =
        slowest_us > rules.latency_factor * peers_us && slowest_us - peers_us >= excess_us;
    return stands_out ? slowest : std::nullopt;
}

}  // namespace ringway::health
