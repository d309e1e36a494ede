#include "ringway/forward/wait_queue.h"

#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"

namespace ringway::forward {

void WaitQueue::note_length() { plane_.counters.pools[pool_.value].queue_length.set(length_); }

bool WaitQueue::join(Exchange& exchange) {
    const config::Queue& rules = plane_.config().pools[pool_.value].queue;
    const auto shards = static_cast<std::uint32_t>(plane_.config().shards.size());
    const std::uint32_t length_max = (rules.length_max + shards - 1) / shards;
    if (length_ >= length_max) {
        plane_.counters.pools[pool_.value].queue_full.add();
        return false;
    }
    plane_.counters.pools[pool_.value].queued.add();
    if (length_ == 0) plane_.fine.set(timer_, plane_.now() + rules.wait_max);
    waiting_.push_back(exchange);
    ++length_;
    note_length();
    return true;
}

void WaitQueue::leave(Exchange& exchange) {
    static_cast<base::ListLink<QueueTag>&>(exchange).unlink();
    --length_;
    note_length();
}

void WaitQueue::serve() {
    // One that failed at once may have joined again, at the end.
    for (std::uint32_t left = length_; left > 0 && !waiting_.empty(); --left) {
        Exchange& first = waiting_.front();
        const auto upstream = first.find_upstream();
        if (!upstream && !first.is_rate_limited()) return;
        leave(first);
        if (upstream) {
            first.on_served(*upstream);
        } else {
            first.on_rate_limited();
        }
    }
}

void WaitQueue::on_timer() {
    const base::Duration wait_max = plane_.config().pools[pool_.value].queue.wait_max;
    while (!waiting_.empty()) {
        Exchange& first = waiting_.front();
        if (first.queued_at() + wait_max > plane_.now()) {
            plane_.fine.set(timer_, first.queued_at() + wait_max);
            return;
        }
        leave(first);
        plane_.counters.pools[pool_.value].queue_timeouts.add();
        first.on_queue_timeout();
    }
}

}  // namespace ringway::forward
