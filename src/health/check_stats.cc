#include "ringway/health/check_stats.h"

#include <algorithm>

namespace ringway::health {

std::shared_ptr<CheckRecord> CheckStats::record(cluster::Place upstream, const std::string& check) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<CheckRecord>& record = records_[key_of(upstream, check)];
    if (record == nullptr) {
        record = std::make_shared<CheckRecord>();
        record->change([&](CheckReport& report) { report.name = check; });
    }
    return record;
}

CheckReport CheckStats::read(cluster::Place upstream, const std::string& check) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(key_of(upstream, check));
    if (found != records_.end()) return found->second->read();
    CheckReport none;
    none.name = check;
    return none;
}

void CheckStats::keep_only(const config::Config& config) {
    const std::lock_guard lock(mutex_);
    std::erase_if(records_, [&](const auto& entry) {
        const auto& [pool, upstream, check] = entry.first;
        if (pool >= config.pools.size() || upstream >= config.pools[pool].upstreams.size())
            return true;
        const config::Pool& owner = config.pools[pool];
        if (owner.retired || owner.upstreams[upstream].retired) return true;
        return std::ranges::find(owner.health.checks, check, &config::HealthCheck::name) ==
               owner.health.checks.end();
    });
}

}  // namespace ringway::health
