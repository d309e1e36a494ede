#include "ringway/forward/upstream_pool.h"

#include <utility>

#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

namespace {

// Between two looks at TCP's round trip to one upstream: a system call, and 12 samples in 3 s.
constexpr base::Duration kMeasurePause = std::chrono::milliseconds(250);

}  // namespace

UpstreamPools::UpstreamPools(const config::Config& config) : config_(config) {
    pools_.reserve(config.pools.size());
    for (const config::Pool& pool : config.pools) pools_.emplace_back(pool.upstreams.size());
}

UpstreamPools::Upstream& UpstreamPools::of(const UpstreamSide& connection) {
    return pools_[connection.pool().value][connection.upstream().value];
}

UpstreamSide* UpstreamPools::acquire(Plane& plane, cluster::PoolIndex pool,
                                     cluster::UpstreamIndex index, bool fresh) {
    Upstream& upstream = pools_[pool.value][index.value];
    if (fresh || upstream.idle.empty()) return connect(plane, upstream, pool, index);
    UpstreamSide& connection = upstream.idle.front();
    drop(plane, connection);
    if (upstream.idle_count < config_.pools[pool.value].idle_connections_min)
        open_ahead(plane, {pool, index});
    return &connection;
}

void UpstreamPools::open_ahead(Plane& plane, cluster::Place place) {
    const std::uint32_t wanted = config_.pools[place.pool.value].idle_connections_min;
    Upstream& upstream = pools_[place.pool.value][place.upstream.value];
    if (plane.draining || !plane.view().upstream(place).eligible) return;
    while (upstream.idle_count + upstream.opening_count < wanted) {
        UpstreamSide* connection = connect(plane, upstream, place.pool, place.upstream);
        if (connection == nullptr) return;
        upstream.opening.push_back(*connection);
        ++upstream.opening_count;
    }
}

void UpstreamPools::note_ahead_over(UpstreamSide& connection) {
    static_cast<base::ListLink<IdleTag>&>(connection).unlink();
    --of(connection).opening_count;
}

void UpstreamPools::note_closed_by_peer(Plane& plane, cluster::Place place) {
    Upstream& upstream = pools_[place.pool.value][place.upstream.value];
    const bool again = std::exchange(upstream.closed_at, plane.now()) == plane.now();
    if (!again || plane.draining) return;
    plane.avoid(place);
    plane.monitor.on_sign(place);
}

void UpstreamPools::close_idle(cluster::Place place) {
    close_all(pools_[place.pool.value][place.upstream.value]);
}

void UpstreamPools::set_leaving(cluster::Place place, bool leaving) {
    Upstream& upstream = pools_[place.pool.value][place.upstream.value];
    if (leaving && !upstream.leaving) close_all(upstream);
    upstream.leaving = leaving;
}

void UpstreamPools::close_all(Upstream& upstream) {
    while (!upstream.idle.empty()) upstream.idle.front().drop_idle();
    while (!upstream.opening.empty()) upstream.opening.front().drop_opening();
}

UpstreamSide* UpstreamPools::connect(Plane& plane, Upstream& upstream, cluster::PoolIndex pool,
                                     cluster::UpstreamIndex index) {
    const auto& addresses = plane.view().upstream({pool, index}).addresses;
    if (addresses.empty()) return nullptr;
    const base::SocketAddress& to = addresses[upstream.next_address++ % addresses.size()];
    const auto socket = plane.ring.open_socket(to.family());
    if (!socket) return nullptr;
    UpstreamSide* connection = plane.upstreams.make(plane, *socket, pool, index);
    if (connection == nullptr) {
        plane.ring.close(*socket, false);
        return nullptr;
    }
    connection->start(to);
    return connection;
}

bool UpstreamPools::keep(Plane& plane, UpstreamSide& connection) {
    const config::Pool& pool = config_.pools[connection.pool().value];
    Upstream& upstream = of(connection);
    const bool worn = pool.requests_per_connection_max > 0 &&
                      connection.requests() >= pool.requests_per_connection_max;
    if (plane.draining || upstream.leaving || worn ||
        upstream.idle_count >= pool.idle_connections_max) {
        return false;
    }
    upstream.idle.push_front(connection);
    ++upstream.idle_count;
    measure(plane, upstream, connection);
    plane.counters.upstreams[connection.pool().value][connection.upstream().value]
        .connections_idle.add();
    return true;
}

/// What TCP itself has measured on a connection that has just served a request, now and then.
void UpstreamPools::measure(Plane& plane, Upstream& upstream, const UpstreamSide& connection) {
    if (plane.now() - upstream.measured_at < kMeasurePause) return;
    upstream.measured_at = plane.now();
    const base::Duration least = plane.ring.least_round_trip_of(connection.descriptor());
    if (least > base::Duration{0})
        plane.monitor.on_round_trip({connection.pool(), connection.upstream()}, least);
}

void UpstreamPools::drop(Plane& plane, UpstreamSide& connection) {
    static_cast<base::ListLink<IdleTag>&>(connection).unlink();
    --of(connection).idle_count;
    plane.counters.upstreams[connection.pool().value][connection.upstream().value]
        .connections_idle.sub();
}

void UpstreamPools::close_idle() {
    for (auto& pool : pools_) {
        for (Upstream& upstream : pool) close_all(upstream);
    }
}

}  // namespace ringway::forward
