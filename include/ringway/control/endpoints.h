// The admin endpoints that every configuration has: the process's own state, its numbers, and what
// is known of pools and upstreams.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
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
#include "ringway/control/resolver.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/counters.h"
#include "ringway/observe/exposition.h"

namespace ringway::control {

/// Where the process is in its life. Set by main, read by any thread.
enum class Phase : std::uint8_t { starting, accepting, draining };

/// Why the process should get no new clients, or nothing: it accepts them, and every pool has an
/// eligible upstream. Pure.
std::optional<std::string> unready_reason(Phase phase, const config::Config& config,
                                          const cluster::View& view);

/// What /proc and the clocks tell of this process; the members of the control threads are left at
/// 0.
observe::ProcessFacts read_process_facts();

/// Everything referred to outlives the server.
struct EndpointSources {
    const config::Config& config;
    const std::atomic<Phase>& phase;
    const failover::Board& board;
    std::vector<const observe::ShardCounters*> shards;
    const health::CheckStats& checks;
    const Chronicle& chronicle;
    const LogWriter& access_log;
    const Resolver& resolver;
    const AdminServer& server;
    const Log* log = nullptr;
    const Alerts* alerts = nullptr;
};

/// - /healthz: 200 "ok" while the process lives.
/// - /readyz: 200 "ready", or 503 with the reason.
/// - /metrics: the Prometheus page (docs/metrics.md).
/// - /upstreams, /upstreams/{pool}/{name}, /pools, /breakers: JSON (control/status.h).
/// - /events?after=ID&limit=N: an array of the last events, the oldest first; with `after` those
///   behind that id, so that a reader goes on where it was. At most 1024 are kept.
std::vector<AdminEndpoint> standard_endpoints(const EndpointSources& sources);

}  // namespace ringway::control
