// Results made by hand, for the tests of what reads them.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "tally/result.h"

namespace ringload::tests {

/// The refusal, or "taken".
template <class Value>
std::string refusal_of(const std::expected<Value, std::string>& answer) {
    return answer ? "taken" : answer.error();
}

/// Values in ns to the sum of one histogram.
inline LatencySum sum_of(const std::vector<std::uint64_t>& values) {
    const auto latencies = std::make_unique<Latencies>();
    for (const std::uint64_t ns : values) latencies->record(ns);
    LatencySum sum;
    sum.add(*latencies);
    return sum;
}

/// `count` values, the i-th of them i * `step_ns`.
inline LatencySum ladder(std::uint64_t count, std::uint64_t step_ns) {
    std::vector<std::uint64_t> values;
    for (std::uint64_t i = 1; i <= count; ++i) values.push_back(i * step_ns);
    return sum_of(values);
}

inline FaultFigures kill_of_one() {
    FaultFigures fault{.origin = "one",
                       .kind = "kill",
                       .at = std::chrono::seconds(2),
                       .until = std::chrono::seconds(4),
                       .requests = 2000,
                       .errors = 3,
                       .error_kinds = {"reset", "502"},
                       .slow = 7,
                       .normal_ms = 1.5,
                       .worst_added_ms = 31.25,
                       .noise_ms = 0.5};
    fault.detected_ms = 24.5;
    fault.told_ms = 30;
    fault.recovered_ms = 26;
    fault.errors_on_return = 1;
    fault.worst_added_on_return_ms = 2.5;
    return fault;
}

/// Of an open loop, with something of everything: 1000 due, 990 answered in 1 to 990 times 10 us,
/// 10 errors.
inline Result open_result() {
    Result result;
    LoadPlan& plan = result.plan;
    plan.url = "http://127.0.0.1:8080/\"</script>";
    plan.arrivals = Arrivals::constant;
    plan.steps = {{100, std::chrono::seconds(10)}};
    plan.connections = 8;
    plan.connections_max = 16;
    plan.pipeline = 2;
    plan.threads = 3;
    plan.warm_up = std::chrono::milliseconds(500);
    plan.timeout = std::chrono::seconds(5);
    plan.duration = std::chrono::seconds(10);
    plan.sample_interval = std::chrono::seconds(1);
    plan.mix = {RequestKind{.name = "search, \"all\""}, RequestKind{.name = "home"}};
    result.begun_unix_ns = 1'767'323'045'678'000'000;
    result.begun_ns = 5'000'000'000;
    result.measured = std::chrono::seconds(10);

    result.counts.due = 1000;
    result.counts.answered = 990;
    result.counts.failures[static_cast<std::size_t>(Failure::timed_out)] = 6;
    result.counts.failures[static_cast<std::size_t>(Failure::unexpected_status)] = 4;
    result.counts.aborted = 2;
    result.counts.unfinished = 1;
    result.counts.slow_cut = 4;
    result.counts.bytes_received = 1 << 20;
    result.counts.bytes_sent = 4096;
    result.counts.connects = 9;
    result.counts.backlog_max = 11;
    result.latency = ladder(990, 10'000);
    result.uncorrected = ladder(990, 5'000);
    result.first_byte = ladder(990, 4'000);
    result.lag = ladder(1000, 100);
    result.by_status[200] = ladder(986, 10'000);
    result.by_status[503] = ladder(4, 1'000'000);
    result.by_kind = {{"search, \"all\"", ladder(600, 10'000), 8},
                      {"home", ladder(390, 10'000), 2}};
    Sample sample{.at = std::chrono::seconds(1),
                  .length = std::chrono::seconds(1),
                  .rate = 99.5,
                  .offered = 100,
                  .answered = 99,
                  .errors = 1,
                  .in_flight = 4,
                  .p50_ns = 1'000'000,
                  .p90_ns = 2'000'000,
                  .p99_ns = 3'000'000,
                  .max_ns = 4'000'000};
    result.series = {sample, sample};
    result.series[1].at = std::chrono::seconds(2);
    result.marks = {{std::chrono::seconds(2), "kill one"}};
    result.steps = {
        {100, std::chrono::seconds(5), 99.5, 1, 1'000'000, 2'000'000, 3'000'000, 4'000'000, true},
        {200, std::chrono::seconds(5), 150, 9, 1'000'000, 9'000'000, 9'500'000, 9'900'000, false}};
    result.found_max = FoundMax{"p99<5ms", 100, 200};
    result.assertions = {{"p99<5ms", false, "9.81 ms"}, {"errors<2%", true, "1 % (10 of 1000)"}};
    result.own_cpu = {1, std::chrono::milliseconds(99)};
    result.busiest_thread = 0.25;
    result.watched_cpu = {{4711, std::chrono::milliseconds(198), 99}};
    result.core = {2, std::chrono::milliseconds(310), std::chrono::milliseconds(20)};
    result.origins = {"one", "two"};
    result.faults = {kill_of_one()};
    return result;
}

/// Of a closed loop, with as little as there can be after one answer.
inline Result closed_result() {
    Result result;
    result.plan.url = "http://[::1]/";
    result.plan.arrivals = Arrivals::closed;
    result.measured = std::chrono::seconds(1);
    result.counts.due = 1;
    result.counts.answered = 1;
    result.latency = sum_of({2'000'000});
    result.uncorrected = result.latency;
    result.by_status[200] = result.latency;
    result.by_kind = {{"GET /", result.latency, 0}};
    return result;
}

}  // namespace ringload::tests
