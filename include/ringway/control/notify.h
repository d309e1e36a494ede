// The service manager's side channel (sd_notify(3)): what state the process is in, and that it is
// alive. Without NOTIFY_SOCKET in the environment nothing is said.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "ringway/base/time.h"

namespace ringway::control {

/// Any thread. A message that does not go out is lost in silence: the manager may be gone.
class Notifier {
 public:
    /// `address`: a path, "@name" for an abstract one; empty: nobody listens.
    explicit Notifier(std::string address) : address_(std::move(address)) {}
    static Notifier from_environment();

    bool heard() const { return !address_.empty(); }
    /// Start or reload has finished; `status` is one line for `systemctl status`.
    void ready(std::string_view status) const;
    /// A reload begins; ready() ends it.
    void reloading(base::Instant now) const;
    void stopping(std::string_view status) const;
    /// From now on that process is the service.
    void main_pid(pid_t pid, std::string_view status) const;
    /// The line of `systemctl status`, and nothing else.
    void status(std::string_view status) const;
    void watchdog() const { send("WATCHDOG=1"); }

 private:
    void send(const std::string& lines) const;

    std::string address_;
};

/// How often WATCHDOG=1 is due, half of what the manager asks for (WATCHDOG_USEC, when it is meant
/// for this process by WATCHDOG_PID); 0: it is not asked for.
base::Duration watchdog_period_from_environment();

/// Says WATCHDOG=1 every period while `alive` holds, on a thread of its own; a process whose data
/// plane hangs falls silent, and the manager starts it anew.
class Watchdog {
 public:
    /// The notifier outlives it. `alive` is called on the watchdog's thread. A period of 0: never.
    Watchdog(const Notifier& notifier, base::Duration period, std::function<bool()> alive)
        : notifier_(notifier), period_(period), alive_(std::move(alive)) {}
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() { stop(); }

    void start();
    void stop();

 private:
    void run();

    const Notifier& notifier_;
    const base::Duration period_;
    const std::function<bool()> alive_;
    std::mutex mutex_;  // of stopping_
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ringway::control
