// Wall-clock times as text for people and log readers. Pure; no clock is read here.
#pragma once

#include <cstdint>
#include <string>

namespace ringway::observe {

/// Appends RFC 3339 in UTC with milliseconds, "2026-01-02T03:04:05.678Z". Every value of
/// the argument (years 1677 to 2262) has a text. Any thread.
void append_timestamp(std::string& out, std::int64_t unix_ns);

}  // namespace ringway::observe
