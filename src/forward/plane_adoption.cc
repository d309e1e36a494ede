// How a plane goes over to another configuration, in the midst of its work.
#include <algorithm>

#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

namespace {

std::size_t upstream_connections_max(const config::Config& config) {
    std::size_t sum = 0;
    for (const config::Pool& pool : config.pools) {
        for (const config::Upstream& upstream : pool.upstreams) {
            sum += upstream.connections_max > 0 ? upstream.connections_max : 1'000'000;
        }
    }
    return sum + 1024;  // closing ones hold their slot a little longer
}

/// A request in flight has a connection of its own: the narrower bound holds.
std::uint32_t in_flight_max(const config::Upstream& upstream) {
    if (upstream.connections_max == 0) return upstream.in_flight_max;
    if (upstream.in_flight_max == 0) return upstream.connections_max;
    return std::min(upstream.connections_max, upstream.in_flight_max);
}

/// A balancer goes on when it would be made the same.
bool balances_alike(const config::Pool& a, const config::Pool& b) {
    return a.balance == b.balance && a.hash_key == b.hash_key && a.slow_start == b.slow_start &&
           std::ranges::equal(a.upstreams, b.upstreams, {}, &config::Upstream::name,
                              &config::Upstream::name);
}

/// Counts begin anew where another has taken the place.
template <class T, class Counters>
void clear_names(const T& before, const T& now, Counters& counters) {
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i].name != now[i].name) counters[i].clear();
    }
}

bool is_same_upstream(const config::Pool& before, const config::Pool& now, std::size_t index) {
    return before.name == now.name && before.retired == now.retired &&
           index < before.upstreams.size() && !before.upstreams[index].retired &&
           !now.upstreams[index].retired &&
           before.upstreams[index].address == now.upstreams[index].address;
}

}  // namespace

void Plane::adopt(const cluster::View& next) {
    const std::shared_ptr<const config::Config> before =
        rules.empty() ? nullptr : rules.back()->config;
    rules.push_back(std::make_unique<Rules>(next.config));
    seen_view = &next;
    drop_rules();
    counters.generation.set(config().generation);
    upstream_pools.grow(config());
    upstreams.set_limit(upstream_connections_max(config()));
    known_pools.resize(config().pools.size());
    loads.resize(config().pools.size());
    waiting.resize(config().pools.size());
    balancers.resize(config().pools.size());
    for (std::size_t i = 0; i < config().pools.size(); ++i)
        adopt_pool(cluster::PoolIndex{static_cast<std::uint16_t>(i)}, before.get());
    if (before == nullptr) return;
    clear_names(before->listeners, config().listeners, counters.listeners);
    clear_names(before->routes, config().routes, counters.routes);
    open_clients.for_each([&](ClientSide& client) {
        if (config().listeners[client.listener()].retired) client.drain();
    });
}

void Plane::adopt_pool(cluster::PoolIndex index, const config::Config* before) {
    const std::size_t p = index.value;
    const config::Pool& pool = config().pools[p];
    const config::Pool* was =
        before != nullptr && p < before->pools.size() ? &before->pools[p] : nullptr;
    if (was == &pool) return;
    // the place of another pool, or upstream, which has gone
    if (was != nullptr && was->name != pool.name) counters.pools[p].clear();
    if (queues.size() == p) queues.push_back(std::make_unique<WaitQueue>(*this, index));
    loads[p].resize(pool.upstreams.size());
    for (std::size_t u = 0; u < pool.upstreams.size(); ++u) {
        const cluster::Place place{index, {static_cast<std::uint16_t>(u)}};
        if (waiting[p].size() == u)
            waiting[p].push_back(std::make_unique<UpstreamWaits>(*this, place));
        loads[p][u].in_flight_max = in_flight_max(pool.upstreams[u]);
        if (was == nullptr || is_same_upstream(*was, pool, u)) continue;
        if (u < was->upstreams.size() &&
            (was->name != pool.name || was->upstreams[u].name != pool.upstreams[u].name))
            counters.upstreams[p][u].clear();
        upstream_pools.move_away(place);
        loads[p][u].avoided_until = {};
    }
    if (retry_budgets.size() == p) {
        retry_budgets.emplace_back(pool.retry, now());
    } else if (was->retry != pool.retry || was->name != pool.name) {
        retry_budgets[p] = RetryBudget(pool.retry, now());
    }
    make_balancer(index, was);
}

void Plane::make_balancer(cluster::PoolIndex index, const config::Pool* before) {
    const config::Pool& pool = config().pools[index.value];
    if (before != nullptr && balances_alike(*before, pool)) return;
    balancers[index.value] = balance::make_balancer(pool);
    if (before == nullptr) return;
    // It does not begin with nothing where something is known.
    for (std::size_t u = 0; u < pool.upstreams.size(); ++u) {
        if (!is_same_upstream(*before, pool, u)) continue;
        const cluster::UpstreamIndex upstream{static_cast<std::uint16_t>(u)};
        const base::Duration usual = monitor.suspicion({index, upstream}).quantile(0.5);
        if (usual > base::Duration(0)) balancers[index.value]->observe(upstream, usual, now());
    }
}

void Plane::drop_rules() {
    const Rules* const in_force = rules.back().get();
    std::erase_if(rules, [&](const auto& of) { return of.get() != in_force && of->users == 0; });
}

}  // namespace ringway::forward
