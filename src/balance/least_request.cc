// least_request: the upstream with the fewest requests in flight for its weight, of all of them;
// ties are drawn by weight. Looks at every candidate, so it costs more than p2c in large pools and
// sees more in small ones.
#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

struct LeastRequest {
    static constexpr bool kCounts = false;
    static constexpr bool kKeyed = false;

    void rebuild(const Plan&, const cluster::PoolView&) {}

    std::uint32_t choose(const Draw& draw, base::Prng& prng) {
        const CandidateSet& set = draw.set;
        std::uint32_t best = 0;
        std::uint32_t tie_weight = 0;
        for (std::uint32_t i = 0; i < set.count(); ++i) {
            const std::uint64_t mine = cost(draw, i, best);
            const std::uint64_t least = cost(draw, best, i);
            if (i == 0 || mine < least) {
                best = i;
                tie_weight = set.weight(i);
            } else if (mine == least) {
                tie_weight += set.weight(i);
            }
        }
        if (tie_weight == set.weight(best)) return best;
        std::uint32_t point = prng.below(tie_weight);
        for (std::uint32_t i = best; i < set.count(); ++i) {
            if (cost(draw, i, best) != cost(draw, best, i)) continue;
            if (point < set.weight(i)) return i;
            point -= set.weight(i);
        }
        return best;
    }

    void observe(cluster::UpstreamIndex, base::Duration, base::Instant) {}

 private:
    // in_flight / weight of `position`, brought to one denominator with that of `other`.
    static std::uint64_t cost(const Draw& draw, std::uint32_t position, std::uint32_t other) {
        return std::uint64_t{draw.loads[draw.set.upstream(position)].in_flight} *
               draw.set.weight(other);
    }
};

}  // namespace

std::unique_ptr<Balancer> make_least_request(const config::Pool& pool) {
    return std::make_unique<Picker<LeastRequest>>(pool);
}

}  // namespace ringway::balance
