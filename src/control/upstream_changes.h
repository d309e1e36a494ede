// What an operator sets by hand on an upstream: its state, its weight, its breaker.
#pragma once

#include <vector>

#include "ringway/control/endpoints.h"

namespace ringway::control {

/// - POST /upstreams/{pool}/{name}/drain, /ready, /maintenance
/// - PUT, DELETE /upstreams/{pool}/{name}/weight
/// - POST /breakers/{pool}/{name}/open, /close, /reset
/// Each is answered with the upstream (or breaker) as it is then, whether anything was new or not.
std::vector<AdminEndpoint> change_endpoints(const EndpointSources& sources);

}  // namespace ringway::control
