// Rates of counters that only grow, from two readings of all of them. Pure; one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace ringctl {

class Rates {
 public:
    using Clock = std::chrono::steady_clock;
    using Counters = std::map<std::string, double>;

    /// The newest reading, and when it was taken.
    void take(Clock::time_point at, Counters counters);

    /// Between the last two readings. Nothing before the second, for a counter that one of them has
    /// not, and for one that went down: the process began anew.
    std::optional<double> per_second(const std::string& counter) const;

 private:
    Clock::time_point at_{};
    double seconds_ = 0;  // between the two; 0: there is one at most
    Counters now_;
    Counters before_;
};

}  // namespace ringctl
