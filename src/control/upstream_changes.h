// What an operator sets by hand on an upstream: its state, its weight, its breaker.
#pragma once

#include <functional>
#include <vector>

#include "ringway/control/endpoints.h"

namespace ringway::control {

/// - POST /upstreams/{pool}/{name}/drain, /ready, /maintenance
/// - PUT, DELETE /upstreams/{pool}/{name}/weight
/// - POST /breakers/{pool}/{name}/open, /close, /reset
/// Each is answered with the upstream (or breaker) as it is then, whether anything was new or not.
std::vector<AdminEndpoint> change_endpoints(const EndpointSources& sources);

/// Calls `change` unless this process hands over to a newer one; false when it was not called.
bool change_unless_handing_over(const EndpointSources& sources,
                                const std::function<void()>& change);
/// 409 `upgrading`, for a change that was not made.
AdminReply handing_over_reply();

}  // namespace ringway::control
