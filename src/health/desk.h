// What everything of one shard's Monitor shares: its parts, the places of upstreams, and the way to
// publish. Owned by the Monitor, on the shard's thread.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/failover/board.h"
#include "ringway/failover/merge.h"
#include "ringway/health/monitor.h"

namespace ringway::health {

/// Told of each view that this shard published, before the verb that published it returns.
class ViewReader {
 public:
    virtual void on_published(const cluster::View& view) = 0;

 protected:
    ~ViewReader() = default;
};

/// Which upstreams of a pool are suspected on this shard.
class Suspects {
 public:
    /// Of the pool's other upstreams that may be picked, enough are above suspicion.
    virtual bool silence_counts(cluster::Place place) const = 0;
    /// The shard that owns the upstream is asked to probe it too.
    virtual void ask_owner(cluster::Place place, base::Instant first_sign) const = 0;

 protected:
    ~Suspects() = default;
};

struct Desk {
    Desk(const MonitorParts& parts_in, ViewReader& reader_in, Suspects& suspects_in);

    base::Instant now() const { return parts.ring.now(); }
    /// The newest view of the configuration that was adopted. Valid for the rest of the turn.
    const cluster::View& view() const { return parts.board.read_of(config, seen); }
    /// Another configuration is in force; its rooms are there.
    void adopt(const cluster::View& view);
    const config::Pool& pool(cluster::Place place) const { return config->pools[place.pool.value]; }
    const config::Upstream& upstream(cluster::Place place) const {
        return pool(place).upstreams[place.upstream.value];
    }
    observe::UpstreamCounters& counters(cluster::Place place) const {
        return parts.counters.upstreams[place.pool.value][place.upstream.value];
    }

    /// Publishes what `step` (const View&, Instant now -> Step) makes of the current view. False
    /// when that is nothing. `first_sign`: the epoch: now.
    template <class StepMaker>
    bool publish(std::string_view evidence, base::Instant first_sign, StepMaker&& step) {
        const base::Instant at = now();
        const failover::Teller teller{.shard = parts.shard_index,
                                      .now = at,
                                      .counters = &parts.counters,
                                      .evidence = evidence,
                                      .first_sign = first_sign};
        const bool changed = parts.board.change(
            teller, [&](const cluster::View& current) { return step(current, at); });
        if (changed) reader.on_published(view());
        return changed;
    }

    MonitorParts parts;
    std::shared_ptr<const config::Config> config;
    mutable const cluster::View* seen = nullptr;
    ViewReader& reader;
    Suspects& suspects;
    base::Prng prng;
    std::deque<ProbeIdentity> identities;  // of each pool; probes refer to them
    // asked of an upstream whose pool has neither an http nor a tcp check
    const config::HealthCheck plain;
};

}  // namespace ringway::health
