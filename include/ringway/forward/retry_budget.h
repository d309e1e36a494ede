// How many retries a pool may make, so that a failing pool is not stormed (after RetryBudget of
// Twitter's Finagle): of any ten seconds, a share of the requests in them and a fixed number. Pure;
// one for each pool and shard, on the shard's thread. Nothing is paid for a request: the pool's
// request counter is looked at when a retry is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "ringway/base/time.h"
#include "ringway/config/config.h"

namespace ringway::forward {

class RetryBudget {
 public:
    /// No request has been counted by `now`.
    RetryBudget(const config::Retry& rules, base::Instant now);

    /// Counts the requests that came since the last call as if they had come evenly. The oftener it
    /// is called (a second is often enough), the truer; withdraw() calls it. `requests_so_far`, a
    /// total, and `now` never go back.
    void deposit(std::uint64_t requests_so_far, base::Instant now);

    /// One retry more? Yes as long as the retries of the last ten seconds (this one, and those of
    /// this whole second and the nine before) are at most budget_percent of the requests in them
    /// and budget_per_second x 10; it is counted then.
    bool withdraw(std::uint64_t requests_so_far, base::Instant now);

    /// What the last ten seconds hold, for a process that takes over, and to begin with it.
    struct Memory {
        double requests = 0;
        std::uint64_t retries = 0;
    };
    Memory memory(std::uint64_t requests_so_far, base::Instant now);
    void restore(const Memory& memory, base::Instant now);

 private:
    static constexpr std::int64_t kSeconds = 10;
    struct Bucket {
        std::int64_t second = std::numeric_limits<std::int64_t>::min();  // which it is of
        double requests = 0;
        std::uint64_t retries = 0;
    };
    static std::int64_t second_of(base::Instant moment);
    Memory sums(base::Instant now) const;
    Bucket& bucket_of(std::int64_t second);  // emptied when it was of an older one

    double requests_share_;
    double floor_;
    base::Instant looked_at_;
    std::uint64_t requests_seen_ = 0;
    std::array<Bucket, kSeconds> buckets_{};
};

}  // namespace ringway::forward
