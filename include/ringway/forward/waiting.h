// The requests of one shard that wait for one upstream, in the order of their sending, so that one
// timer watches over all of them: whose connect is overdue dials a second upstream, whose answer is
// slower than the hedge's quantile is asked of a second one, and whose answer is overdue makes the
// upstream suspected. Owned by the plane, on the shard's thread.
#pragma once

#include "ringway/base/intrusive_list.h"
#include "ringway/base/time.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"

namespace ringway::forward {

struct Plane;
class Exchange;
struct WaitTag;

class UpstreamWaits {
 public:
    UpstreamWaits(Plane& plane, cluster::Place place) : plane_(plane), place_(place) {}
    UpstreamWaits(const UpstreamWaits&) = delete;
    UpstreamWaits& operator=(const UpstreamWaits&) = delete;

    /// Its connection is being made.
    void add_connecting(Exchange& exchange);
    /// Its request is sent, and no byte of the answer has come.
    void add_unanswered(Exchange& exchange);
    /// Its request is being sent, as the client sends it: no answer is due yet.
    void add_uploading(Exchange& exchange);
    /// One was answered, or left: it is not in the lists any more.
    void note_left() {
        if (suspected_) [[unlikely]]
            look_again();
    }
    /// The upstream was found dead, or is still and another one is back: whoever may be repeated
    /// moves on.
    void move_all();

 private:
    using List = base::IntrusiveList<Exchange, WaitTag>;

    void on_timer();
    void watch_connects(base::Instant now);
    void watch_answers(base::Instant now);
    void look_again();
    void arm(base::Instant due);
    base::Duration connect_overdue() const;
    base::Duration hedge_delay() const;  // base::Duration::max(): never
    base::Duration overdue() const;      // likewise
    base::Instant oldest_sent();         // kNever: nobody waits for an answer

    Plane& plane_;
    const cluster::Place place_;
    base::TimerOf<&UpstreamWaits::on_timer> timer_{*this};
    List uploading_;  // watched by nobody but move_all()
    List connecting_;
    List connecting_overdue_;
    List unanswered_;
    List hedged_;  // unanswered too, and asked of a second upstream where that was possible
    bool suspected_ = false;  // true exactly when the monitor was told of an overdue request
};

}  // namespace ringway::forward
