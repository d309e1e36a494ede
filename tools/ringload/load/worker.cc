#include "load/worker.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace ringload {

namespace ring = ringway::ring;
using ringway::base::kNever;
using ringway::base::TimerWheel;

namespace {

constexpr std::uint64_t kNoQuota = UINT64_MAX;
// A request to stop is looked for at least so often.
constexpr Duration kStopTick = std::chrono::milliseconds(50);
// Between two looks at a whole backlog.
constexpr Duration kExpiryTick = std::chrono::milliseconds(10);

/// The part of thread `index`. One without a part makes none; that is not "no bound".
std::uint64_t quota_of(const LoadPlan& plan, std::uint32_t index, std::uint32_t count) {
    if (plan.requests == 0) return kNoQuota;
    return plan.requests / count + (index < plan.requests % count ? 1 : 0);
}

Duration duration_of(const timespec& time) {
    return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
}

}  // namespace

Worker::Worker(const Shared& shared, std::uint32_t index, std::uint32_t count)
    : shared_(shared),
      index_(index),
      count_(count),
      numbers_(connections_of_thread(shared.gaits, index, count)),
      quota_(quota_of(shared.plan, index, count)),
      tally_(shared.plan.mix.size()),
      prng_(shared.plan.seed + 0x51ed270b * (index + 1)),
      schedule_(shared.plan, index, count),
      next_number_(index) {
    std::uint32_t sum = 0;
    for (const RequestKind& kind : shared.plan.mix) {
        weights_.push_back(sum += kind.weight);
        has_own_timeouts_ = has_own_timeouts_ || kind.timeout.has_value();
    }
    if (shared.plan.misbehaviour.churn_per_s > 0) {
        churn_gap_ =
            Duration(static_cast<std::int64_t>(1e9 * count / shared.plan.misbehaviour.churn_per_s));
    }
}

Worker::~Worker() { join(); }

// -- the thread

std::expected<void, std::string> Worker::start() {
    std::promise<std::expected<void, std::string>> opened;
    auto result = opened.get_future();
    thread_ = std::thread([this, opened = std::move(opened)]() mutable { run(opened); });
    return result.get();
}

void Worker::begin(Instant begin, Instant measure_begin) {
    begin_ = begin;
    measure_begin_ = measure_begin;
    if (shared_.plan.duration.count() > 0) measure_end_ = measure_begin + shared_.plan.duration;
    may_begin_.store(true, std::memory_order_release);
    may_begin_.notify_one();
}

void Worker::request_stop() {
    stop_.store(true, std::memory_order_release);
    may_begin_.store(true, std::memory_order_release);
    may_begin_.notify_one();
}

void Worker::join() {
    if (thread_.joinable()) thread_.join();
}

Duration Worker::cpu_time() const {
    clockid_t clock;
    timespec time{};
    const pthread_t thread = const_cast<std::thread&>(thread_).native_handle();
    const bool is_read =
        pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &time) == 0;
    // looked at last: what was read is of this thread only if it has not ended meanwhile
    return is_read && !is_over() ? duration_of(time)
                                 : Duration(cpu_ns_.load(std::memory_order_relaxed));
}

void Worker::run(std::promise<std::expected<void, std::string>>& opened) {
    auto result = open_ring();
    const bool good = result.has_value();
    opened.set_value(std::move(result));
    if (!good) return;
    turns();
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    cpu_ns_.store(duration_of(used).count(), std::memory_order_relaxed);
    over_.store(true, std::memory_order_release);
    all_.clear();
    ring_.reset();
}

std::expected<void, std::string> Worker::open_ring() {
    const std::vector<int>& cpus = shared_.plan.cpus;
    if (!cpus.empty()) {
        const int cpu = cpus[index_ % cpus.size()];
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(cpu), &set);
        if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
            return std::unexpected(
                fmt::format("cannot run on CPU {}; name CPUs that this machine has", cpu));
        }
    }
    ring::KernelRingSettings settings;
    settings.buffer_count = 512;
    settings.features = shared_.features;
    auto made = ring::KernelRing::make(settings);
    if (!made) return std::unexpected(made.error());
    ring_ = std::move(*made);
    const Instant now = ring::read_clock();
    coarse_ = std::make_unique<TimerWheel>(now);
    fine_ = std::make_unique<TimerWheel>(now, TimerWheel::kFineTick);
    return {};
}

void Worker::turns() {
    may_begin_.wait(false);
    do {
        if (stop_.load(std::memory_order_relaxed)) return;
        ring_->wait(std::min(begin_, ring_->now() + kStopTick));
    } while (ring_->now() < begin_);
    if (churn_gap_.count() > 0) next_churn_ = begin_ + churn_gap_;
    while (all_.size() < numbers_.size() && is_opened_at_start(numbers_[all_.size()]))
        add_connection();
    while (phase_ != Phase::over) {
        ring_->wait(next_moment());
        ring_->dispatch();
        coarse_->expire(ring_->now());
        fine_->expire(ring_->now());
        look_at_clock();
    }
    end_all();
}

void Worker::look_at_clock() {
    const Instant now = ring_->now();
    if (stop_.load(std::memory_order_relaxed)) {
        phase_ = Phase::over;
        return;
    }
    if (phase_ == Phase::loading) {
        if (!closed_loop()) issue_due();
        const bool quota_used = tally_.due.value() >= quota_;
        if (now >= measure_end_ || quota_used) phase_ = Phase::draining;
    }
    expire_backlog(now);
    if (!backlog_.empty()) serve_backlog();
    if (phase_ == Phase::draining && under_way_ == 0 && backlog_.empty()) phase_ = Phase::over;
}

Instant Worker::next_moment() const {
    Instant next = ring_->now() + kStopTick;
    next = std::min({next, coarse_->next(), fine_->next()});
    if (phase_ == Phase::loading) {
        next = std::min(next, measure_end_);
        if (!closed_loop() && schedule_.next() != Schedule::kNever)
            next = std::min(next, measure_begin_ + schedule_.next());
    }
    return next;
}

void Worker::end_all() {
    for (const Request& request : backlog_) {
        if (request.counted) tally_.unfinished.add();
    }
    backlog_.clear();
    for (Connection& connection : all_) connection.abandon();
    const auto open = [this] {
        return std::ranges::any_of(all_, [](const Connection& c) { return !c.is_idle(); });
    };
    while (open()) {
        ring_->wait(kNever);
        ring_->dispatch();
    }
}

// -- connections

void Worker::add_connection() {
    const std::uint32_t number = numbers_[all_.size()];
    all_.emplace_back(*this, number, shared_.gaits[number]).open();
}

void Worker::on_opened(Duration took) {
    --connecting_;
    tally_.connects.add();
    if (is_measuring()) tally_.connect.record(static_cast<std::uint64_t>(took.count()));
}

void Worker::on_refused(Connection& connection, Failure failure) {
    --connecting_;
    if (connection.is_slow()) {
        if (is_measuring()) tally_.slow_cut.add();
    } else if (closed_loop()) {
        if (may_begin(connection.opened())) fail_unsent(make_request(connection.opened()), failure);
    } else if (!backlog_.empty()) {
        const Request request = backlog_.front();
        backlog_.pop_front();
        fail_unsent(request, failure);
    }
}

void Worker::on_closed(Connection& connection, bool in_vain) {
    idle_.push_back(connection);
    if (phase_ == Phase::over || (phase_ == Phase::draining && backlog_.empty())) return;
    if (!is_opened_at_start(connection.number())) return;
    if (in_vain) {
        connection.open_later();
    } else {
        connection.open();
    }
}

void Worker::on_free(Connection& connection) {
    if (closed_loop() || connection.is_slow()) return connection.refill();
    if (connection.linked()) connection.unlink();  // it may have been the pipeline that had room
    serve(connection);
}

// -- what is sent, and when

bool Worker::may_begin(Instant due) const {
    if (phase_ != Phase::loading || due >= measure_end_) return false;
    return tally_.due.value() < quota_;
}

std::uint16_t Worker::pick_kind() {
    if (weights_.size() == 1) return 0;
    const std::uint32_t at = prng_.below(weights_.back());
    return static_cast<std::uint16_t>(std::ranges::upper_bound(weights_, at) - weights_.begin());
}

Request Worker::make_request(Instant due) {
    Request request;
    request.due = due;
    request.kind = pick_kind();
    request.number = next_number_;
    next_number_ += count_;
    request.counted = due >= measure_begin_;
    request.aborts = chance(shared_.plan.misbehaviour.aborts);
    if (request.counted) tally_.due.add();
    return request;
}

std::optional<Request> Worker::next_request(const Connection& connection, Instant now) {
    if (connection.is_slow()) {
        if (phase_ != Phase::loading) return {};
        Request request;
        request.due = now;
        request.kind = pick_kind();
        request.counted = now >= measure_begin_;
        return request;
    }
    Request request;
    if (closed_loop()) {
        // whoever wants an answer waits for the connection, too
        const Instant due = connection.is_fresh() ? connection.opened() : now;
        if (!may_begin(due)) return {};
        request = make_request(due);
    } else {
        // others that are free come first
        if (backlog_.empty() || (connection.is_waiting() && !free_.empty())) return {};
        request = backlog_.front();
        backlog_.pop_front();
    }
    ++under_way_;
    tally_.in_flight.store(under_way_, std::memory_order_relaxed);
    return request;
}

bool Worker::is_last(const Connection& connection, std::uint32_t sent_count, Instant now) {
    const std::uint32_t bound = shared_.plan.requests_per_connection;
    if (bound > 0 && sent_count >= bound) return true;
    if (now < next_churn_ || connection.is_slow()) return false;
    next_churn_ += churn_gap_;
    return true;
}

void Worker::issue_due() {
    const Instant now = ring::read_clock();
    while (schedule_.next() != Schedule::kNever) {
        const Instant due = measure_begin_ + schedule_.next();
        if (due > now || !may_begin(due)) break;
        schedule_.advance();
        const Request& request = backlog_.emplace_back(make_request(due));
        if (request.counted) tally_.lag.record(static_cast<std::uint64_t>((now - due).count()));
    }
    serve_backlog();
    tally_.backlog_max.raise_to(backlog_.size());
}

/// Open loop: gives it what is due, and files it by what it may still take.
void Worker::serve(Connection& connection) {
    if (!backlog_.empty()) connection.refill();
    if (connection.can_send()) (connection.is_waiting() ? with_room_ : free_).push_back(connection);
}

void Worker::serve_backlog() {
    while (!backlog_.empty()) {
        auto& ready = free_.empty() ? with_room_ : free_;
        if (!ready.empty()) {
            serve(ready.pop_front());
            continue;
        }
        if (connecting_ >= backlog_.size()) return;
        if (!idle_.empty()) {
            idle_.pop_front().open();
        } else if (all_.size() < numbers_.size()) {
            add_connection();
        } else {
            return;
        }
    }
}

void Worker::expire_backlog(Instant now) {
    const auto expires = [this](const Request& request) {
        return request.due + kind(request.kind).timeout.value_or(shared_.plan.timeout);
    };
    if (!has_own_timeouts_) {
        while (!backlog_.empty() && expires(backlog_.front()) <= now) {
            fail_unsent(backlog_.front(), Failure::timed_out);
            backlog_.pop_front();
        }
        return;
    }
    // one that waits for long does not hold those behind it that do not
    if (now < next_expiry_) return;
    next_expiry_ = now + kExpiryTick;
    std::erase_if(backlog_, [&](const Request& request) {
        if (expires(request) > now) return false;
        fail_unsent(request, Failure::timed_out);
        return true;
    });
}

}  // namespace ringload
