// What the kernel says that processes and a core have used so far; two samples give the cost of
// what lies between.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace ringload {

struct ProcessSample {
    std::int64_t cpu_ns = 0;  // of all threads, from schedstat: exact
    // of the watched core, interrupts included, steal not; in steps of 10 ms
    std::int64_t core_busy_ns = 0;
    std::int64_t core_steal_ns = 0;  // taken from the watched core by the machine below
    std::int64_t switches = 0;       // context switches of all threads, voluntary or not
};

/// Processes that are gone count as nothing; `core` < 0: none is watched.
ProcessSample sample_processes(const std::vector<pid_t>& pids, int core);

}  // namespace ringload
