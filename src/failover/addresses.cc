// The first view, and the addresses of names. Pure.
#include <algorithm>
#include <utility>

#include "draft.h"
#include "first.h"
#include "ringway/base/assert.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;

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

UpstreamState first_state(const config::Pool& pool) {
    const bool checked = std::ranges::any_of(pool.health.checks, &config::HealthCheck::enabled);
    return checked ? UpstreamState::unknown : UpstreamState::healthy;
}

std::unique_ptr<const View> first_view(const config::Config& config, const Addresses& resolved,
                                       Instant now) {
    return first_view(config::borrow(config), resolved, now);
}

std::unique_ptr<const View> first_view(std::shared_ptr<const config::Config> shared,
                                       const Addresses& resolved, Instant now) {
    const config::Config& config = *shared;
    RW_ASSERT(resolved.size() == config.pools.size());
    auto view = std::make_unique<View>();
    view->version = 1;
    view->config = std::move(shared);
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const config::Pool& pool = config.pools[i];
        RW_ASSERT(resolved[i].size() == pool.upstreams.size());
        const auto made = std::make_shared<PoolView>();
        made->version = 1;
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            made->upstreams.push_back(
                first_of(pool.upstreams[k], resolved[i][k], first_state(pool), now));
        }
        settle(pool, *made, now);
        view->pools.push_back(made);
    }
    return view;
}

Step set_addresses(const View& view, const Addresses& resolved, Instant now) {
    const config::Config& config = *view.config;
    RW_ASSERT(resolved.size() == config.pools.size());
    Draft draft(view, now);
    for (std::size_t pool = 0; pool < resolved.size(); ++pool) {
        RW_ASSERT(resolved[pool].size() == config.pools[pool].upstreams.size());
        for (std::size_t i = 0; i < resolved[pool].size(); ++i) {
            const Place place{{static_cast<std::uint16_t>(pool)}, {static_cast<std::uint16_t>(i)}};
            const config::Upstream& upstream = config.pools[pool].upstreams[i];
            if (upstream.literal || upstream.retired || config.pools[pool].retired) continue;
            if (draft.before(place).addresses == resolved[pool][i]) continue;
            draft.edit(place).addresses = resolved[pool][i];
        }
    }
    return draft.finish(Reason::none);
}

}  // namespace ringway::failover
