#include "load/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "load/worker.h"
#include "ringway/ring/kernel_ring.h"

namespace ringload {

namespace ring = ringway::ring;
using ringway::base::kNever;

namespace {

constexpr std::uint32_t kReceiveCreditBytes = 1u << 30;
// A server that was asked to close, or said that it would, and does not.
constexpr Duration kLeavePatience = std::chrono::seconds(1);
constexpr Duration kOpenLaterMin = std::chrono::milliseconds(10);
constexpr std::uint32_t kDoublingsMax = 7;
// A slow reader's kernel must not read ahead for it more than it reads at a tick (doubled and
// bounded by the kernel).
constexpr std::uint64_t kSlowReceiveBytesMin = 2048;
constexpr std::uint64_t kSlowReceiveBytesMax = 1u << 30;

Pace pace_of(const LoadPlan& plan, Gait gait) {
    switch (gait) {
        case Gait::brisk:
            return Pace();
        case Gait::slow_reader:
            return Pace(plan.misbehaviour.read_bytes_per_s);
        case Gait::slow_sender:
            return Pace(plan.misbehaviour.send_bytes_per_s);
    }
    return Pace();
}

}  // namespace

Connection::Connection(Worker& worker, std::uint32_t number, Gait gait)
    : worker_(worker),
      ring_(worker.ring()),
      number_(number),
      gait_(gait),
      pending_(gait == Gait::brisk ? worker.plan().pipeline : 1),
      reader_(worker.plan().origin_field),
      pace_(pace_of(worker.plan(), gait)) {}

void Connection::open() {
    RW_ASSERT(state_ == State::idle);
    if (linked()) unlink();
    worker_.fine().clear(open_timer_);
    worker_.on_opening();
    opened_ = ring_.now();
    sent_count_ = 0;
    is_last_sent_ = false;
    state_ = State::connecting;
    const auto socket = ring_.open_socket(worker_.plan().connect.family());
    if (!socket) return fail(Failure::refused);
    socket_ = *socket;
    if (gait_ == Gait::slow_reader) {
        const auto bytes =
            static_cast<int>(std::clamp(pace_.bytes(), kSlowReceiveBytesMin, kSlowReceiveBytesMax));
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    worker_.coarse().set(time_out_, opened_ + worker_.plan().connect_timeout);
    ring_.connect(connect_op_, socket_, worker_.plan().connect);
}

void Connection::open_later() {
    const std::uint32_t doublings = std::min(vain_in_row_ - 1, kDoublingsMax);
    worker_.fine().set(open_timer_, ring_.now() + kOpenLaterMin * (1 << doublings));
}

void Connection::on_open_later() {
    if (state_ == State::idle) open();
}

void Connection::on_connect(ring::Completion&& completion) {
    if (state_ == State::closing) return close_join();
    if (completion.error != ring::Error::none) return fail(Failure::refused);
    state_ = State::open;
    worker_.coarse().clear(time_out_);
    worker_.on_opened(ring_.now() - opened_);
    begin_receiving();
    worker_.on_free(*this);
}

void Connection::begin_receiving() {
    if (gait_ == Gait::slow_reader) {
        worker_.fine().set(pace_timer_, ring_.now() + pace_.tick());
    } else {
        ring_.receive(receive_op_, socket_, kReceiveCreditBytes);
    }
}

// -- sending

void Connection::refill() {
    RW_ASSERT_HOT(state_ == State::open);
    const Instant now = ring::read_clock();
    std::string_view text;
    std::string& batch = worker_.batch();
    bool is_batch = false;
    while (can_send()) {
        std::optional<Request> request = worker_.next_request(*this, now);
        if (!request) break;
        request->sent = now;
        if (text.empty()) {
            text = take_request(*request);
            continue;
        }
        if (!is_batch) batch = text;  // before the next one is written, perhaps to the same room
        is_batch = true;
        batch += take_request(*request);
    }
    if (text.empty()) return;
    vain_in_row_ = 0;
    set_time_out();
    send_text(is_batch ? std::string_view(batch) : text);
}

/// Notes that it is under way; its bytes are valid until the next call.
std::string_view Connection::take_request(const Request& request) {
    ++sent_count_;
    is_last_sent_ = worker_.is_last(*this, sent_count_, request.sent);
    pending_[(first_ + pending_count_) % pending_.size()] = request;
    const RequestText& text = worker_.text(request.kind);
    if (++pending_count_ == 1) reader_.start(worker_.kind(request.kind), text.method());
    if (request.aborts && abort_.deadline() == kNever) {
        worker_.fine().set(abort_, request.sent + worker_.plan().misbehaviour.abort_after);
    }
    return text.write(request.number, is_last_sent_, worker_.text_room());
}

void Connection::send_text(std::string_view text) {
    if (gait_ == Gait::slow_sender) {
        slow_text_ = text;
        return send_slowly();
    }
    const iovec piece = {const_cast<char*>(text.data()), text.size()};
    const auto sent = ring_.send_now(socket_, {&piece, 1}, false);
    std::size_t taken = 0;
    if (sent) {
        taken = *sent;
    } else if (sent.error() != ring::Error::again) {
        return fail(Failure::reset);
    }
    worker_.on_sent(taken);
    if (taken == text.size()) return;
    unsent_ = text.substr(taken);
    unsent_at_ = 0;
    send_rest();
}

void Connection::send_rest() {
    const iovec rest = {unsent_.data() + unsent_at_, unsent_.size() - unsent_at_};
    ring_.send(send_op_, socket_, {&rest, 1});
}

void Connection::on_sent(ring::Completion&& completion) {
    if (state_ == State::closing) return close_join();
    // a server may answer and close without reading all: what it said is still to be read
    if (completion.error != ring::Error::none) return;
    const auto sent = static_cast<std::size_t>(completion.result);
    worker_.on_sent(sent);
    unsent_at_ += sent;
    if (unsent_at_ < unsent_.size()) return send_rest();
    on_all_sent();
}

void Connection::on_all_sent() {
    if (state_ != State::open) return;
    set_time_out();
    if (can_send()) worker_.on_free(*this);
}

void Connection::send_slowly() {
    const std::size_t bytes = std::min<std::size_t>(pace_.bytes(), slow_text_.size());
    const iovec piece = {slow_text_.data(), bytes};
    const auto sent = ring_.send_now(socket_, {&piece, 1}, false);
    if (!sent && sent.error() != ring::Error::again) return fail(Failure::reset);
    if (sent) {
        worker_.on_sent(*sent);
        slow_text_.erase(0, *sent);
    }
    if (!slow_text_.empty()) {
        return worker_.fine().set(pace_timer_, ring_.now() + pace_.tick());
    }
    on_all_sent();
}

// -- receiving

void Connection::on_receive(ring::Completion&& completion) {
    if (state_ == State::closing) return close_join();
    if (completion.error != ring::Error::none) {
        return state_ == State::leaving ? close(false) : fail(Failure::reset);
    }
    if (completion.result == 0) return on_end_of_stream();
    const bool more = completion.more;
    on_bytes(completion.bytes());
    if (state_ != State::open && state_ != State::leaving) return;
    if (!more) ring_.receive(receive_op_, socket_, kReceiveCreditBytes);
    if (can_send()) worker_.on_free(*this);
}

void Connection::on_bytes(std::string_view bytes) {
    worker_.on_received(bytes.size());
    while (!bytes.empty()) {
        // nobody asked: a server that gives an idle connection up (408), or one that is broken
        if (pending_count_ == 0) return close(false);
        if (oldest().first_byte == Instant{}) oldest().first_byte = ring_.now();
        switch (reader_.take(bytes, worker_.head())) {
            case AnswerReader::Step::more:
                return;
            case AnswerReader::Step::malformed:
                return fail(Failure::malformed);
            case AnswerReader::Step::whole:
                on_answer();
                if (state_ != State::open) return;
        }
    }
}

void Connection::on_end_of_stream() {
    if (pending_count_ > 0 && reader_.end() == AnswerReader::Step::whole) {
        on_answer();  // it leaves, or those behind it have failed and it is perhaps open again
        if (state_ == State::leaving) close(false);
        return;
    }
    if (pending_count_ > 0) return fail(Failure::cut);
    close(false);
}

void Connection::on_answer() {
    worker_.on_answer(*this, oldest(), reader_);
    const bool goes_on = reader_.keep_alive();
    pop_oldest();
    if (!goes_on) {
        if (pending_count_ > 0) return fail(Failure::cut);
        return leave();
    }
    if (pending_count_ > 0) {
        reader_.start(worker_.kind(oldest().kind), worker_.text(oldest().kind).method());
    } else if (is_last_sent_) {
        return leave();
    }
    set_time_out();
}

/// The server closes first, so that it is its side that waits for stray segments (TIME_WAIT) and
/// the client's ports can be used again.
void Connection::leave() {
    state_ = State::leaving;
    if (linked()) unlink();
    worker_.coarse().set(time_out_, ring_.now() + kLeavePatience);
}

void Connection::read_slowly() {
    std::array<char, 16 * 1024> room;
    for (std::size_t left = pace_.bytes(); left > 0;) {
        const ssize_t got = ::recv(socket_, room.data(), std::min(left, room.size()), MSG_DONTWAIT);
        if (got == 0) return on_end_of_stream();
        if (got < 0 && errno != EAGAIN) return fail(Failure::reset);
        if (got < 0) break;
        left -= static_cast<std::size_t>(got);
        on_bytes({room.data(), static_cast<std::size_t>(got)});
        if (state_ != State::open && state_ != State::leaving) return;
    }
    worker_.fine().set(pace_timer_, ring_.now() + pace_.tick());
    if (can_send()) worker_.on_free(*this);
}

// -- time

void Connection::set_time_out() {
    if (pending_count_ == 0) {
        if (!sending()) return worker_.coarse().clear(time_out_);
        // a server that answers before it has the whole request may never read the rest
        return worker_.coarse().set(time_out_, ring_.now() + kLeavePatience);
    }
    const Request& request = oldest();
    const Duration timeout = worker_.kind(request.kind).timeout.value_or(worker_.plan().timeout);
    worker_.coarse().set(time_out_, request.due + timeout);
}

void Connection::on_time_out() {
    switch (state_) {
        case State::idle:
        case State::closing:
            return;
        case State::connecting:
            return fail(Failure::connect_timed_out);
        case State::open:
            return fail(Failure::timed_out);
        case State::leaving:
            return close(false);
    }
}

void Connection::on_abort() {
    const Duration after = worker_.plan().misbehaviour.abort_after;
    for (std::size_t i = 0; i < pending_count_; ++i) {
        const Request& request = pending_[(first_ + i) % pending_.size()];
        if (!request.aborts) continue;
        if (request.sent + after > ring_.now()) {
            return worker_.fine().set(abort_, request.sent + after);
        }
        while (pending_count_ > 0) {
            worker_.on_end(*this, oldest(), Worker::End::aborted, Failure::none);
            pop_oldest();
        }
        return close(false);
    }
}

void Connection::on_pace() {
    if (state_ != State::open && state_ != State::leaving) return;
    if (gait_ == Gait::slow_reader) return read_slowly();
    if (!slow_text_.empty()) send_slowly();
}

// -- the end

void Connection::pop_oldest() {
    first_ = (first_ + 1) % pending_.size();
    --pending_count_;
}

/// What is under way has failed: the oldest for this reason, those behind it because their
/// connection is gone.
void Connection::fail(Failure failure) {
    if (state_ == State::connecting) {
        worker_.on_refused(*this, failure);
    }
    while (pending_count_ > 0) {
        worker_.on_end(*this, oldest(), Worker::End::failed, failure);
        pop_oldest();
        failure = Failure::cut;
    }
    close(false);
}

void Connection::abandon() {
    while (pending_count_ > 0) {
        worker_.on_end(*this, oldest(), Worker::End::unfinished, Failure::none);
        pop_oldest();
    }
    worker_.fine().clear(open_timer_);
    if (state_ != State::idle) close(true);
}

void Connection::close(bool reset) {
    if (state_ == State::closing) return;
    state_ = State::closing;
    if (is_fresh()) ++vain_in_row_;
    resets_ = reset;
    if (linked()) unlink();
    worker_.coarse().clear(time_out_);
    worker_.fine().clear(abort_);
    worker_.fine().clear(pace_timer_);
    slow_text_.clear();
    ring_.cancel(connect_op_);
    ring_.cancel(receive_op_);
    ring_.cancel(send_op_);
    close_join();
}

void Connection::close_join() {
    if (connect_op_.submitted() || receive_op_.submitted() || send_op_.submitted()) return;
    if (socket_ != ring::kNoDescriptor)
        ring_.close(std::exchange(socket_, ring::kNoDescriptor), resets_);
    state_ = State::idle;
    worker_.on_closed(*this, is_fresh());
}

}  // namespace ringload
