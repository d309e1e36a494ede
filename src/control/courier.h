// Brings the notices of one webhook to it, one after the other. The alerts thread's.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "ringway/base/prng.h"
#include "ringway/config/config.h"
#include "ringway/control/alert_book.h"
#include "ringway/control/log.h"

namespace ringway::control {

/// Written by the alerts thread, read by any.
struct CourierCounters {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> failed{0};   // given up
    std::atomic<std::uint64_t> retried{0};  // attempts after the first
    std::atomic<std::uint64_t> dropped{0};  // the queue was full, or the process ended
    std::atomic<std::uint64_t> deduplicated{0};
    std::atomic<std::uint64_t> queued{0};  // now
};

/// idle -> sending -> (sent, or given up) idle
///                 -> (to be tried again) waiting -> sending
/// The notice at the front of the queue is the one at work; those behind it wait for it, so that a
/// receiver gets them in order.
class Courier {
 public:
    using Clock = std::chrono::steady_clock;

    /// The handle, counters and log outlive it.
    Courier(CURLM* multi, const config::Webhook& webhook, CourierCounters& counters, Log& log,
            std::string host, std::uint64_t seed);
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;
    /// What waits is dropped, what is under way is cut.
    ~Courier();

    const std::string& name() const { return webhook_.name; }
    /// After a reload; what is under way goes on as it began.
    void set(const config::Webhook& webhook) { webhook_ = webhook; }

    /// Queues it if this webhook is to have it.
    void offer(const News& news, std::size_t queue_max);
    /// Begins the attempt that is due.
    void begin_due(Clock::time_point now);
    /// The transfer of this courier has ended.
    void on_done(CURLcode result, Clock::time_point now);
    /// When begin_due() has something to do; nothing while it sends or is idle.
    std::optional<Clock::time_point> due() const;
    bool idle() const { return queue_.empty(); }
    std::size_t waiting() const { return queue_.size(); }
    /// The process ends: what would have to be tried again later is not.
    void hurry();

 private:
    bool wants(const Notice& notice) const;
    void set_up(CURL* easy);
    void retry_or_give_up(const std::string& why, bool again, base::Duration asked,
                          Clock::time_point now);
    void settle(std::atomic<std::uint64_t>& counter);

    CURLM* const multi_;
    CURL* const easy_;
    config::Webhook webhook_;
    CourierCounters& counters_;
    Log& log_;
    const std::string host_;
    base::Prng prng_;

    std::deque<Notice> queue_;
    std::string body_;              // of the front, while it is sent
    curl_slist* fields_ = nullptr;  // likewise
    bool sending_ = false;
    bool failing_ = false;  // true exactly when the last attempt failed
    bool hurried_ = false;
    std::uint32_t attempts_ = 0;  // of the front
    Clock::time_point not_before_{};
};

}  // namespace ringway::control
