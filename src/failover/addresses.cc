// The first view, and the addresses of names. Pure.
#include <algorithm>

#include "draft.h"
#include "ringway/base/assert.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;

namespace {

UpstreamView first_of(const config::Upstream& upstream,
                      const std::vector<base::SocketAddress>& resolved, UpstreamState state,
                      Instant now) {
    UpstreamView view;
    view.backup = upstream.backup;
    view.weight_config = std::clamp<std::uint32_t>(upstream.weight, 1, cluster::kWeightMax);
    view.tier = upstream.priority;
    view.addresses = upstream.literal ? std::vector{*upstream.literal} : resolved;
    view.state = state;
    view.reason = Reason::started;
    view.state_since = now;
    view.eligible = false;  // until it is settled
    return view;
}

}  // namespace

std::unique_ptr<const View> first_view(const config::Config& config, const Addresses& resolved,
                                       Instant now) {
    RW_ASSERT(resolved.size() == config.pools.size());
    auto view = std::make_unique<View>();
    view->version = 1;
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const config::Pool& pool = config.pools[i];
        RW_ASSERT(resolved[i].size() == pool.upstreams.size());
        const bool checked = std::ranges::any_of(pool.health.checks, &config::HealthCheck::enabled);
        const UpstreamState state = checked ? UpstreamState::unknown : UpstreamState::healthy;
        const auto made = std::make_shared<PoolView>();
        made->version = 1;
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            made->upstreams.push_back(first_of(pool.upstreams[k], resolved[i][k], state, now));
        }
        settle(pool, *made, now);
        view->pools.push_back(made);
    }
    return view;
}

Step set_addresses(const config::Config& config, const View& view, const Addresses& resolved,
                   Instant now) {
    RW_ASSERT(resolved.size() == config.pools.size());
    Draft draft(config, view, now);
    for (std::size_t pool = 0; pool < resolved.size(); ++pool) {
        RW_ASSERT(resolved[pool].size() == config.pools[pool].upstreams.size());
        for (std::size_t i = 0; i < resolved[pool].size(); ++i) {
            const Place place{{static_cast<std::uint16_t>(pool)}, {static_cast<std::uint16_t>(i)}};
            if (config.pools[pool].upstreams[i].literal) continue;
            if (draft.before(place).addresses == resolved[pool][i]) continue;
            draft.edit(place).addresses = resolved[pool][i];
        }
    }
    return draft.finish(Reason::none);
}

}  // namespace ringway::failover
