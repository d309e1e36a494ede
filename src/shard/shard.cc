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
    explicit Machine(const Parts& parts)
        : ring(parts.ring),
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

    ~Machine() {
        plane.board.detach(index);
        read_listener_requests();  // what came too late is closed
        RW_ASSERT(acceptors.closed());
    }

    void admit(ring::Descriptor socket, std::uint16_t listener,
               const base::SocketAddress& peer) override {
        plane.admit(socket, listener, peer);
    }

    void read_requests();
    void read_listener_requests();
    void ask(std::uint16_t listener, bool open, std::vector<ring::Descriptor> sockets);
    void start_drain(Instant deadline);
    void start_stop();
    void act_on_view();
    bool over() const {
        return ending && acceptors.closed() && plane.empty() && plane.monitor.over();
    }

    ring::Ring& ring;
    const std::uint16_t index;
    accept::ConnectionCounts own_counts;
    forward::Plane plane;
    accept::Acceptors acceptors;
    const config::Config* adopted = nullptr;  // by the acceptors
    bool ending = false;
    bool stopped = false;
    Instant drain_deadline = base::kNever;

    // The mailbox: written by other threads, read once a turn.
    struct ListenerRequest {
        std::uint16_t listener;
        bool open;
        std::vector<ring::Descriptor> sockets;
    };
    std::mutex listener_mutex;  // of the requests
    std::vector<ListenerRequest> listener_requests;
    std::atomic<bool> listeners_asked{false};
    std::atomic<std::int64_t> asked_drain_ns{-1};
    std::atomic<bool> asked_stop{false};
};

Shard::Shard(const Parts& parts) : machine_(std::make_unique<Machine>(parts)) {}
Shard::~Shard() = default;

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
    m.ring.wait(std::min({m.plane.wheel.next(), m.plane.fine.next(), m.drain_deadline}));
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

void Shard::Machine::read_listener_requests() {
    std::vector<ListenerRequest> requests;
    {
        const std::lock_guard lock(listener_mutex);
        requests.swap(listener_requests);
    }
    for (const ListenerRequest& request : requests) {
        if (request.open) {
            acceptors.add(request.listener, request.sockets);
        } else {
            acceptors.remove(request.listener);
        }
    }
}

void Shard::Machine::ask(std::uint16_t listener, bool open, std::vector<ring::Descriptor> sockets) {
    {
        const std::lock_guard lock(listener_mutex);
        listener_requests.push_back({listener, open, std::move(sockets)});
    }
    listeners_asked.store(true, std::memory_order_relaxed);
    ring.wake();
}

void Shard::Machine::read_requests() {
    if (listeners_asked.load(std::memory_order_relaxed) &&
        listeners_asked.exchange(false, std::memory_order_relaxed))
        read_listener_requests();
    if (asked_stop.load(std::memory_order_relaxed)) start_stop();
    const std::int64_t bound = asked_drain_ns.load(std::memory_order_relaxed);
    if (bound >= 0 && !ending) start_drain(ring.now() + Duration(bound));
}

void Shard::Machine::start_drain(Instant deadline) {
    if (ending) return;
    ending = true;
    drain_deadline = deadline;
    acceptors.close();
    plane.drain();
}

void Shard::Machine::start_stop() {
    if (stopped) return;
    stopped = true;
    ending = true;
    drain_deadline = base::kNever;
    acceptors.close();
    plane.stop();
    if (plane.empty()) plane.monitor.stop();
}

void Shard::drain(Instant deadline) { machine_->start_drain(deadline); }
void Shard::stop() { machine_->start_stop(); }

void Shard::request_listen(std::uint16_t listener, std::vector<ring::Descriptor> sockets) {
    machine_->ask(listener, true, std::move(sockets));
}

void Shard::request_close_listener(std::uint16_t listener) { machine_->ask(listener, false, {}); }

void Shard::request_drain(Duration bound) {
    machine_->asked_drain_ns.store(bound.count(), std::memory_order_relaxed);
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
