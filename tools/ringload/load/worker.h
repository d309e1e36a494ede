// One thread of a run: a ring, its connections, its part of the schedule, its tally. Everything
// here belongs to that thread, but for the tally, which all may read, and request_stop().
#pragma once

#include <atomic>
#include <deque>
#include <expected>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "load/connection.h"
#include "load/request_text.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/prng.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/http/head.h"
#include "ringway/ring/kernel_ring.h"
#include "tally/result.h"
#include "tally/tally.h"

namespace ringload {

/// What the workers of a run share; immutable while they run.
struct Shared {
    const LoadPlan& plan;
    std::vector<RequestText> texts;  // [index in the mix]
    std::vector<Gait> gaits;         // [number of the connection]
    ringway::ring::KernelFeatures features;
};

class Worker {
 public:
    /// Number `index` of `count`, with its part of connections, rate and requests.
    Worker(const Shared& shared, std::uint32_t index, std::uint32_t count);
    ~Worker();

    /// Starts the thread and returns once its ring is made. A sentence when that is not possible.
    std::expected<void, std::string> start();
    /// When its warm-up and its measured time begin. Once, after start(): until then it does
    /// nothing.
    void begin(Instant begin, Instant measure_begin);
    /// Ends the load now. Any thread.
    void request_stop();
    /// Waits for the end: every request has ended.
    void join();

    const Tally& tally() const { return tally_; }
    /// Its last request has ended.
    bool is_over() const { return over_.load(std::memory_order_acquire); }
    /// CPU time of the thread so far. Between start() and join().
    Duration cpu_time() const;
    /// Of the last measured request. After join().
    Instant last_done() const { return last_done_; }
    std::vector<Record>& records() { return records_; }
    const std::vector<std::string>& origins() const { return origins_; }

    // For Connection.
    ringway::ring::Ring& ring() { return *ring_; }
    ringway::base::TimerWheel& coarse() { return *coarse_; }
    ringway::base::TimerWheel& fine() { return *fine_; }
    const LoadPlan& plan() const { return shared_.plan; }
    const RequestKind& kind(std::uint16_t index) const { return shared_.plan.mix[index]; }
    const RequestText& text(std::uint16_t index) const { return shared_.texts[index]; }
    ringway::http::ResponseHead& head() { return head_; }
    std::string& batch() { return batch_; }
    std::string& text_room() { return text_room_; }
    /// What came and went while warming up, or behind the measured time, is no part of the result.
    void on_received(std::size_t bytes) {
        if (is_measuring()) tally_.bytes_received.add(bytes);
    }
    void on_sent(std::size_t bytes) {
        if (is_measuring()) tally_.bytes_sent.add(bytes);
    }
    bool chance(double share) { return share > 0 && prng_.unit() < share; }

    /// The request that the connection should send now, if there is one.
    std::optional<Request> next_request(const Connection& connection, Instant now);
    /// The request that is being written is to be the last on its connection.
    bool is_last(const Connection& connection, std::uint32_t sent_count, Instant now);
    /// The connection is open and may send: now, or when there is something to send.
    void on_free(Connection& connection);
    void on_opening() { ++connecting_; }
    void on_opened(Duration took);
    /// It could not be opened: whoever waited for it has failed.
    void on_refused(Connection& connection, Failure failure);
    /// It is idle again. `in_vain`: it was opened and never used.
    void on_closed(Connection& connection, bool in_vain);
    /// A whole answer, good or not.
    void on_answer(const Connection& connection, const Request& request,
                   const AnswerReader& answer);
    enum class End : std::uint8_t { failed, aborted, unfinished };
    /// No whole answer.
    void on_end(const Connection& connection, const Request& request, End end, Failure failure);

 private:
    enum class Phase : std::uint8_t { loading, draining, over };

    std::expected<void, std::string> open_ring();
    void run(std::promise<std::expected<void, std::string>>& opened);
    void turns();
    void look_at_clock();
    void end_all();
    Instant next_moment() const;

    bool is_opened_at_start(std::uint32_t number) const {
        return number < shared_.plan.connections;
    }
    void add_connection();
    bool is_measuring() const {
        return ring_->now() >= measure_begin_ && ring_->now() < measure_end_;
    }
    bool closed_loop() const { return shared_.plan.arrivals == Arrivals::closed; }
    bool may_begin(Instant due) const;
    Request make_request(Instant due);
    std::uint16_t pick_kind();
    void issue_due();
    void serve(Connection& connection);
    void serve_backlog();
    void expire_backlog(Instant now);
    void note_done(const Request& request);
    void keep(const Connection* connection, const Request& request, Record record);
    std::uint8_t origin_number(const std::string& name);
    void fail_unsent(const Request& request, Failure failure);

    const Shared& shared_;
    const std::uint32_t index_;
    const std::uint32_t count_;
    const std::vector<std::uint32_t> numbers_;  // of its connections, ascending
    const std::uint64_t quota_;                 // measured requests
    Instant begin_{};                           // of the warm-up; set by begin(), as the next two
    Instant measure_begin_{};
    Instant measure_end_ = ringway::base::kNever;

    Tally tally_;
    std::vector<Record> records_;
    std::vector<std::string> origins_;
    Instant last_done_{};

    std::unique_ptr<ringway::ring::KernelRing> ring_;
    std::unique_ptr<ringway::base::TimerWheel> coarse_;  // time-outs
    std::unique_ptr<ringway::base::TimerWheel> fine_;    // what is due within milliseconds
    ringway::base::Prng prng_;
    Schedule schedule_;
    std::vector<std::uint32_t> weights_;  // running sums, of the mix
    std::uint64_t next_number_ = 0;       // of requests, counted up by the number of threads

    std::deque<Connection> all_;
    ringway::base::IntrusiveList<Connection, Connection> idle_;
    ringway::base::IntrusiveList<Connection, Connection>
        free_;  // open loop: open, and nothing under way
    // open loop: something is under way, and the pipeline has room for more
    ringway::base::IntrusiveList<Connection, Connection> with_room_;
    std::deque<Request> backlog_;    // open loop: due, and nobody free
    bool has_own_timeouts_ = false;  // true exactly when kinds of the mix have time-outs of theirs
    Instant next_expiry_{};          // of the backlog, if so
    std::uint32_t connecting_ = 0;
    Duration churn_gap_{0};  // 0: no churn
    Instant next_churn_ = ringway::base::kNever;

    Phase phase_ = Phase::loading;
    std::uint64_t under_way_ = 0;  // requests that connections have
    ringway::http::ResponseHead head_;
    std::string batch_;
    std::string text_room_;

    std::atomic<bool> may_begin_{false};  // begin() was called, or request_stop()
    std::atomic<bool> stop_{false};
    std::atomic<bool> over_{false};
    std::atomic<std::int64_t> cpu_ns_{0};  // valid when over_
    std::thread thread_;
};

}  // namespace ringload
