// Assertions: from a text to a bound, and the bound against a result.
#include "tally/assertion.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "plan/request.h"
#include "report/report.h"
#include "ringway/base/printable.h"
#include "ringway/base/suggest.h"

namespace ringload {

namespace {

using Metric = Assertion::Metric;
using Of = Assertion::Of;
using Compare = Assertion::Compare;
using std::string_view;

constexpr std::size_t kTextMax = 200;
constexpr string_view kBlank = " \t";

struct NamedOf {
    string_view name;
    Of of;
};
constexpr NamedOf kDistributions[] = {{"latency", Of::latency},
                                      {"uncorrected", Of::uncorrected},
                                      {"first_byte", Of::first_byte},
                                      {"connect", Of::connect},
                                      {"lag", Of::lag}};

struct NamedCompare {
    string_view sign;
    Compare compare;
};
constexpr NamedCompare kCompares[] = {{"<", Compare::less},           {"<=", Compare::less_equal},
                                      {"=", Compare::equal},          {"==", Compare::equal},
                                      {">=", Compare::greater_equal}, {">", Compare::greater}};

struct Unit {
    string_view name;
    double ns;
};
constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

/// What other tools call it.
struct Alias {
    string_view theirs;
    string_view ours;
};
constexpr Alias kAliases[] = {
    {"avg", "mean"},     {"average", "mean"},    {"median", "p50"},
    {"med", "p50"},      {"min", "p0"},          {"rps", "rate"},
    {"qps", "rate"},     {"throughput", "rate"}, {"timeouts", "timed_out"},
    {"requests", "due"}, {"failed", "errors"}};

/// The three parts of an assertion, without blanks.
struct Parts {
    string_view text;  // all of it
    string_view metric;
    string_view sign;
    string_view value;
};

string_view trimmed(string_view text) {
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::unexpected<std::string> wrong(string_view text, string_view why) {
    return std::unexpected(fmt::format("{}: {}", ringway::base::shown(text), why));
}

std::vector<std::string> metric_names() {
    std::vector<std::string> names = {"p0",     "p50",  "p75",  "p90", "p95",  "p99", "p99.9",
                                      "p99.99", "p100", "mean", "max", "rate", "due", "errors"};
    for (std::size_t i = 1; i < kFailures; ++i) {
        names.emplace_back(name_of(static_cast<Failure>(i)));
    }
    for (const char* status : {"200", "2xx", "3xx", "404", "4xx", "500", "503", "5xx"}) {
        names.push_back(fmt::format("status.{}", status));
    }
    for (const NamedOf& named : kDistributions) {
        for (const char* figure : {"p50", "p99", "p99.9", "mean", "max"}) {
            names.push_back(fmt::format("{}.{}", named.name, figure));
        }
    }
    return names;
}

std::string no_metric(string_view name) {
    std::string said = fmt::format("`{}` is nothing that is measured", ringway::base::shown(name));
    for (const Alias& alias : kAliases) {
        if (name == alias.theirs) return fmt::format("{}, did you mean `{}`?", said, alias.ours);
    }
    const std::string guess = ringway::base::did_you_mean(name, metric_names());
    if (!guess.empty()) return said + guess;
    return said +
           "; there are p50, p99.9 and the like, mean, max, rate, due, errors, timed_out and the "
           "other failures, status.200, status.5xx, and first_byte.p99 and the like";
}

/// A number that is not negative; nothing when there is more than that.
std::optional<double> parse_number(string_view text) {
    if (text.empty() || (text.front() != '.' && (text.front() < '0' || text.front() > '9'))) {
        return {};
    }
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) return {};
    return value;
}

/// "99.9" of "p99.9" to 0.999.
std::expected<double, std::string> parse_percentile(string_view digits) {
    const auto percentile = parse_number(digits);
    if (!percentile) return std::unexpected(no_metric(fmt::format("p{}", digits)));
    if (*percentile <= 100) return *percentile / 100;
    const bool lacks_point = digits.find_first_not_of('9') == string_view::npos;
    return std::unexpected(
        lacks_point
            ? fmt::format("a percentile is at most 100, did you mean `p99.{}`?", digits.substr(2))
            : std::string("a percentile is at most 100"));
}

/// p99.9, mean or max; false: it is none of them.
std::expected<bool, std::string> read_figure(string_view name, Assertion& assertion) {
    if (name == "mean") {
        assertion.metric = Metric::mean;
    } else if (name == "max") {
        assertion.metric = Metric::max;
    } else if (name.size() > 1 && name[0] == 'p' &&
               (name[1] == '.' || (name[1] >= '0' && name[1] <= '9'))) {
        const auto quantile = parse_percentile(name.substr(1));
        if (!quantile) return std::unexpected(quantile.error());
        assertion.metric = Metric::quantile;
        assertion.quantile = *quantile;
    } else {
        return false;
    }
    return true;
}

std::expected<void, std::string> read_status(string_view name, Assertion& assertion) {
    const auto range = parse_statuses(name);
    if (!range) {
        return std::unexpected(fmt::format("`{}` is no status; write 200, 2xx or 200-204",
                                           ringway::base::shown(name)));
    }
    assertion.metric = Metric::status;
    assertion.statuses = *range;
    return {};
}

std::expected<void, std::string> read_plain(string_view name, Assertion& assertion) {
    const auto is_figure = read_figure(name, assertion);
    if (!is_figure) return std::unexpected(is_figure.error());
    if (*is_figure) return {};
    if (name == "rate") {
        assertion.metric = Metric::rate;
        return {};
    }
    if (name == "due") {
        assertion.metric = Metric::due;
        return {};
    }
    if (name == "errors") {
        assertion.metric = Metric::errors;
        return {};
    }
    for (std::size_t i = 1; i < kFailures; ++i) {
        if (name != name_of(static_cast<Failure>(i))) continue;
        assertion.metric = Metric::failure;
        assertion.failure = static_cast<Failure>(i);
        return {};
    }
    return std::unexpected(no_metric(name));
}

std::expected<void, std::string> read_metric(string_view name, Assertion& assertion) {
    const std::size_t dot = name.find('.');
    if (dot == string_view::npos) return read_plain(name, assertion);
    const string_view head = name.substr(0, dot);
    const string_view tail = name.substr(dot + 1);
    if (head == "status") return read_status(tail, assertion);
    for (const NamedOf& named : kDistributions) {
        if (head != named.name) continue;
        assertion.of = named.of;
        const auto is_figure = read_figure(tail, assertion);
        if (!is_figure) return std::unexpected(is_figure.error());
        if (*is_figure) return {};
        return std::unexpected(
            fmt::format("`{}` has no `{}`; it has p50, p99.9 and the like, mean and max", head,
                        ringway::base::shown(tail)));
    }
    return read_plain(name, assertion);  // p99.9
}

std::expected<Parts, std::string> split(string_view text) {
    Parts parts{.text = text};
    const std::size_t sign = text.find_first_of("<>=!~");
    if (sign == string_view::npos) {
        return wrong(text, "compares nothing; write it as p99<5ms or errors=0");
    }
    const std::size_t after = text.find_first_not_of("<>=!~", sign);
    parts.metric = trimmed(text.substr(0, sign));
    parts.sign = text.substr(sign, after == string_view::npos ? after : after - sign);
    if (after != string_view::npos) parts.value = trimmed(text.substr(after));
    if (parts.metric.empty()) return wrong(text, "says not what is bounded; write it as p99<5ms");
    if (parts.value.empty()) return wrong(text, "has no bound behind it; write it as p99<5ms");
    return parts;
}

std::expected<void, std::string> read_sign(const Parts& parts, Assertion& assertion) {
    for (const NamedCompare& named : kCompares) {
        if (parts.sign != named.sign) continue;
        assertion.compare = named.compare;
        const bool is_measured = is_time(assertion.metric) || assertion.metric == Metric::rate;
        if (assertion.compare != Compare::equal || !is_measured) return {};
        return wrong(parts.text, fmt::format("{} is never exactly a value; bound it: {}{}{}",
                                             parts.metric, parts.metric,
                                             is_time(assertion.metric) ? "<=" : ">=", parts.value));
    }
    return wrong(parts.text,
                 fmt::format("`{}` is no comparison; there are <, <=, =, >= and >", parts.sign));
}

std::expected<void, std::string> read_time(const Parts& parts, Assertion& assertion) {
    const std::size_t end = parts.value.find_first_not_of("0123456789.");
    const auto number = parse_number(parts.value.substr(0, end));
    const string_view unit =
        end == string_view::npos ? string_view{} : trimmed(parts.value.substr(end));
    if (number && unit.empty()) {
        return wrong(parts.text, fmt::format("a time needs a unit (ns, us, ms, s), as in {}{}{}ms",
                                             parts.metric, parts.sign, parts.value));
    }
    for (const Unit& known : kUnits) {
        if (!number || unit != known.name) continue;
        assertion.bound = std::round(*number * known.ns);
        return {};
    }
    return wrong(parts.text, fmt::format("`{}` is no time; write it as 5ms, with ns, us, ms or s",
                                         ringway::base::shown(parts.value)));
}

std::expected<void, std::string> read_rate(const Parts& parts, Assertion& assertion) {
    string_view value = parts.value;
    if (value.ends_with("/s")) value = trimmed(value.substr(0, value.size() - 2));
    const auto number = parse_number(value);
    if (!number) {
        return wrong(parts.text, fmt::format("`{}` is no rate; write it as 10000 or 10000/s",
                                             ringway::base::shown(parts.value)));
    }
    assertion.bound = *number;
    return {};
}

std::expected<void, std::string> read_number(const Parts& parts, Assertion& assertion) {
    const bool is_share = parts.value.ends_with('%');
    const string_view digits =
        is_share ? trimmed(parts.value.substr(0, parts.value.size() - 1)) : parts.value;
    const auto number = parse_number(digits);
    if (!number) {
        return wrong(parts.text, fmt::format("`{}` is no number; write it as 10 or 0.1%",
                                             ringway::base::shown(parts.value)));
    }
    if (is_share && assertion.metric == Metric::due) {
        return wrong(parts.text, "`due` is what shares are of; bound it by a number");
    }
    if (is_share && *number > 100) return wrong(parts.text, "a share is at most 100%");
    if (!is_share && *number != std::floor(*number)) {
        return wrong(parts.text,
                     fmt::format("{} counts requests, which have no fractions; a share is "
                                 "written with %",
                                 parts.metric));
    }
    assertion.is_share = is_share;
    assertion.bound = is_share ? *number / 100 : *number;
    return {};
}

std::expected<void, std::string> read_value(const Parts& parts, Assertion& assertion) {
    if (is_time(assertion.metric)) return read_time(parts, assertion);
    if (assertion.metric == Metric::rate) return read_rate(parts, assertion);
    return read_number(parts, assertion);
}

const LatencySum& distribution_of(const Assertion& assertion, const Result& result) {
    switch (assertion.of) {
        case Of::latency:
            return result.latency;
        case Of::uncorrected:
            return result.uncorrected;
        case Of::first_byte:
            return result.first_byte;
        case Of::connect:
            return result.connect;
        case Of::lag:
            return result.lag;
    }
    return result.latency;
}

/// `slack`: how far two values may be apart that are the same but for rounding.
bool holds(double found, Compare compare, double bound, double slack = 0) {
    switch (compare) {
        case Compare::less:
            return found < bound - slack;
        case Compare::less_equal:
            return found <= bound + slack;
        case Compare::equal:
            return std::abs(found - bound) <= slack;
        case Compare::greater_equal:
            return found >= bound - slack;
        case Compare::greater:
            return found > bound + slack;
    }
    return false;
}

void check_time(const Assertion& assertion, const LatencySum& latency, AssertionOutcome& outcome) {
    if (latency.count() == 0) {
        outcome.found = "nothing, no request came that far";
        return;
    }
    const double ns = assertion.metric == Metric::mean ? static_cast<double>(latency.sum_ns()) /
                                                             static_cast<double>(latency.count())
                      : assertion.metric == Metric::max
                          ? static_cast<double>(latency.max_ns())
                          : static_cast<double>(latency.quantile_ns(assertion.quantile));
    outcome.holds = holds(ns, assertion.compare, assertion.bound);
    const auto rounded = static_cast<std::uint64_t>(ns);
    outcome.found = show_ns(rounded);
    // rounded to three digits it may look like the bound that it misses
    if (outcome.found == show_ns(static_cast<std::uint64_t>(assertion.bound))) {
        outcome.found = fmt::format("{} ns", rounded);
    }
}

std::uint64_t counted(const Assertion& assertion, const Result& result) {
    if (assertion.metric == Metric::due) return result.counts.due;
    if (assertion.metric == Metric::errors) return result.counts.errors();
    if (assertion.metric == Metric::failure) return result.counts.of(assertion.failure);
    std::uint64_t sum = 0;
    for (const auto& [status, latency] : result.by_status) {
        if (assertion.statuses.has(status)) sum += latency.count();
    }
    return sum;
}

void check_count(const Assertion& assertion, const Result& result, AssertionOutcome& outcome) {
    const auto found = static_cast<double>(counted(assertion, result));
    const auto due = static_cast<double>(result.counts.due);
    if (!assertion.is_share) {
        outcome.holds = holds(found, assertion.compare, assertion.bound);
        outcome.found = fmt::format("{:.0f}", found);
        return;
    }
    if (result.counts.due == 0) {
        outcome.found = "nothing, no request was due";
        return;
    }
    // numbers of requests are compared: 99.9 % has no exact double, 999 of 1000 requests have
    outcome.holds = holds(found, assertion.compare, assertion.bound * due, due * 1e-12);
    outcome.found = fmt::format("{:.5g} % ({:.0f} of {:.0f})", found / due * 100, found, due);
}

}  // namespace

std::expected<Assertion, std::string> parse_assertion(string_view text) {
    text = trimmed(text);
    if (text.size() > kTextMax) return wrong(text, "is too long for an assertion");
    const auto parts = split(text);
    if (!parts) return std::unexpected(parts.error());
    Assertion assertion{.text = std::string(text)};
    const auto metric = read_metric(parts->metric, assertion);
    if (!metric) return wrong(text, metric.error());
    const auto sign = read_sign(*parts, assertion);
    if (!sign) return std::unexpected(sign.error());
    const auto value = read_value(*parts, assertion);
    if (!value) return std::unexpected(value.error());
    return assertion;
}

std::expected<std::vector<Assertion>, std::string> parse_assertions(string_view text) {
    std::vector<Assertion> assertions;
    while (true) {
        const std::size_t comma = text.find(',');
        auto assertion = parse_assertion(text.substr(0, comma));
        if (!assertion) return std::unexpected(assertion.error());
        assertions.push_back(std::move(*assertion));
        if (comma == string_view::npos) return assertions;
        text.remove_prefix(comma + 1);
    }
}

AssertionOutcome check(const Assertion& assertion, const Result& result) {
    AssertionOutcome outcome{.text = assertion.text};
    if (is_time(assertion.metric)) {
        check_time(assertion, distribution_of(assertion, result), outcome);
    } else if (assertion.metric == Metric::rate) {
        outcome.holds = holds(result.rate(), assertion.compare, assertion.bound);
        outcome.found = fmt::format("{:.2f}/s", result.rate());
    } else {
        check_count(assertion, result, outcome);
    }
    return outcome;
}

}  // namespace ringload
