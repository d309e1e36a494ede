// The status pages of the admin API: pools, upstreams and breakers as JSON, from one view and what
// shards and checks counted. Pure; docs/admin.md has every member.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/control/clock.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/counters.h"

namespace ringway::control {

/// Sources of a page. `view`, the counters and the reports have the shape of `config`.
struct Status {
    const config::Config& config;
    const cluster::View& view;
    std::span<const observe::ShardCounters* const> shards;
    const health::CheckStats& checks;
    Moment moment;
    /// Smoothed latency of an upstream's traffic.
    std::function<base::Duration(cluster::Place)> latency_ewma;
};

/// All upstreams, an array in the order of the configuration.
std::string upstreams_json(const Status& status);
/// One of them, an object.
std::string upstream_json(const Status& status, cluster::Place place);
/// One of them, an object.
std::string pool_json(const Status& status, cluster::PoolIndex pool);
/// All pools, an array in the order of the configuration.
std::string pools_json(const Status& status);
/// The breaker of an upstream, an object.
std::string breaker_json(const Status& status, cluster::Place place);
/// The breakers of all upstreams, an array in the order of the configuration.
std::string breakers_json(const Status& status);

/// Which upstream the path behind /upstreams/ means: the pool's name, a slash, and the rest is the
/// upstream's name; percent-encoding (RFC 3986 2.1) is taken off both, so that names with a slash
/// can be written. Nothing when there is no such upstream.
std::optional<cluster::Place> place_of_path(const config::Config& config, std::string_view path);
/// The same for the path behind /pools/, which is the pool's name.
std::optional<cluster::PoolIndex> pool_of_path(const config::Config& config, std::string_view path);

}  // namespace ringway::control
