// Steps that an operator asks for. Pure.
#include "ringway/failover/by_hand.h"

#include "draft.h"
#include "ringway/breaker/breaker.h"

namespace ringway::failover {

using cluster::BreakerPhase;
using cluster::BreakerView;
using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::EventKind;

namespace {

/// The breaker's next state, told of even where the phase stays: it is by hand now.
Step put_breaker(Draft& draft, Place place, const BreakerView& next) {
    const bool opens = next.phase == BreakerPhase::open;
    const bool told = opens || draft.before(place).breaker.phase != next.phase;
    draft.edit(place).breaker = next;
    const EventKind kind = opens ? EventKind::breaker_open : EventKind::breaker_closed;
    if (told) draft.tell(place, kind, Reason::by_hand);
    return draft.finish(Reason::by_hand);
}

}  // namespace

Step set_state_by_hand(const View& view, Place place, UpstreamState state, Instant now) {
    const UpstreamView& before = view.upstream(place);
    if (before.state != state || state == UpstreamState::healthy) {
        return set_state(view, place, state, Reason::by_hand, now);
    }
    if (before.reason == Reason::by_hand) return std::nullopt;
    Draft draft(view, now);
    draft.move_to(place, state, Reason::by_hand);
    return draft.finish(Reason::by_hand);
}

Step set_weight_by_hand(const View& view, Place place, std::optional<std::uint32_t> weight,
                        Instant now) {
    Draft draft(view, now);
    if (draft.before(place).weight_by_hand == weight) return std::nullopt;
    draft.edit(place).weight_by_hand = weight;
    draft.tell(place, EventKind::weight_set, Reason::by_hand);
    return draft.finish(Reason::by_hand);
}

Step open_breaker_by_hand(const View& view, Place place, Instant now) {
    Draft draft(view, now);
    const auto next = breaker::open_by_hand(draft.before(place).breaker);
    if (!draft.rules(place).breaker.enabled || !next) return std::nullopt;
    return put_breaker(draft, place, *next);
}

Step close_breaker_by_hand(const View& view, Place place, Instant now) {
    Draft draft(view, now);
    const auto next = breaker::close_by_hand(draft.before(place).breaker);
    if (!draft.rules(place).breaker.enabled || !next) return std::nullopt;
    return put_breaker(draft, place, *next);
}

Step reset_breaker(const View& view, Place place, Instant now) {
    Draft draft(view, now);
    if (!draft.rules(place).breaker.enabled) return std::nullopt;
    ++draft.edit(place).breaker_resets;
    return put_breaker(draft, place, BreakerView{});
}

ByHand set_by_hand(const UpstreamView& upstream) {
    const bool out =
        upstream.state == UpstreamState::draining || upstream.state == UpstreamState::maintenance;
    return {.state = out && upstream.reason == Reason::by_hand,
            .weight = upstream.weight_by_hand.has_value(),
            .breaker = breaker::is_by_hand(upstream.breaker)};
}

}  // namespace ringway::failover
