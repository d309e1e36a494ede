// Picking an upstream of a pool for one request. Pure: time and randomness are arguments, state
// belongs to the shard.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "ringway/base/limits.h"
#include "ringway/base/prng.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::balance {

/// What this shard has going to one upstream; written by the shard alone, indexed by UpstreamIndex.
struct Load {
    std::uint32_t in_flight = 0;
    std::uint32_t in_flight_max = 0;  // 0: no limit
    base::Instant eligible_since{};   // for slow start; the epoch: long ago
    // a request there has just failed: until then others are picked, if there are any
    base::Instant avoided_until{};
};

/// The upstreams that this request was already sent to; never picked again while another is left.
class Tried {
 public:
    void add(cluster::UpstreamIndex upstream) {
        if (count_ < at_.size()) at_[count_++] = upstream;
    }
    bool has(cluster::UpstreamIndex upstream) const {
        for (std::uint8_t i = 0; i < count_; ++i) {
            if (at_[i] == upstream) return true;
        }
        return false;
    }
    /// It was dialled, but not asked after all.
    void remove(cluster::UpstreamIndex upstream) {
        for (std::uint8_t i = 0; i < count_; ++i) {
            if (at_[i] != upstream) continue;
            at_[i] = at_[--count_];
            return;
        }
    }
    std::uint8_t count() const { return count_; }

 private:
    std::array<cluster::UpstreamIndex, base::kAttemptsMax> at_{};
    std::uint8_t count_ = 0;
};

struct Request {
    // hash for maglev; none: nothing to hash, a random upstream is taken
    std::optional<std::uint64_t> key;
    // from the affinity cookie: used if eligible, untried and not full
    std::optional<cluster::UpstreamIndex> sticky;
    Tried tried;
};

/// One pool's policy on one shard.
class Balancer {
 public:
    virtual ~Balancer() = default;

    /// The upstream for `request`: of the lowest tier with an eligible, not full one (spilling over
    /// to the next tier by the healthy share of a tier), backups only when nothing else is
    /// eligible; an avoided upstream only when all others are full or tried, and one in `tried`
    /// only when all eligible ones are in it. Nothing when none is
    /// eligible and not full. Called once per request (and retry); no allocation except when
    /// `view.version` changed since the last call.
    virtual std::optional<cluster::UpstreamIndex> pick(const cluster::PoolView& view,
                                                       std::span<const Load> loads,
                                                       const Request& request, base::Instant now,
                                                       base::Prng& prng) = 0;

    /// An answer from `upstream` began `latency` after its request was sent; feeds peak_ewma.
    virtual void observe(cluster::UpstreamIndex upstream, base::Duration latency,
                         base::Instant now) = 0;
};

/// The policy that the pool's configuration names, with its slow start.
std::unique_ptr<Balancer> make_balancer(const config::Pool& pool);

/// Affinity cookie: the value that stands for an upstream (a hash of its name, so that a reordered
/// file keeps sessions).
std::uint64_t sticky_token(const config::Upstream& upstream);

}  // namespace ringway::balance
