// What upstreams, pools and breakers look like in a table; the same in `upstreams` and in `top`.
// Pure.
#pragma once

#include <optional>
#include <string_view>

#include "client/json.h"
#include "tables/table.h"

namespace ringctl {

Cell count_cell(std::optional<double> count);
/// Dim when 0, so that what is not 0 stands out; `tone` else.
Cell rate_cell(std::optional<double> per_second, Tone tone = Tone::plain);
Cell milliseconds_cell(const Value& value);

/// "healthy", "unhealthy (connect_failed)", "healthy, ejected 12 s".
Cell state_cell(const Value& upstream);
/// "5", "2 of 8": as it is used, of what is configured; "3 by hand".
Cell weight_cell(const Value& upstream);
/// "closed", "open 12 s".
Cell breaker_cell(const Value& breaker);
/// "2/3"
Cell eligible_cell(const Value& pool);
/// "tier 0", "backup", "panic", "nobody".
Cell serving_cell(const Value& pool);

/// "POOL/NAME"
Cell upstream_cell(std::string_view pool, std::string_view name);

}  // namespace ringctl
