// The tables of the text report. Each is a headed block, or "" when there is nothing to show. Pure.
#pragma once

#include <string>

#include "tally/result.h"

namespace ringload {

/// Latency from when requests were due beside what a closed loop would have seen, and the phases.
std::string latency_table(const Result& result);
std::string status_table(const Result& result);
std::string failure_table(const Result& result);
/// "" unless the mix has more than one kind.
std::string kind_table(const Result& result);
std::string step_table(const Result& result);
/// CPU time of ringload and of the watched processes.
std::string cpu_table(const Result& result);
std::string fault_table(const Result& result);
std::string assertion_table(const Result& result);

}  // namespace ringload
