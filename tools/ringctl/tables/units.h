// Numbers for people: short, with a unit, three digits or more that count. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringctl {

/// "0", "97", "1234567": whole; what is absent is "-".
std::string count_text(std::optional<double> count);
/// "1 stream", "2 streams", "- streams".
std::string counted(std::optional<double> count, const std::string& one);
/// "0", "0.4", "97.3", "1234", "12.3k", "4.5M".
std::string rate_text(std::optional<double> per_second);
/// "0.42 ms", "12.3 ms", "350 ms", "1.20 s"
std::string milliseconds_text(std::optional<double> milliseconds);
/// "0.4 s", "12 s", "3m 20s", "2h 05m", "4d 3h"
std::string seconds_text(std::optional<double> seconds);
/// "12%"
std::string share_text(std::optional<double> share);
/// "512 B", "64.0 KiB", "1.2 GiB"
std::string bytes_text(std::optional<double> bytes);

}  // namespace ringctl
