// Who may be picked for a request; see candidates.h. Pure; on the shard's thread.
#include "candidates.h"

#include <algorithm>
#include <array>

#include "ringway/base/assert.h"

namespace ringway::balance {

void CandidateSet::reserve(std::size_t upstream_count) {
    upstreams_.reserve(upstream_count);
    weights_.reserve(upstream_count);
    ends_.reserve(upstream_count);
    weight_of_.assign(upstream_count, 0);
}

void CandidateSet::clear() {
    for (const std::uint16_t upstream : upstreams_) weight_of_[upstream] = 0;
    upstreams_.clear();
    weights_.clear();
    ends_.clear();
    weight_sum_ = 0;
    uniform_ = true;
}

void CandidateSet::add(std::uint16_t upstream, std::uint32_t weight) {
    RW_ASSERT_HOT(weight > 0);
    if (!weights_.empty() && weights_.back() != weight) uniform_ = false;
    weight_sum_ += weight;  // at most 256 * 1000 * 100, far below 2^32
    upstreams_.push_back(upstream);
    weights_.push_back(weight);
    ends_.push_back(weight_sum_);
    weight_of_[upstream] = weight;
}

std::uint32_t CandidateSet::position_at(std::uint32_t point) const {
    // The point is random, so every branch on it would be mispredicted half the time. Few upstreams
    // are counted through (vector code, 8 of them in 3 ns), many are halved with conditional moves.
    const std::uint32_t* ends = ends_.data();
    if (count() <= 32) {
        std::uint32_t position = 0;
        for (std::uint32_t i = 0; i < count(); ++i) position += ends[i] <= point ? 1 : 0;
        return position;
    }
    std::uint32_t begin = 0;
    for (std::uint32_t left = count(); left > 1;) {
        const std::uint32_t half = left / 2;
        begin = ends[begin + half - 1] <= point ? begin + half : begin;
        left -= half;
    }
    return begin;
}

Tier& Plan::tier_of(const cluster::UpstreamView& upstream, std::size_t upstream_count) {
    for (Tier& tier : tiers_) {
        if (tier.number == upstream.tier && tier.backup == upstream.backup) return tier;
    }
    Tier& tier = tiers_.emplace_back();
    tier.number = upstream.tier;
    tier.backup = upstream.backup;
    tier.eligible.reserve(upstream_count);
    return tier;
}

void Plan::rebuild(const cluster::PoolView& view) {
    const std::size_t count = view.upstreams.size();
    tiers_.clear();
    eligible_.assign(count, false);
    scratch_.clear();
    scratch_.reserve(count);

    for (std::size_t i = 0; i < count; ++i) {
        const cluster::UpstreamView& upstream = view.upstreams[i];
        RW_ASSERT(upstream.weight >= 1);
        RW_ASSERT(upstream.weight <= cluster::kWeightMax);
        const auto number = static_cast<std::uint16_t>(i);
        const std::uint32_t weight = upstream.weight * kFullPercent;
        Tier& tier = tier_of(upstream, count);
        tier.members.push_back(number);
        tier.weight_sum += weight;
        if (!upstream.eligible) continue;
        eligible_[i] = true;
        tier.eligible.add(number, weight);
    }
    std::sort(tiers_.begin(), tiers_.end(), [](const Tier& a, const Tier& b) {
        return a.backup != b.backup ? b.backup : a.number < b.number;
    });

    const auto has_eligible = [](const Tier& tier) { return !tier.eligible.empty(); };
    const auto backups =
        std::find_if(tiers_.begin(), tiers_.end(), [](const Tier& t) { return t.backup; });
    const std::span<Tier> all(tiers_);
    const auto regular_count = static_cast<std::size_t>(backups - tiers_.begin());
    none_eligible_ = std::none_of(tiers_.begin(), tiers_.end(), has_eligible);
    const bool backups_only = std::none_of(tiers_.begin(), backups, has_eligible);
    share_out(backups_only ? all.subspan(regular_count) : all.first(regular_count));
    version_ = view.version;
    built_ = true;
}

// Envoy's "priority levels and overprovisioning": a tier's health is min(1, 1.4 x eligible / all),
// here of weights, so that a tier is judged by what it can carry. A tier gets its health of what
// the ones before it left; when all of them together fall short of the whole, they are scaled up to
// it.
void Plan::share_out(std::span<Tier> tiers) {
    const auto health_of = [](const Tier& tier) {
        const std::uint64_t health = tier.eligible.weight_sum() * kOverprovisioningPercent *
                                     kShares / (std::max<std::uint64_t>(tier.weight_sum, 1) * 100);
        return std::min<std::uint64_t>(health, kShares);
    };
    std::uint64_t health_sum = 0;
    for (const Tier& tier : tiers)
        health_sum = std::min<std::uint64_t>(health_sum + health_of(tier), kShares);

    only_tier_ = -1;
    std::uint32_t end = 0;
    Tier* last = nullptr;
    for (Tier& tier : tiers) {
        tier.share_end = end;
        if (tier.eligible.empty() || end == kShares) continue;
        const std::uint64_t share =
            std::max<std::uint64_t>(health_of(tier) * kShares / health_sum, 1);
        tier.share_end = static_cast<std::uint32_t>(std::min<std::uint64_t>(end + share, kShares));
        if (tier.share_end == kShares && end == 0)
            only_tier_ = static_cast<int>(&tier - tiers_.data());
        end = tier.share_end;
        last = &tier;
    }
    if (last != nullptr) last->share_end = kShares;  // what rounding left over
}

int Plan::tier_at(std::uint32_t point) const {
    RW_ASSERT_HOT(!none_eligible_);
    std::size_t i = 0;
    while (tiers_[i].eligible.empty() || tiers_[i].share_end <= point) ++i;
    return static_cast<int>(i);
}

std::uint32_t Plan::warm_percent(const Load& load, base::Instant now) const {
    if (slow_start_.count() == 0 || load.eligible_since == base::Instant{}) return kFullPercent;
    const base::Duration age = now - load.eligible_since;
    if (age >= slow_start_) return kFullPercent;
    if (age.count() <= 0) return kSlowStartPercentMin;
    const auto span = static_cast<std::int64_t>(kFullPercent - kSlowStartPercentMin);
    return kSlowStartPercentMin +
           static_cast<std::uint32_t>(span * base::to_us(age) /
                                      std::max<std::int64_t>(base::to_us(slow_start_), 1));
}

bool Plan::fill(const Tier& tier, std::span<const Load> loads, const Tried& tried, Spared spared,
                base::Instant now) {
    scratch_.clear();
    for (std::uint32_t i = 0; i < tier.eligible.count(); ++i) {
        const std::uint16_t upstream = tier.eligible.upstream(i);
        const Load& load = loads[upstream];
        if (spared.avoided ? is_shut(load, now) : is_full(load)) continue;
        if (spared.tried && tried.has(cluster::UpstreamIndex{upstream})) continue;
        scratch_.add(upstream, tier.eligible.weight(i) / kFullPercent * warm_percent(load, now));
    }
    return !scratch_.empty();
}

Plan::Filtered Plan::filter(int first, std::span<const Load> loads, const Tried& tried,
                            base::Instant now) {
    const int count = static_cast<int>(tiers_.size());
    constexpr std::array<Spared, 3> kRounds = {Spared{}, Spared{.tried = true, .avoided = false},
                                               Spared{.tried = false, .avoided = false}};
    for (const Spared spared : kRounds) {
        if (fill(tier(first), loads, tried, spared, now)) return {&scratch_, first};
        for (int i = 0; i < count; ++i) {
            if (i != first && fill(tier(i), loads, tried, spared, now)) return {&scratch_, i};
        }
    }
    return {};
}

}  // namespace ringway::balance
