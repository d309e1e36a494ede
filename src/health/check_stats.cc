#include "ringway/health/check_stats.h"

namespace ringway::health {

CheckStats::CheckStats(const config::Config& config) {
    entries_.reserve(config.pools.size());
    for (const config::Pool& pool : config.pools) {
        auto& of_pool = entries_.emplace_back(pool.upstreams.size());
        for (auto& of_upstream : of_pool) {
            for (const config::HealthCheck& check : pool.health.checks) {
                of_upstream.push_back(std::make_unique<Entry>());
                of_upstream.back()->report.name = check.name;
            }
        }
    }
}

CheckReport CheckStats::read(std::size_t pool, std::size_t upstream, std::size_t check) const {
    const Entry& entry = *entries_[pool][upstream][check];
    const std::lock_guard lock(entry.mutex);
    return entry.report;
}

}  // namespace ringway::health
