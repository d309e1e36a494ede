#include "scenario/proxy_word.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

namespace ringload {

namespace {

constexpr std::string_view kOut[] = {"unhealthy", "ejected", "rate_limited", "breaker_open"};

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    const char* const begin = text.data() + at;
    const auto end = std::from_chars(begin, begin + digits, value);
    if (end.ec != std::errc{} || end.ptr != begin + digits || value < 0) return {};
    return value;
}

/// The elements of an array; nothing when it is none.
std::optional<simdjson::dom::array> array_of(simdjson::dom::parser& parser, std::string_view text) {
    simdjson::dom::array array;
    if (parser.parse(text.data(), text.size()).get(array) != simdjson::SUCCESS) return {};
    return array;
}

std::string_view text_of(const simdjson::dom::element& object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (text.size() != kForm.size()) return {};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (kForm[i] != 'd' && text[i] != kForm[i]) return {};
    }
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    const auto second = number_at(text, 17, 2);
    const auto millisecond = number_at(text, 20, 3);
    if (!year || !month || !day || !hour || !minute || !second || !millisecond) return {};
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(*year),
                              std::chrono::month(static_cast<unsigned>(*month)),
                              std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return {};
    const nanoseconds since = sys_days(date).time_since_epoch() + hours(*hour) + minutes(*minute) +
                              seconds(*second) + milliseconds(*millisecond);
    return since.count();
}

std::optional<double> told_ms(std::string_view events, std::string_view upstream,
                              std::int64_t fault_unix_ns, std::int64_t end_unix_ns) {
    simdjson::dom::parser parser;
    const auto array = array_of(parser, events);
    if (!array) return {};
    std::optional<std::int64_t> first;
    // the time of an event is cut to whole milliseconds
    const std::int64_t from = fault_unix_ns / 1'000'000 * 1'000'000;
    for (const simdjson::dom::element event : *array) {
        if (text_of(event, "upstream") != upstream) continue;
        if (std::ranges::find(kOut, text_of(event, "kind")) == std::end(kOut)) continue;
        const auto at = parse_time(text_of(event, "time"));
        if (at && *at >= from && *at < end_unix_ns) first = std::min(first.value_or(*at), *at);
    }
    if (!first) return {};
    return std::max(0.0, static_cast<double>(*first - fault_unix_ns) / 1e6);
}

std::optional<double> overdue_ms(std::string_view upstreams, std::string_view upstream) {
    simdjson::dom::parser parser;
    const auto array = array_of(parser, upstreams);
    if (!array) return {};
    for (const simdjson::dom::element one : *array) {
        double value = 0;
        if (text_of(one, "name") != upstream) continue;
        if (one["latency"]["overdue_ms"].get(value) == simdjson::SUCCESS) return value;
    }
    return {};
}

}  // namespace ringload
