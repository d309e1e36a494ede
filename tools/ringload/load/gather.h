// Tallies of the threads added up: to a Result at the end, to a Sample meanwhile. The thread that
// waits for the run.
#pragma once

#include <deque>

#include "load/worker.h"
#include "tally/result.h"

namespace ringload {

/// All tallies at one moment.
struct Reading {
    Counts counts;
    LatencySum latency;  // answers of all statuses and time-outs
};

/// The counts and latencies of all workers so far.
void gather(const std::deque<Worker>& workers, Result& result);

/// Reads the tallies again and again: what came between two readings.
class Sampler {
 public:
    explicit Sampler(const std::deque<Worker>& workers) : workers_(workers) {}
    /// What ended since the last call, or since the begin of the measured time; `at` is counted
    /// from there.
    Sample take(Duration at);
    /// Of the interval that take() returned last.
    const LatencySum& latency() const { return since_; }

 private:
    const std::deque<Worker>& workers_;
    Reading before_;
    LatencySum since_;
    Duration at_{0};
};

/// The records of all threads, by the time when they were due, and the origins that they name.
void gather_records(std::deque<Worker>& workers, Result& result);

}  // namespace ringload
