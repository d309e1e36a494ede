// Where other threads ask the main thread for an upgrade and wait for its outcome.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <mutex>
#include <string>

namespace ringway::control {

class UpgradeDesk {
 public:
    using Answer = std::expected<pid_t, std::string>;

    /// `wake`: makes the main thread look; called on the asking thread.
    explicit UpgradeDesk(void (*wake)()) : wake_(wake) {}

    /// Asks and waits: the pid of the new process once it serves, or why there is none. Any thread
    /// but main.
    Answer ask();
    /// The outcome of an upgrade, for all who wait. Main thread.
    void answer(const Answer& answer);
    /// No upgrade will come any more. Main thread, before it waits for those who might ask.
    void close();

 private:
    void (*const wake_)();
    std::mutex mutex_;  // of what follows
    std::condition_variable answered_;
    std::uint64_t answers_ = 0;
    Answer last_;
    bool closed_ = false;
};

}  // namespace ringway::control
