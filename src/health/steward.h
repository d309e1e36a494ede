// The soft evidence, weighed once a second: what all shards counted of the pools that this shard
// stewards. Owned by the Monitor, on the shard's thread.
#pragma once

#include <memory>
#include <vector>

#include "desk.h"
#include "ringway/health/outlier.h"

namespace ringway::health {

class Steward {
 public:
    explicit Steward(Desk& desk);

    /// Once a second. `is_mine`: whether each pool is stewarded here now.
    void tick(const std::vector<bool>& is_mine);

 private:
    struct Record {
        Window window;
        base::Instant ejected_until{};
        cluster::BreakerPhase phase = cluster::BreakerPhase::closed;
        std::uint16_t breaker_resets = 0;
    };
    void weigh(std::uint16_t pool, std::vector<Record>& records);
    void weigh_errors(cluster::Place place, const Window& window);
    void weigh_latency(std::uint16_t pool, const std::vector<Record>& records);
    Totals sum(cluster::Place place) const;

    Desk& desk_;
    std::vector<std::vector<Record>> records_;  // of each pool; empty: not stewarded here
};

}  // namespace ringway::health
