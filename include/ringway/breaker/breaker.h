// The circuit breaker of one upstream (Nygard, Release It!, 2007): closed, open, half open. Pure
// steps from one immutable state to the next; the state itself stands in the View, so that all
// shards act on one, and a step is made by whoever publishes it first.
//
//   phase     | event                                     -> next
//   ----------+--------------------------------------------------------------
//   closed    | failure_threshold failures in a row,
//             | or error_percent of a window              -> open
//   open      | recovery_timeout x 2^(openings - 1)       -> half_open
//   half_open | a trial failed                            -> open (waits twice as long)
//             | success_threshold trials passed           -> closed
//             | no trial taken for a recovery_timeout,
//             | some still unanswered                     -> half_open, those are given anew
//
// BreakerView::until, while half open, is the moment of that last row; it says nothing while no
// trial is unanswered.
#pragma once

#include <optional>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::breaker {

using cluster::BreakerView;

/// Requests may be sent now: closed, or half open with a trial left; always when not enabled.
bool admits(const config::Breaker& rules, const BreakerView& breaker);
/// A request that is sent now must take a trial first.
inline bool needs_trial(const BreakerView& breaker) {
    return breaker.phase == cluster::BreakerPhase::half_open;
}

/// Opens it, from closed or half open; nothing when it is open already.
std::optional<BreakerView> open(const config::Breaker& rules, const BreakerView& breaker,
                                base::Instant now);
/// Half open with a trial left: one fewer. Else nothing.
std::optional<BreakerView> take_trial(const config::Breaker& rules, const BreakerView& breaker,
                                      base::Instant now);
/// A trial passed: counted, or closed. Nothing when it is not half open any more.
std::optional<BreakerView> pass_trial(const config::Breaker& rules, const BreakerView& breaker);
/// A trial that told nothing (its client left) is given back. Nothing when it is not half open any
/// more, or when it was given back as lost.
std::optional<BreakerView> return_trial(const BreakerView& breaker);
/// Half open without waiting, trials whole: an active check has shown that the upstream is back.
/// Nothing unless it is open, and not by hand.
std::optional<BreakerView> half_open(const BreakerView& breaker);
/// Opened by hand: stays open until it is closed by hand.
inline bool is_by_hand(const BreakerView& breaker) {
    return breaker.phase == cluster::BreakerPhase::open && breaker.until == base::kNever;
}
/// Open, until close_by_hand(). Nothing when it is so already.
std::optional<BreakerView> open_by_hand(const BreakerView& breaker);
/// Closed now; it remembers how often in a row it had opened. Nothing when it is closed.
std::optional<BreakerView> close_by_hand(const BreakerView& breaker);
/// What became due by `now`: open -> half open, and lost trials. Nothing when nothing did.
std::optional<BreakerView> pass_time(const BreakerView& breaker, base::Instant now);
/// When pass_time() would do something; kNever when never.
base::Instant next_due(const BreakerView& breaker);

}  // namespace ringway::breaker
