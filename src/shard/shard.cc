#include "ringway/shard/shard.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "ringway/accept/acceptor.h"
#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::shard {

using base::Duration;
using base::Instant;

struct Shard::Machine final : accept::Door {
    Machine(Shard& of, const Parts& parts)
        : shard(of),
          ring(parts.ring),
          index(parts.index),
          own_counts(parts.board.read()->config->listeners.size()),
          plane({.shard_index = parts.index,
                 .ring = parts.ring,
                 .counters = parts.counters,
                 .board = parts.board,
                 .check_stats = parts.check_stats,
                 .all_counters = parts.all_counters,
                 .instance_id = parts.instance_id,
                 .access_log = parts.access_log,
                 .unix_offset_ns = parts.unix_offset_ns,
                 .seed = parts.seed}),
          acceptors(plane.config(), parts.ring, plane.wheel, parts.counters,
                    parts.connection_counts != nullptr ? *parts.connection_counts : own_counts,
                    *this) {
        plane.board.attach(index, ring);
        plane.client_gone_self = this;
        plane.client_gone = [](void* self, std::uint16_t listener, const base::IpAddress& client) {
            static_cast<Machine*>(self)->acceptors.leave(listener, client);
        };
    }

    ~Machine() { plane.board.detach(index); }

    void admit(ring::Descriptor socket, std::uint16_t listener,
               const base::SocketAddress& peer) override {
        plane.admit(socket, listener, peer);
    }

    void read_requests();
    void carry_out_requests();
    void start_drain(Instant deadline, Duration idle_grace = {});
    void end_idle_grace();
    void start_stop();
    void act_on_view();
    bool over() const {
        return ending && acceptors.closed() && plane.empty() && plane.monitor.over();
    }

    Shard& shard;
    ring::Ring& ring;
    const std::uint16_t index;
    accept::ConnectionCounts own_counts;
    forward::Plane plane;
    accept::Acceptors acceptors;
    const config::Config* adopted = nullptr;  // by the acceptors
    bool ending = false;
    bool stopped = false;
    Instant drain_deadline = base::kNever;
    Instant idle_deadline = base::kNever;  // of a drain that has left idle connections alone so far

    // The mailbox: written by other threads, read once a turn.
    std::mutex requests_mutex;  // of the requests
    std::vector<std::function<void(Shard&)>> requests_made;
    std::atomic<bool> requests_waiting{false};
    std::atomic<std::int64_t> asked_drain_ns{-1};
    std::atomic<std::int64_t> asked_grace_ns{0};  // of that drain; stored before it
    std::atomic<bool> asked_stop{false};
};

Shard::Shard(const Parts& parts) : machine_(std::make_unique<Machine>(*this, parts)) {}

Shard::~Shard() {
    machine_->carry_out_requests();  // those that came too late: sockets to close, a memory
}

void Shard::start() {
    machine_->plane.monitor.start();
    machine_->act_on_view();
}

void Shard::listen(std::uint16_t listener, std::span<const ring::Descriptor> sockets) {
    machine_->acceptors.add(listener, sockets);
}

void Shard::close_listener(std::uint16_t listener) { machine_->acceptors.remove(listener); }

void Shard::wait() {
    Machine& m = *machine_;
    if (m.over()) return;  // nothing would wake it
    m.ring.wait(
        std::min({m.plane.wheel.next(), m.plane.fine.next(), m.drain_deadline, m.idle_deadline}));
}

bool Shard::work() {
    Machine& m = *machine_;
    m.act_on_view();
    m.plane.counters.turns.add();
    m.plane.counters.completions.add(m.ring.dispatch());
    m.plane.counters.buffers_exhausted.set(m.ring.buffers().exhausted_count());
    m.read_requests();  // behind the completions: a wake that came among them is not lost
    m.plane.wheel.expire(m.ring.now());
    m.plane.fine.expire(m.ring.now());
    if (m.ring.now() >= m.drain_deadline) m.start_stop();
    m.end_idle_grace();
    m.act_on_view();  // what this turn published
    while (m.plane.end_turn()) m.act_on_view();
    if (m.ending && m.plane.empty()) m.plane.monitor.stop();
    return !m.over();
}

bool Shard::turn() {
    wait();
    return work();
}

void Shard::Machine::act_on_view() {
    while (plane.act_on_view()) {
    }
    if (&plane.config() == adopted) return;
    adopted = &plane.config();
    own_counts.grow(adopted->listeners.size());
    acceptors.adopt(*adopted);
}

void Shard::Machine::carry_out_requests() {
    std::vector<std::function<void(Shard&)>> requests;
    {
        const std::lock_guard lock(requests_mutex);
        requests.swap(requests_made);
    }
    for (const auto& request : requests) request(shard);
}

void Shard::Machine::read_requests() {
    if (requests_waiting.load(std::memory_order_relaxed) &&
        requests_waiting.exchange(false, std::memory_order_relaxed))
        carry_out_requests();
    if (asked_stop.load(std::memory_order_relaxed)) start_stop();
    const std::int64_t bound = asked_drain_ns.load(std::memory_order_acquire);
    const std::int64_t grace = asked_grace_ns.load(std::memory_order_relaxed);
    if (bound >= 0 && !ending) start_drain(ring.now() + Duration(bound), Duration(grace));
    if (idle_deadline != base::kNever)  // asked again, the shorter grace holds
        idle_deadline = std::min(idle_deadline, ring.now() + Duration(grace));
}

void Shard::Machine::start_drain(Instant deadline, Duration idle_grace) {
    if (ending) return;
    ending = true;
    drain_deadline = deadline;
    acceptors.close();
    plane.draining = true;  // each connection's next answer is its last
    idle_deadline = ring.now() + idle_grace;
    end_idle_grace();
}

void Shard::Machine::end_idle_grace() {
    if (idle_deadline == base::kNever) return;
    const bool nobody_left = acceptors.closed() && plane.clients.used() == 0;
    if (ring.now() < idle_deadline && !nobody_left) return;
    idle_deadline = base::kNever;
    plane.drain();
}

void Shard::Machine::start_stop() {
    if (stopped) return;
    stopped = true;
    ending = true;
    drain_deadline = base::kNever;
    idle_deadline = base::kNever;
    acceptors.close();
    plane.stop();
    if (plane.empty()) plane.monitor.stop();
}

void Shard::drain(Instant deadline) { machine_->start_drain(deadline); }
void Shard::stop() { machine_->start_stop(); }

ShardMemory Shard::memory() {
    forward::Plane& plane = machine_->plane;
    ShardMemory memory;
    for (std::size_t i = 0; i < plane.config().pools.size(); ++i) {
        const cluster::PoolIndex pool{static_cast<std::uint16_t>(i)};
        auto& latencies = memory.latencies.emplace_back();
        for (std::size_t k = 0; k < plane.config().pools[i].upstreams.size(); ++k) {
            const cluster::Place place{pool, {static_cast<std::uint16_t>(k)}};
            latencies.push_back(plane.monitor.suspicion(place).memory());
        }
        memory.retry_budgets.push_back(
            plane.retry_budgets[i].memory(plane.counters.pools[i].requests.get(), plane.now()));
    }
    return memory;
}

void Shard::restore(const ShardMemory& memory) {
    forward::Plane& plane = machine_->plane;
    // A reload may have been faster: it leaves everything in its place, and may add to it.
    RW_ASSERT(memory.latencies.size() <= plane.config().pools.size());
    RW_ASSERT(memory.retry_budgets.size() == memory.latencies.size());
    for (std::size_t i = 0; i < memory.latencies.size(); ++i) {
        const cluster::PoolIndex pool{static_cast<std::uint16_t>(i)};
        for (std::size_t k = 0; k < memory.latencies[i].size(); ++k) {
            const cluster::Place place{pool, {static_cast<std::uint16_t>(k)}};
            if (!memory.latencies[i][k].empty())
                plane.monitor.restore(place, memory.latencies[i][k]);
        }
        plane.retry_budgets[i].restore(memory.retry_budgets[i], plane.now());
    }
}

void Shard::request(std::function<void(Shard&)> act) {
    Machine& m = *machine_;
    {
        const std::lock_guard lock(m.requests_mutex);
        m.requests_made.push_back(std::move(act));
    }
    m.requests_waiting.store(true, std::memory_order_relaxed);
    m.ring.wake();
}

void Shard::request_drain(Duration bound, Duration idle_grace) {
    machine_->asked_grace_ns.store(idle_grace.count(), std::memory_order_relaxed);
    machine_->asked_drain_ns.store(bound.count(), std::memory_order_release);
    machine_->ring.wake();
}

void Shard::request_stop() {
    machine_->asked_stop.store(true, std::memory_order_relaxed);
    machine_->ring.wake();
}

Shard::Slots Shard::slots() const {
    const forward::Plane& plane = machine_->plane;
    return {plane.clients.used(), plane.exchanges.used(), plane.upstreams.used()};
}

}  // namespace ringway::shard
