// One round of a scenario: its processes are started, the load runs in a thread of its own, faults
// come and go by the caller's clock, and all of it becomes a Result. Blocking; called by the thread
// that lives as long as the process (process.h).
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "load/run.h"
#include "scenario/scenario.h"

namespace ringload {

struct ScenarioEars {
    OnSample on_sample;                            // by the thread of the load
    std::function<void(const std::string&)> say;   // faults, by the caller's thread
    std::function<void(const std::string&)> warn;  // what the figures lack, by the caller's thread
};

/// A sentence when it could not be done: what did not come up, or a fault that was not allowed.
/// "" when `stop` came before there was anything to measure.
std::expected<Result, std::string> run_scenario(const Scenario& scenario, LoadPlan plan,
                                                const StopSwitch& stop, const ScenarioEars& ears);

/// The number of a round shifts its faults by up to half a second, so that they meet checks and
/// time-outs at another phase each time.
Duration phase_of(std::uint32_t round);

}  // namespace ringload
