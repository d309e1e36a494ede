// The alerts thread. Members of Thread are its own; what comes from outside comes through the
// members of Alerts that the mutex guards.
#include "ringway/control/alerts.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include "courier.h"
#include "ringway/control/clock.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

using Clock = Courier::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kStopPatience(800);
constexpr milliseconds kIdle(10'000);

std::string host_name() {
    char name[256] = {};
    gethostname(name, sizeof(name) - 1);
    return name;
}

/// Of those that this process may have before it serves.
constexpr int kDescriptorsLooked = 1024;

/// libcurl's handle of many transfers, whose own descriptors no started program inherits: libcurl
/// does not see to that. Nullptr when it cannot be had.
CURLM* new_multi() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return nullptr;
    std::vector<bool> before(kDescriptorsLooked);
    for (int i = 0; i < kDescriptorsLooked; ++i)
        before[static_cast<std::size_t>(i)] = fcntl(i, F_GETFD) >= 0;
    CURLM* const multi = curl_multi_init();
    for (int i = 0; i < kDescriptorsLooked; ++i) {
        if (!before[static_cast<std::size_t>(i)]) fcntl(i, F_SETFD, FD_CLOEXEC);
    }
    return multi;
}

AlertEvent alert_event(const observe::Told& told) {
    return {.told = told,
            .pool = told.pool,
            .upstream = told.upstream,
            .sentence = observe::event_sentence(told)};
}

}  // namespace

struct Alerts::Thread {
    explicit Thread(Alerts& owner) : alerts(owner), multi(static_cast<CURLM*>(owner.multi_)) {}

    void run();
    void take_orders();
    void take_settings(const config::Alerts& next);
    void tell_receivers();
    void drive();
    milliseconds pause() const;
    bool idle() const {
        return std::ranges::all_of(couriers, [](const auto& each) { return each->idle(); });
    }

    Alerts& alerts;
    CURLM* const multi;
    const std::string host = host_name();
    AlertBook book{config::Alerts{}};
    std::size_t queue_max = 0;
    std::vector<std::unique_ptr<Courier>> couriers;
    std::vector<News> news;
    std::optional<Clock::time_point> end;  // set once it is to stop
};

Alerts::Alerts(const config::Alerts& settings, Log& log)
    : log_(log), multi_(new_multi()), settings_(settings) {}

Alerts::~Alerts() {
    stop();
    if (multi_ != nullptr) curl_multi_cleanup(static_cast<CURLM*>(multi_));
    curl_global_cleanup();
}

void Alerts::start() {
    if (settings_.webhooks.empty() || thread_.joinable()) return;
    if (multi_ == nullptr) return log_.error("alerts", "libcurl cannot be set up; none is sent");
    on_.store(true, std::memory_order_relaxed);
    thread_ = std::thread([this] {
        set_up_thread("rw-alerts");
        Thread(*this).run();
    });
}

void Alerts::take(const observe::Told& told) {
    if (!on_.load(std::memory_order_relaxed)) return;
    AlertEvent event = alert_event(told);
    {
        const std::lock_guard lock(mutex_);
        if (events_.size() >= kEventsMax) {
            events_dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        events_.push_back(std::move(event));
    }
    wake();
}

void Alerts::inherit(const std::vector<observe::Told>& told, const config::Config& config) {
    if (settings_.webhooks.empty()) return;  // nobody was told, nor is
    for (const observe::Told& one : told) inherited_.push_back(alert_event(one));
    places_ = places_of(config);
}

void Alerts::pass_on() {
    on_.store(false, std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        passed_on_ = true;
    }
    wake();
}

Alerts::Places Alerts::places_of(const config::Config& config) {
    Places places;
    for (const std::uint16_t pool : config::places_in_use(config.pools))
        places.emplace_back(config.pools[pool].name, "");
    for (const cluster::Place& place : config::upstreams_in_use(config)) {
        const config::Pool& pool = config.pools[place.pool.value];
        places.emplace_back(pool.name, pool.upstreams[place.upstream.value].name);
    }
    return places;
}

void Alerts::adopt(const config::Config& config) {
    Places places = places_of(config);
    {
        const std::lock_guard lock(mutex_);
        settings_ = config.alerts;
        settings_new_ = true;
        places_ = std::move(places);
    }
    start();
    wake();
}

void Alerts::stop() {
    if (!thread_.joinable()) return;
    on_.store(false, std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake();
    thread_.join();
}

void Alerts::wake() {
    if (multi_ != nullptr) curl_multi_wakeup(static_cast<CURLM*>(multi_));
}

std::vector<observe::WebhookFacts> Alerts::facts() const {
    std::vector<observe::WebhookFacts> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, counters] : counters_) {
        all.push_back({.name = name,
                       .sent = counters->sent,
                       .failed = counters->failed,
                       .retried = counters->retried,
                       .dropped = counters->dropped,
                       .deduplicated = counters->deduplicated,
                       .queued = counters->queued});
    }
    return all;
}

void Alerts::Thread::run() {
    for (;;) {
        take_orders();
        tell_receivers();
        drive();
        if (end && (idle() || Clock::now() >= *end)) break;
        curl_multi_poll(multi, nullptr, 0, static_cast<int>(pause().count()), nullptr);
    }
    std::size_t untold = 0;
    for (const auto& courier : couriers) untold += courier->waiting();
    if (untold > 0) {
        alerts.log_.warn("alerts", std::to_string(untold) + " alerts were not told before the end");
    }
}

/// What came from outside since the last turn.
void Alerts::Thread::take_orders() {
    std::deque<AlertEvent> events;
    std::vector<AlertEvent> inherited;
    std::optional<Places> places;
    std::optional<config::Alerts> settings;
    bool stopping = false, passed_on = false;
    {
        const std::lock_guard lock(alerts.mutex_);
        events.swap(alerts.events_);
        inherited.swap(alerts.inherited_);
        places.swap(alerts.places_);
        if (std::exchange(alerts.settings_new_, false)) settings = alerts.settings_;
        stopping = alerts.stopping_;
        passed_on = alerts.passed_on_;
    }
    if (settings) take_settings(*settings);
    const base::Instant now = read_clocks().now;
    if (!inherited.empty()) book.remember(inherited, now);
    for (const AlertEvent& event : events) book.take(event, now, news);
    if (places) {
        const std::set<std::pair<std::string, std::string>> known(places->begin(), places->end());
        book.retain([&](const std::string& pool, const std::string& upstream) {
            return known.contains({pool, upstream});
        });
    }
    if (passed_on) book.retain([](auto&&...) { return false; });
    if (stopping && !end) {
        end = Clock::now() + kStopPatience;
        for (const auto& courier : couriers) courier->hurry();
    } else if (!stopping) {
        book.tick(now, news);
    }
}

/// Receivers of the same name stay, with what waits for them.
void Alerts::Thread::take_settings(const config::Alerts& next) {
    book.set(next);
    queue_max = next.queue_max;
    std::vector<std::unique_ptr<Courier>> before = std::exchange(couriers, {});
    std::vector<std::pair<std::string, std::shared_ptr<CourierCounters>>> counters;
    std::random_device entropy;
    for (const config::Webhook& webhook : next.webhooks) {
        counters.emplace_back(webhook.name, alerts.counters_of(webhook.name));
        const auto known = std::ranges::find_if(before, [&](const auto& courier) {
            return courier != nullptr && courier->name() == webhook.name;
        });
        if (known != before.end()) {
            couriers.push_back(std::move(*known));
            couriers.back()->set(webhook);
        } else {
            couriers.push_back(std::make_unique<Courier>(multi, webhook, *counters.back().second,
                                                         alerts.log_, host, entropy()));
        }
    }
    before.clear();  // while their counters are still there
    const std::lock_guard lock(alerts.mutex_);
    alerts.counters_ = std::move(counters);
}

/// Those that the webhook of this name has, or new ones.
std::shared_ptr<CourierCounters> Alerts::counters_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find(counters_, name, [](const auto& each) { return each.first; });
    return at != counters_.end() ? at->second : std::make_shared<CourierCounters>();
}

void Alerts::Thread::tell_receivers() {
    for (const News& each : news) {
        for (const auto& courier : couriers) courier->offer(each, queue_max);
    }
    news.clear();
}

void Alerts::Thread::drive() {
    for (const auto& courier : couriers) courier->begin_due(Clock::now());
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode result = message->data.result;
        char* courier = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &courier);
        reinterpret_cast<Courier*>(courier)->on_done(result, Clock::now());
    }
}

/// How long nothing is due; libcurl itself shortens that by the time-outs of its transfers.
milliseconds Alerts::Thread::pause() const {
    const auto now = Clock::now();
    auto until = now + kIdle;
    if (end) until = std::min(until, *end);
    for (const auto& courier : couriers) {
        if (const auto due = courier->due()) until = std::min(until, *due);
    }
    if (const auto due = book.next_due(); due && !end) {
        until = std::min(until, Clock::time_point(due->time_since_epoch()));
    }
    return std::chrono::ceil<milliseconds>(std::max(until - now, Clock::duration::zero()));
}

}  // namespace ringway::control
