// From a pool's configuration to its policy, and the token of its affinity cookie.
#include "ringway/balance/balance.h"

#include "policies.h"
#include "ringway/base/assert.h"
#include "ringway/base/hash.h"

namespace ringway::balance {

std::unique_ptr<Balancer> make_balancer(const config::Pool& pool) {
    RW_ASSERT(pool.upstreams.size() <= base::kUpstreamsPerPoolMax);
    switch (pool.balance) {
        case config::Balance::round_robin:
            return make_round_robin(pool);
        case config::Balance::least_request:
            return make_least_request(pool);
        case config::Balance::p2c:
            return make_p2c(pool);
        case config::Balance::peak_ewma:
            return make_peak_ewma(pool);
        case config::Balance::maglev:
            return make_maglev(pool);
        case config::Balance::random:
            return make_random(pool);
    }
    RW_ASSERT(false);
    return nullptr;
}

std::uint64_t sticky_token(const config::Upstream& upstream) {
    return base::hash_bytes(upstream.name);
}

}  // namespace ringway::balance
