// The endpoints of Operations: what an operator asks of the process as a whole.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/control/endpoints.h"

namespace ringway::control {

std::vector<AdminEndpoint> operation_endpoints(const EndpointSources& sources);

/// "errors>1%" as 0.01: from 0 to less than 100 %, with decimals or without. A sentence when it is
/// no such bound.
std::expected<double, std::string> read_abort_bound(std::string_view text);

}  // namespace ringway::control
