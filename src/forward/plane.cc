#include "ringway/forward/plane.h"

#include <algorithm>

#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

Plane::Plane(const PlaneParts& parts)
    : shard_index(parts.shard_index),
      ring(parts.ring),
      counters(parts.counters),
      access_log(parts.access_log),
      unix_offset_ns(parts.unix_offset_ns),
      wheel(parts.ring.now()),
      fine(parts.ring.now(), base::TimerWheel::kFineTick),
      prng(parts.seed),
      board(parts.board),
      monitor({.shard_index = parts.shard_index,
               .ring = parts.ring,
               .fine = fine,
               .board = parts.board,
               .counters = parts.counters,
               .all_counters = parts.all_counters,
               .stats = parts.check_stats,
               .instance_id = parts.instance_id,
               .seed = parts.seed,
               .unix_offset_ns = parts.unix_offset_ns}),
      pipes(parts.ring),
      clients(board.read()->config->shards[shard_index].connections_max),
      exchanges(clients.limit()),
      upstreams(0) {
    adopt(*board.read());
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

namespace {

// Where nothing was measured: long enough for a probe, short for a mistake.
constexpr base::Duration kAvoidedUnmeasured = std::chrono::milliseconds(100);

/// So surely gone that what waits for an answer waits in vain.
bool is_gone(const cluster::UpstreamView& upstream) {
    return upstream.state == cluster::UpstreamState::unhealthy &&
           (upstream.reason == cluster::Reason::probe_missed ||
            upstream.reason == cluster::Reason::probe_refused ||
            upstream.reason == cluster::Reason::check_unanswered);
}

/// Finishes what it has, and gets nothing more.
bool is_leaving(const cluster::UpstreamView& upstream) {
    return upstream.state == cluster::UpstreamState::draining ||
           upstream.state == cluster::UpstreamState::maintenance;
}

}  // namespace

bool Plane::act_on_view() {
    bool acted = std::exchange(queues_moved, false);
    const cluster::View& next = *board.read();
    if (next.config != rules.back()->config) adopt(next);
    seen_view = &next;
    if (next.version != view_version) {
        acted = true;
        view_version = next.version;
        monitor.look_at(next);
        // Kept, since acting may publish yet another view.
        const auto pools = next.pools;
        known_pools.resize(pools.size());
        for (std::size_t p = 0; p < pools.size(); ++p) {
            if (known_pools[p] == pools[p]) continue;
            const auto before = std::exchange(known_pools[p], pools[p]);
            act_on_pool(cluster::PoolIndex{static_cast<std::uint16_t>(p)}, before.get(), *pools[p]);
        }
    }
    // Behind the adoption: until then the monitor knows a view that may be freed by now.
    monitor.serve_asked();
    if (acted) {
        for (const auto& queue : queues) queue->serve();
    }
    return acted;
}

bool Plane::is_dead(cluster::Place place) const { return is_gone(view().upstream(place)); }

void Plane::avoid(cluster::Place place) {
    if (!config().pools[place.pool.value].suspicion.enabled) return;
    // A probe needs a connect and an answer.
    const health::Suspicion& known = monitor.suspicion(place);
    const base::Duration bound =
        known.round_trip().empty() ? kAvoidedUnmeasured : 2 * known.probe_deadline();
    loads[place.pool.value][place.upstream.value].avoided_until = now() + bound;
}

void Plane::act_on_pool(cluster::PoolIndex pool, const cluster::PoolView* before,
                        const cluster::PoolView& after) {
    bool one_is_back = false;
    for (std::size_t u = 0; u < after.upstreams.size(); ++u) {
        const cluster::Place place{pool, {static_cast<std::uint16_t>(u)}};
        const cluster::UpstreamView& now_is = after.upstreams[u];
        const bool was_there = before != nullptr && u < before->upstreams.size();
        const cluster::UpstreamView* was = was_there ? &before->upstreams[u] : nullptr;
        const bool newly = was == nullptr || !was->eligible;
        if (now_is.eligible && newly) {
            one_is_back = true;
            // What was never out, or never known, is no convalescent.
            if (was != nullptr && was->state != cluster::UpstreamState::unknown)
                loads[pool.value][u].eligible_since = now();
            upstream_pools.open_ahead(*this, place);
        }
        upstream_pools.set_leaving(place, is_leaving(now_is));
        if (is_gone(now_is) && (was == nullptr || !is_gone(*was))) {
            upstream_pools.close_idle(place);
            waits(place).move_all();
        }
    }
    if (!one_is_back || before == nullptr) return;
    for (std::size_t u = 0; u < after.upstreams.size(); ++u) {
        // Nobody else was left for them when it was found dead.
        if (is_gone(after.upstreams[u])) waits({pool, {static_cast<std::uint16_t>(u)}}).move_all();
    }
}

void Plane::bury(Socket& socket) { buried.push_back(&socket); }

bool Plane::end_turn() {
    bool worked = false;
    if (rules.size() > 1) [[unlikely]]
        drop_rules();
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
