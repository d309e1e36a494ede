// When the requests of an open loop are due: at equal or at exponential distances, at a rate that
// changes by steps. Pure; one a thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.h"
#include "ringway/base/prng.h"

namespace ringload {

class Schedule {
 public:
    /// Of thread `index` of `count`: a `count`-th of each rate, shifted so that the threads of a
    /// constant rate take turns. The first step begins `warm_up` early.
    Schedule(const LoadPlan& plan, std::uint32_t index, std::uint32_t count);

    /// When the next request is due, from the begin of the measured time, so negative while warming
    /// up; kNever when the last step is over.
    Duration next() const { return next_; }
    void advance();

    static constexpr Duration kNever = Duration::max();

 private:
    void begin(double begin_ns);
    void place();
    void settle();

    std::vector<RateStep> steps_;  // per thread
    Arrivals arrivals_;
    double turn_;  // of a constant gap, by which this thread comes later than the first
    ringway::base::Prng prng_;
    std::size_t step_ = 0;
    double begin_ns_ = 0;  // of the step; of the first one: of the warm-up
    double step_ends_ns_ = 0;
    std::uint64_t number_ = 0;  // requests of the step before the next one
    double at_ns_ = 0;
    Duration next_{0};
};

}  // namespace ringload
