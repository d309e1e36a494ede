#include "shard_proxy.h"

#include "ringway/base/assert.h"

namespace ringway::sim {

namespace {

// What control publishes at the start: every upstream eligible, at its literal address.
std::unique_ptr<const cluster::View> first_view(const config::Config& config) {
    auto view = std::make_unique<cluster::View>();
    view->version = 1;
    for (const config::Pool& pool : config.pools) {
        auto pool_view = std::make_shared<cluster::PoolView>();
        pool_view->version = 1;
        for (const config::Upstream& upstream : pool.upstreams) {
            cluster::UpstreamView& upstream_view = pool_view->upstreams.emplace_back();
            upstream_view.backup = upstream.backup;
            upstream_view.weight = upstream.weight;
            upstream_view.tier = upstream.priority;
            upstream_view.addresses.push_back(*upstream.literal);
        }
        view->pools.push_back(std::move(pool_view));
    }
    return view;
}

}  // namespace

ShardProxy::ShardProxy(ring::Ring& ring, const config::Config& config)
    : view_(first_view(config)),
      counters_(config),
      shard_({.config = config, .ring = ring, .view = view_, .counters = counters_}) {
    // one registration for the thread, however many shards it has in turn
    static thread_local const base::RcuReader reader;
    const auto listening = shard_.listen();
    RW_ASSERT(listening.has_value());
}

bool ShardProxy::turn() {
    const bool more = shard_.turn();
    base::RcuReader::quiescent();
    return more;
}

void ShardProxy::drain(base::Instant deadline) { shard_.drain(deadline); }

std::string ShardProxy::held() const {
    const shard::Shard::Slots slots = shard_.slots();
    if (slots.clients + slots.exchanges + slots.upstreams == 0) return "";
    return std::to_string(slots.clients) + " clients, " + std::to_string(slots.exchanges) +
           " exchanges, " + std::to_string(slots.upstreams) + " upstream connections";
}

}  // namespace ringway::sim
