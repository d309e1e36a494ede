// The requests of one pool that no upstream can take now: first come, first served the moment one
// can. Owned by the plane, on the shard's thread.
#pragma once

#include <cstdint>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"

namespace ringway::forward {

struct Plane;
class Exchange;
struct QueueTag;

class WaitQueue {
 public:
    /// Its part of the pool's Queue::length_max is one shard's, rounded up.
    WaitQueue(Plane& plane, cluster::PoolIndex pool) : plane_(plane), pool_(pool) {}
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    bool empty() const { return length_ == 0; }
    /// False when it is full, or there is none.
    bool join(Exchange& exchange);
    /// Takes one out; it must be in it.
    void leave(Exchange& exchange);
    /// Serves from the front until nobody can take the next; refuses when all upstreams cool.
    void serve();

 private:
    void on_timer();
    void note_length();

    Plane& plane_;
    const cluster::PoolIndex pool_;
    base::TimerOf<&WaitQueue::on_timer> timer_{*this};
    base::IntrusiveList<Exchange, QueueTag> waiting_;
    std::uint32_t length_ = 0;
};

}  // namespace ringway::forward
