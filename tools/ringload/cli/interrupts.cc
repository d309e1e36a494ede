#include "cli/interrupts.h"

#include <pthread.h>
#include <unistd.h>

namespace ringload {

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
    while (true) {
        int signal = 0;
        sigwait(&waited_, &signal);
        if (over_) return;
        if (signal_ != 0) _exit(128 + signal);
        signal_ = signal;
        stop_.stop = true;
    }
}

}  // namespace ringload
