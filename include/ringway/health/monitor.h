// The health of upstreams as one shard sees it and makes others see it: runs the active checks that
// fall to this shard, probes what is suspected, counts failures in a row, and once a second weighs
// the soft evidence of all shards for the pools that it stewards. Verdicts go through the Board.
// Owned by the shard, on its thread.
//
// Who checks: the upstream at place u of pool p belongs to shard (p + u) mod shards, and a pool to
// shard p mod shards; when that shard shows no sign of life for Board::kStalledAfter, to the next
// living one. Nobody changes hands when a configuration brings further ones.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/health/probe.h"
#include "ringway/health/suspicion.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"

namespace ringway::health {

/// What a Monitor is made of. All referred to objects outlive it.
struct MonitorParts {
    std::uint16_t shard_index = 0;
    ring::Ring& ring;
    base::TimerWheel& fine;
    failover::Board& board;
    observe::ShardCounters& counters;                         // this shard's
    std::vector<const observe::ShardCounters*> all_counters;  // of every shard, by index
    CheckStats& stats;
    std::string instance_id;
    std::uint64_t seed = 0;
    std::int64_t unix_offset_ns = 0;  // wall clock minus monotonic clock, for dates in Retry-After
};

/// How a request failed, as far as health is concerned.
enum class Fault : std::uint8_t {
    refused,    // or unreachable, or a name that leads nowhere
    reset,      // FIN or RST before or inside the answer
    timed_out,  // connect, first byte, or silent inside the answer
    malformed,
    bad_status,  // 502, 503, 504
};

class Monitor {
 public:
    explicit Monitor(const MonitorParts& parts);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Arms the checks and the tick; once, in the shard's first turn.
    void start();
    /// Each new view, and each one that this shard published: arms the timer of what becomes due in
    /// it, and takes over what other shards found (Verdict::force_down and so on). One with another
    /// configuration, never from within a verb of the Monitor: watches whose checks are still the
    /// same go on as they are, what was measured of an upstream stays while its address does.
    void look_at(const cluster::View& view);
    /// Probes what other shards asked for (Board::ask_probe). Each turn.
    void serve_asked();
    /// Ends all probes; over() when they are home.
    void stop();
    bool over() const;

    // -- from requests --

    /// An answer that is no Fault: `latency` from the request sent to its head. The hot path.
    void on_answer(cluster::Place place, base::Duration latency) {
        Upstream& upstream = of(place);
        upstream.suspicion.record(latency);
        if (upstream.failures_in_row != nullptr && upstream.failures_in_row->get() != 0)
            [[unlikely]]
            upstream.failures_in_row->set(0);
    }
    /// A request failed. `sent_at`: when it was sent, the first sign of it. Counts towards breaker
    /// and outlier ejection, and probes the upstream at once (not for bad_status).
    void on_fault(cluster::Place place, Fault fault, base::Instant sent_at);
    /// A sign that is no request's failure, such as warm connections that died together: probes the
    /// upstream at once.
    void on_sign(cluster::Place place);
    /// A request that took a trial of a half-open breaker has ended.
    void on_trial_passed(cluster::Place place);
    void on_trial_failed(cluster::Place place);
    void on_trial_abandoned(cluster::Place place);
    /// Takes a trial; false: none is left, pick another upstream.
    bool take_trial(cluster::Place place);
    /// 429: the upstream cools for so long.
    void on_rate_limited(cluster::Place place, base::Duration retry_after);
    /// 401 or 403 to a credential of ours, or an answer that shows that it is taken again.
    void on_credentials(cluster::Place place, bool refused, std::uint16_t status);
    /// A request sent at `sent_at` is overdue: probes the upstream at once, unless one is under
    /// way.
    void suspect(cluster::Place place, base::Instant sent_at);
    /// No request waits overdue on it any more.
    void unsuspect(cluster::Place place);

    const Suspicion& suspicion(cluster::Place place) const { return of(place).suspicion; }
    /// Goes on from what another process has learned of the upstream.
    void restore(cluster::Place place, const LatencyMemory& memory) {
        of(place).suspicion.restore(memory);
    }
    /// A round trip to the upstream: a connect, or what TCP says of a connection.
    void on_round_trip(cluster::Place place, base::Duration took) {
        of(place).suspicion.add_round_trip(took);
    }

 private:
    struct Machine;
    struct Upstream {
        Suspicion suspicion;
        observe::Counter* failures_in_row = nullptr;  // UpstreamCounters::failures_in_row
    };
    /// [pool][upstream]; none of them moves when there are more.
    using Upstreams = std::vector<std::vector<std::unique_ptr<Upstream>>>;
    Upstream& of(cluster::Place place) {
        return *upstreams_[place.pool.value][place.upstream.value];
    }
    const Upstream& of(cluster::Place place) const {
        return *upstreams_[place.pool.value][place.upstream.value];
    }
    Upstreams upstreams_;
    std::unique_ptr<Machine> machine_;
};

}  // namespace ringway::health
