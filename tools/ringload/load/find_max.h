// The search for the highest rate that meets a bound. The search itself is pure.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "load/run.h"
#include "tally/assertion.h"

namespace ringload {

struct FindMaxSettings {
    std::string text;  // as written
    std::vector<Assertion> bounds;
    double first_rate = 1000;  // tried first
    double precision = 0.02;  // of the rate found: the next rate that fails is at most so much more
    Duration step{0};         // measured time of one rate, without its warm-up
};

/// Doubles while the bound is met, halves while it is not, then bisects. A rate that fails is tried
/// once more before it counts, since a hiccup of the machine is no limit.
class RateSearch {
 public:
    RateSearch(double first_rate, double precision) : rate_(first_rate), precision_(precision) {}

    bool over() const { return over_; }
    double rate() const { return rate_; }  // to be tried now
    void tell(bool met);
    double highest_met() const { return met_; }       // 0: none
    double lowest_failed() const { return failed_; }  // 0: none

    static constexpr double kRateMin = 1;
    static constexpr double kRateMax = 100'000'000;

 private:
    double rate_;
    double precision_;
    double met_ = 0;
    double failed_ = 0;
    bool second_try_ = false;
    bool over_ = false;
};

/// Runs the search: the result of the best rate, with all steps and what was found. `on_step` hears
/// of each rate when it was measured.
std::expected<Result, std::string> find_max(const LoadPlan& plan, const FindMaxSettings& settings,
                                            const StopSwitch& stop, const OnSample& on_sample,
                                            const std::function<void(const StepResult&)>& on_step);

}  // namespace ringload
