// What follows from the observations of a pool: who is eligible, with what weight, and whether the
// pool panics. Pure.
#include <algorithm>
#include <numeric>

#include "ringway/breaker/breaker.h"
#include "ringway/failover/merge.h"
#include "serving.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;

namespace {

constexpr std::uint64_t kBackupTier = std::uint64_t{1} << 32;  // behind every configured one
constexpr std::uint64_t kWhole = 100 * 100;                    // of two percentages

bool is_ejected(const UpstreamView& upstream) { return upstream.ejected_until != Instant{}; }

bool is_taken_out_on_purpose(UpstreamState state) {
    return state == UpstreamState::draining || state == UpstreamState::maintenance;
}

std::uint64_t exact_weight(const config::Pool& rules, const UpstreamView& upstream) {
    // A refused credential is no outage, but each request that meets it costs a round trip more.
    const bool lessened = upstream.state == UpstreamState::degraded || upstream.credentials_fault;
    return std::uint64_t{upstream.weight_by_hand.value_or(upstream.weight_config)} *
           (lessened ? rules.health.degraded_weight_percent : 100) * upstream.agent_percent;
}

/// Weights in the ratio of the exact ones: as they are configured where percentages leave whole
/// numbers, else all of the pool's multiplied by the least number that makes them whole, so that a
/// weight of 1 can be degraded too. Where that passes kWeightMax they are rounded.
void settle_weights(const config::Pool& rules, PoolView& pool) {
    std::uint64_t divisor = kWhole, largest = 0;
    for (const UpstreamView& upstream : pool.upstreams) {
        const std::uint64_t exact = exact_weight(rules, upstream);
        divisor = std::gcd(divisor, exact);
        largest = std::max(largest, exact);
    }
    const bool fits = largest / divisor <= cluster::kWeightMax;
    for (UpstreamView& upstream : pool.upstreams) {
        const std::uint64_t exact = exact_weight(rules, upstream);
        const std::uint64_t weight = fits ? exact / divisor : exact * cluster::kWeightMax / largest;
        upstream.weight = static_cast<std::uint32_t>(std::max<std::uint64_t>(weight, 1));
    }
}

}  // namespace

bool is_good(UpstreamState state) {
    return state == UpstreamState::healthy || state == UpstreamState::degraded;
}

bool is_reachable(const config::Pool& rules, const UpstreamView& upstream, bool breaker_counts) {
    return !upstream.addresses.empty() && upstream.cooling_until == Instant{} &&
           upstream.agent_percent > 0 && upstream.weight_by_hand != 0u &&
           (!breaker_counts || breaker::admits(rules.breaker, upstream.breaker));
}

std::optional<std::uint64_t> serving_tier(const config::Pool& rules, const PoolView& pool) {
    std::optional<std::uint64_t> lowest;
    for (const UpstreamView& upstream : pool.upstreams) {
        const bool on_trial = breaker::needs_trial(upstream.breaker) && is_good(upstream.state) &&
                              (!is_ejected(upstream) || pool.panic) &&
                              is_reachable(rules, upstream, false);
        if (!upstream.eligible && !on_trial) continue;
        const std::uint64_t tier = upstream.backup ? kBackupTier : upstream.tier;
        lowest = std::min(lowest.value_or(tier), tier);
    }
    return lowest;
}

void settle(const config::Pool& config, PoolView& pool, Instant now) {
    std::size_t usable_now = 0, usable = 0, meant = 0, out_by_ejection = 0;
    for (const UpstreamView& upstream : pool.upstreams) {
        if (!is_taken_out_on_purpose(upstream.state)) ++meant;
        if (!is_good(upstream.state)) continue;
        if (!is_ejected(upstream) && is_reachable(config, upstream)) ++usable_now;
        // Trials come and go: whether all of them are out now is no news of the pool.
        const bool breaker_counts = !breaker::needs_trial(upstream.breaker);
        if (!is_reachable(config, upstream, breaker_counts)) continue;
        ++(is_ejected(upstream) ? out_by_ejection : usable);
    }
    pool.panic = out_by_ejection > 0 && usable * 100 < meant * config.health.panic_percent;
    for (UpstreamView& upstream : pool.upstreams) {
        const bool was_eligible = upstream.eligible;
        const bool wanted = is_good(upstream.state) ? !is_ejected(upstream) || pool.panic
                                                    : upstream.state == UpstreamState::unknown &&
                                                          usable_now == 0 && !is_ejected(upstream);
        upstream.eligible = wanted && is_reachable(config, upstream);
        if (upstream.eligible) {
            upstream.out_since = Instant{};
        } else if (was_eligible) {
            upstream.out_since = now;
        }
    }
    settle_weights(config, pool);
}

}  // namespace ringway::failover
