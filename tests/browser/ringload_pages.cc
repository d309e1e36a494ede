// Writes pages of made-up results into a folder, for the browser to look at: `ringload_pages
// FOLDER`. What is in them is known to ringload_page.py only through the JSON that they hold.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "report/report.h"

namespace ringload {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Pseudo-random and the same at each run: numbers from 0 to 1.
class Dice {
 public:
    double roll() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<double>(state_ >> 11) / 9007199254740992.0;
    }

 private:
    std::uint64_t state_ = 7;
};

/// `count` latencies around `median_us`, skewed as latencies are.
LatencySum skewed(std::size_t count, double median_us, double spread, double stall_share = 0) {
    const auto histogram = std::make_unique<Latencies>();
    Dice dice;
    for (std::size_t i = 0; i < count; ++i) {
        const double around = dice.roll() + dice.roll() + dice.roll() + dice.roll() - 2;
        double us = median_us * std::exp(spread * around);
        if (dice.roll() < stall_share) us += 1e6 * dice.roll();
        histogram->record(static_cast<std::uint64_t>(us * 1000));
    }
    LatencySum sum;
    sum.add(*histogram);
    return sum;
}

LoadPlan plan_of(Arrivals arrivals, double rate) {
    LoadPlan plan;
    plan.url = "http://127.0.0.1:8080/api/orders?limit=20";
    plan.arrivals = arrivals;
    plan.connections = 64;
    plan.connections_max = 256;
    plan.threads = 2;
    plan.warm_up = seconds(2);
    plan.timeout = seconds(10);
    if (arrivals != Arrivals::closed) plan.steps = {{.per_second = rate, .duration = seconds(30)}};
    return plan;
}

Sample sample_at(Dice& dice, Duration at, Duration length, double rate, bool has_fault) {
    const double size = static_cast<double>(length.count()) / 1e9;
    Sample sample{.at = at, .length = length, .rate = rate * (0.99 + dice.roll() * 0.02)};
    sample.offered = rate;
    if (has_fault) sample.rate *= 0.93;
    sample.answered = static_cast<std::uint64_t>(sample.rate * size);
    sample.errors = has_fault ? static_cast<std::uint64_t>(dice.roll() * 40) : 0;
    sample.in_flight = 9 + static_cast<std::uint64_t>(dice.roll() * 6);
    const auto ns = [&](double us) { return static_cast<std::uint64_t>(us * 1000); };
    sample.p50_ns = ns(800 + dice.roll() * 60);
    sample.p90_ns = ns(1700 + dice.roll() * 200);
    sample.p99_ns = ns((has_fault ? 28000 : 3900) + dice.roll() * 900);
    sample.max_ns = sample.p99_ns + ns(9000 * dice.roll() * dice.roll() + (has_fault ? 210000 : 0));
    return sample;
}

void add_series(Result& result, std::size_t count, Duration length, double rate) {
    Dice dice;
    for (std::size_t i = 0; i < count; ++i) {
        const Duration end = length * static_cast<std::int64_t>(i + 1);
        const bool has_fault = !result.faults.empty() && end > result.faults[0].at &&
                               end <= result.faults[0].at + seconds(2);
        result.series.push_back(sample_at(dice, end, length, rate, has_fault));
    }
    result.measured = length * static_cast<std::int64_t>(count);
}

FaultFigures fault_of(std::string kind, std::string origin, int at, int until) {
    FaultFigures fault;
    fault.kind = std::move(kind);
    fault.origin = std::move(origin);
    fault.at = seconds(at);
    fault.until = seconds(until);
    fault.requests = 41233;
    fault.normal_ms = 0.83;
    fault.worst_added_ms = 24.5;
    fault.noise_ms = 1.2;
    fault.detected_ms = 12.25;
    fault.halved_ms = 31.0;
    fault.sent_after = 2;
    fault.told_ms = 13.5;
    fault.recovered_ms = 38.4;
    fault.taken_back_ms = 410;
    return fault;
}

/// Everything that a result can have.
Result whole() {
    Result result;
    result.plan = plan_of(Arrivals::poisson, 5000);
    result.begun_unix_ns = 1'790'000'000'000'000'000;
    result.latency = skewed(149'000, 850, 0.8, 0.0008);
    result.uncorrected = skewed(148'990, 840, 0.8);
    result.first_byte = skewed(148'990, 700, 0.8);
    result.connect = skewed(72, 120, 0.4);
    result.lag = skewed(149'000, 9, 0.5);
    result.slow = skewed(30, 900'000, 0.2);
    result.by_status[200] = skewed(148'000, 850, 0.8);
    result.by_status[503] = skewed(990, 300, 0.5);
    result.by_kind = {{"GET /api/orders", skewed(120'000, 800, 0.8), 12},
                      {"POST /api/orders", skewed(28'990, 1300, 0.7), 0}};
    result.faults = {fault_of("kill", "b", 8, 13), fault_of("blackhole", "c", 19, 24)};
    result.faults[0].errors = 3;
    result.faults[0].error_kinds = {"reset", "503"};
    result.faults[1].detected_ms.reset();
    result.marks = {{seconds(8), "kill b"},
                    {seconds(13), "start b"},
                    {seconds(19), "blackhole c"},
                    {milliseconds(19'300), "ringway: c ejected"},
                    {seconds(24), "restore c"}};
    add_series(result, 60, milliseconds(500), 5000);
    result.counts.due = 150'040;
    result.counts.answered = 148'990;
    result.counts.failures = {0, 3, 0, 12, 4, 10, 0, 990, 1};
    result.counts.unfinished = 20;
    result.counts.bytes_received = 187'532'100;
    result.counts.bytes_sent = 14'899'000;
    result.counts.connects = 72;
    result.counts.backlog_max = 17;
    result.assertions = {{"p99<5ms", true, "p99 is 4.31 ms"},
                         {"errors<0.1%", false, "errors are 0.68 % (1020 of 150040)"},
                         {"status.200>=99.9%", false, "status.200 is 98.6 %"}};
    result.own_cpu = {.pid = 100, .user_and_system = milliseconds(14'200)};
    result.busiest_thread = 0.31;
    result.watched_cpu = {{.pid = 4242, .user_and_system = milliseconds(21'500)}};
    result.core = CoreUse{.cpu = 3, .busy = milliseconds(24'600), .steal = milliseconds(120)};
    return result;
}

Result closed() {
    Result result;
    result.plan = plan_of(Arrivals::closed, 0);
    result.latency = result.uncorrected = skewed(50'000, 90, 0.3);
    result.by_status[200] = result.latency;
    add_series(result, 12, seconds(1), 48'000);
    result.counts.due = result.counts.answered = 50'000;
    result.interrupted = true;
    result.busiest_thread = 0.99;
    return result;
}

Result search() {
    Result result;
    result.plan = plan_of(Arrivals::constant, 1000);
    result.latency = skewed(9000, 500, 0.5);
    result.uncorrected = skewed(9000, 480, 0.5);
    add_series(result, 30, seconds(1), 1000);
    for (const double rate : {1000.0, 2000.0, 4000.0, 3000.0}) {
        StepResult step{.rate = rate, .duration = seconds(5), .answered_rate = rate * 0.999};
        step.p50_ns = 500'000;
        step.p99_ns = static_cast<std::uint64_t>(rate * 1500);
        step.p999_ns = step.p99_ns * 2;
        step.max_ns = step.p99_ns * 3;
        step.met = rate < 3500;
        result.steps.push_back(step);
    }
    result.found_max = {.bound = "p99<5ms", .rate = 3000, .next_failed = 4000};
    return result;
}

Result one_sample() {
    Result result;
    result.plan = plan_of(Arrivals::constant, 1);
    result.latency = result.uncorrected = skewed(1, 2500, 0);
    add_series(result, 1, seconds(1), 1);
    result.counts.due = result.counts.answered = 1;
    return result;
}

Result thousands() {
    Result result;
    result.plan = plan_of(Arrivals::constant, 2000);
    result.latency = result.uncorrected = skewed(100'000, 1000, 1.0);
    add_series(result, 7000, seconds(1), 2000);
    result.series[4321].max_ns = 9'000'000'000;  // alone among its neighbours
    result.series[4321].errors = 5;
    result.marks = {{seconds(3600), "deploy"}};
    return result;
}

constexpr const char* kMarkup =
    "</script><script>document.title='owned'</script><!--<script>"
    "<img src=x onerror=\"document.title='owned'\"><b id=\"owned\">\"'&amp;\xff";

Result hostile() {
    Result result = whole();
    const std::string markup = kMarkup;
    result.plan.url = "http://h/" + markup;
    for (KindResult& kind : result.by_kind) kind.name += markup;
    for (Mark& mark : result.marks) mark.text += markup;
    for (AssertionOutcome& outcome : result.assertions) outcome.text += outcome.found += markup;
    for (FaultFigures& fault : result.faults) {
        fault.origin += markup;
        fault.kind += markup;
        fault.error_kinds = {markup};
    }
    result.found_max = {.bound = markup, .rate = 1, .next_failed = 2};
    return result;
}

bool put(const std::filesystem::path& folder, const char* name, const Result& result) {
    std::ofstream out(folder / (std::string(name) + ".html"), std::ios::binary);
    out << html_of(result);
    return out.good();
}

}  // namespace

}  // namespace ringload

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: ringload_pages FOLDER\n");
        return 1;
    }
    using namespace ringload;
    const std::filesystem::path folder = argv[1];
    const bool is_written = put(folder, "whole", whole()) && put(folder, "closed", closed()) &&
                            put(folder, "search", search()) && put(folder, "empty", Result{}) &&
                            put(folder, "one", one_sample()) &&
                            put(folder, "thousands", thousands()) &&
                            put(folder, "hostile", hostile());
    if (!is_written) std::fprintf(stderr, "ringload_pages: cannot write to %s\n", argv[1]);
    return is_written ? 0 : 1;
}
