// The one implementation of Balancer: the shared steps (view change, stickiness, tier, filter)
// around a policy that only draws from a set. A template, so that the policy is inlined into
// pick(). Owned by a shard; single-threaded.
#pragma once

#include <memory>
#include <utility>

#include "candidates.h"
#include "ringway/base/assert.h"
#include "ringway/base/hash.h"

namespace ringway::balance {

/// What a policy may look at when it draws from `set`, which is all or a part of the tier at place
/// `tier` of the plan.
struct Draw {
    const CandidateSet& set;
    int tier;
    std::span<const Load> loads;
    const Request& request;
    base::Instant now;
};

/// Policy has:
///   kCounts   true when each choice changes the state that the next one is made by, so that a
///   choice cannot be thrown away kKeyed    true when equal keys must go to one place, the tier
///   included rebuild(plan, view)   the view changed; may allocate choose(draw, prng)    a position
///   of draw.set observe(...)          as Balancer's
template <class Policy>
class Picker final : public Balancer {
 public:
    template <class... Args>
    explicit Picker(const config::Pool& pool, Args&&... args)
        : upstream_count_(pool.upstreams.size()),
          plan_(pool.slow_start),
          policy_(std::forward<Args>(args)...) {}

    std::optional<cluster::UpstreamIndex> pick(const cluster::PoolView& view,
                                               std::span<const Load> loads, const Request& request,
                                               base::Instant now, base::Prng& prng) override {
        if (!plan_.is_of(view.version)) [[unlikely]] {
            rebuild(view);
        }
        RW_ASSERT_HOT(loads.size() >= view.upstreams.size());
        if (request.sticky && is_free(*request.sticky, loads, request.tried, now))
            return request.sticky;
        if (plan_.none_eligible()) return std::nullopt;

        const int tier = plan_.only_tier() >= 0 ? plan_.only_tier() : draw_tier(request, prng);
        const CandidateSet& all = plan_.tier(tier).eligible;
        if (request.tried.count() == 0 && !plan_.any_warming(all, loads, now) &&
            !(Policy::kCounts && any_shut(all, loads, now))) [[likely]] {
            // Being shut is rare: looking at the chosen one only is cheaper than at all of them
            // before.
            const std::uint32_t position =
                policy_.choose(Draw{all, tier, loads, request, now}, prng);
            const std::uint16_t upstream = all.upstream(position);
            if (!is_shut(loads[upstream], now)) return cluster::UpstreamIndex{upstream};
        }
        const Plan::Filtered filtered = plan_.filter(tier, loads, request.tried, now);
        if (filtered.set == nullptr) return std::nullopt;
        const Draw draw{*filtered.set, filtered.tier, loads, request, now};
        return cluster::UpstreamIndex{filtered.set->upstream(policy_.choose(draw, prng))};
    }

    void observe(cluster::UpstreamIndex upstream, base::Duration latency,
                 base::Instant now) override {
        RW_ASSERT_HOT(upstream.value < upstream_count_);
        policy_.observe(upstream, latency, now);
    }

 private:
    void rebuild(const cluster::PoolView& view) {
        RW_ASSERT(view.upstreams.size() == upstream_count_);
        plan_.rebuild(view);
        policy_.rebuild(plan_, view);
    }

    bool is_free(cluster::UpstreamIndex upstream, std::span<const Load> loads, const Tried& tried,
                 base::Instant now) const {
        return plan_.is_eligible(upstream.value) && !is_shut(loads[upstream.value], now) &&
               !tried.has(upstream);
    }

    static bool any_shut(const CandidateSet& set, std::span<const Load> loads, base::Instant now) {
        for (const std::uint16_t upstream : set.upstreams()) {
            if (is_shut(loads[upstream], now)) return true;
        }
        return false;
    }

    int draw_tier(const Request& request, base::Prng& prng) const {
        if constexpr (Policy::kKeyed) {
            // so that the tier and the place in it are independent
            constexpr std::uint64_t kSalt = 0x7469657273;
            if (request.key) {
                return plan_.tier_at(
                    static_cast<std::uint32_t>(base::mix64(*request.key ^ kSalt) >> 48));
            }
        }
        return plan_.tier_at(prng.below(Plan::kShares));
    }

    std::size_t upstream_count_;
    Plan plan_;
    Policy policy_;
};

}  // namespace ringway::balance
