// round_robin: the smooth weighted form of nginx. Every candidate earns its weight, the richest is
// picked and pays what all of them earned, so that 5:1:1 gives a a b a c a a and never five a in a
// row. Invariant: over one round of weight_sum picks each upstream is picked exactly weight times.
#include <cstdint>
#include <vector>

#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

class RoundRobin {
 public:
    static constexpr bool kCounts = true;
    static constexpr bool kKeyed = false;

    explicit RoundRobin(std::size_t upstream_count) : credit_(upstream_count, 0) {}

    // Credit is kept over a change of the view: what was earned under the old weights is at most
    // one round's worth.
    void rebuild(const Plan&, const cluster::PoolView&) {}

    std::uint32_t choose(const Draw& draw, base::Prng&) {
        std::uint32_t best = 0;
        std::int64_t best_credit = INT64_MIN;
        for (std::uint32_t i = 0; i < draw.set.count(); ++i) {
            std::int64_t& credit = credit_[draw.set.upstream(i)];
            credit += draw.set.weight(i);
            if (credit > best_credit) {
                best_credit = credit;
                best = i;
            }
        }
        credit_[draw.set.upstream(best)] -= draw.set.weight_sum();
        return best;
    }

    void observe(cluster::UpstreamIndex, base::Duration, base::Instant) {}

 private:
    // nginx's current_weight, by upstream
    std::vector<std::int64_t> credit_;
};

}  // namespace

std::unique_ptr<Balancer> make_round_robin(const config::Pool& pool) {
    return std::make_unique<Picker<RoundRobin>>(pool, pool.upstreams.size());
}

}  // namespace ringway::balance
