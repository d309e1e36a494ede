#include "load/gather.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ringload {

namespace {

void add(LatencySum& sum, const LazyLatencies& latencies) {
    if (const Latencies* made = latencies.get()) sum.add(*made);
}

void add_counts(const Tally& tally, Counts& counts) {
    counts.due += tally.due.value();
    for (std::size_t i = 0; i < kFailures; ++i) counts.failures[i] += tally.failures[i].value();
    counts.answered_late += tally.answered_late.value();
    counts.answered_of_warm_up += tally.answered_of_warm_up.value();
    counts.aborted += tally.aborted.value();
    counts.unfinished += tally.unfinished.value();
    counts.slow_cut += tally.slow_cut.value();
    counts.bytes_received += tally.bytes_received.value();
    counts.bytes_sent += tally.bytes_sent.value();
    counts.connects += tally.connects.value();
    counts.backlog_max = std::max(counts.backlog_max, tally.backlog_max.value());
}

/// One pass over the tallies.
Reading read(const std::deque<Worker>& workers) {
    Reading reading;
    for (const Worker& worker : workers) {
        add_counts(worker.tally(), reading.counts);
        for (const LazyLatencies& latencies : worker.tally().by_status)
            add(reading.latency, latencies);
    }
    reading.counts.answered = reading.latency.count();  // until here it has nothing but answers
    for (const Worker& worker : workers) add(reading.latency, worker.tally().timed_out);
    return reading;
}

}  // namespace

void gather(const std::deque<Worker>& workers, Result& result) {
    Reading all = read(workers);
    result.counts = all.counts;
    result.latency = std::move(all.latency);
    result.by_kind.resize(result.plan.mix.size());
    for (std::size_t i = 0; i < result.by_kind.size(); ++i)
        result.by_kind[i].name = result.plan.mix[i].name;
    for (const Worker& worker : workers) {
        const Tally& tally = worker.tally();
        add(result.uncorrected, tally.uncorrected);
        add(result.first_byte, tally.first_byte);
        add(result.connect, tally.connect);
        add(result.lag, tally.lag);
        add(result.slow, tally.slow);
        for (std::size_t i = 0; i < tally.by_status.size(); ++i) {
            if (tally.by_status[i].get() == nullptr) continue;
            add(result.by_status[static_cast<std::uint16_t>(kStatusMin + i)], tally.by_status[i]);
        }
        for (std::size_t i = 0; i < result.by_kind.size(); ++i) {
            add(result.by_kind[i].latency, tally.by_kind[i]);
            result.by_kind[i].failed += tally.failed_by_kind[i].value();
        }
    }
    // a mix of one kind is not counted twice
    if (result.by_kind.size() == 1) {
        for (const auto& [status, latency] : result.by_status)
            result.by_kind.front().latency.add(latency);
    }
}

Sample Sampler::take(Duration at) {
    Reading now = read(workers_);
    since_ = now.latency;
    since_.subtract(before_.latency);
    Sample sample;
    for (const Worker& worker : workers_)
        sample.in_flight += worker.tally().in_flight.load(std::memory_order_relaxed);
    sample.at = at;
    sample.length = at - at_;
    sample.answered = now.counts.answered - before_.counts.answered;
    sample.errors = now.counts.errors() - before_.counts.errors();
    const double seconds = static_cast<double>(sample.length.count()) / 1e9;
    if (seconds > 0) {
        const std::uint64_t of_warm_up =
            now.counts.answered_of_warm_up - before_.counts.answered_of_warm_up;
        sample.rate = static_cast<double>(sample.answered + of_warm_up) / seconds;
        sample.offered = static_cast<double>(now.counts.due - before_.counts.due) / seconds;
    }
    sample.p50_ns = since_.quantile_ns(0.5);
    sample.p90_ns = since_.quantile_ns(0.9);
    sample.p99_ns = since_.quantile_ns(0.99);
    sample.max_ns = since_.max_ns();
    before_ = std::move(now);
    at_ = at;
    return sample;
}

void gather_records(std::deque<Worker>& workers, Result& result) {
    for (Worker& worker : workers) {
        std::array<std::uint8_t, Record::kNoOrigin + 1> numbers{};
        numbers.fill(Record::kNoOrigin);
        for (std::size_t i = 0; i < worker.origins().size(); ++i) {
            const auto found = std::ranges::find(result.origins, worker.origins()[i]);
            const auto number = static_cast<std::size_t>(found - result.origins.begin());
            if (number == Record::kNoOrigin) continue;
            if (found == result.origins.end()) result.origins.push_back(worker.origins()[i]);
            numbers[i] = static_cast<std::uint8_t>(number);
        }
        for (Record record : worker.records()) {
            record.origin = numbers[record.origin];
            result.records.push_back(record);
        }
        worker.records().clear();
    }
    std::ranges::sort(result.records, {}, [](const Record& record) {
        return std::tuple(record.due_ns, record.done_ns, record.connection);
    });
}

}  // namespace ringload
