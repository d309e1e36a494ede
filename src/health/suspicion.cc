// When a request is overdue; see suspicion.h.
#include "ringway/health/suspicion.h"

#include <algorithm>

namespace ringway::health {

base::Duration Suspicion::quantile(double q) const {
    if (sketch_.samples() < kSamplesMin) return base::Duration::zero();
    if (q != kept_q_) {
        kept_quantile_ = sketch_.quantile(q);
        kept_q_ = q;
    }
    return kept_quantile_;
}

void Suspicion::set_rules(const config::Suspicion& rules) {
    rules_ = &rules;
    base_overdue_ = rules.overdue_max;
    work_out();
    back_off();
}

void Suspicion::work_out() {
    since_worked_out_ = 0;
    kept_q_ = -1;
    if (sketch_.samples() < kSamplesMin) return;
    const auto latency = static_cast<double>(base::to_ns(sketch_.quantile(rules_->quantile)));
    const double overdue =
        std::clamp(latency * rules_->factor, static_cast<double>(base::to_ns(rules_->overdue_min)),
                   static_cast<double>(base::to_ns(rules_->overdue_max)));
    base_overdue_ = base::Duration(static_cast<std::int64_t>(overdue));
    back_off();
}

void Suspicion::back_off() {
    constexpr base::Duration kLongest = base::Duration::max() / (1 << kBackOffMax);
    overdue_after_ = std::min(base_overdue_, kLongest) * (1 << times_alive_);
}

void Suspicion::found_alive() {
    times_alive_ = std::min(times_alive_ + 1, kBackOffMax);
    back_off();
}

void Suspicion::settle() {
    times_alive_ = 0;
    back_off();
}

bool silence_counts(std::uint32_t other_eligible, std::uint32_t other_suspected) {
    return std::uint64_t{2} * other_suspected <= other_eligible;
}

}  // namespace ringway::health
