// Rise and fall of one check; see verdict.h.
#include "ringway/health/verdict.h"

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringway::health {
namespace {

Verdict::Standing standing_of(cluster::UpstreamState state) {
    switch (state) {
        case cluster::UpstreamState::healthy:
            return Verdict::Standing::up;
        case cluster::UpstreamState::degraded:
            return Verdict::Standing::slow;
        case cluster::UpstreamState::unhealthy:
            return Verdict::Standing::down;
        case cluster::UpstreamState::unknown:
        case cluster::UpstreamState::draining:
        case cluster::UpstreamState::maintenance:
            return Verdict::Standing::unknown;
    }
    return Verdict::Standing::unknown;
}

}  // namespace

Verdict::Verdict(const config::HealthCheck& rules, cluster::UpstreamState start)
    : fall_(rules.fall), rise_(rules.rise), standing_(standing_of(start)) {
    RW_ASSERT(fall_ >= 1);
    RW_ASSERT(rise_ >= 1);
}

bool Verdict::add(CheckOutcome outcome) {
    if (outcome == CheckOutcome::neither) return false;
    if (outcome == CheckOutcome::failed) return add_failure();
    return add_pass(outcome == CheckOutcome::slow);
}

bool Verdict::add_failure() {
    successes_ = 0;
    pace_changes_ = 0;
    ++failures_;
    return failures_ >= fall_ && stand(Standing::down);
}

bool Verdict::add_pass(bool slow) {
    failures_ = 0;
    ++successes_;
    const bool against = slow != (standing_ == Standing::slow);
    pace_changes_ = against ? pace_changes_ + 1 : 0;
    switch (standing_) {
        case Standing::unknown:
            return stand(slow ? Standing::slow : Standing::up);
        case Standing::up:
            return pace_changes_ >= rise_ && stand(Standing::slow);
        case Standing::slow:
            return pace_changes_ >= rise_ && stand(Standing::up);
        case Standing::down:
            return successes_ >= rise_ &&
                   stand(pace_changes_ >= rise_ ? Standing::slow : Standing::up);
    }
    return false;
}

/// True when that is a change.
bool Verdict::stand(Standing standing) {
    if (standing_ == standing) return false;
    standing_ = standing;
    pace_changes_ = 0;
    return true;
}

void Verdict::force(Standing standing) {
    standing_ = standing;
    failures_ = 0;
    successes_ = 0;
    pace_changes_ = 0;
}

void Verdict::force_down() { force(Standing::down); }

void Verdict::force_up() { force(Standing::up); }

bool Verdict::turning() const {
    return standing_ == Standing::unknown || standing_ == Standing::down || failures_ != 0 ||
           pace_changes_ != 0;
}

cluster::UpstreamState state_of(std::span<const Verdict::Standing> standings) {
    const auto any = [&](Verdict::Standing standing) {
        return std::ranges::find(standings, standing) != standings.end();
    };
    if (any(Verdict::Standing::down)) return cluster::UpstreamState::unhealthy;
    if (any(Verdict::Standing::unknown)) return cluster::UpstreamState::unknown;
    if (any(Verdict::Standing::slow)) return cluster::UpstreamState::degraded;
    return cluster::UpstreamState::healthy;
}

}  // namespace ringway::health
