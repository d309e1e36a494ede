// random: each request to an upstream drawn by weight. Nothing is remembered.
#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

struct Random {
    static constexpr bool kCounts = false;
    static constexpr bool kKeyed = false;

    void rebuild(const Plan&, const cluster::PoolView&) {}
    std::uint32_t choose(const Draw& draw, base::Prng& prng) { return draw.set.draw(prng); }
    void observe(cluster::UpstreamIndex, base::Duration, base::Instant) {}
};

}  // namespace

std::unique_ptr<Balancer> make_random(const config::Pool& pool) {
    return std::make_unique<Picker<Random>>(pool);
}

}  // namespace ringway::balance
