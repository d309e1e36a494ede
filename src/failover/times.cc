// What time alone does: the ends of ejections, coolings and recovery time-outs. Pure.
#include <algorithm>

#include "draft.h"
#include "ringway/breaker/breaker.h"
#include "serving.h"

namespace ringway::failover {

using cluster::BreakerPhase;
using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::EventKind;

namespace {

Instant next_due(const config::Pool& rules, const UpstreamView& upstream) {
    Instant due = base::kNever;
    if (upstream.ejected_until != Instant{}) due = std::min(due, upstream.ejected_until);
    if (upstream.cooling_until != Instant{}) due = std::min(due, upstream.cooling_until);
    if (rules.breaker.enabled) due = std::min(due, breaker::next_due(upstream.breaker));
    return due;
}

void pass_time(Draft& draft, Place place) {
    const UpstreamView& before = draft.before(place);
    const Instant now = draft.now();
    if (now < next_due(draft.rules(place), before)) return;
    if (before.ejected_until != Instant{} && before.ejected_until <= now) {
        draft.readmit(place, Reason::time_passed);
    }
    if (before.cooling_until != Instant{} && before.cooling_until <= now) {
        draft.edit(place).cooling_until = Instant{};
        draft.tell(place, EventKind::rate_limit_over, Reason::time_passed);
    }
    if (draft.rules(place).breaker.enabled) {
        edit_breaker(draft, place, breaker::pass_time(before.breaker, now), Reason::time_passed);
    }
}

/// Would take traffic if it did not cool.
bool could_serve(const UpstreamView& upstream) {
    const bool state_allows = is_good(upstream.state) || upstream.state == UpstreamState::unknown;
    return state_allows && !upstream.addresses.empty() && upstream.ejected_until == Instant{} &&
           upstream.agent_percent > 0 && upstream.weight_by_hand != 0u &&
           upstream.breaker.phase != BreakerPhase::open;
}

}  // namespace

Step pass_time(const config::Config& config, const View& view, Instant now) {
    Draft draft(config, view, now);
    for (std::size_t pool = 0; pool < view.pools.size(); ++pool) {
        const cluster::PoolIndex index{static_cast<std::uint16_t>(pool)};
        const std::size_t count = view.pools[pool]->upstreams.size();
        for (std::size_t i = 0; i < count; ++i)
            pass_time(draft, {index, {static_cast<std::uint16_t>(i)}});
    }
    return draft.finish(Reason::time_passed);
}

Instant next_due(const config::Config& config, const View& view) {
    Instant due = base::kNever;
    for (std::size_t pool = 0; pool < view.pools.size(); ++pool) {
        for (const UpstreamView& upstream : view.pools[pool]->upstreams) {
            due = std::min(due, next_due(config.pools[pool], upstream));
        }
    }
    return due;
}

std::optional<Instant> all_cooling_until(const cluster::PoolView& pool) {
    std::optional<Instant> soonest;
    for (const UpstreamView& upstream : pool.upstreams) {
        if (!could_serve(upstream)) continue;
        if (upstream.cooling_until == Instant{}) return std::nullopt;
        soonest = std::min(soonest.value_or(base::kNever), upstream.cooling_until);
    }
    return soonest;
}

}  // namespace ringway::failover
