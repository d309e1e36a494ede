// One client connection: opens, sends requests, reads answers, ends, and is opened again. Owned by
// a Worker, on its thread.
//
//   idle -> connecting -> open -> leaving (last answer is in: waits for the server's FIN)
//   any but idle -> closing (joins its operations) -> idle
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/answer_reader.h"
#include "load/gait.h"
#include "load/pace.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/ring/ring.h"
#include "tally/tally.h"

namespace ringload {

class Worker;

/// A request that is to be made, or was.
struct Request {
    Instant due{};
    Instant sent{};            // the epoch: not yet
    Instant first_byte{};      // the epoch: not yet
    std::uint64_t number = 0;  // for "{n}" in its target
    std::uint16_t kind = 0;
    bool counted = false;  // due within the measured time
    bool aborts = false;   // its client is going to leave before the answer
};

class Connection : public ringway::base::ListLink<Connection> {
 public:
    Connection(Worker& worker, std::uint32_t number, Gait gait);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// From idle.
    void open();
    /// From idle: open() after a while that grows with each time in a row that it was in vain.
    void open_later();
    /// Sends as many requests as the worker has for it. From open.
    void refill();
    /// Ends at once; what is under way is unfinished.
    void abandon();

    std::uint32_t number() const { return number_; }
    bool is_slow() const { return gait_ != Gait::brisk; }
    /// When it began to connect.
    Instant opened() const { return opened_; }
    /// It has sent nothing yet.
    bool is_fresh() const { return sent_count_ == 0; }
    bool is_idle() const { return state_ == State::idle; }
    bool can_send() const {
        return state_ == State::open && !is_last_sent_ && !sending() &&
               pending_count_ < pending_.size();
    }
    bool is_waiting() const { return pending_count_ > 0; }

 private:
    enum class State : std::uint8_t { idle, connecting, open, leaving, closing };

    bool sending() const { return send_op_.submitted() || !slow_text_.empty(); }
    Request& oldest() { return pending_[first_]; }
    std::string_view take_request(const Request& request);
    void send_text(std::string_view text);
    void send_rest();

    void on_connect(ringway::ring::Completion&& completion);
    void on_receive(ringway::ring::Completion&& completion);
    void on_sent(ringway::ring::Completion&& completion);
    void on_time_out();
    void on_abort();
    void on_pace();
    void on_open_later();

    void on_bytes(std::string_view bytes);
    void on_end_of_stream();
    void on_answer();
    void pop_oldest();
    void set_time_out();
    void begin_receiving();
    void on_all_sent();
    void send_slowly();
    void read_slowly();
    void leave();

    /// What is under way has failed: the oldest for this reason, those behind it because their
    /// connection is gone.
    void fail(Failure failure);
    void close(bool reset);
    void close_join();

    Worker& worker_;
    ringway::ring::Ring& ring_;
    const std::uint32_t number_;
    const Gait gait_;
    State state_ = State::idle;
    bool is_last_sent_ = false;  // true exactly when no request may follow on this connection
    bool resets_ = false;        // of closing
    ringway::ring::Descriptor socket_ = ringway::ring::kNoDescriptor;
    std::uint32_t sent_count_ = 0;   // requests on this connection
    std::uint32_t vain_in_row_ = 0;  // times that it was opened and ended before it was used
    Instant opened_{};
    // a ring of the requests under way, the oldest at first_
    std::vector<Request> pending_;
    std::size_t first_ = 0;
    std::size_t pending_count_ = 0;
    AnswerReader reader_;
    std::string unsent_;  // what the kernel did not take at once
    std::size_t unsent_at_ = 0;
    std::string slow_text_;  // what a slow sender still has to send
    Pace pace_;
    ringway::ring::OpOf<&Connection::on_connect> connect_op_{*this};
    ringway::ring::OpOf<&Connection::on_receive> receive_op_{*this};
    ringway::ring::OpOf<&Connection::on_sent> send_op_{*this};
    ringway::base::TimerOf<&Connection::on_time_out> time_out_{*this};
    ringway::base::TimerOf<&Connection::on_abort> abort_{*this};
    ringway::base::TimerOf<&Connection::on_pace> pace_timer_{*this};
    ringway::base::TimerOf<&Connection::on_open_later> open_timer_{*this};
};

}  // namespace ringload
