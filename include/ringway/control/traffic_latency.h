// The latency of each upstream's traffic, smoothed for people to read.
#pragma once

#include <cstdint>
#include <vector>

#include "ringway/base/stable_vector.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/observe/counters.h"

namespace ringway::control {

/// Once a second the mean time to the head of a response of that second, over all shards, is folded
/// in: new = 0.7 old + 0.3 mean; a second without a response changes nothing, and counters that
/// have gone back are those of another upstream in that place. It reads counters only, so that the
/// request path pays nothing for it. tick() on one thread, ewma() on any.
class TrafficLatency {
 public:
    /// The counters outlive it, and have the shape of each configuration first.
    explicit TrafficLatency(std::vector<const observe::ShardCounters*> shards);
    /// Room for all that this configuration has.
    void adopt(const config::Config& next);

    void tick();
    /// 0 before the first response.
    base::Duration ewma(cluster::Place place) const {
        const Upstream& upstream = upstreams_[place.pool.value][place.upstream.value];
        return base::Duration(static_cast<std::int64_t>(upstream.ewma_ns.get()));
    }

 private:
    struct Upstream {
        std::uint64_t responses = 0;  // as of the last tick, like the sum
        std::uint64_t sum_ns = 0;
        observe::Counter ewma_ns;
    };
    const std::vector<const observe::ShardCounters*> shards_;
    base::StableVector<base::StableVector<Upstream>> upstreams_;  // [pool][upstream]
};

}  // namespace ringway::control
