// Where a request goes: the upstream that it is sent to, the next one when that fails or is found
// dead, a second one beside it when that is slow, and the queue when there is none.
#include <algorithm>

#include "ringway/breaker/breaker.h"
#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

using base::Duration;
using base::Instant;
using observe::AttemptEnd;
using observe::Refusal;

namespace {

AttemptEnd end_of(Cause cause, bool stale) {
    switch (cause) {
        case Cause::connect_failed:
            return AttemptEnd::connect_failed;
        case Cause::connect_timeout:
            return AttemptEnd::connect_timeout;
        case Cause::closed_early:
            return stale ? AttemptEnd::stale : AttemptEnd::closed_early;
        case Cause::first_byte_timeout:
            return AttemptEnd::first_byte_timeout;
        case Cause::malformed_response:
        case Cause::truncated_response:
        case Cause::response_stalled:
            return AttemptEnd::malformed_response;
    }
    return AttemptEnd::closed_early;
}

health::Fault fault_of(Cause cause) {
    switch (cause) {
        case Cause::connect_failed:
            return health::Fault::refused;
        case Cause::connect_timeout:
        case Cause::first_byte_timeout:
        case Cause::response_stalled:
            return health::Fault::timed_out;
        case Cause::closed_early:
        case Cause::truncated_response:
            return health::Fault::reset;
        case Cause::malformed_response:
            return health::Fault::malformed;
    }
    return health::Fault::reset;
}

}  // namespace

// -- picking --

std::optional<cluster::UpstreamIndex> Exchange::find_upstream() {
    return plane_.balancers[pool_.value]->pick(plane_.view().pool(pool_), plane_.loads[pool_.value],
                                               pick_, plane_.now(), plane_.prng);
}

/// One that was not tried.
std::optional<cluster::UpstreamIndex> Exchange::find_other() {
    const auto index = find_upstream();
    return index && !pick_.tried.has(*index) ? index : std::nullopt;
}

/// Sends the request to somebody, or makes it wait for one. False: neither is possible.
bool Exchange::pick_upstream() {
    state_ = State::picking;
    const auto index = find_upstream();
    if (!index) return join_queue();
    // Room that was made in this turn is of those who wait for it.
    if (attempts_ == 0 && plane_.is_to_serve(pool_) && enter_queue()) return true;
    if (pick_.tried.has(*index) && !backed_off_) {
        back_off();
        return true;
    }
    return begin_on(*index);
}

/// False: no connection could even be begun, with nobody.
bool Exchange::begin_on(cluster::UpstreamIndex index) {
    state_ = State::picking;
    backed_off_ = false;
    std::optional<cluster::UpstreamIndex> next = index;
    for (int lost = 0; next && lost < kLostTrialsMax; ++lost) {
        const cluster::Place place{pool_, *next};
        const bool trial = breaker::needs_trial(plane_.view().upstream(place).breaker);
        if (trial && !plane_.monitor.take_trial(place)) {
            next = find_upstream();
            continue;
        }
        ++attempts_;
        attempt_.trial = trial;
        if (begin_attempt(attempt_, *next, false)) return true;
        return retry(Cause::connect_failed, false);
    }
    return join_queue();
}

/// False when no connection could even be begun.
bool Exchange::begin_attempt(Attempt& attempt, cluster::UpstreamIndex index, bool fresh) {
    attempt = Attempt{.upstream = index, .trial = attempt.trial, .begun_at = plane_.now()};
    has_upstream_ = true;
    pick_.tried.add(index);
    attempt.side = plane_.upstream_pools.acquire(plane_, pool_, index, fresh);
    if (!attempt.live()) {
        counters_of(attempt).connect_failures.add();
        if (std::exchange(attempt.trial, false))
            plane_.monitor.on_trial_abandoned(place_of(attempt));
        return false;
    }
    ++plane_.loads[pool_.value][index.value].in_flight;
    counters_of(attempt).requests.add();
    counters_of(attempt).in_flight.add();
    attempt.side->attach(*this);
    attempt.reused = attempt.side->ready();
    const bool first = &attempt == &attempt_;
    if (!attempt.reused) {
        if (first) {
            state_ = State::connecting;
            start_waiting();
        }
        spare_buffers();
        return true;
    }
    counters_of(attempt).connects_reused.add();
    attempt.connected_at = plane_.now();
    if (!first) return true;
    state_ = State::waiting;
    transmit(attempt);
    return true;
}

void Exchange::start_waiting() {
    stop_waiting();
    UpstreamWaits& waits = plane_.waits(place_of(attempt_));
    if (state_ == State::connecting) {
        waits.add_connecting(*this);
    } else if (!request_.done()) {
        waits.add_uploading(*this);
    } else {
        waits.add_unanswered(*this);
    }
}

void Exchange::stop_waiting() {
    base::ListLink<WaitTag>& link = *this;
    if (!link.linked()) return;
    link.unlink();
    plane_.waits(place_of(attempt_)).note_left();
}

void Exchange::on_upstream_connected(UpstreamSide& side) {
    Attempt& connected = attempt_of(side);
    if (!connected.reused) connected.connected_at = plane_.now();
    if (rival_.live() && !hedged_) {  // a race of connects: the first one carries the request
        if (&connected == &rival_) plane_.counters.pools[pool_.value].connect_hedges_won.add();
        // The other one was never asked: it is there for another try.
        pick_.tried.remove(&connected == &rival_ ? attempt_.upstream : rival_.upstream);
        --attempts_;
        ++uncounted_;
        keep_only(connected);
    } else if (&connected == &rival_) {
        transmit(rival_);
        return;
    }
    stop_waiting();
    state_ = State::waiting;
    transmit(attempt_);
}

// -- nobody can take it now --

/// True when it waits, or was answered; false: it can't wait.
bool Exchange::join_queue() {
    if (answer_rate_limited()) return true;
    plane_.counters.pools[pool_.value].no_upstream.add();
    return enter_queue();
}

bool Exchange::enter_queue() {
    if (!plane_.queues[pool_.value]->join(*this)) return false;
    state_ = State::queued;
    queued_at_ = plane_.now();
    spare_buffers();
    return true;
}

void Exchange::on_served(cluster::UpstreamIndex upstream) {
    const Duration waited = plane_.now() - queued_at_;
    queued_for_ += waited;
    plane_.counters.pools[pool_.value].queue_wait.record(
        static_cast<std::uint64_t>(waited.count()));
    // It may have been asked before, and is back: no need to back off.
    if (!begin_on(upstream)) refuse(503, Refusal::no_upstream);
}

void Exchange::on_rate_limited() {
    queued_for_ += plane_.now() - queued_at_;
    answer_rate_limited();
}

void Exchange::on_queue_timeout() {
    queued_for_ += plane_.now() - queued_at_;
    refuse(503, Refusal::no_upstream);
}

/// Everybody else was asked already: full jitter before the same one is asked again (Brooker,
/// Exponential Backoff And Jitter, 2015).
void Exchange::back_off() {
    const config::Retry& rules = pool().retry;
    const Duration delay =
        rules.backoff_min +
        Duration(static_cast<std::int64_t>(
            plane_.prng.unit() *
            static_cast<double>((rules.backoff_max - rules.backoff_min).count())));
    state_ = State::queued;
    queued_at_ = plane_.now();
    spare_buffers();
    plane_.fine.set(back_off_, plane_.now() + delay);
}

void Exchange::on_backed_off() {
    backed_off_ = true;
    queued_for_ += plane_.now() - queued_at_;
    if (!pick_upstream()) refuse(503, Refusal::no_upstream);
}

// -- two attempts --

Attempt& Exchange::attempt_of(const UpstreamSide& side) {
    RW_ASSERT_HOT(&side == attempt_.side || &side == rival_.side);
    return &side == rival_.side ? rival_ : attempt_;
}

bool Exchange::begin_rival(cluster::UpstreamIndex index) {
    // Half-open upstreams are for requests of their own.
    if (breaker::needs_trial(plane_.view().upstream({pool_, index}).breaker)) return false;
    rival_.trial = false;
    if (!begin_attempt(rival_, index, false)) return false;
    ++attempts_;
    return true;
}

void Exchange::hedge_connect() {
    if (!pool().hedge.connect || state_ != State::connecting || rival_.live()) return;
    if (attempts_ >= pool().retry.attempts_max) return;
    const auto other = find_other();
    if (!other) return;
    hedged_ = false;
    if (!begin_rival(*other)) return;
    plane_.counters.pools[pool_.value].connect_hedges.add();
    if (rival_.side->ready()) on_upstream_connected(*rival_.side);
}

void Exchange::hedge() {
    if (state_ != State::waiting || rival_.live() || attempts_ >= pool().retry.attempts_max) return;
    if (!may_repeat(Failure{Cause::first_byte_timeout, true})) return;
    observe::PoolCounters& counters = plane_.counters.pools[pool_.value];
    const std::uint64_t hedges = counters.hedges.get();
    if ((hedges + 1) * 100 > counters.requests.get() * pool().hedge.percent_max) return;
    const auto other = find_other();
    if (!other) return;
    hedged_ = true;
    if (!begin_rival(*other)) return;
    counters.hedges.add();
    if (rival_.side->ready()) transmit(rival_);
}

/// Ends one attempt: its connection goes back to the pool when `reusable`, else it is closed, which
/// cancels what it was asked.
void Exchange::drop(Attempt& attempt, bool reusable) {
    if (!attempt.live()) return;
    if (&attempt == &attempt_) {
        stop_waiting();
        if (state_ == State::splicing) end_splice();
    }
    --plane_.loads[pool_.value][attempt.upstream.value].in_flight;
    counters_of(attempt).in_flight.sub();
    std::exchange(attempt.side, nullptr)->detach(reusable);
    if (std::exchange(attempt.trial, false)) plane_.monitor.on_trial_abandoned(place_of(attempt));
    if (!plane_.queues[pool_.value]->empty()) plane_.queues_moved = true;  // one has room now
}

void Exchange::drop_all() {
    if (state_ == State::queued) {
        plane_.fine.clear(back_off_);
        base::ListLink<QueueTag>& link = *this;
        if (link.linked()) plane_.queues[pool_.value]->leave(*this);
    }
    drop(rival_, false);
    drop(attempt_, false);
}

/// One of two attempts is over; the other one goes on alone.
void Exchange::go_on_without(Attempt& attempt) {
    RW_ASSERT_HOT(attempt_.live() && rival_.live());
    drop(attempt, false);
    if (&attempt == &rival_) return;
    attempt_ = std::exchange(rival_, Attempt{});
    state_ = attempt_.side->ready() ? State::waiting : State::connecting;
    start_waiting();
    if (plane_.is_dead(place_of(attempt_))) on_upstream_out(attempt_.upstream);
}

/// The other attempt is outrun.
void Exchange::keep_only(Attempt& attempt) {
    Attempt& other = &attempt == &attempt_ ? rival_ : attempt_;
    if (other.live()) {
        note_failed_try(other, AttemptEnd::outrun);
        drop(other, false);
    }
    if (&attempt == &rival_) attempt_ = std::exchange(rival_, Attempt{});
}

void Exchange::note_failed_try(const Attempt& attempt, AttemptEnd end) {
    if (failed_.size() == observe::kFailedAttemptsMax) return;
    failed_.push_back(
        {.upstream = attempt.upstream.value,
         .cause = static_cast<std::uint8_t>(end),
         .took_ms = static_cast<std::uint32_t>(base::to_ms(plane_.now() - attempt.begun_at))});
}

// -- failure --

/// The connection had died while it was idle: no fault of the upstream.
bool Exchange::is_stale(const Attempt& attempt, Cause cause) const {
    return cause == Cause::closed_early && attempt.reused && !retried_stale_;
}

void Exchange::note_failure(const Attempt& attempt, Cause cause, bool stale) {
    observe::UpstreamCounters& counters = counters_of(attempt);
    if (cause == Cause::connect_failed || cause == Cause::connect_timeout)
        counters.connect_failures.add();
    if (cause == Cause::closed_early || cause == Cause::truncated_response) counters.resets.add();
    if (cause == Cause::first_byte_timeout || cause == Cause::response_stalled)
        counters.timeouts.add();
    if (cause == Cause::malformed_response) counters.malformed.add();
    note_failed_try(attempt, end_of(cause, stale));

    if (cause == Cause::connect_failed || cause == Cause::closed_early)
        plane_.avoid(place_of(attempt));
    if (stale) {
        plane_.monitor.on_sign(place_of(attempt));
    } else {
        const Instant since = attempt.sent_at == Instant{} ? attempt.begun_at : attempt.sent_at;
        plane_.monitor.on_fault(place_of(attempt), fault_of(cause), since);
    }
}

void Exchange::on_upstream_failed(UpstreamSide& side, Cause cause) {
    Attempt& failed = attempt_of(side);
    const bool stale = is_stale(failed, cause);
    note_failure(failed, cause, stale);
    if (failed.trial && !stale) {
        failed.trial = false;
        plane_.monitor.on_trial_failed(place_of(failed));
    }
    if (rival_.live()) {
        go_on_without(failed);
        return;
    }
    drop(failed, false);
    if (status_ != 0) {
        cut(refusal_of(cause));
    } else if (!retry(cause, stale)) {
        refuse(status_of(cause), refusal_of(cause));
    }
}

bool Exchange::may_repeat(Failure failure) const {
    if (!all_kept_ || interim_sent_) return false;
    return !failure.reached_wire || idempotent_ || pool().retry.unsafe;
}

/// Sends the request once more, where that is allowed and can help. False: the failure stands.
bool Exchange::retry(Cause cause, bool stale) {
    if (!is_retriable(cause) || !may_repeat(Failure{cause, attempt_.head_sent})) return false;
    // As with a listed status: who answered is not asked again.
    if (cause == Cause::malformed_response && !find_other()) return false;
    if (stale) {
        retried_stale_ = true;
        // Another upstream is a round trip nearer than a new connection to this one, and if this
        // one died, so did its port. A session stays where it is at home.
        const bool at_home = pick_.sticky || pick_.key;
        const auto other = at_home ? std::nullopt : find_other();
        const auto same = attempt_.upstream;
        // Half-open ones are for requests that take a trial.
        const auto usable = [this](cluster::UpstreamIndex index) {
            const cluster::UpstreamView& upstream = plane_.view().upstream({pool_, index});
            return upstream.eligible && !breaker::needs_trial(upstream.breaker);
        };
        const bool begun = (other && usable(*other) && begin_attempt(attempt_, *other, false)) ||
                           (usable(same) && begin_attempt(attempt_, same, true));
        if (begun) {
            ++uncounted_;
            return true;
        }
    }
    if (attempts_ >= pool().retry.attempts_max || !plane_.take_retry(pool_)) {
        plane_.counters.pools[pool_.value].retries_exhausted.add();
        return false;
    }
    plane_.counters.pools[pool_.value].retries.add();
    return pick_upstream();
}

void Exchange::on_upstream_out(cluster::UpstreamIndex upstream) {
    if (status_ != 0) return;
    if (rival_.live()) {
        if (rival_.upstream != upstream && attempt_.upstream != upstream) return;
        Attempt& dead = rival_.upstream == upstream ? rival_ : attempt_;
        note_failed_try(dead, AttemptEnd::upstream_out);
        go_on_without(dead);
        return;
    }
    if (!attempt_.live() || attempt_.upstream != upstream) return;
    if (attempts_ >= pool().retry.attempts_max) return;
    if (!may_repeat(Failure{Cause::first_byte_timeout, attempt_.head_sent})) return;
    const auto other = find_other();
    if (!other) return;  // nobody would answer sooner
    // Not from the retry budget: each verdict moves a request once.
    note_failed_try(attempt_, AttemptEnd::upstream_out);
    plane_.counters.pools[pool_.value].moved.add();
    drop(attempt_, false);
    if (!begin_on(*other)) refuse(503, Refusal::no_upstream);
}

}  // namespace ringway::forward
