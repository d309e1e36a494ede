#include "load/gather.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

namespace ringload {

namespace {

void add(LatencySum& sum, const LazyLatencies& latencies) {
    if (const Latencies* made = latencies.get()) sum.add(*made);
}

/// Answers of all statuses and time-outs.
LatencySum latency_of(const std::deque<Worker>& workers) {
    LatencySum sum;
    for (const Worker& worker : workers) {
        for (const LazyLatencies& latencies : worker.tally().by_status) add(sum, latencies);
        add(sum, worker.tally().timed_out);
    }
    return sum;
}

std::uint64_t answered_of(const Tally& tally) {
    std::uint64_t answered = 0;
    for (const LazyLatencies& latencies : tally.by_status) {
        const Latencies* made = latencies.get();
        if (made == nullptr) continue;
        for (std::size_t i = 0; i < Latencies::kBuckets; ++i) answered += made->bucket(i);
    }
    return answered;
}

void add_counts(const Tally& tally, Counts& counts) {
    counts.due += tally.due.value();
    counts.answered += answered_of(tally);
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

}  // namespace

void gather(const std::deque<Worker>& workers, Result& result) {
    result.latency = latency_of(workers);
    result.by_kind.resize(result.plan.mix.size());
    for (std::size_t i = 0; i < result.by_kind.size(); ++i)
        result.by_kind[i].name = result.plan.mix[i].name;
    for (const Worker& worker : workers) {
        const Tally& tally = worker.tally();
        add_counts(tally, result.counts);
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
    LatencySum latency = latency_of(workers_);
    Counts counts;
    Sample sample;
    for (const Worker& worker : workers_) {
        add_counts(worker.tally(), counts);
        sample.in_flight += worker.tally().in_flight.load(std::memory_order_relaxed);
    }
    sample.at = at;
    sample.length = at - at_;
    sample.answered = counts.answered - answered_;
    sample.errors = counts.errors() - errors_;
    const double seconds = static_cast<double>(sample.length.count()) / 1e9;
    if (seconds > 0) {
        const std::uint64_t of_warm_up = counts.answered_of_warm_up - of_warm_up_;
        sample.rate = static_cast<double>(sample.answered + of_warm_up) / seconds;
        sample.offered = static_cast<double>(counts.due - due_) / seconds;
    }
    since_ = latency;
    since_.subtract(before_);
    sample.p50_ns = since_.quantile_ns(0.5);
    sample.p90_ns = since_.quantile_ns(0.9);
    sample.p99_ns = since_.quantile_ns(0.99);
    sample.max_ns = since_.max_ns();
    before_ = std::move(latency);
    answered_ = counts.answered;
    errors_ = counts.errors();
    due_ = counts.due;
    of_warm_up_ = counts.answered_of_warm_up;
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
