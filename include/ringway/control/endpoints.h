// The admin endpoints: the process's own state and numbers, what is known of pools and upstreams,
// and what an operator asks of them. docs/openapi.json and docs/admin.md describe them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/control/admin_server.h"
#include "ringway/control/alerts.h"
#include "ringway/control/chronicle.h"
#include "ringway/control/log.h"
#include "ringway/control/log_writer.h"
#include "ringway/control/operations.h"
#include "ringway/control/resolver.h"
#include "ringway/control/tenure.h"
#include "ringway/control/traffic_rates.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/counters.h"
#include "ringway/observe/exposition.h"

namespace ringway::control {

/// Where the process is in its life. Set by main, read by any thread.
enum class Phase : std::uint8_t { starting, accepting, draining };

/// Why the process should get no new clients, or nothing: it accepts them, and every pool has an
/// eligible upstream. Pure.
std::optional<std::string> unready_reason(Phase phase, const cluster::View& view);

/// What /proc and the clocks tell of this process; the members of the control threads are left at
/// 0.
observe::ProcessFacts read_process_facts();

/// Everything referred to outlives the server.
struct EndpointSources {
    const std::atomic<Phase>& phase;
    failover::Board& board;
    std::vector<const observe::ShardCounters*> shards;
    const health::CheckStats& checks;
    const Chronicle& chronicle;
    const LogWriter& access_log;
    const Resolver& resolver;
    const AdminServer& server;
    const Operations& operations;
    const Log* log = nullptr;
    const Alerts* alerts = nullptr;
    Tenure* tenure = nullptr;  // none: it never ends
};

/// Every endpoint of docs/openapi.json. `rates` is ticked by someone else.
std::vector<AdminEndpoint> standard_endpoints(const EndpointSources& sources,
                                              const std::shared_ptr<TrafficRates>& rates);

/// Adds every endpoint of docs/openapi.json, and what they need each second.
void add_standard_endpoints(AdminServer& server, const EndpointSources& sources);

}  // namespace ringway::control
