#include "report/digest.h"

#include <cmath>

namespace ringload {

namespace {

constexpr double kTicksPerHalving = 5;

/// From one point of the curve to the next: a fifth of half of what is left, where what is left
/// counts as the last power of two of 100 % above it.
double step_after(double percentile) {
    const double halvings = std::floor(std::log2(100.0 / (100.0 - percentile))) + 1;
    return 100.0 / (kTicksPerHalving * std::exp2(halvings));
}

}  // namespace

std::vector<CurvePoint> curve_of(const LatencySum& latency) {
    std::vector<CurvePoint> curve;
    if (latency.count() == 0) return curve;
    const auto count = static_cast<double>(latency.count());
    double percentile = 0;
    while (std::ceil(percentile / 100 * count) < count) {
        curve.push_back({percentile, latency.quantile_ns(percentile / 100)});
        percentile += step_after(percentile);
    }
    curve.push_back({100, latency.max_ns()});
    return curve;
}

std::optional<double> wanted_rate(const LoadPlan& plan) {
    if (plan.arrivals == Arrivals::closed || plan.steps.empty()) return {};
    const double rate = plan.steps.front().per_second;
    for (const RateStep& step : plan.steps) {
        if (step.per_second != rate) return {};
    }
    return rate;
}

std::optional<double> us_per_request(const CpuUse& use, const Result& result) {
    if (result.counts.answered == 0) return {};
    return to_seconds(use.user_and_system) * 1e6 / static_cast<double>(result.counts.answered);
}

double mean_ns(const LatencySum& latency) {
    if (latency.count() == 0) return 0;
    return static_cast<double>(latency.sum_ns()) / static_cast<double>(latency.count());
}

}  // namespace ringload
