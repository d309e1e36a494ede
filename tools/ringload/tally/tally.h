// What one thread of a run counts. Its thread writes, with plain relaxed stores; any thread reads
// at any time. Only requests that were due within the measured time are counted, but for
// answered_of_warm_up.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ringway/observe/histogram.h"

namespace ringload {

/// 1024 buckets an octave: percentiles are at most 0.1 % above the exact ones.
using Latencies = ringway::observe::LogHistogram<10>;
using LatencySum = ringway::observe::SumOf<Latencies>;

/// Why a request has no good answer. figures and reports show name_of().
enum class Failure : std::uint8_t {
    none,
    refused,            // the connection could not be opened
    connect_timed_out,  // nor refused in time
    reset,              // the connection ended with an error
    cut,                // it ended before the answer did
    timed_out,          // no whole answer in time
    malformed,          // not HTTP
    unexpected_status,  // whole, but not of a status that the mix expects
    wrong_body,         // whole, but with another checksum
};
inline constexpr std::size_t kFailures = 9;

constexpr std::string_view name_of(Failure failure) {
    constexpr std::array<std::string_view, kFailures> kNames = {
        "none",      "refused",   "connect_timed_out", "reset",     "cut",
        "timed_out", "malformed", "unexpected_status", "wrong_body"};
    return kNames[static_cast<std::size_t>(failure)];
}

/// One writer, any reader.
class Count {
 public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void raise_to(std::uint64_t n) {
        if (n > value()) value_.store(n, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::uint64_t> value_{0};
};

/// A histogram that exists from its first record on.
class LazyLatencies {
 public:
    LazyLatencies() = default;
    LazyLatencies(const LazyLatencies&) = delete;
    LazyLatencies& operator=(const LazyLatencies&) = delete;
    ~LazyLatencies() { delete made_.load(std::memory_order_relaxed); }

    void record(std::uint64_t ns) {
        Latencies* latencies = made_.load(std::memory_order_relaxed);
        if (latencies == nullptr) [[unlikely]] {
            latencies = new Latencies();
            made_.store(latencies, std::memory_order_release);
        }
        latencies->record(ns);
    }
    /// nullptr: nothing was recorded.
    const Latencies* get() const { return made_.load(std::memory_order_acquire); }

 private:
    std::atomic<Latencies*> made_{nullptr};
};

inline constexpr std::uint16_t kStatusMin = 100;
inline constexpr std::uint16_t kStatusMax = 599;

/// Latencies are counted from when a request was due: in a closed loop that is when it was sent.
struct Tally {
    explicit Tally(std::size_t kinds) : by_kind(kinds), failed_by_kind(kinds) {}

    // Every request that was due ends in exactly one of: by_status (a whole answer, good or not),
    // failures other than unexpected_status and wrong_body, aborted, unfinished (the run was
    // stopped). Requests of slow clients are not among them.
    Count due;
    std::array<LazyLatencies, kStatusMax - kStatusMin + 1> by_status;
    LazyLatencies timed_out;  // time waited in vain; part of the latency of a run
    std::array<Count, kFailures> failures;
    Count answered_late;        // whole answers after the measured time, to requests due within it
    Count answered_of_warm_up;  // whole answers within the measured time, to requests due before it
    Count aborted;              // left by us on purpose
    LazyLatencies slow;         // of slow readers and senders, answered
    Count slow_cut;             // slow ones that the server ended, or that took too long
    Count unfinished;

    std::vector<LazyLatencies> by_kind;  // [index in the mix]: whole answers
    std::vector<Count> failed_by_kind;   // [index in the mix]: all failures

    LazyLatencies uncorrected;  // from when it was really sent, as a tool would that waits its turn
    LazyLatencies first_byte;   // from when it was really sent
    LazyLatencies connect;      // opening a connection
    LazyLatencies lag;          // open loop: until its thread turned to it, our own lateness

    Count bytes_received;
    Count bytes_sent;
    Count connects;
    Count backlog_max;  // open loop: most requests that were due while no connection was free
    std::atomic<std::uint64_t> in_flight{0};  // now; its thread writes

    LazyLatencies& of_status(std::uint16_t status) { return by_status[status - kStatusMin]; }
};

}  // namespace ringload
