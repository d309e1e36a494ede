#include "plan/schedule.h"

#include <cmath>
#include <limits>

namespace ringload {

namespace {

// More than what a double loses of a week.
constexpr double kRoundingNs = 0.5;

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
    begin(-static_cast<double>(plan.warm_up.count()));
    settle();
}

/// Requests at equal distances are counted, since distances that are added would add their rounding
/// up: a step would have one request too many.
void Schedule::begin(double begin_ns) {
    begin_ns_ = at_ns_ = begin_ns;
    number_ = 0;
    place();
}

void Schedule::place() {
    const double per_second = steps_[step_].per_second;
    at_ns_ = arrivals_ == Arrivals::poisson
                 ? at_ns_ - std::log(1.0 - prng_.unit()) / per_second * 1e9
                 : begin_ns_ + (static_cast<double>(number_) + turn_) / per_second * 1e9;
}

void Schedule::advance() {
    ++number_;
    place();
    settle();
}

/// A step begins on time, however long the last gap of the one before is: exponential gaps have no
/// memory, and equal ones begin anew.
void Schedule::settle() {
    while (at_ns_ >= step_ends_ns_ - kRoundingNs) {
        if (++step_ == steps_.size()) {
            next_ = kNever;
            return;
        }
        const double begin_ns = step_ends_ns_;
        step_ends_ns_ = end_of(begin_ns, steps_[step_]);
        begin(begin_ns);
    }
    next_ = Duration(static_cast<std::int64_t>(at_ns_));
}

}  // namespace ringload
