// Steps that take an upstream out for a time: ejection as an outlier, cooling after a 429. Pure.
#include <algorithm>
#include <limits>

#include "draft.h"
#include "serving.h"

namespace ringway::failover {

using cluster::UpstreamView;
using observe::EventKind;

namespace {

constexpr Duration kCoolingStep = std::chrono::milliseconds(100);

Duration ejection_time(const config::Outlier& rules, std::uint16_t ejections) {
    // Divided first: a product of settings could overflow.
    if (rules.ejection_time > rules.ejection_max / ejections) return rules.ejection_max;
    return rules.ejection_time * ejections;
}

/// A row of ejections ends when the upstream has been back for as long as the longest of them.
bool is_in_a_row(const config::Outlier& rules, const UpstreamView& upstream, Instant now) {
    return upstream.ejections > 0 && now - upstream.readmitted_at <= rules.ejection_max;
}

Instant rounded_up(Instant moment) {
    const Duration past = moment.time_since_epoch() % kCoolingStep;
    if (past == Duration(0) || moment > base::kNever - kCoolingStep) return moment;
    return moment - past + kCoolingStep;
}

}  // namespace

Step eject(const View& view, Place place, Reason reason, Instant now) {
    Draft draft(view, now);
    const config::Outlier& rules = draft.rules(place).outlier;
    const UpstreamView& before = draft.before(place);
    if (before.retired || !rules.enabled || rules.max_ejected_percent == 0) return std::nullopt;
    if (before.ejected_until != Instant{}) return std::nullopt;
    const auto& upstreams = view.pool(place.pool).upstreams;
    const auto ejected = static_cast<std::size_t>(std::ranges::count_if(
        upstreams, [](const UpstreamView& other) { return other.ejected_until != Instant{}; }));
    const std::size_t ejected_max = std::max<std::size_t>(
        1, serving_size(view.pool(place.pool)) * rules.max_ejected_percent / 100);
    if (ejected >= ejected_max) return std::nullopt;

    UpstreamView& upstream = draft.edit(place);
    if (!is_in_a_row(rules, before, now)) upstream.ejections = 0;
    if (upstream.ejections < std::numeric_limits<std::uint16_t>::max()) ++upstream.ejections;
    upstream.ejected_until = now + ejection_time(rules, upstream.ejections);
    upstream.ejected_for = reason;
    draft.tell(place, EventKind::ejected, reason);
    return draft.finish(reason);
}

Step cool_down(const View& view, Place place, Instant until, Instant now) {
    Draft draft(view, now);
    const UpstreamView& before = draft.before(place);
    if (before.retired || until <= now || until <= before.cooling_until) return std::nullopt;
    draft.edit(place).cooling_until = rounded_up(until);
    if (before.cooling_until == Instant{}) {
        draft.tell(place, EventKind::rate_limited, Reason::rate_limited);
    }
    return draft.finish(Reason::rate_limited);
}

}  // namespace ringway::failover
