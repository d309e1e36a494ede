// Who takes traffic, and which tier that makes. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::failover {

/// The lowest tier with an upstream that may be picked; backups are one tier behind all others. An
/// upstream whose breaker has all its trials under way counts, as if one were left: whether it
/// serves is just being found out, and that is no transition to tell of. Nothing: nobody serves.
std::optional<std::uint64_t> serving_tier(const config::Pool& rules, const cluster::PoolView& pool);

/// Nothing but the breaker, when `breaker_counts` is false, and the state keeps it from traffic.
bool is_reachable(const config::Pool& rules, const cluster::UpstreamView& upstream,
                  bool breaker_counts = true);
/// Its upstreams without the retired ones.
std::size_t serving_size(const cluster::PoolView& pool);
/// Healthy or degraded.
bool is_good(cluster::UpstreamState state);

}  // namespace ringway::failover
