#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "load/find_max.h"
#include "plan/request.h"
#include "ringway/base/units.h"

namespace ringload {

namespace base = ringway::base;

namespace {

constexpr std::size_t kStepsMax = 1000;
constexpr std::size_t kCpusMax = 1024;  // as cpu_set_t has it
constexpr std::size_t kStatusesMax = 32;
constexpr std::string_view kCpusAdvice = "must be CPU numbers, as 2,3 or 0-3";

std::unexpected<std::string> fail(std::string reason) { return std::unexpected(std::move(reason)); }

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return {};
    return value;
}

/// Decimals, but neither "1e3", which is easily mistyped, nor "inf".
std::optional<double> decimal_of(std::string_view text) {
    if (text.find_first_not_of("0123456789.-") != std::string_view::npos) return {};
    return number_of<double>(text);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Parsed<std::vector<double>> count_up(const std::vector<std::string_view>& parts) {
    if (parts.size() != 3) return fail("must be FROM:TO:STEP, as 1000:5000:1000");
    double bounds[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const auto rate = parse_rate(parts[i]);
        if (!rate) return fail(fmt::format("{} in it {}", parts[i], rate.error()));
        bounds[i] = *rate;
    }
    const auto [from, to, step] = bounds;
    // half a thousandth of a step: what rounding leaves is no reason to lose the last one
    const double steps = std::floor(std::abs(to - from) / step + 0.0005);
    if (steps + 1 > static_cast<double>(kStepsMax))
        return fail(fmt::format("has more than {} rates; raise its STEP", kStepsMax));
    if (steps == 0) return fail("has one rate only; lower its STEP, or use --rate");
    std::vector<double> rates;
    for (double i = 0; i <= steps; ++i) rates.push_back(from + (to < from ? -i : i) * step);
    return rates;
}

}  // namespace

Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
    const auto value = number_of<std::uint64_t>(text);
    if (value && *value >= min && *value <= max) return *value;
    return fail(fmt::format("must be a whole number from {} to {}", min, max));
}

Parsed<Duration> parse_time(std::string_view text, Duration min, Duration max) {
    const auto value = base::parse_duration(text);
    if (!value) {
        const bool bare = number_of<std::uint64_t>(text).has_value();
        return fail(bare ? fmt::format("needs a unit, as {}s", text)
                         : "must be a whole number and a unit, as 500ms, 10s or 5m");
    }
    if (*value >= min && *value <= max) return *value;
    return fail(fmt::format("must be from {} to {}", base::format_duration(min),
                            base::format_duration(max)));
}

Parsed<double> parse_rate(std::string_view text) {
    if (text.ends_with("/s")) text.remove_suffix(2);
    const auto value = decimal_of(text);
    if (!value) return fail("must be a number a second, as 5000, 5000/s or 0.5");
    if (!(*value > 0)) return fail("must be more than 0");
    if (*value > RateSearch::kRateMax)
        return fail(fmt::format("must be at most {:.0f}", RateSearch::kRateMax));
    return *value;
}

Parsed<double> parse_share(std::string_view text) {
    if (!text.ends_with('%')) return fail("must be a share with %, as 5%");
    const auto value = decimal_of(text.substr(0, text.size() - 1));
    if (!value) return fail("must be a share with %, as 5%");
    if (!(*value > 0) || *value > 100) return fail("must be more than 0% and at most 100%");
    return *value / 100;
}

Parsed<std::uint64_t> parse_byte_rate(std::string_view text) {
    constexpr std::uint64_t kMax = 1ull << 30;
    if (text.ends_with("/s")) text.remove_suffix(2);
    auto value = base::parse_size(text);
    if (!value) value = number_of<std::uint64_t>(text);
    if (!value) return fail("must be bytes a second, as 512B/s or 1KiB/s");
    if (*value < 1 || *value > kMax) return fail("must be from 1B/s to 1GiB/s");
    return *value;
}

Parsed<std::vector<int>> parse_cpus(std::string_view text) {
    std::vector<int> cpus;
    for (const std::string_view part : split(text, ',')) {
        const std::size_t dash = part.find('-');
        const auto first = number_of<unsigned>(part.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : number_of<unsigned>(part.substr(dash + 1));
        if (!first || !last || *last < *first || *last >= kCpusMax)
            return fail(std::string(kCpusAdvice));
        for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
        if (cpus.size() > kCpusMax) return fail(std::string(kCpusAdvice));
    }
    return cpus;
}

Parsed<std::vector<double>> parse_ramp(std::string_view text) {
    if (text.find(':') != std::string_view::npos) return count_up(split(text, ':'));
    std::vector<double> rates;
    for (const std::string_view part : split(text, ',')) {
        const auto rate = parse_rate(part);
        if (!rate) return fail(fmt::format("{} in it {}", part, rate.error()));
        rates.push_back(*rate);
    }
    if (rates.size() < 2)
        return fail("has one rate only; write FROM:TO:STEP or R1,R2, or use --rate");
    if (rates.size() > kStepsMax) return fail(fmt::format("has more than {} rates", kStepsMax));
    return rates;
}

Parsed<std::vector<StatusRange>> parse_expected(std::string_view text) {
    std::vector<StatusRange> ranges;
    for (const std::string_view part : split(text, ',')) {
        const auto range = parse_statuses(without_blanks(part));
        if (!range || ranges.size() == kStatusesMax)
            return fail("must be statuses from 100 to 599, as 200 or 2xx,404 or 200-204");
        ranges.push_back(*range);
    }
    return ranges;
}

Parsed<std::pair<std::string, std::string>> parse_header(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return fail("must be 'Name: value'");
    const std::string name(text.substr(0, colon));
    const std::string value(without_blanks(text.substr(colon + 1)));
    if (const auto complaint = check_field_name(name)) return fail("its name " + *complaint);
    if (const auto complaint = ringway::config::check_header_value(value))
        return fail("its value " + *complaint);
    return std::pair{name, value};
}

}  // namespace ringload
