// What an upstream begins with.
#pragma once

#include <vector>

#include "ringway/failover/merge.h"

namespace ringway::failover {

/// Not settled.
cluster::UpstreamView first_of(const config::Upstream& upstream,
                               const std::vector<base::SocketAddress>& resolved,
                               cluster::UpstreamState state, Instant now);
/// Of the upstreams of a pool: unknown where a check is to tell, else healthy.
cluster::UpstreamState first_state(const config::Pool& pool);

}  // namespace ringway::failover
