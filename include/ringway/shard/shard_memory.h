// What the shards of a process have learned beside what stands in the View, as a value: for a
// process that takes over from another.
#pragma once

#include <vector>

#include "ringway/forward/retry_budget.h"
#include "ringway/health/latency_memory.h"

namespace ringway::shard {

struct ShardMemory {
    std::vector<std::vector<health::LatencyMemory>> latencies;  // [pool][upstream]
    std::vector<forward::RetryBudget::Memory> retry_budgets;    // by pool

    /// What two shards know together.
    void fold(const ShardMemory& other);
    /// Of what shards know together, the part of one of so many: what is known is known to each,
    /// what may be spent is shared.
    ShardMemory part_of(std::size_t shards) const;
};

}  // namespace ringway::shard
