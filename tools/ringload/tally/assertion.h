// Bounds on a result, as the command line writes them: 'p99<5ms', 'errors=0', 'status.200>=99.9%'.
// Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "tally/result.h"

namespace ringload {

struct Assertion {
    enum class Metric : std::uint8_t {
        quantile,  // p50, p99.9, of the corrected latency; also uncorrected.p99, first_byte.p99,
                   // connect.p99, lag.p99 (see `of`)
        mean,
        max,
        rate,     // whole answers a second
        errors,   // number, or share of the requests that were due with %
        failure,  // timed_out, refused, ...: as errors
        status,   // status.200, status.5xx: answers of it, number or share of the requests due
        due,      // requests
    };
    enum class Of : std::uint8_t { latency, uncorrected, first_byte, connect, lag };
    enum class Compare : std::uint8_t { less, less_equal, equal, greater_equal, greater };

    std::string text;
    Metric metric = Metric::errors;
    Of of = Of::latency;
    double quantile = 0;  // 0 to 1
    Failure failure = Failure::none;
    StatusRange statuses;
    Compare compare = Compare::less;
    double bound = 0;       // ns, a number, or a share
    bool is_share = false;  // written with %
};

/// Its bound is in nanoseconds.
constexpr bool is_time(Assertion::Metric metric) {
    return metric == Assertion::Metric::quantile || metric == Assertion::Metric::mean ||
           metric == Assertion::Metric::max;
}

/// A sentence when it is none, with what was probably meant.
std::expected<Assertion, std::string> parse_assertion(std::string_view text);

/// Several with commas between them: "p99<5ms,errors<0.1%".
std::expected<std::vector<Assertion>, std::string> parse_assertions(std::string_view text);

AssertionOutcome check(const Assertion& assertion, const Result& result);

}  // namespace ringload
