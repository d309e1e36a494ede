// What a result comes to: the exit status and the lines that go with it. Pure.
#pragma once

#include <string>
#include <vector>

#include "tally/result.h"

namespace ringload {

/// 0: done; 1: no request was answered; 2: an assertion does not hold; 128 + `signal`: it stopped
/// the run before anything was measured.
int exit_status(const Result& result, int signal);

/// Lines for standard error, without "ringload: ": where ringload itself was the limit, and why
/// nothing was answered.
std::vector<std::string> warnings_of(const Result& result);

/// "assertion failed: p99<5ms (p99 is 7.31 ms)", a line for each that does not hold.
std::vector<std::string> failed_assertions(const Result& result);

/// "5000/s: met, p99 1.2 ms, no errors" of a search, for the progress.
std::string line_of(const StepResult& step);

}  // namespace ringload
