// When a waiting request is overdue, how long a probe may take, and whether its silence may take
// the upstream out: one upstream as one shard sees it. Pure; owned by the shard's Monitor.
//
// Guards against taking out what is merely slow: a floor under both times, back-off after each
// probe that was answered, and a look at the pool's other upstreams: when those are overdue too, it
// is not this one's fault.
#pragma once

#include <cstdint>

#include "ringway/base/time.h"
#include "ringway/config/config.h"
#include "ringway/health/estimator.h"
#include "ringway/health/latency_sketch.h"

namespace ringway::health {

class Suspicion {
 public:
    explicit Suspicion(const config::Suspicion& rules) : rules_(&rules) {}

    /// A request was answered after this long. On the request path.
    void record(base::Duration latency);
    /// From when a request that waits is overdue: quantile x factor of the recorded latencies
    /// within [overdue_min, overdue_max], overdue_max while fewer than 8 are known; doubled for
    /// each probe in a row that found the upstream alive while requests were overdue (at most 6
    /// times).
    base::Duration overdue_after() const { return overdue_after_; }
    /// The latency of this quantile, for hedging; 0 while fewer than 8 are known.
    base::Duration quantile(double q) const;

    /// A round trip of a probe (or of TCP itself).
    void add_round_trip(base::Duration sample) { round_trip_.add(sample); }
    const RoundTripEstimator& round_trip() const { return round_trip_; }
    base::Duration probe_deadline() const {
        return round_trip_.deadline(rules_->probe_min, rules_->probe_max);
    }

    /// A probe answered while requests were overdue: they are left alone, and the next ones get
    /// longer.
    void found_alive();
    /// An answer came as it should: back-off is over.
    void settle();

 private:
    static constexpr std::uint32_t kSamplesMin = 8;
    static constexpr std::uint32_t kBackOffMax = 6;
    void work_out();

    const config::Suspicion* rules_;
    LatencySketch sketch_;
    RoundTripEstimator round_trip_;
    base::Duration overdue_after_ = rules_->overdue_max;
    std::uint32_t since_worked_out_ = 0;
    std::uint32_t back_off_ = 0;
};

/// Whether silence may count against an upstream: at least half of the pool's other eligible
/// upstreams are not suspected themselves. Without others it may.
bool silence_counts(std::uint32_t other_eligible, std::uint32_t other_suspected);

}  // namespace ringway::health
