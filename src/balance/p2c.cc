// p2c: two different upstreams are drawn by weight, the one with fewer requests in flight for its
// weight is taken (the power of two choices: Mitzenmacher, 2001). A tie goes to the first drawn, so
// that an idle pool is shared by weight.
#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

struct P2c {
    static constexpr bool kCounts = false;
    static constexpr bool kKeyed = false;

    void rebuild(const Plan&, const cluster::PoolView&) {}

    std::uint32_t choose(const Draw& draw, base::Prng& prng) {
        const CandidateSet& set = draw.set;
        if (set.count() == 1) return 0;
        const std::uint32_t first = set.draw(prng);
        const std::uint32_t second = set.draw_other(first, prng);
        const std::uint64_t first_in_flight = draw.loads[set.upstream(first)].in_flight;
        const std::uint64_t second_in_flight = draw.loads[set.upstream(second)].in_flight;
        return first_in_flight * set.weight(second) <= second_in_flight * set.weight(first)
                   ? first
                   : second;
    }

    void observe(cluster::UpstreamIndex, base::Duration, base::Instant) {}
};

}  // namespace

std::unique_ptr<Balancer> make_p2c(const config::Pool& pool) {
    return std::make_unique<Picker<P2c>>(pool);
}

}  // namespace ringway::balance
