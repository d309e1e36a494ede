// maglev: equal keys to equal upstreams, with little movement when the pool changes (Eisenbud et
// al., NSDI 2016, 3.4; with the weighted turns of Envoy's). Each tier has a table of a prime size
// that names an upstream for every slot. It holds all upstreams of the tier, eligible or not: one
// that goes out moves its own keys only, and they come back when it does. The tables are made from
// names, so that every shard, every machine and a reordered file agree.
#include <algorithm>
#include <string>
#include <vector>

#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

// Prime sizes. Two of them only, since keys move when the size does: it must not follow every
// upstream that is added.
constexpr std::uint32_t kSmallSlots = 16381;  // 32 KiB; 500 slots each for 32 upstreams
constexpr std::uint32_t kLargeSlots = 65537;  // 128 KiB
constexpr std::size_t kSmallUpstreamsMax = 32;

constexpr std::uint64_t kOffsetSeed = 1;
constexpr std::uint64_t kSkipSeed = 2;
constexpr std::uint64_t kWarmSalt = 0x7761726d;
// 2^64 / golden ratio: keys of successive steps share no pattern
constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
constexpr std::uint64_t kStepsMax = 64;

class Maglev {
 public:
    static constexpr bool kCounts = false;
    static constexpr bool kKeyed = true;

    explicit Maglev(const config::Pool& pool)
        : slots_(pool.upstreams.size() <= kSmallUpstreamsMax ? kSmallSlots : kLargeSlots) {
        for (const config::Upstream& upstream : pool.upstreams) names_.push_back(upstream.name);
    }

    void rebuild(const Plan& plan, const cluster::PoolView& view) {
        std::vector<Member> members;
        members.reserve(view.upstreams.size());
        for (const cluster::UpstreamView& upstream : view.upstreams) {
            members.push_back({upstream.weight, upstream.tier, upstream.backup});
        }
        if (members == members_ && !tables_.empty()) return;  // who is eligible changes no table
        members_ = std::move(members);
        tables_.clear();
        tables_.reserve(plan.tiers().size());
        for (const Tier& tier : plan.tiers()) tables_.push_back(make_table(tier));
    }

    std::uint32_t choose(const Draw& draw, base::Prng& prng) {
        if (!draw.request.key) return draw.set.draw(prng);
        const std::vector<std::uint16_t>& table = tables_[static_cast<std::size_t>(draw.tier)];
        std::uint64_t key = base::mix64(*draw.request.key);
        for (std::uint64_t step = 0; step < kStepsMax; ++step, key = base::mix64(key + kStep)) {
            const std::uint16_t upstream = table[slot_of(key)];
            if (takes(draw.set, upstream, key)) return position_in(draw.set, upstream);
        }
        // The few that are left have almost no slots: the key chooses among them by weight.
        const auto point = static_cast<std::uint64_t>(static_cast<std::uint32_t>(key >> 32));
        return draw.set.position_at(
            static_cast<std::uint32_t>((point * draw.set.weight_sum()) >> 32));
    }

    void observe(cluster::UpstreamIndex, base::Duration, base::Instant) {}

 private:
    struct Member {
        std::uint32_t weight;
        std::uint32_t tier;
        bool backup;
        bool operator==(const Member&) const = default;
    };

    // One upstream's walk through the slots: a permutation of them, since the size is prime.
    struct Walk {
        std::uint64_t name_hash;
        std::uint16_t upstream;
        std::uint32_t at;
        std::uint32_t skip;
        std::uint64_t weight;
        std::uint64_t due;  // the upstream takes a turn in rounds with round * weight >= due
    };

    std::uint32_t slot_of(std::uint64_t key) const {
        return static_cast<std::uint32_t>(((key >> 32) * slots_) >> 32);
    }

    // An upstream that warms up takes the same part of its keys on every shard, and more of them as
    // its weight grows.
    bool takes(const CandidateSet& set, std::uint16_t upstream, std::uint64_t key) const {
        const std::uint32_t weight = set.weight_of(upstream);
        const std::uint32_t full = members_[upstream].weight * kFullPercent;
        if (weight == full) return true;
        if (weight == 0) return false;
        return (base::mix64(key ^ kWarmSalt) >> 32) * full < std::uint64_t{weight} << 32;
    }

    static std::uint32_t position_in(const CandidateSet& set, std::uint16_t upstream) {
        const auto all = set.upstreams();  // in rising order, as the view's
        return static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), upstream) -
                                          all.begin());
    }

    std::vector<Walk> make_walks(const Tier& tier, std::uint64_t weight_max) const {
        std::vector<Walk> walks;
        for (const std::uint16_t upstream : tier.members) {
            const std::string& name = names_[upstream];
            const std::uint64_t offset = base::hash_bytes(name, kOffsetSeed);
            const std::uint64_t skip = base::hash_bytes(name, kSkipSeed);
            walks.push_back({offset, upstream, static_cast<std::uint32_t>(offset % slots_),
                             static_cast<std::uint32_t>(skip % (slots_ - 1)) + 1,
                             members_[upstream].weight, weight_max});
        }
        // Turns are taken in the order of names, whatever the order in the file.
        std::sort(walks.begin(), walks.end(), [this](const Walk& a, const Walk& b) {
            if (a.name_hash != b.name_hash) return a.name_hash < b.name_hash;
            return names_[a.upstream] < names_[b.upstream];
        });
        return walks;
    }

    std::vector<std::uint16_t> make_table(const Tier& tier) const {
        constexpr std::uint16_t kFree = 0xffff;
        std::uint64_t weight_max = 1;
        for (const std::uint16_t upstream : tier.members) {
            weight_max = std::max<std::uint64_t>(weight_max, members_[upstream].weight);
        }
        std::vector<Walk> walks = make_walks(tier, weight_max);
        std::vector<std::uint16_t> table(slots_, kFree);
        std::uint32_t filled = 0;
        for (std::uint64_t round = 1; filled < slots_; ++round) {
            for (Walk& walk : walks) {
                if (round * walk.weight < walk.due) continue;
                walk.due += weight_max;
                while (table[walk.at] != kFree) advance(walk);
                table[walk.at] = walk.upstream;
                if (++filled == slots_) break;
            }
        }
        return table;
    }

    void advance(Walk& walk) const {
        walk.at += walk.skip;
        if (walk.at >= slots_) walk.at -= slots_;
    }

    std::uint32_t slots_;
    std::vector<std::string> names_;
    std::vector<Member> members_;                     // what the tables were made of
    std::vector<std::vector<std::uint16_t>> tables_;  // by place of the tier in the plan
};

}  // namespace

std::unique_ptr<Balancer> make_maglev(const config::Pool& pool) {
    return std::make_unique<Picker<Maglev>>(pool, pool);
}

}  // namespace ringway::balance
