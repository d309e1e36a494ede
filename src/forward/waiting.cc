#include "ringway/forward/waiting.h"

#include <algorithm>

#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"

namespace ringway::forward {

using base::Duration;
using base::Instant;

namespace {

// Before a first round trip was measured (RFC 8305 8: Connection Attempt Delay).
constexpr Duration kConnectDelayUnknown = std::chrono::milliseconds(250);

Instant after(Instant from, Duration delay) {
    return delay == Duration::max() ? base::kNever : from + delay;
}

}  // namespace

Duration UpstreamWaits::connect_overdue() const {
    const config::Hedge& hedge = plane_.config().pools[place_.pool.value].hedge;
    const health::Suspicion& suspicion = plane_.monitor.suspicion(place_);
    Duration usual = suspicion.probe_deadline();
    if (suspicion.round_trip().empty()) usual = std::min(usual, kConnectDelayUnknown);
    return std::max(usual, hedge.connect_delay_min);
}

Duration UpstreamWaits::hedge_delay() const {
    const config::Hedge& hedge = plane_.config().pools[place_.pool.value].hedge;
    if (hedge.quantile <= 0) return Duration::max();
    const Duration usual = plane_.monitor.suspicion(place_).quantile(hedge.quantile);
    return usual == Duration{0} ? Duration::max() : std::max(usual, hedge.delay_min);
}

Duration UpstreamWaits::overdue() const {
    if (!plane_.config().pools[place_.pool.value].suspicion.enabled) return Duration::max();
    return plane_.monitor.suspicion(place_).overdue_after();
}

void UpstreamWaits::arm(Instant due) {
    if (due < timer_.deadline()) plane_.fine.set(timer_, due);
}

void UpstreamWaits::add_connecting(Exchange& exchange) {
    const bool first = connecting_.empty();
    connecting_.push_back(exchange);
    if (first) arm(after(exchange.attempt_begun_at(), connect_overdue()));
}

void UpstreamWaits::add_unanswered(Exchange& exchange) {
    const bool first = unanswered_.empty();
    unanswered_.push_back(exchange);
    if (first) arm(after(exchange.sent_at(), std::min(overdue(), hedge_delay())));
}

void UpstreamWaits::add_uploading(Exchange& exchange) { uploading_.push_back(exchange); }

Instant UpstreamWaits::oldest_sent() {
    Instant oldest = base::kNever;
    if (!unanswered_.empty()) oldest = unanswered_.front().sent_at();
    if (!hedged_.empty()) oldest = std::min(oldest, hedged_.front().sent_at());
    return oldest;
}

void UpstreamWaits::on_timer() {
    const Instant now = plane_.now();
    watch_connects(now);
    watch_answers(now);
}

void UpstreamWaits::watch_connects(Instant now) {
    const Duration delay = connect_overdue();
    while (!connecting_.empty()) {
        Exchange& oldest = connecting_.front();
        if (oldest.attempt_begun_at() + delay > now) {
            arm(oldest.attempt_begun_at() + delay);
            return;
        }
        connecting_.pop_front();
        connecting_overdue_.push_back(oldest);
        if (plane_.config().pools[place_.pool.value].suspicion.enabled)
            plane_.monitor.suspect(place_, oldest.attempt_begun_at());
        oldest.hedge_connect();
    }
}

void UpstreamWaits::watch_answers(Instant now) {
    for (const Duration delay = hedge_delay(); delay != Duration::max() && !unanswered_.empty();) {
        Exchange& oldest = unanswered_.front();
        if (oldest.sent_at() + delay > now) {
            arm(oldest.sent_at() + delay);
            break;
        }
        unanswered_.pop_front();
        hedged_.push_back(oldest);
        oldest.hedge();
    }
    look_again();
}

/// Whether someone is overdue still, or only now.
void UpstreamWaits::look_again() {
    const Instant now = plane_.now();
    const Duration bound = overdue();
    const Instant oldest = oldest_sent();
    const bool late = oldest != base::kNever && bound != Duration::max() && oldest + bound <= now;
    if (late) {
        plane_.monitor.suspect(place_, oldest);
        suspected_ = true;
        arm(now + bound);
    } else {
        if (suspected_) plane_.monitor.unsuspect(place_);
        suspected_ = false;
        if (oldest != base::kNever) arm(after(oldest, bound));
    }
}

void UpstreamWaits::move_all() {
    for (List* list : {&uploading_, &connecting_, &connecting_overdue_, &unanswered_, &hedged_}) {
        // Moving one may end others' waits, but adds none here: the upstream is out.
        List moving;
        while (!list->empty()) moving.push_back(list->pop_front());
        while (!moving.empty()) {
            Exchange& exchange = moving.pop_front();
            list->push_back(exchange);  // where it stays when it can't be moved
            exchange.on_upstream_out(place_.upstream);
        }
    }
}

}  // namespace ringway::forward
