// One core's worth of load balancer: its listeners, its client and upstream connections, its
// timers, on one Ring. Owned by one thread; what crosses threads is said at each verb.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/access_record.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"
#include "ringway/shard/shard_memory.h"

namespace ringway::accept {
class ConnectionCounts;
}

namespace ringway::shard {

/// What a shard is made of. All referred to objects outlive it.
struct Parts {
    std::uint16_t index = 0;  // place in Config::shards
    ring::Ring& ring;
    failover::Board& board;
    health::CheckStats& check_stats;
    observe::ShardCounters& counters;
    // of every shard, by index, this one's included
    std::vector<const observe::ShardCounters*> all_counters;
    std::string instance_id;                    // of the process, sent with checks
    observe::AccessRing* access_log = nullptr;  // nullptr: off
    std::int64_t unix_offset_ns = 0;            // wall clock minus the ring's clock
    std::uint64_t seed = 0;                     // of its random choices
    // shared by all shards; nullptr: its own
    accept::ConnectionCounts* connection_counts = nullptr;
};

class Shard {
 public:
    explicit Shard(const Parts& parts);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// Begins to check upstreams. Before the first turn.
    void start();
    /// Accepts for the listener on these sockets too, which are the shard's from now on.
    void listen(std::uint16_t listener, std::span<const ring::Descriptor> sockets);
    /// Stops accepting for the listener; its connections go on.
    void close_listener(std::uint16_t listener);

    /// One pass: waits (bounded by the next timer), runs completions and due timers. False when
    /// everything has ended after drain() or stop(). The caller passes a quiescent state between
    /// turns.
    bool turn();

    /// The two halves of turn(), for a caller that must leave the readers' section while it waits.
    void wait();
    bool work();

    /// Stops accepting; idle connections close now, others after their current exchange; what is
    /// left at `deadline` is cut.
    void drain(base::Instant deadline);
    /// Cuts everything.
    void stop();

    /// What it has learned, and to go on from what others have.
    ShardMemory memory();
    void restore(const ShardMemory& memory);

    /// Ask from another thread: carried out on the shard's, in its next turn, in the order of
    /// asking; when it has ended before, as the shard is taken apart.
    void request(std::function<void(Shard&)> act);
    /// The same for what is asked most.
    /// With an `idle_grace`, a successor accepts: idle connections stay that much longer for a
    /// request that may be on its way, and end with its answer.
    void request_drain(base::Duration bound, base::Duration idle_grace = {});
    void request_stop();

    /// Slots in use (client connections, exchanges, upstream connections): all zero after the end.
    struct Slots {
        std::size_t clients = 0, exchanges = 0, upstreams = 0;
    };
    Slots slots() const;

 private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace ringway::shard
