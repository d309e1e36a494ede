// The admin endpoints that every configuration has: /healthz, /readyz, /metrics.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/published.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/control/admin_server.h"
#include "ringway/control/log_writer.h"
#include "ringway/control/resolver.h"
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
    const base::Published<cluster::View>& view;
    std::vector<const observe::ShardCounters*> shards;
    const LogWriter& access_log;
    const Resolver& resolver;
    const AdminServer& server;
};

/// - /healthz: 200 "ok" while the process lives.
/// - /readyz: 200 "ready", or 503 with the reason.
/// - /metrics: the Prometheus page (docs/metrics.md).
std::vector<AdminEndpoint> standard_endpoints(const EndpointSources& sources);

}  // namespace ringway::control
