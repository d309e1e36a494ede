// The steps that every policy shares: who may be picked for a request. A Plan is the sorted picture
// of one PoolView (tiers, weights, the share of each tier), rebuilt when the view's version
// changes; a CandidateSet is what a policy draws from. Owned by one Balancer, hence by one shard.
// Invariant: a set that a policy is given is never empty.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ringway/balance/balance.h"

namespace ringway::balance {

/// Weights inside a set are the view's times this, so that slow start can scale them in whole
/// percents.
inline constexpr std::uint32_t kFullPercent = 100;
inline constexpr std::uint32_t kSlowStartPercentMin = 10;

/// Envoy's over-provisioning factor in percent: a tier is left for the next one only as far as 1.4
/// times its eligible share falls below the whole.
inline constexpr std::uint64_t kOverprovisioningPercent = 140;

inline bool is_full(const Load& load) {
    return load.in_flight_max != 0 && load.in_flight >= load.in_flight_max;
}
/// Full, or avoided for now.
inline bool is_shut(const Load& load, base::Instant now) {
    return is_full(load) || load.avoided_until > now;
}

/// Upstreams with weights, to draw from by weight. Positions run from 0 to count().
class CandidateSet {
 public:
    /// Makes room for upstream numbers below `upstream_count`; from then on nothing here allocates.
    void reserve(std::size_t upstream_count);
    void clear();
    void add(std::uint16_t upstream, std::uint32_t weight);

    bool empty() const { return upstreams_.empty(); }
    std::uint32_t count() const { return static_cast<std::uint32_t>(upstreams_.size()); }
    std::uint32_t weight_sum() const { return weight_sum_; }
    std::uint16_t upstream(std::uint32_t position) const { return upstreams_[position]; }
    std::uint32_t weight(std::uint32_t position) const { return weights_[position]; }
    std::span<const std::uint16_t> upstreams() const { return upstreams_; }
    /// The weight of an upstream by its number; 0 exactly when it is not in the set.
    std::uint32_t weight_of(std::uint16_t upstream) const { return weight_of_[upstream]; }

    /// A position, by weight.
    std::uint32_t draw(base::Prng& prng) const {
        if (uniform_) return prng.below(count());
        return position_at(prng.below(weight_sum_));
    }

    /// A position other than `first`, by weight; the set has at least two.
    std::uint32_t draw_other(std::uint32_t first, base::Prng& prng) const {
        if (uniform_) {
            const std::uint32_t position = prng.below(count() - 1);
            return position + (position >= first ? 1 : 0);
        }
        const std::uint32_t gap = weights_[first];
        const std::uint32_t point = prng.below(weight_sum_ - gap);
        return position_at(point + (point >= ends_[first] - gap ? gap : 0));
    }

    /// The position whose stretch of the line [0, weight_sum()) holds `point`.
    std::uint32_t position_at(std::uint32_t point) const;

 private:
    std::vector<std::uint16_t> upstreams_;
    std::vector<std::uint32_t> weights_;
    std::vector<std::uint32_t> ends_;       // running sums of weights_
    std::vector<std::uint32_t> weight_of_;  // by upstream number
    std::uint32_t weight_sum_ = 0;
    bool uniform_ = true;  // true exactly when all weights are equal
};

/// The upstreams of one priority, eligible or not.
struct Tier {
    std::uint32_t number = 0;
    bool backup = false;
    std::vector<std::uint16_t> members;
    std::uint64_t weight_sum = 0;  // of all members
    CandidateSet eligible;         // the members that may be picked now
    // where its stretch of [0, kShares) ends; tiers that get nothing have an empty one
    std::uint32_t share_end = 0;
};

class Plan {
 public:
    static constexpr std::uint32_t kShares = 1u << 16;

    explicit Plan(base::Duration slow_start) : slow_start_(slow_start) {}

    bool is_of(std::uint64_t version) const { return built_ && version == version_; }
    /// Sorts the view into tiers. Allocates.
    void rebuild(const cluster::PoolView& view);

    /// Of regular tiers first, by number, then of backups.
    std::span<const Tier> tiers() const { return tiers_; }
    const Tier& tier(int place) const { return tiers_[static_cast<std::size_t>(place)]; }
    bool none_eligible() const { return none_eligible_; }

    /// The tier when all traffic goes to one, or -1 when the draw of tier_at() decides.
    int only_tier() const { return only_tier_; }
    int tier_at(std::uint32_t point) const;

    bool is_eligible(std::uint16_t upstream) const {
        return upstream < eligible_.size() && eligible_[upstream];
    }

    /// True when slow start lowers the weight of one of the set now.
    bool any_warming(const CandidateSet& set, std::span<const Load> loads,
                     base::Instant now) const {
        if (slow_start_.count() == 0) return false;
        for (const std::uint16_t upstream : set.upstreams()) {
            if (warm_percent(loads[upstream], now) != kFullPercent) return true;
        }
        return false;
    }

    struct Filtered {
        const CandidateSet* set = nullptr;  // valid until the next call; nullptr: nobody is left
        int tier = 0;
    };
    /// Who is eligible, not full, untried and not avoided, with the weights of slow start: of tier
    /// `first`, else of the lowest tier that has any, else of the backups, else the same again with
    /// the avoided, and at last with the tried ones.
    Filtered filter(int first, std::span<const Load> loads, const Tried& tried, base::Instant now);

 private:
    Tier& tier_of(const cluster::UpstreamView& upstream, std::size_t upstream_count);
    void share_out(std::span<Tier> tiers);
    /// Whom fill() overlooks none of, beside the full ones.
    struct Spared {
        bool tried = true;
        bool avoided = true;
    };
    bool fill(const Tier& tier, std::span<const Load> loads, const Tried& tried, Spared spared,
              base::Instant now);
    std::uint32_t warm_percent(const Load& load, base::Instant now) const;

    base::Duration slow_start_;
    std::uint64_t version_ = 0;
    bool built_ = false;
    bool none_eligible_ = true;
    int only_tier_ = -1;
    std::vector<Tier> tiers_;
    std::vector<bool> eligible_;
    CandidateSet scratch_;
};

}  // namespace ringway::balance
