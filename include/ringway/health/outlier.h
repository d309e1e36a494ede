// Who does worse than its peers, from what all shards counted: the soft evidence, looked at once a
// second. Pure; owned by the Monitor of the shard that stewards the pool.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "ringway/base/time.h"
#include "ringway/config/config.h"

namespace ringway::health {

/// Of one upstream, summed over the shards, since the start.
struct Totals {
    std::uint64_t requests = 0;    // that ended, well or not
    std::uint64_t failures = 0;    // no answer, a malformed one, or 502, 503, 504
    std::uint64_t answers = 0;     // that have a latency
    std::uint64_t latency_us = 0;  // sum of theirs
};

/// The last seconds of one upstream's totals: what they grew by within a window.
class Window {
 public:
    static constexpr std::size_t kSecondsMax = 60;
    /// Once a second. Totals that have gone back are those of another upstream, which has taken the
    /// place: they are a new beginning.
    void tick(const Totals& totals);
    /// Growth within the last `seconds` (1..60) ticks, or since the first.
    Totals over(std::uint32_t seconds) const;
    /// Forgets what came before the last tick: the upstream was put back and is judged anew.
    void restart();

 private:
    std::array<Totals, kSecondsMax + 1> at_{};
    std::uint64_t ticks_ = 0;
    std::uint64_t first_ = 0;  // the tick that it reaches back to at most
};

/// error_percent of a window reached, with requests_min in it (one at least). Never when
/// error_percent is 0.
bool too_many_errors(const Totals& grown, std::uint32_t error_percent, std::uint32_t requests_min);

/// The upstream of the pool (its place in `grown`) whose mean latency stands out most: above
/// latency_factor x the median of the others, and at least latency_excess_min above it. Only
/// upstreams with requests_min answers (one at least) are compared, and at least one other is
/// needed. The median of an even number is the mean of the middle two, so that of three upstreams
/// one cannot stand out beside another that is as slow. Nothing when latency_factor is 0. At most
/// base::kUpstreamsPerPoolMax upstreams.
std::optional<std::size_t> slowest_outlier(std::span<const Totals> grown,
                                           const config::Outlier& rules);

}  // namespace ringway::health
