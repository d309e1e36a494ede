// Names of the view's values, as logs, metrics and the admin API write them.
#include "ringway/cluster/view.h"

#include "ringway/base/assert.h"

namespace ringway::cluster {

const char* name_of(UpstreamState state) {
    switch (state) {
        case UpstreamState::unknown:
            return "unknown";
        case UpstreamState::healthy:
            return "healthy";
        case UpstreamState::degraded:
            return "degraded";
        case UpstreamState::unhealthy:
            return "unhealthy";
        case UpstreamState::draining:
            return "draining";
        case UpstreamState::maintenance:
            return "maintenance";
    }
    RW_ASSERT(false);
    return "";
}

const char* name_of(Reason reason) {
    constexpr std::array<const char*, kReasons> kNames = {
        "none",
        "started",
        "check_passed",
        "check_failed",
        "check_unanswered",
        "check_slow",
        "probe_missed",
        "probe_refused",
        "probe_answered",
        "consecutive_failures",
        "error_rate",
        "relative_latency",
        "rate_limited",
        "credentials_refused",
        "credentials_accepted",
        "trial_failed",
        "trials_passed",
        "time_passed",
        "agent_asked",
        "by_hand",
    };
    return kNames[static_cast<std::size_t>(reason)];
}

const char* name_of(BreakerPhase phase) {
    switch (phase) {
        case BreakerPhase::closed:
            return "closed";
        case BreakerPhase::open:
            return "open";
        case BreakerPhase::half_open:
            return "half_open";
    }
    RW_ASSERT(false);
    return "";
}

}  // namespace ringway::cluster
