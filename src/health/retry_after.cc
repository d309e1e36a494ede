// What the fields of a 429 ask for; see retry_after.h.
#include "ringway/health/retry_after.h"

#include <algorithm>
#include <array>

namespace ringway::health {
namespace {

using base::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

constexpr std::array<std::string_view, 10> kResets = {
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-reset",
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `lower` is in lower case.
bool is_name(std::string_view name, std::string_view lower) {
    return std::ranges::equal(name, lower, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

/// A number without sign or exponent, as it was written.
struct Decimal {
    static constexpr std::int64_t kWholeMax = 1'000'000'000'000'000;  // more is taken for this
    std::int64_t whole = 0;
    std::int64_t billionths = 0;  // 0..999'999'999
};

/// Takes a number ("12", "0.5") off the front of `text`.
std::optional<Decimal> take_decimal(std::string_view& text) {
    if (text.empty() || !is_digit(text[0])) return std::nullopt;
    Decimal number;
    while (!text.empty() && is_digit(text[0])) {
        number.whole = std::min(number.whole * 10 + (text[0] - '0'), Decimal::kWholeMax);
        text.remove_prefix(1);
    }
    if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return number;
    text.remove_prefix(1);
    for (std::int64_t worth = kNsPerSecond / 10; !text.empty() && is_digit(text[0]); worth /= 10) {
        number.billionths += (text[0] - '0') * worth;
        text.remove_prefix(1);
    }
    return number;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
    const auto number = take_decimal(text);
    return text.empty() ? number : std::nullopt;
}

/// So many of a unit (24 hours at most), kRetryAfterMax at most.
Duration times(const Decimal& number, Duration unit) {
    const std::int64_t unit_ns = base::to_ns(unit);
    const std::int64_t most = base::to_ns(kRetryAfterMax) / unit_ns + 1;
    // in an order that keeps the product in 64 bits and loses nothing
    const std::int64_t fraction_ns = unit_ns > kNsPerSecond
                                         ? number.billionths * (unit_ns / kNsPerSecond)
                                         : number.billionths * unit_ns / kNsPerSecond;
    return std::min<Duration>(std::min(number.whole, most) * unit + Duration(fraction_ns),
                              kRetryAfterMax);
}

/// From now to a Unix time, 0 when that has passed.
Duration until(std::int64_t unix_ms, std::int64_t unix_now_ns) {
    constexpr std::int64_t kMostMs = base::to_ms(kRetryAfterMax);
    return milliseconds(std::clamp<std::int64_t>(unix_ms - unix_now_ns / 1'000'000, 0, kMostMs));
}

/// A number: seconds, or a Unix time, told apart by its size.
Duration from_number(const Decimal& number, std::int64_t unix_now_ns) {
    constexpr std::int64_t kUnixSecondsMin = 100'000'000;           // March 1973; three years
    constexpr std::int64_t kUnixMillisecondsMin = 100'000'000'000;  // March 1973; the year 5138
    if (number.whole < kUnixSecondsMin) return times(number, seconds(1));
    if (number.whole >= kUnixMillisecondsMin) return until(number.whole, unix_now_ns);
    return until(number.whole * 1000 + number.billionths / 1'000'000, unix_now_ns);
}

/// Takes a unit off the front of `text`; nothing when none stands there.
std::optional<Duration> take_unit(std::string_view& text) {
    struct Unit {
        std::string_view name;
        Duration length;
    };
    // "ms" before "m"
    constexpr std::array<Unit, 8> kUnits = {{{"ns", Duration(1)},
                                             {"us", std::chrono::microseconds(1)},
                                             {"\u00b5s", std::chrono::microseconds(1)},
                                             {"ms", milliseconds(1)},
                                             {"s", seconds(1)},
                                             {"m", std::chrono::minutes(1)},
                                             {"h", std::chrono::hours(1)},
                                             {"d", std::chrono::hours(24)}}};
    for (const Unit& unit : kUnits) {
        if (!text.starts_with(unit.name)) continue;
        text.remove_prefix(unit.name.size());
        return unit.length;
    }
    return std::nullopt;
}

/// "6m0s", "1.5s", "120ms"
std::optional<Duration> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    Duration sum{0};
    while (!text.empty()) {
        const auto number = take_decimal(text);
        if (!number) return std::nullopt;
        const auto unit = take_unit(text);
        if (!unit) return std::nullopt;
        sum = std::min<Duration>(sum + times(*number, *unit), kRetryAfterMax);
    }
    return sum;
}

/// A reset field: every form that is known.
std::optional<Duration> parse_reset(std::string_view text, std::int64_t unix_now_ns) {
    if (const auto number = parse_decimal(text)) return from_number(*number, unix_now_ns);
    if (const auto duration = parse_duration(text)) return duration;
    if (const auto ms = parse_rfc3339_ms(text)) return until(*ms, unix_now_ns);
    if (const auto date = parse_http_date(text)) return until(*date * 1000, unix_now_ns);
    return std::nullopt;
}

/// RateLimit: the longest of its t= and reset= parameters.
std::optional<Duration> parse_ratelimit(std::string_view text, std::int64_t unix_now_ns) {
    std::optional<Duration> longest;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(",;");
        std::string_view one = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
        const std::size_t name_bytes = one.starts_with("t=")       ? 2
                                       : one.starts_with("reset=") ? 6
                                                                   : 0;
        if (name_bytes == 0) continue;
        one.remove_prefix(name_bytes);
        one = one.substr(0, one.find_last_not_of(" \t") + 1);
        if (const auto number = parse_decimal(one))
            longest = std::max(longest, std::optional(from_number(*number, unix_now_ns)));
    }
    return longest;
}

/// Retry-After and its forms in milliseconds; nothing when `field` is none of them.
std::optional<Duration> explicit_wait(const http::Field& field, std::int64_t unix_now_ns) {
    if (is_name(field.name, "retry-after")) return parse_reset(field.value, unix_now_ns);
    if (!is_name(field.name, "retry-after-ms") && !is_name(field.name, "x-ms-retry-after-ms"))
        return std::nullopt;
    const auto number = parse_decimal(field.value);
    return number ? std::optional(times(*number, milliseconds(1))) : std::nullopt;
}

std::optional<Duration> wait_for_reset(const http::Field& field, std::int64_t unix_now_ns) {
    if (is_name(field.name, "ratelimit")) return parse_ratelimit(field.value, unix_now_ns);
    const bool known =
        std::ranges::any_of(kResets, [&](auto reset) { return is_name(field.name, reset); });
    return known ? parse_reset(field.value, unix_now_ns) : std::nullopt;
}

}  // namespace

std::optional<base::Duration> retry_after(const http::Fields& fields, std::int64_t unix_now_ns) {
    std::optional<Duration> asked;  // nothing is less than any duration
    std::optional<Duration> reset;
    for (const http::Field& field : fields) {
        asked = std::max(asked, explicit_wait(field, unix_now_ns));
        reset = std::max(reset, wait_for_reset(field, unix_now_ns));
    }
    return asked ? asked : reset;
}

}  // namespace ringway::health
