// The figures of a histogram that every report shows. Pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "ringway/base/time.h"
#include "tally/result.h"

namespace ringload {

/// A percentile that reports show, by the names that JSON and tables give it.
struct NamedQuantile {
    std::string_view name;      // "p99.9"
    std::string_view json_key;  // "p99.9_ms"
    double quantile;            // 0 to 1
};
inline constexpr std::array<NamedQuantile, 7> kQuantiles = {{{"p50", "p50_ms", 0.5},
                                                             {"p75", "p75_ms", 0.75},
                                                             {"p90", "p90_ms", 0.9},
                                                             {"p95", "p95_ms", 0.95},
                                                             {"p99", "p99_ms", 0.99},
                                                             {"p99.9", "p99.9_ms", 0.999},
                                                             {"p99.99", "p99.99_ms", 0.9999}}};

/// A point of the percentile curve.
struct CurvePoint {
    double percentile = 0;  // 0 to 100
    std::uint64_t ns = 0;
};

/// Percentiles in ever smaller steps, as HdrHistogram's percentile output has them: five to each
/// halving of the distance to 100, until a step is less than a record; then 100. Empty when there
/// are no records.
std::vector<CurvePoint> curve_of(const LatencySum& latency);

/// How far a shown percentile may be above the exact one, as a share of it: 0.1 %.
inline constexpr double kShownRelativeError = 0.001;
static_assert(Latencies::kRelativeError <= kShownRelativeError);

/// Of an open loop that holds one rate; nothing in a closed loop or when the rate changes.
std::optional<double> wanted_rate(const LoadPlan& plan);

/// CPU time of a process by answered requests; nothing when none was answered.
std::optional<double> us_per_request(const CpuUse& use, const Result& result);

/// 0 when empty.
double mean_ns(const LatencySum& latency);

constexpr double to_ms(double ns) { return ns / 1e6; }
constexpr double to_seconds(ringway::base::Duration duration) {
    return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace ringload
