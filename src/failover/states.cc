// Steps of an upstream's state: verdicts, credentials, what its agent asks for. Pure.
#include <algorithm>

#include "draft.h"
#include "ringway/breaker/breaker.h"
#include "serving.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::EventKind;

namespace {

/// Draining and maintenance end as they came: those by hand by hand only.
bool may_leave(const UpstreamView& upstream, Reason reason) {
    if (upstream.state != UpstreamState::draining && upstream.state != UpstreamState::maintenance) {
        return true;
    }
    if (reason == Reason::by_hand) return true;
    return reason == Reason::agent_asked && upstream.reason != Reason::by_hand;
}

bool is_missing(const UpstreamView& upstream) {
    return upstream.state == UpstreamState::unhealthy && upstream.reason == Reason::probe_missed;
}

}  // namespace

Step set_state(const View& view, Place place, UpstreamState state, Reason reason, Instant now) {
    Draft draft(view, now);
    const UpstreamView& before = draft.before(place);
    if (before.retired || before.state == state || !may_leave(before, reason)) return std::nullopt;
    draft.move_to(place, state, reason);
    if (state == UpstreamState::healthy) {
        if (before.ejected_until != Instant{}) draft.readmit(place, reason);
        edit_breaker(draft, place, breaker::half_open(before.breaker), reason);
    }
    return draft.finish(reason);
}

Step set_missing(const View& view, Place place, Instant now) {
    const PoolView& pool = view.pool(place.pool);
    const UpstreamView& upstream = view.upstream(place);
    const auto eligible = std::ranges::count_if(pool.upstreams, &UpstreamView::eligible);
    if (upstream.eligible && eligible == 1) return std::nullopt;
    const auto missing =
        static_cast<std::size_t>(std::ranges::count_if(pool.upstreams, is_missing));
    const std::size_t percent = view.config->pools[place.pool.value].suspicion.max_out_percent;
    const std::size_t missing_max = std::max<std::size_t>(1, serving_size(pool) * percent / 100);
    if (missing >= missing_max) return std::nullopt;
    return set_state(view, place, UpstreamState::unhealthy, Reason::probe_missed, now);
}

Step set_credentials_fault(const View& view, Place place, bool fault, Instant now) {
    Draft draft(view, now);
    const UpstreamView& before = draft.before(place);
    if (before.retired || before.credentials_fault == fault) return std::nullopt;
    const Reason reason = fault ? Reason::credentials_refused : Reason::credentials_accepted;
    draft.edit(place).credentials_fault = fault;
    draft.tell(place, fault ? EventKind::credentials_refused : EventKind::credentials_accepted,
               reason);
    return draft.finish(reason);
}

Step set_agent_percent(const View& view, Place place, std::uint8_t percent, Instant now) {
    Draft draft(view, now);
    const UpstreamView& before = draft.before(place);
    if (before.retired || before.agent_percent == percent) return std::nullopt;
    draft.edit(place).agent_percent = percent;
    return draft.finish(Reason::agent_asked);
}

}  // namespace ringway::failover
