// A run: threads that load, a thread that reads their tallies, the result. Blocking; called by the
// thread that waits for the end.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <string>

#include "plan/plan.h"
#include "tally/result.h"

namespace ringload {

/// How a run is told to end early. Any thread, a signal handler included.
struct StopSwitch {
    std::atomic<bool> stop{false};
};

/// What happens meanwhile; called by the thread that called run_load(), every sample_interval.
using OnSample = std::function<void(const Sample&)>;

/// Loads as planned and returns what was measured, up to where `stop` ended it. A sentence when it
/// cannot begin: a CPU that is not there, a kernel without io_uring, too few descriptors. A target
/// that refuses is a result, not an error.
std::expected<Result, std::string> run_load(const LoadPlan& plan, const StopSwitch& stop,
                                            const OnSample& on_sample = {});

}  // namespace ringload
