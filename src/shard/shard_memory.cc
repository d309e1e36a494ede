#include "ringway/shard/shard_memory.h"

#include <algorithm>

namespace ringway::shard {

void ShardMemory::fold(const ShardMemory& other) {
    latencies.resize(std::max(latencies.size(), other.latencies.size()));
    for (std::size_t i = 0; i < other.latencies.size(); ++i) {
        auto& pool = latencies[i];
        pool.resize(std::max(pool.size(), other.latencies[i].size()));
        for (std::size_t k = 0; k < other.latencies[i].size(); ++k)
            pool[k].fold(other.latencies[i][k]);
    }
    retry_budgets.resize(std::max(retry_budgets.size(), other.retry_budgets.size()));
    for (std::size_t i = 0; i < other.retry_budgets.size(); ++i) {
        retry_budgets[i].requests += other.retry_budgets[i].requests;
        retry_budgets[i].retries += other.retry_budgets[i].retries;
    }
}

ShardMemory ShardMemory::part_of(std::size_t shards) const {
    ShardMemory part = *this;
    for (auto& budget : part.retry_budgets) {
        budget.requests /= static_cast<double>(shards);
        budget.retries =
            (budget.retries + shards - 1) / shards;  // rather too few than too many left
    }
    return part;
}

}  // namespace ringway::shard
