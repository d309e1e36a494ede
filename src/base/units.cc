#include "ringway/base/units.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>

namespace ringway::base {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// the smallest first: formatting takes the last one that divides
constexpr Unit kDurations[] = {{"ns", 1},
                               {"us", 1'000},
                               {"ms", 1'000'000},
                               {"s", 1'000'000'000},
                               {"m", 60'000'000'000},
                               {"h", 3'600'000'000'000},
                               {"d", 86'400'000'000'000}};
constexpr Unit kSizes[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1ull << 40}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : units) {
        if (text != unit.name) continue;
        constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (number > kMax / unit.factor) return {};
        return number * unit.factor;
    }
    return {};
}

std::string format(std::uint64_t number, std::span<const Unit> units) {
    const Unit* largest = &units.front();
    for (const Unit& unit : units) {
        if (number >= unit.factor && number % unit.factor == 0) largest = &unit;
    }
    return fmt::format("{}{}", number / largest->factor, largest->name);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const auto ns = parse(text, kDurations);
    if (!ns) return {};
    return Duration(static_cast<std::int64_t>(*ns));
}

std::string format_duration(Duration duration) {
    if (duration.count() == 0) return "0s";
    return format(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, kSizes); }

std::string format_size(std::uint64_t bytes) { return format(bytes, kSizes); }

}  // namespace ringway::base
