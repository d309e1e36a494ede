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
#include "ringway/health/latency_memory.h"
#include "ringway/health/latency_sketch.h"

namespace ringway::health {

class Suspicion {
 public:
    /// The rules outlive it, or are replaced in time.
    explicit Suspicion(const config::Suspicion& rules) : rules_(&rules) {}
    /// What was recorded counts by these from now on.
    void set_rules(const config::Suspicion& rules);

    /// A request was answered after this long. On the request path: about 3 ns in the mean.
    /// Quantiles are worked out anew for each of the first 64, and each 64 samples after that.
    void record(base::Duration latency) {
        sketch_.record(latency);
        if (++since_worked_out_ >= kStride || sketch_.samples() <= kStride) [[unlikely]]
            work_out();
    }
    /// From when a request that waits is overdue: quantile x factor of the recorded latencies
    /// within [overdue_min, overdue_max], overdue_max while fewer than 8 are known; doubled (past
    /// overdue_max too) for each probe in a row that found the upstream alive while requests were
    /// overdue (at most 6 times).
    base::Duration overdue_after() const { return overdue_after_; }
    /// The latency of this quantile (0..1), for hedging, as it was when quantiles were last worked
    /// out; 0 while fewer than 8 are known. Asked for the same quantile again it costs nothing.
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
    /// The overdue requests were answered as they should, or are gone: back-off is over. record()
    /// does not imply it, since an upstream has slow answers beside fast ones.
    void settle();

    /// What is known, and to go on from it (latency_memory.cc).
    LatencyMemory memory() const;
    void restore(const LatencyMemory& memory);

 private:
    static constexpr std::uint32_t kSamplesMin = 8;
    static constexpr std::uint32_t kBackOffMax = 6;
    static constexpr std::uint32_t kStride = 64;
    void work_out();
    void back_off();

    const config::Suspicion* rules_;
    LatencySketch sketch_;
    RoundTripEstimator round_trip_;
    base::Duration base_overdue_ = rules_->overdue_max;  // without back-off
    base::Duration overdue_after_ = base_overdue_;
    std::uint32_t since_worked_out_ = 0;
    std::uint32_t times_alive_ = 0;  // probes in a row, at most kBackOffMax
    // the last answer of quantile(); kept_q_ is negative when quantiles were worked out since
    mutable double kept_q_ = -1;
    mutable base::Duration kept_quantile_{0};
};

/// Whether silence may count against an upstream: at least half of the pool's other eligible
/// upstreams are not suspected themselves. Without others it may.
bool silence_counts(std::uint32_t other_eligible, std::uint32_t other_suspected);

}  // namespace ringway::health
