#include "cli/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/report.h"

namespace ringload {

namespace {

constexpr double kBusy = 0.95;  // the share of a CPU from which a thread is the limit
constexpr std::chrono::milliseconds kBusyTime(500);  // a burst is no limit
constexpr std::uint64_t kLagNs = 1'000'000;  // p99: later than that, the schedule was not kept

bool anything_measured(const Counts& counts) {
    return counts.answered + counts.errors() + counts.aborted > 0;
}

bool no_answer(const Counts& counts) { return counts.answered + counts.aborted == 0; }

/// "refused 64, timed_out 3", the most frequent first.
std::string causes_of(const Counts& counts) {
    std::vector<std::pair<std::uint64_t, std::string_view>> causes;
    for (std::size_t i = 1; i < kFailures; ++i) {
        if (counts.failures[i] > 0)
            causes.emplace_back(counts.failures[i], name_of(static_cast<Failure>(i)));
    }
    std::ranges::sort(causes, std::ranges::greater{});
    std::string text;
    for (const auto& [count, name] : causes)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
    return text;
}

/// "p99" of "p99<5ms".
std::string_view metric_of(std::string_view assertion) {
    std::string_view metric = assertion.substr(0, assertion.find_first_of("<>="));
    const std::size_t last = metric.find_last_not_of(' ');
    metric = metric.substr(0, last == std::string_view::npos ? 0 : last + 1);
    metric.remove_prefix(std::min(metric.find_first_not_of(' '), metric.size()));
    return metric;
}

}  // namespace

int exit_status(const Result& result, int signal) {
    if (signal != 0 && !anything_measured(result.counts)) return 128 + signal;
    const bool all_hold = std::ranges::all_of(result.assertions, &AssertionOutcome::holds);
    if (!all_hold) return 2;
    return no_answer(result.counts) ? 1 : 0;
}

std::vector<std::string> warnings_of(const Result& result) {
    std::vector<std::string> lines;
    if (!anything_measured(result.counts)) {
        lines.emplace_back(result.interrupted ? "stopped before anything was measured"
                                              : "no request ended within the measured time: make "
                                                "it longer (-d)");
    } else if (no_answer(result.counts)) {
        lines.push_back(
            fmt::format("no request was answered ({}): is {} the right address, and "
                        "does somebody listen there?",
                        causes_of(result.counts), result.plan.connect.text()));
    }
    if (result.busiest_thread > kBusy && result.measured >= kBusyTime) {
        lines.push_back(
            fmt::format("ringload was busy {:.0f} % of the time: add threads (-t), or "
                        "the result is its own limit",
                        std::min(result.busiest_thread, 1.0) * 100));
    }
    if (result.watched_cpu.size() < result.plan.watched.size()) {
        lines.emplace_back("a process of --watch ended meanwhile: its CPU time is not known");
    }
    const std::uint64_t lag_ns = result.lag.quantile_ns(0.99);
    if (result.plan.arrivals != Arrivals::closed && lag_ns > kLagNs) {
        lines.push_back(
            fmt::format("1 % of the requests were sent {} late or later: connections "
                        "or ringload itself were busy; raise --max-connections or -t, "
                        "or read the latencies as those of a queue before the server",
                        show_ns(lag_ns)));
    }
    return lines;
}

std::vector<std::string> failed_assertions(const Result& result) {
    std::vector<std::string> lines;
    for (const AssertionOutcome& outcome : result.assertions) {
        if (outcome.holds) continue;
        lines.push_back(fmt::format("assertion failed: {} ({} is {})", outcome.text,
                                    metric_of(outcome.text), outcome.found));
    }
    return lines;
}

std::string line_of(const StepResult& step) {
    const char* met = !step.met.has_value() ? "measured" : *step.met ? "met" : "not met";
    return fmt::format("rate {:.6g}/s: {}  (answered {:.0f}/s, p99 {}, max {}, errors {})",
                       step.rate, met, step.answered_rate, show_ns(step.p99_ns),
                       show_ns(step.max_ns), step.errors);
}

}  // namespace ringload
