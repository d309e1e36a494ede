// The steps of the circuit breaker; the table stands in the header.
#include "ringway/breaker/breaker.h"

#include <algorithm>
#include <limits>

namespace ringway::breaker {

namespace {

using cluster::BreakerPhase;

/// How long the breaker stays open when it opens for the n-th time in a row.
base::Duration time_open(const config::Breaker& rules, std::uint16_t openings) {
    base::Duration time = std::min(rules.recovery_timeout, rules.recovery_max);
    for (std::uint16_t n = 1; n < openings && time < rules.recovery_max; ++n) {
        // Half of the bound first: doubling what is above it could overflow.
        if (time > rules.recovery_max / 2) return rules.recovery_max;
        time *= 2;
    }
    return time;
}

BreakerView opened_for_trials(const BreakerView& breaker) {
    return {.phase = BreakerPhase::half_open, .openings = breaker.openings};
}

bool has_open_trials(const BreakerView& breaker) {
    return breaker.phase == BreakerPhase::half_open && breaker.trials > breaker.successes;
}

}  // namespace

bool admits(const config::Breaker& rules, const BreakerView& breaker) {
    if (!rules.enabled) return true;
    switch (breaker.phase) {
        case BreakerPhase::closed:
            return true;
        case BreakerPhase::open:
            return false;
        case BreakerPhase::half_open:
            return breaker.trials < rules.max_trial_requests;
    }
    return false;
}

std::optional<BreakerView> open(const config::Breaker& rules, const BreakerView& breaker,
                                base::Instant now) {
    if (breaker.phase == BreakerPhase::open) return std::nullopt;
    constexpr auto kOpeningsMax = std::numeric_limits<std::uint16_t>::max();
    BreakerView next{.phase = BreakerPhase::open, .openings = breaker.openings};
    if (next.openings < kOpeningsMax) ++next.openings;
    next.until = now + time_open(rules, next.openings);
    return next;
}

std::optional<BreakerView> take_trial(const config::Breaker& rules, const BreakerView& breaker,
                                      base::Instant now) {
    if (breaker.phase != BreakerPhase::half_open) return std::nullopt;
    if (breaker.trials >= rules.max_trial_requests) return std::nullopt;
    BreakerView next = breaker;
    ++next.trials;
    next.until = now + rules.recovery_timeout;
    return next;
}

std::optional<BreakerView> pass_trial(const config::Breaker& rules, const BreakerView& breaker) {
    if (breaker.phase != BreakerPhase::half_open) return std::nullopt;
    if (breaker.successes + 1u >= rules.success_threshold) return BreakerView{};
    BreakerView next = breaker;
    ++next.successes;
    // A trial that was given up for lost has passed after all.
    next.trials = std::max(next.trials, next.successes);
    return next;
}

std::optional<BreakerView> return_trial(const BreakerView& breaker) {
    if (!has_open_trials(breaker)) return std::nullopt;
    BreakerView next = breaker;
    --next.trials;
    return next;
}

std::optional<BreakerView> half_open(const BreakerView& breaker) {
    // What was opened by hand is closed by hand.
    if (breaker.phase != BreakerPhase::open || is_by_hand(breaker)) return std::nullopt;
    return opened_for_trials(breaker);
}

std::optional<BreakerView> open_by_hand(const BreakerView& breaker) {
    if (is_by_hand(breaker)) return std::nullopt;
    return BreakerView{
        .phase = BreakerPhase::open, .openings = breaker.openings, .until = base::kNever};
}

std::optional<BreakerView> close_by_hand(const BreakerView& breaker) {
    if (breaker.phase == BreakerPhase::closed) return std::nullopt;
    return BreakerView{.openings = breaker.openings};
}

std::optional<BreakerView> pass_time(const BreakerView& breaker, base::Instant now) {
    if (now < next_due(breaker)) return std::nullopt;
    if (breaker.phase == BreakerPhase::open) return opened_for_trials(breaker);
    BreakerView next = breaker;
    next.trials = next.successes;
    return next;
}

base::Instant next_due(const BreakerView& breaker) {
    const bool due = breaker.phase == BreakerPhase::open || has_open_trials(breaker);
    return due ? breaker.until : base::kNever;
}

}  // namespace ringway::breaker
