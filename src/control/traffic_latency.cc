// Sums of the shards' counters, second by second. One thread ticks.
#include "ringway/control/traffic_latency.h"

#include <cmath>
#include <utility>

namespace ringway::control {

TrafficLatency::TrafficLatency(std::vector<const observe::ShardCounters*> shards)
    : shards_(std::move(shards)) {}

void TrafficLatency::adopt(const config::Config& next) {
    upstreams_.grow(next.pools.size());
    for (std::size_t i = 0; i < next.pools.size(); ++i)
        upstreams_[i].grow(next.pools[i].upstreams.size());
}

void TrafficLatency::tick() {
    for (std::size_t pool = 0; pool < upstreams_.size(); ++pool) {
        for (std::size_t i = 0; i < upstreams_[pool].size(); ++i) {
            Upstream& upstream = upstreams_[pool][i];
            std::uint64_t responses = 0;
            std::uint64_t sum_ns = 0;
            for (const observe::ShardCounters* shard : shards_) {
                const observe::UpstreamCounters& counters = shard->upstreams[pool][i];
                // one for each that has a latency; the histogram itself has no total to read
                for (std::size_t n = 1; n < counters.responses_by_class.size(); ++n) {
                    responses += counters.responses_by_class[n].get();
                }
                sum_ns += counters.first_byte.sum_ns();
            }
            if (responses < upstream.responses || sum_ns < upstream.sum_ns) {
                upstream.responses = upstream.sum_ns = 0;
                upstream.ewma_ns.clear();
            }
            if (responses == upstream.responses || sum_ns == upstream.sum_ns) continue;
            const double mean = static_cast<double>(sum_ns - upstream.sum_ns) /
                                static_cast<double>(responses - upstream.responses);
            const auto old = static_cast<double>(upstream.ewma_ns.get());
            const double next = old > 0 ? 0.7 * old + 0.3 * mean : mean;
            upstream.ewma_ns.set(static_cast<std::uint64_t>(std::llround(next)));
            upstream.responses = responses;
            upstream.sum_ns = sum_ns;
        }
    }
}

}  // namespace ringway::control
