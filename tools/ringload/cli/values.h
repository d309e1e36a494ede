// The values of flags: from text to a number, a time, a rate, or to the reason why it is none. A
// reason is the end of a line that starts with the flag and the value. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace ringload {

template <class T>
using Parsed = std::expected<T, std::string>;

/// A whole number within the bounds, inclusive.
Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max);
/// "250ms", "10s" within the bounds, inclusive.
Parsed<Duration> parse_time(std::string_view text, Duration min, Duration max);
/// "5000", "0.5", "5000/s": above 0.
Parsed<double> parse_rate(std::string_view text);
/// "5%" as 0.05: above 0, at most 100 %.
Parsed<double> parse_share(std::string_view text);
/// "1KiB/s", "512B": bytes a second.
Parsed<std::uint64_t> parse_byte_rate(std::string_view text);
/// "2,3", "0-3,6".
Parsed<std::vector<int>> parse_cpus(std::string_view text);
/// "1000:5000:1000", downwards as well, or "100,200,50".
Parsed<std::vector<double>> parse_ramp(std::string_view text);
/// "200,3xx".
Parsed<std::vector<StatusRange>> parse_expected(std::string_view text);
/// "Name: value".
Parsed<std::pair<std::string, std::string>> parse_header(std::string_view text);

}  // namespace ringload
