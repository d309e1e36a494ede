// The next view in the making: pools are copied when they are first edited, the others shared with
// the view before. Made and finished within one step.
#pragma once

#include <memory>
#include <vector>

#include "ringway/failover/merge.h"

namespace ringway::failover {

/// Events of this kind can take an upstream out of those that may be picked. All others bring one
/// back in, or neither.
bool takes_out(observe::EventKind kind);

class Draft {
 public:
    /// All three outlive it.
    Draft(const View& view, Instant now);

    const cluster::UpstreamView& before(Place place) const { return view_.upstream(place); }
    const config::Pool& rules(Place place) const { return config_.pools[place.pool.value]; }
    Instant now() const { return now_; }

    /// To be changed; everything but what settle() works out.
    cluster::UpstreamView& edit(Place place);
    /// An event of an upstream that was edited.
    void tell(Place place, observe::EventKind kind, Reason reason);
    /// Changes the state, with its event.
    void move_to(Place place, cluster::UpstreamState state, Reason reason);
    /// Ends an ejection, with its event.
    void readmit(Place place, Reason reason);

    /// Settles the edited pools and tells of them; `reason` is of their events. Nothing when
    /// nothing was edited.
    Step finish(Reason reason);

 private:
    void tell_of_pool(std::uint16_t pool, observe::EventKind kind, Reason reason);
    void tell_what_became_of(std::uint16_t pool, Reason reason);
    void time_events();

    const View& view_;
    const config::Config& config_;
    const Instant now_;
    std::vector<std::shared_ptr<cluster::PoolView>> edited_;  // [pool]; nullptr: not edited
    std::vector<observe::Event> events_;
};

/// Step functions that edit one breaker, and nothing when `next` is empty.
bool edit_breaker(Draft& draft, Place place, const std::optional<cluster::BreakerView>& next,
                  Reason reason);

}  // namespace ringway::failover
