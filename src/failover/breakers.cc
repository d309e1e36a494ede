// Steps of an upstream's breaker, by the rules of breaker/breaker.h. Pure.
#include "draft.h"
#include "ringway/breaker/breaker.h"

namespace ringway::failover {

using cluster::BreakerPhase;
using cluster::BreakerView;
using observe::EventKind;

namespace {

EventKind kind_of(BreakerPhase phase) {
    switch (phase) {
        case BreakerPhase::closed:
            return EventKind::breaker_closed;
        case BreakerPhase::open:
            return EventKind::breaker_open;
        case BreakerPhase::half_open:
            break;
    }
    return EventKind::breaker_half_open;
}

/// `advance`: (rules, breaker) -> what becomes of it, if anything.
template <class Advance>
Step step_of(const View& view, Place place, Reason reason, Instant now, Advance&& advance) {
    Draft draft(view, now);
    const config::Breaker& rules = draft.rules(place).breaker;
    if (!rules.enabled || draft.before(place).retired) return std::nullopt;
    edit_breaker(draft, place, advance(rules, draft.before(place).breaker), reason);
    return draft.finish(reason);
}

}  // namespace

bool edit_breaker(Draft& draft, Place place, const std::optional<BreakerView>& next,
                  Reason reason) {
    if (!next) return false;
    const BreakerPhase from = draft.before(place).breaker.phase;
    draft.edit(place).breaker = *next;
    if (next->phase != from) draft.tell(place, kind_of(next->phase), reason);
    return true;
}

Step open_breaker(const View& view, Place place, Reason reason, Instant now) {
    // A trial that fails after others closed the breaker is one failure like any other.
    const BreakerPhase phase = view.upstream(place).breaker.phase;
    if (reason == Reason::trial_failed && phase != BreakerPhase::half_open) return std::nullopt;
    return step_of(view, place, reason, now, [&](const auto& rules, const auto& breaker) {
        return breaker::open(rules, breaker, now);
    });
}

Step take_trial(const View& view, Place place, Instant now) {
    return step_of(view, place, Reason::none, now, [&](const auto& rules, const auto& breaker) {
        return breaker::take_trial(rules, breaker, now);
    });
}

Step pass_trial(const View& view, Place place, Instant now) {
    return step_of(view, place, Reason::trials_passed, now, breaker::pass_trial);
}

Step return_trial(const View& view, Place place, Instant now) {
    return step_of(view, place, Reason::none, now,
                   [](const auto&, const auto& breaker) { return breaker::return_trial(breaker); });
}

}  // namespace ringway::failover
