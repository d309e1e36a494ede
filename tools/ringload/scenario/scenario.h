// A scenario: origins and a proxy that are started (or run already), a load, and faults at given
// times. From one or more TOML files, laid over one another, to a value, or to all of their errors.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "ringway/config/load.h"
#include "tally/assertion.h"

namespace ringload {

/// argv of `ringload scenario FILE...` to the exit status, as run_command().
int scenario_command(int argc, const char* const* argv);

}  // namespace ringload
