// The connections of one shard to each upstream: idle ones warm and watched, picked
// most-recently-used first. Owned by the plane, on the shard's thread.
#pragma once

#include <cstdint>
#include <vector>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::forward {

struct Plane;
class UpstreamSide;
struct IdleTag;

class UpstreamPools {
 public:
    explicit UpstreamPools(const config::Config& config);

    /// An idle connection, or a new one that is connecting; nullptr when no socket or slot can be
    /// had. With `fresh` idle ones are left alone.
    UpstreamSide* acquire(Plane& plane, cluster::PoolIndex pool, cluster::UpstreamIndex upstream,
                          bool fresh);
    /// Keeps a connection whose exchange is over for the next one; false when enough are kept.
    bool keep(Plane& plane, UpstreamSide& connection);
    /// Takes an idle connection out.
    void drop(Plane& plane, UpstreamSide& connection);
    /// Opens as many as Pool::idle_connections_min asks for, while the upstream is eligible.
    void open_ahead(Plane& plane, cluster::Place place);
    /// One that was opened ahead is connected, or came to nothing.
    void note_ahead_over(UpstreamSide& connection);
    /// The upstream has closed an idle connection. Two in one turn are a sign: a time-out of its
    /// own would have ended them one by one.
    void note_closed_by_peer(Plane& plane, cluster::Place place);
    /// Closes the idle connections to one upstream: it was found dead.
    void close_idle(cluster::Place place);
    /// While it drains or is in maintenance its connections close: idle ones at once, others after
    /// their exchange.
    void set_leaving(cluster::Place place, bool leaving);
    /// Closes every idle connection.
    void close_idle();

 private:
    struct Upstream {
        base::IntrusiveList<UpstreamSide, IdleTag> idle;
        std::uint32_t idle_count = 0;
        base::IntrusiveList<UpstreamSide, IdleTag> opening;  // ahead of requests
        std::uint32_t opening_count = 0;
        bool leaving = false;
        base::Instant measured_at{};
        base::Instant closed_at{};       // when the upstream last closed an idle one
        std::uint32_t next_address = 0;  // of those that its name resolved to
    };
    static void close_all(Upstream& upstream);
    static void measure(Plane& plane, Upstream& upstream, const UpstreamSide& connection);
    UpstreamSide* connect(Plane& plane, Upstream& upstream, cluster::PoolIndex pool,
                          cluster::UpstreamIndex index);

    const config::Config& config_;
    std::vector<std::vector<Upstream>> pools_;
    Upstream& of(const UpstreamSide& connection);
};

}  // namespace ringway::forward
