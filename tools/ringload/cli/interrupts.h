// SIGINT and SIGTERM while a run lasts: the first one stops it, a second one (200 ms later or
// more) ends the process at once. A thread of its own waits for them, so that no thread of the load
// is ever interrupted.
#pragma once

#include <signal.h>

#include <atomic>
#include <thread>

#include "load/run.h"

namespace ringload {

/// Made before any other thread starts: they inherit that the signals are blocked. `stop` outlives
/// it. One at a time.
class Interrupts {
 public:
    explicit Interrupts(StopSwitch& stop);
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    ~Interrupts();

    /// The signal that stopped the run; 0: none did.
    int signal() const { return signal_; }

 private:
    void wait();

    StopSwitch& stop_;
    std::atomic<int> signal_{0};
    std::atomic<bool> over_{false};
    sigset_t waited_{};
    sigset_t before_{};
    std::thread thread_;
};

}  // namespace ringload
