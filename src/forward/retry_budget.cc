// Counts of the last ten seconds, a bucket a second.
#include "ringway/forward/retry_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ringway::forward {

RetryBudget::RetryBudget(const config::Retry& rules, base::Instant now)
    : requests_share_(rules.budget_percent / 100.0),
      floor_(static_cast<double>(rules.budget_per_second) * static_cast<double>(kSeconds)),
      looked_at_(now) {}

void RetryBudget::deposit(std::uint64_t requests_so_far, base::Instant now) {
    const std::uint64_t came = requests_so_far - requests_seen_;
    const base::Instant from = std::exchange(looked_at_, now);
    requests_seen_ = requests_so_far;
    const std::int64_t second = second_of(now);
    if (came == 0) return;
    if (second == second_of(from)) {
        bucket_of(second).requests += static_cast<double>(came);
        return;
    }
    const double a_second =
        static_cast<double>(came) / std::chrono::duration<double>(now - from).count();
    for (std::int64_t s = std::max(second_of(from), second - kSeconds + 1); s <= second; ++s) {
        const base::Instant begin = std::max(from, base::Instant(std::chrono::seconds(s)));
        const base::Instant end = std::min(now, base::Instant(std::chrono::seconds(s + 1)));
        bucket_of(s).requests += a_second * std::chrono::duration<double>(end - begin).count();
    }
}

bool RetryBudget::withdraw(std::uint64_t requests_so_far, base::Instant now) {
    deposit(requests_so_far, now);
    const Memory sum = sums(now);
    // Sums of parts of a whole may miss it by rounding.
    const auto retries = static_cast<double>(sum.retries);
    if (retries + 1 > sum.requests * requests_share_ + floor_ + 1e-6) return false;
    ++bucket_of(second_of(now)).retries;
    return true;
}

RetryBudget::Memory RetryBudget::sums(base::Instant now) const {
    const std::int64_t oldest = second_of(now) - kSeconds + 1;
    Memory sum;
    for (const Bucket& bucket : buckets_) {
        if (bucket.second < oldest) continue;
        sum.requests += bucket.requests;
        sum.retries += bucket.retries;
    }
    return sum;
}

RetryBudget::Memory RetryBudget::memory(std::uint64_t requests_so_far, base::Instant now) {
    deposit(requests_so_far, now);
    return sums(now);
}

void RetryBudget::restore(const Memory& memory, base::Instant now) {
    Bucket& bucket = bucket_of(second_of(now));
    bucket.requests += memory.requests;
    bucket.retries += memory.retries;
}

std::int64_t RetryBudget::second_of(base::Instant moment) {
    return std::chrono::floor<std::chrono::seconds>(moment.time_since_epoch()).count();
}

RetryBudget::Bucket& RetryBudget::bucket_of(std::int64_t second) {
    Bucket& bucket = buckets_[static_cast<std::size_t>(second % kSeconds)];
    if (bucket.second != second) bucket = {.second = second};
    return bucket;
}

}  // namespace ringway::forward
