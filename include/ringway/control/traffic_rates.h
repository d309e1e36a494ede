// What the whole process has served, and how much of it in the last seconds.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/observe/counters.h"

namespace ringway::control {

struct TrafficTotals {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  // answers of class 5xx, ringway's own included
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
};
/// Of all shards, since the start.
TrafficTotals sum_of_traffic(const std::vector<const observe::ShardCounters*>& shards);

/// Each second.
struct TrafficRate {
    base::Duration over{0};  // what was looked at: kWindow, less soon after the start
    double requests = 0;
    double errors = 0;
    double received_bytes = 0;
    double sent_bytes = 0;
};

/// tick() about once a second; all on one thread.
class TrafficRates {
 public:
    static constexpr base::Duration kWindow = std::chrono::seconds(10);

    void tick(base::Instant now, const TrafficTotals& totals);
    /// From the last tick that is at least kWindow old, else from the first one, to now.
    TrafficRate read(base::Instant now, const TrafficTotals& totals) const;

 private:
    struct Sample {
        base::Instant at;
        TrafficTotals totals;
    };
    std::deque<Sample> samples_;  // the oldest first
};

}  // namespace ringway::control
