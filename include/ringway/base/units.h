// Durations and sizes as the file writes them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/time.h"

namespace ringway::base {

/// "250ms", "5s": a whole number and one of ns, us, ms, s, m, h, d. Nothing when it is no duration
/// or beyond 292 years.
std::optional<Duration> parse_duration(std::string_view text);
/// In the largest unit that is exact: "90s", "1m".
std::string format_duration(Duration duration);

/// "512B", "64KiB", "1MiB", "2GiB" in bytes. Nothing when it is no size or does not fit 63 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// In the largest unit that is exact: "64KiB", "1000B".
std::string format_size(std::uint64_t bytes);

}  // namespace ringway::base
