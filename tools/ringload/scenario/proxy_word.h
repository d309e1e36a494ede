// What ringway itself says of a fault, from its admin API. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringload {

/// Of /events: how long after `fault_unix_ns` the first event says that the upstream is out
/// (unhealthy, ejected, rate limited, its breaker open). Nothing: none does before `end_unix_ns`,
/// from when on it may be another fault that it tells of.
std::optional<double> told_ms(std::string_view events, std::string_view upstream,
                              std::int64_t fault_unix_ns, std::int64_t end_unix_ns);

/// Of /upstreams: from when on a request that waits makes the upstream suspected.
std::optional<double> overdue_ms(std::string_view upstreams, std::string_view upstream);

/// "2026-01-02T03:04:05.678Z" in ns since 1970; nothing when it is no such time.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace ringload
