#include "cli/interrupts.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>

namespace ringload {

namespace {

// timeout(1) and shells signal a process and then its group: what follows so soon is no second wish
constexpr std::chrono::milliseconds kEcho(200);

}  // namespace

Interrupts::Interrupts(StopSwitch& stop) : stop_(stop) {
    sigemptyset(&waited_);
    sigaddset(&waited_, SIGINT);
    sigaddset(&waited_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &waited_, &before_);
    thread_ = std::thread([this] { wait(); });
}

Interrupts::~Interrupts() {
    over_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);  // to this thread alone: it wakes it
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupts::wait() {
    using Clock = std::chrono::steady_clock;
    Clock::time_point first{};
    while (true) {
        int signal = 0;
        sigwait(&waited_, &signal);
        if (over_) return;
        if (signal_ == 0) {
            first = Clock::now();
            signal_ = signal;
            stop_.stop = true;
        } else if (Clock::now() - first >= kEcho) {
            _exit(128 + signal);
        }
    }
}

}  // namespace ringload
