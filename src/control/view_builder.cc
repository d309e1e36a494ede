// Config and addresses -> View. Pure; any thread.
#include <algorithm>

#include "ringway/base/assert.h"
#include "ringway/control/resolver.h"

namespace ringway::control {
namespace {

bool same(const cluster::UpstreamView& a, const cluster::UpstreamView& b) {
    return a.eligible == b.eligible && a.backup == b.backup && a.weight == b.weight &&
           a.tier == b.tier && a.addresses == b.addresses;
}

cluster::UpstreamView view_of(const config::Upstream& upstream,
                              const std::vector<base::SocketAddress>& resolved) {
    cluster::UpstreamView view;
    view.backup = upstream.backup;
    view.weight = std::clamp<std::uint32_t>(upstream.weight, 1, cluster::kWeightMax);
    view.tier = upstream.priority;
    if (upstream.literal) {
        view.addresses = {*upstream.literal};
    } else {
        view.addresses = resolved;
    }
    view.eligible = !view.addresses.empty();
    return view;
}

}  // namespace

std::unique_ptr<cluster::View> build_view(const config::Config& config,
                                          const ResolvedAddresses& resolved,
                                          const cluster::View* previous) {
    RW_ASSERT(resolved.size() == config.pools.size());
    RW_ASSERT(previous == nullptr || previous->pools.size() == config.pools.size());
    auto view = std::make_unique<cluster::View>();
    view->version = previous == nullptr ? 1 : previous->version + 1;
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const config::Pool& pool = config.pools[i];
        RW_ASSERT(resolved[i].size() == pool.upstreams.size());
        cluster::PoolView pool_view;
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            pool_view.upstreams.push_back(view_of(pool.upstreams[k], resolved[i][k]));
        }
        if (previous == nullptr) {
            pool_view.version = 1;
        } else {
            const cluster::PoolView& before = *previous->pools[i];
            const bool unchanged = std::ranges::equal(before.upstreams, pool_view.upstreams, same);
            pool_view.version = before.version + (unchanged ? 0 : 1);
        }
        view->pools.push_back(std::make_shared<const cluster::PoolView>(std::move(pool_view)));
    }
    return view;
}

}  // namespace ringway::control
