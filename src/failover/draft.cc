// What a step does beside its own edit: settles the pools, compares them with those before, and
// makes the events. Pure.
#include "draft.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"
#include "serving.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::Event;
using observe::EventKind;

namespace {

/// The event of an upstream that is in this state now; none for unknown, where nothing is known.
std::optional<EventKind> kind_of(UpstreamState from, UpstreamState to) {
    switch (to) {
        case UpstreamState::unknown:
            return std::nullopt;
        case UpstreamState::healthy:
            return from == UpstreamState::unknown ? EventKind::healthy : EventKind::recovered;
        case UpstreamState::degraded:
            return EventKind::degraded;
        case UpstreamState::unhealthy:
            return EventKind::unhealthy;
        case UpstreamState::draining:
            return EventKind::draining;
        case UpstreamState::maintenance:
            return EventKind::maintenance;
    }
    RW_ASSERT(false);
    return std::nullopt;
}

/// What an event means for whether its upstream may be picked.
enum class Effect : std::uint8_t { none, out, back };

/// A first verdict brings nobody back, and neither does a breaker that closes: it was half open,
/// which is in already. A weight by hand is nobody's failure, even where it is 0.
Effect effect_of(EventKind kind) {
    switch (kind) {
        case EventKind::unhealthy:
        case EventKind::draining:
        case EventKind::maintenance:
        case EventKind::ejected:
        case EventKind::rate_limited:
        case EventKind::breaker_open:
            return Effect::out;
        case EventKind::degraded:
        case EventKind::recovered:
        case EventKind::readmitted:
        case EventKind::rate_limit_over:
        case EventKind::breaker_half_open:
            return Effect::back;
        case EventKind::healthy:
        case EventKind::credentials_refused:
        case EventKind::credentials_accepted:
        case EventKind::breaker_closed:
        case EventKind::weight_set:
        case EventKind::failover:
        case EventKind::panic:
        case EventKind::panic_over:
        case EventKind::total_failure:
        case EventKind::total_recovery:
            return Effect::none;
    }
    RW_ASSERT(false);
    return Effect::none;
}

/// A first verdict may be `degraded` too.
bool brings_back(const Event& event) {
    const bool first = event.kind == EventKind::degraded && event.from == UpstreamState::unknown;
    return effect_of(event.kind) == Effect::back && !first;
}

}  // namespace

bool takes_out(EventKind kind) { return effect_of(kind) == Effect::out; }

Draft::Draft(const View& view, Instant now)
    : view_(view), config_(*view.config), now_(now), edited_(view.pools.size()) {
    RW_ASSERT(view.pools.size() == config_.pools.size());
}

UpstreamView& Draft::edit(Place place) {
    std::shared_ptr<PoolView>& pool = edited_[place.pool.value];
    if (pool == nullptr) {
        pool = std::make_shared<PoolView>(view_.pool(place.pool));
        ++pool->version;
    }
    return pool->upstreams[place.upstream.value];
}

void Draft::tell(Place place, EventKind kind, Reason reason) {
    const UpstreamState to = edit(place).state;
    events_.push_back({.kind = kind,
                       .reason = reason,
                       .from = before(place).state,
                       .to = to,
                       .pool = place.pool.value,
                       .upstream = place.upstream.value,
                       .at = now_});
}

void Draft::move_to(Place place, UpstreamState state, Reason reason) {
    UpstreamView& upstream = edit(place);
    const UpstreamState from = std::exchange(upstream.state, state);
    upstream.time_in_state[static_cast<std::size_t>(from)] += now_ - upstream.state_since;
    upstream.state_since = now_;
    upstream.reason = reason;
    if (const auto kind = kind_of(from, state)) tell(place, *kind, reason);
}

void Draft::readmit(Place place, Reason reason) {
    UpstreamView& upstream = edit(place);
    upstream.ejected_until = Instant{};
    upstream.ejected_for = Reason::none;
    upstream.readmitted_at = now_;
    tell(place, EventKind::readmitted, reason);
}

void Draft::tell_of_pool(std::uint16_t pool, EventKind kind, Reason reason) {
    events_.push_back({.kind = kind, .reason = reason, .pool = pool, .at = now_});
}

void Draft::tell_what_became_of(std::uint16_t pool, Reason reason) {
    const config::Pool& rules = config_.pools[pool];
    const PoolView& was = *view_.pools[pool];
    const PoolView& is = *edited_[pool];
    if (was.panic != is.panic) {
        tell_of_pool(pool, is.panic ? EventKind::panic : EventKind::panic_over, reason);
    }
    const auto served = serving_tier(rules, was);
    const auto serves = serving_tier(rules, is);
    if (served == serves) return;
    EventKind kind = EventKind::failover;
    if (!served) kind = EventKind::total_recovery;
    if (!serves) kind = EventKind::total_failure;
    tell_of_pool(pool, kind, reason);
}

/// Says of the first event of each upstream that went out or came back in how long that took.
void Draft::time_events() {
    std::vector<Place> timed;
    for (Event& event : events_) {
        const Place place{{event.pool}, {event.upstream}};
        const UpstreamView& was = before(place);
        const UpstreamView& is = edit(place);
        if (was.eligible == is.eligible || std::ranges::find(timed, place) != timed.end()) continue;
        if (was.eligible && takes_out(event.kind)) {
            event.took = Duration(0);
        } else if (is.eligible && brings_back(event) && was.out_since != Instant{}) {
            event.took = now_ - was.out_since;
        } else {
            continue;
        }
        timed.push_back(place);
    }
}

Step Draft::finish(Reason reason) {
    if (std::ranges::none_of(edited_, [](const auto& pool) { return pool != nullptr; })) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < edited_.size(); ++i) {
        if (edited_[i] != nullptr) settle(config_.pools[i], *edited_[i], now_);
    }
    time_events();
    auto next = std::make_unique<View>(view_);
    ++next->version;
    for (std::size_t i = 0; i < edited_.size(); ++i) {
        if (edited_[i] == nullptr) continue;
        tell_what_became_of(static_cast<std::uint16_t>(i), reason);
        next->pools[i] = std::move(edited_[i]);
    }
    for (std::size_t i = 0; i < events_.size(); ++i) {
        events_[i].version = next->version;
        events_[i].part = static_cast<std::uint16_t>(i);
    }
    return Next{std::move(next), std::move(events_)};
}

}  // namespace ringway::failover
