// The pages of the admin API that are about the process: its life, its shards, its drain. JSON of
// what is given; docs/admin.md has every member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ringway/control/endpoints.h"
#include "ringway/control/status.h"
#include "ringway/control/traffic_rates.h"
#include "ringway/observe/exposition.h"

namespace ringway::control {

struct ProcessStatus {
    const Status& status;
    Phase phase = Phase::starting;
    const observe::ProcessFacts& facts;
    TrafficTotals totals;
    TrafficRate rate;
    std::uint64_t last_event_id = 0;
    std::optional<base::Duration> drain_left;  // until its connections are cut
};

const char* name_of(Phase phase);

/// Who it is, how it is, what it has served, and the pools in trouble.
std::string status_json(const ProcessStatus& process);

/// CPU time that each shard's thread has used; nothing where /proc does not tell.
std::vector<std::optional<base::Duration>> read_shard_cpu_times(std::size_t shards);
/// The shards, an array in their order. `cpu_times` has one entry for each.
std::string shards_json(const Status& status,
                        const std::vector<std::optional<base::Duration>>& cpu_times);

/// What is left of a drain: of the process, and of the upstreams that drain or are in maintenance.
std::string drain_json(const ProcessStatus& process);

}  // namespace ringway::control
