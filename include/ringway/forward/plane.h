// The data plane of one shard: everything that its connections and exchanges share. Owned by the
// shard, used on its thread only; nothing here is seen by another shard.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ringway/balance/balance.h"
#include "ringway/base/prng.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/failover/board.h"
#include "ringway/forward/gather.h"
#include "ringway/forward/retry_budget.h"
#include "ringway/forward/splice_pipes.h"
#include "ringway/forward/upstream_pool.h"
#include "ringway/forward/wait_queue.h"
#include "ringway/forward/waiting.h"
#include "ringway/health/monitor.h"
#include "ringway/http/head.h"
#include "ringway/observe/access_record.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"
#include "ringway/route/table.h"

namespace ringway::forward {

class ClientSide;
class Exchange;
class Socket;
class UpstreamSide;
struct ClientTag;

/// What the plane is made of; all referred to objects outlive it.
struct PlaneParts {
    std::uint16_t shard_index = 0;
    ring::Ring& ring;
    observe::ShardCounters& counters;
    failover::Board& board;
    health::CheckStats& check_stats;
    std::vector<const observe::ShardCounters*> all_counters;  // of every shard, by index
    std::string instance_id;                                  // sent with checks
    observe::AccessRing* access_log = nullptr;                // nullptr: off
    std::int64_t unix_offset_ns = 0;
    std::uint64_t seed = 0;
};

/// A configuration, and what is worked out of it once. Lives on while exchanges go by it.
struct Rules {
    explicit Rules(std::shared_ptr<const config::Config> of)
        : config(std::move(of)), routes(*config) {}
    const std::shared_ptr<const config::Config> config;
    const route::Table routes;
    std::uint64_t users = 0;
};

struct Plane {
    explicit Plane(const PlaneParts& parts);
    ~Plane();
    Plane(const Plane&) = delete;
    Plane& operator=(const Plane&) = delete;

    base::Instant now() const { return ring.now(); }
    /// In force for what begins now.
    const config::Config& config() const { return *rules.back()->config; }
    const config::Shard& settings() const { return config().shards[shard_index]; }
    Rules& enter_rules() {
        ++rules.back()->users;
        return *rules.back();
    }
    void leave_rules(Rules& left) { --left.users; }

    /// The newest view of that configuration; valid for the rest of the turn, though a newer one
    /// may come.
    const cluster::View& view() const { return board.read_of(rules.back()->config, seen_view); }
    /// Does what a new view asks for: an upstream that has come back starts slowly from now, the
    /// requests that wait for a dead one move on, and those that waited for anyone are served.
    /// Between handlers, and again as long as it says that something was done.
    bool act_on_view();

    /// Requests wait for this pool, and act_on_view() is about to serve them.
    bool is_to_serve(cluster::PoolIndex pool) const {
        return !queues[pool.value]->empty() && (queues_moved || view().version != view_version);
    }

    /// Takes an accepted connection; closes it when no slot is free. `on_end` runs when it is gone.
    void admit(ring::Descriptor socket, std::uint16_t listener, const base::SocketAddress& peer);
    /// A connection of a listener has gone, whatever way it came (set by the owner of the
    /// listeners).
    void (*client_gone)(void* self, std::uint16_t listener,
                        const base::IpAddress& client) = nullptr;
    void* client_gone_self = nullptr;

    /// A socket whose last operation is home: its descriptor and slot go at the end of the turn.
    void bury(Socket& socket);
    /// Ends the turn: closes what was buried. True when something was.
    bool end_turn();

    /// Idle clients close now, others after their exchange.
    void drain();
    /// Everything closes now.
    void stop();
    bool empty() const;

    UpstreamWaits& waits(cluster::Place place) {
        return *waiting[place.pool.value][place.upstream.value];
    }

    /// Found so surely gone that what waits for an answer there waits in vain.
    bool is_dead(cluster::Place place) const;
    /// A connection there has failed: this shard picks others until a probe has told what is up.
    void avoid(cluster::Place place);

    /// True when the pool may retry once more now; takes one from its budget.
    bool take_retry(cluster::PoolIndex pool);
    /// Another configuration is in force: what is new gets its room here, what changed is made
    /// anew, what is gone loses its idle connections. Nothing that is under way notices.
    void adopt(const cluster::View& next);
    void adopt_pool(cluster::PoolIndex index, const config::Config* before);
    void make_balancer(cluster::PoolIndex index, const config::Pool* before);
    /// Rules by which nothing goes any more.
    void drop_rules();
    void act_on_pool(cluster::PoolIndex pool, const cluster::PoolView* before,
                     const cluster::PoolView& after);
    void count_copy(observe::CopyReason reason, std::size_t bytes) {
        counters.copied_bytes[static_cast<std::size_t>(reason)].add(bytes);
    }

    /// Hands a line to the access log, which must be on.
    void log_access(const observe::AccessRecord& line) {
        counters.access_records.add();
        if (!access_log->push(line)) counters.access_records_dropped.add();
    }

    const std::uint16_t shard_index;
    ring::Ring& ring;
    observe::ShardCounters& counters;
    observe::AccessRing* const access_log;
    const std::int64_t unix_offset_ns;

    base::TimerWheel wheel;
    base::TimerWheel fine;  // for what must be exact to a fraction of a millisecond
    base::Prng prng;
    failover::Board& board;
    std::vector<std::unique_ptr<Rules>> rules;  // the last one is in force
    mutable const cluster::View* seen_view = nullptr;
    health::Monitor monitor;
    std::uint64_t view_version = 0;                                     // acted on
    std::vector<std::shared_ptr<const cluster::PoolView>> known_pools;  // of that version
    std::vector<std::vector<std::unique_ptr<UpstreamWaits>>> waiting;   // by pool and upstream
    std::vector<std::unique_ptr<WaitQueue>> queues;                     // by pool
    bool queues_moved = false;  // an upstream has room that had none
    std::vector<std::unique_ptr<balance::Balancer>> balancers;  // by pool
    std::vector<std::vector<balance::Load>> loads;              // by pool and upstream
    std::vector<RetryBudget> retry_budgets;                     // by pool
    UpstreamPools upstream_pools;
    SplicePipes pipes;

    base::Slab<ClientSide> clients;
    base::Slab<Exchange> exchanges;
    base::Slab<UpstreamSide> upstreams;
    base::IntrusiveList<ClientSide, ClientTag> open_clients;
    std::vector<Socket*> buried;
    std::vector<ClientSide*> next_requests;  // clients whose next request waits in their inbox
    bool draining = false;
    bool stopping = false;

    // Scratch of one handler; too large for a stack frame, and hot.
    http::RequestHead request_head;
    // whose head was parsed last; nullptr: another's, or changed since
    const Exchange* request_head_of = nullptr;
    http::ResponseHead response_head;
    Gather gather;
};

}  // namespace ringway::forward
