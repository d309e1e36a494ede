#include "load/find_max.h"

#include <algorithm>
#include <utility>

namespace ringload {

void RateSearch::tell(bool met) {
    if (!met && !second_try_) {
        second_try_ = true;
        return;
    }
    second_try_ = false;
    (met ? met_ : failed_) = rate_;
    if (failed_ == 0) {
        rate_ *= 2;
        over_ = rate_ > kRateMax;
    } else if (met_ == 0) {
        rate_ /= 2;
        over_ = rate_ < kRateMin;
    } else {
        rate_ = (met_ + failed_) / 2;
        over_ = failed_ <= met_ * (1 + precision_);
    }
}

namespace {

StepResult step_of(const Result& result, double rate) {
    StepResult step;
    step.rate = rate;
    step.duration = result.measured;
    step.answered_rate = result.rate();
    step.errors = result.counts.errors();
    step.p50_ns = result.latency.quantile_ns(0.5);
    step.p99_ns = result.latency.quantile_ns(0.99);
    step.p999_ns = result.latency.quantile_ns(0.999);
    step.max_ns = result.latency.max_ns();
    return step;
}

/// What the bounds ask, and no error unless they speak of errors themselves.
bool meets(const Result& result, const std::vector<Assertion>& bounds) {
    const auto speaks_of_errors = [](const Assertion& bound) {
        return bound.metric == Assertion::Metric::errors ||
               bound.metric == Assertion::Metric::failure ||
               bound.metric == Assertion::Metric::status;
    };
    if (result.counts.answered == 0) return false;
    if (result.counts.errors() > 0 && std::ranges::none_of(bounds, speaks_of_errors)) return false;
    return std::ranges::all_of(bounds,
                               [&](const Assertion& bound) { return check(bound, result).holds; });
}

}  // namespace

std::expected<Result, std::string> find_max(const LoadPlan& plan, const FindMaxSettings& settings,
                                            const StopSwitch& stop, const OnSample& on_sample,
                                            const std::function<void(const StepResult&)>& on_step) {
    RateSearch search(settings.first_rate, settings.precision);
    std::optional<Result> best, last;
    std::vector<StepResult> steps;
    while (!search.over() && !stop.stop.load(std::memory_order_relaxed)) {
        LoadPlan tried = plan;
        tried.steps = {{search.rate(), settings.step}};
        tried.duration = settings.step;
        auto result = run_load(tried, stop, on_sample);
        if (!result) return result;
        StepResult step = step_of(*result, search.rate());
        if (!result->interrupted) {
            step.met = meets(*result, settings.bounds);
            search.tell(*step.met);
        }
        steps.push_back(step);
        if (on_step) on_step(step);
        if (step.met.value_or(false)) best = *result;
        last = std::move(*result);
    }
    if (!best && !last) return std::unexpected("the search was stopped before its first rate");
    Result result = std::move(best ? *best : *last);
    result.steps = std::move(steps);
    result.found_max = {settings.text, search.highest_met(), search.lowest_failed()};
    return result;
}

}  // namespace ringload
