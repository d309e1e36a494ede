#include "ringway/forward/plane.h"

#include <algorithm>

#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
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

}  // namespace

Plane::Plane(const PlaneParts& parts)
    : config(parts.config),
      shard_index(parts.shard_index),
      ring(parts.ring),
      counters(parts.counters),
      access_log(parts.access_log),
      unix_offset_ns(parts.unix_offset_ns),
      wheel(parts.ring.now()),
      prng(parts.seed),
      routes(parts.config),
      upstream_pools(parts.config),
      pipes(parts.ring),
      clients(settings().connections_max),
      exchanges(settings().connections_max),
      upstreams(upstream_connections_max(parts.config)) {
    for (const config::Pool& pool : config.pools) {
        balancers.push_back(balance::make_balancer(pool));
        retry_budgets.emplace_back(pool.retry, now());
        std::vector<balance::Load>& load = loads.emplace_back(pool.upstreams.size());
        for (std::size_t i = 0; i < load.size(); ++i) {
            const config::Upstream& upstream = pool.upstreams[i];
            // Each request in flight has a connection of its own: the narrower bound holds.
            load[i].in_flight_max = upstream.in_flight_max;
            if (upstream.connections_max > 0 &&
                (upstream.in_flight_max == 0 ||
                 upstream.connections_max < upstream.in_flight_max)) {
                load[i].in_flight_max = upstream.connections_max;
            }
        }
    }
}

Plane::~Plane() { RW_ASSERT(empty()); }

void Plane::admit(ring::Descriptor socket, std::uint16_t listener,
                  const base::SocketAddress& peer) {
    ClientSide* client = stopping ? nullptr : clients.make(*this, socket, listener, peer);
    if (client == nullptr) {
        counters.listeners[listener].connections_refused.add();
        counters.refusals[static_cast<std::size_t>(observe::Refusal::connection_limit)].add();
        ring.close(socket, true);
        if (client_gone != nullptr) client_gone(client_gone_self, listener, peer.ip());
        return;
    }
    client->start();
}

void Plane::look_at(const cluster::View& next) {
    if (view == &next && view_version == next.version) return;
    const bool first = known_eligible.empty();
    known_eligible.resize(next.pools.size());
    for (std::size_t pool = 0; pool < next.pools.size(); ++pool) {
        const auto& upstreams_now = next.pools[pool]->upstreams;
        std::vector<std::uint8_t>& known = known_eligible[pool];
        known.resize(upstreams_now.size());
        for (std::size_t i = 0; i < upstreams_now.size(); ++i) {
            const bool returned = !first && upstreams_now[i].eligible && known[i] == 0;
            if (returned) loads[pool][i].eligible_since = now();
            known[i] = upstreams_now[i].eligible ? 1 : 0;
        }
    }
    view = &next;
    view_version = next.version;
}

void Plane::bury(Socket& socket) { buried.push_back(&socket); }

bool Plane::end_turn() {
    bool worked = false;
    while (!next_requests.empty() || !buried.empty()) {
        worked = true;
        // Each list may grow while it is worked through.
        for (ClientSide* client : std::exchange(next_requests, {})) client->process_waiting();
        for (Socket* socket : std::exchange(buried, {})) socket->close_now();
    }
    return worked;
}

void Plane::drain() {
    draining = true;
    upstream_pools.close_idle();
    open_clients.for_each([](ClientSide& client) { client.drain(); });
}

void Plane::stop() {
    draining = true;
    stopping = true;
    upstream_pools.close_idle();
    open_clients.for_each([](ClientSide& client) { client.stop(); });
}

bool Plane::empty() const {
    return clients.used() == 0 && exchanges.used() == 0 && upstreams.used() == 0 && buried.empty();
}

bool Plane::take_retry(cluster::PoolIndex pool) {
    return retry_budgets[pool.value].withdraw(counters.pools[pool.value].requests.get(), now());
}

}  // namespace ringway::forward
