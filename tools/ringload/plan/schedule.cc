#include "plan/schedule.h"

#include <cmath>
#include <limits>

namespace ringload {

namespace {

double end_of(double begin_ns, const RateStep& step) {
    if (step.duration.count() == 0) return std::numeric_limits<double>::infinity();
    return begin_ns + static_cast<double>(step.duration.count());
}

}  // namespace

Schedule::Schedule(const LoadPlan& plan, std::uint32_t index, std::uint32_t count)
    : steps_(plan.steps),
      arrivals_(plan.arrivals),
      turn_(static_cast<double>(index) / count),
      prng_(plan.seed * 0x9e3779b97f4a7c15u + index) {
    for (RateStep& step : steps_) step.per_second /= count;
    if (steps_.empty()) {
        next_ = kNever;
        return;
    }
    step_ends_ns_ = end_of(0, steps_.front());
    at_ns_ = -static_cast<double>(plan.warm_up.count()) + first_gap_ns();
    settle();
}

double Schedule::gap_ns() {
    const double mean_ns = 1e9 / steps_[step_].per_second;
    return arrivals_ == Arrivals::poisson ? -std::log(1.0 - prng_.unit()) * mean_ns : mean_ns;
}

double Schedule::first_gap_ns() {
    return arrivals_ == Arrivals::poisson ? gap_ns() : gap_ns() * turn_;
}

void Schedule::advance() {
    at_ns_ += gap_ns();
    settle();
}

/// A step begins on time, however long the last gap of the one before is: exponential gaps have no
/// memory, and equal ones begin anew.
void Schedule::settle() {
    while (at_ns_ >= step_ends_ns_) {
        if (++step_ == steps_.size()) {
            next_ = kNever;
            return;
        }
        at_ns_ = step_ends_ns_ + first_gap_ns();
        step_ends_ns_ = end_of(step_ends_ns_, steps_[step_]);
    }
    next_ = Duration(static_cast<std::int64_t>(at_ns_));
}

}  // namespace ringload
