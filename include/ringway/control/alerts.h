// Alerts by webhook: takes events from the chronicle and tells the receivers of the configuration.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ringway/config/config.h"
#include "ringway/control/alert_book.h"
#include "ringway/control/log.h"
#include "ringway/observe/exposition.h"

namespace ringway::control {

struct CourierCounters;

/// Has a thread of its own, on which libcurl drives the transfers to all receivers at once. Events
/// come in through a bounded queue, so that whoever tells of them waits for nobody; receivers that
/// are dead or slow cost neither the others nor the data plane anything.
class Alerts {
 public:
    static constexpr std::size_t kEventsMax = 4096;

    /// The log outlives it. Sets libcurl up, which is to be done before there are other threads.
    Alerts(const config::Alerts& settings, Log& log);
    Alerts(const Alerts&) = delete;
    Alerts& operator=(const Alerts&) = delete;
    ~Alerts();

    /// What an older process has told of: it is not told again, and what stands of it ends or
    /// escalates here. Passed over where `config` has no such place. Before start().
    void inherit(const std::vector<observe::Told>& told, const config::Config& config);

    /// Starts the thread, when there is a webhook.
    void start();

    /// Another process tells of what happens from now on, and of what stands; what waits to be sent
    /// still goes out. Any thread.
    void pass_on();

    /// Any thread; does not wait.
    void take(const observe::Told& told);

    /// A configuration was loaded anew: receivers are those of it, and what stood about upstreams
    /// that it does not have is forgotten. Counts of receivers of the same name go on. Any thread.
    void adopt(const config::Config& config);

    /// Tells what was taken before, for at most 0.8 s, and ends the thread. What was not told then
    /// is counted as dropped.
    void stop();

    /// Of each webhook that there is, in the order of the configuration. Any thread.
    std::vector<observe::WebhookFacts> facts() const;
    std::uint64_t events_dropped() const { return events_dropped_.load(std::memory_order_relaxed); }

 private:
    struct Thread;  // what the thread works with
    /// Pool and upstream; the upstream is empty for the pool as a whole.
    using Places = std::vector<std::pair<std::string, std::string>>;

    static Places places_of(const config::Config& config);
    std::shared_ptr<CourierCounters> counters_of(const std::string& name);
    void wake();

    Log& log_;
    void* const multi_;  // CURLM*
    std::atomic<bool> on_{false};
    std::atomic<std::uint64_t> events_dropped_{0};

    mutable std::mutex mutex_;  // of what follows
    std::deque<AlertEvent> events_;
    std::vector<AlertEvent> inherited_;
    config::Alerts settings_;
    std::optional<Places> places_;  // of a configuration that is new to the thread
    bool settings_new_ = true;
    bool passed_on_ = false;
    bool stopping_ = false;
    std::vector<std::pair<std::string, std::shared_ptr<CourierCounters>>> counters_;

    std::thread thread_;
};

}  // namespace ringway::control
