#include "connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "worker.h"

namespace ringorigin {

namespace http = ringway::http;
namespace ring = ringway::ring;
using ringway::base::Duration;

namespace {

// then receiving is armed anew, or pauses
constexpr std::uint32_t kReceiveCreditBytes = 256 * 1024;
// of pipelined input; beyond it receiving pauses
constexpr std::size_t kPendingBytesMax = 256 * 1024;
constexpr std::size_t kOutBytesMax = 64 * 1024;  // answers gathered for one send
// a larger buffer goes back to the heap when it is sent
constexpr std::size_t kOutKeptBytes = 1024 * 1024;
constexpr Duration kLingerTimeout = std::chrono::seconds(2);
constexpr http::HeadLimits kHeadLimits{
    .bytes_max = 64 * 1024, .fields_max = 200, .target_bytes_max = 16 * 1024};

bool has_no_body(std::uint16_t status) { return status == 204 || status == 304; }  // RFC 9110 6.4.1

}  // namespace

void Connection::begin() { arm_receive(); }

void Connection::arm_receive() {
    paused_ = false;
    worker_.ring().receive(receive_op_, socket_, kReceiveCreditBytes);
}

void Connection::on_receive(Completion&& completion) {
    if (state_ == State::closed) return close_join();
    if (completion.error != ring::Error::none) return close(false);
    if (completion.result == 0) return on_end_of_stream();
    run(completion.bytes());
    if (state_ == State::closed) return close_join();
    if (completion.more) return;
    if (pending_.size() < kPendingBytesMax) {
        arm_receive();
    } else {
        paused_ = true;
    }
}

void Connection::on_end_of_stream() {
    peer_ended_ = true;
    switch (state_) {
        case State::delaying:
        case State::sending:
        // a client may send FIN and still read its answer
        case State::pausing:
            return;
        case State::head:
        case State::body:
            if (!send_op_.submitted()) close(false);
            return;
        case State::stalled:
        case State::lingering:
        case State::closed:
            close(false);
    }
}

void Connection::arm_send() {
    std::array<iovec, 2> pieces;
    std::size_t count = 0;
    if (out_at_ < out_.size()) pieces[count++] = {out_.data() + out_at_, out_.size() - out_at_};
    if (body_left_ > 0) {
        const std::string_view piece = pattern_at(body_at_, body_left_);
        pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    worker_.ring().send(send_op_, socket_, {pieces.data(), count});
}

void Connection::on_send(Completion&& completion) {
    if (state_ == State::closed) return close_join();
    if (completion.error != ring::Error::none) return close(false);
    auto sent = static_cast<std::size_t>(completion.result);
    const std::size_t of_out = std::min(sent, out_.size() - out_at_);
    out_at_ += of_out;
    sent -= of_out;
    body_at_ += sent;
    body_left_ -= sent;
    run({});
}

void Connection::arm_timer(Duration delay) {
    worker_.ring().timeout(timer_op_, worker_.ring().now() + delay);
}

void Connection::on_timer(Completion&&) {
    switch (state_) {
        case State::delaying:
            answer_due_ = true;
            run({});
            return;
        case State::pausing:
            state_ = State::sending;
            run({});
            return;
        case State::lingering:
            close(false);
            return;
        case State::closed:
            close_join();
            return;
        case State::head:
        case State::body:
        case State::sending:
        case State::stalled:
            RW_ASSERT(false);
    }
}

void Connection::close(bool reset) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    reset_on_close_ = reset;
    worker_.ring().cancel(receive_op_);
    worker_.ring().cancel(send_op_);
    worker_.ring().cancel(timer_op_);
    close_join();
}

void Connection::close_join() {
    if (receive_op_.submitted() || send_op_.submitted() || timer_op_.submitted()) return;
    if (socket_ == ring::kNoDescriptor) return;
    worker_.ring().close(socket_, reset_on_close_);
    socket_ = ring::kNoDescriptor;
    worker_.retire(*this);
}

/// Uses what was received, in order, as far as answers can be sent.
void Connection::run(std::string_view fresh) {
    const bool kept_before = !pending_.empty();
    if (kept_before) pending_.append(fresh);
    const std::string_view input = kept_before ? std::string_view(pending_) : fresh;
    std::size_t used = 0;
    flush();
    if (answer_due_ && !send_op_.submitted() && state_ == State::delaying) {
        answer_due_ = false;
        answer();
        flush();
    }
    for (;;) {
        const std::size_t step = used < input.size() ? consume(input.substr(used)) : 0;
        used += step;
        flush();
        if (state_ == State::closed) return;
        if (step == 0) break;
    }
    if (kept_before) {
        pending_.erase(0, used);
    } else if (used < fresh.size()) {
        pending_.assign(fresh.substr(used));
    }
    const bool reading = state_ == State::head || state_ == State::body;
    if (peer_ended_ && reading && !send_op_.submitted()) return close(false);
    if (paused_ && pending_.size() < kPendingBytesMax) arm_receive();
}

/// Bytes used of the input; 0 when it must wait.
std::size_t Connection::consume(std::string_view input) {
    std::size_t used = 0;
    while (used < input.size() && out_.size() < kOutBytesMax) {
        if (send_op_.submitted()) break;  // it refers to out_, which must stay as it is
        std::size_t step = 0;
        switch (state_) {
            case State::head:
                step = read_head(input.substr(used));
                break;
            case State::body:
                step = read_body(input.substr(used));
                break;
            case State::stalled:
            case State::lingering:
            case State::closed:
                return input.size();
            case State::delaying:
            case State::sending:
            case State::pausing:
                break;
        }
        if (step == 0) break;
        used += step;
    }
    return used;
}

std::size_t Connection::read_head(std::string_view input) {
    http::RequestHead& head = worker_.head();
    const http::HeadError error = http::parse_request_head(input, kHeadLimits, scanned_, head);
    if (error == http::HeadError::incomplete) return 0;
    scanned_ = 0;
    if (error != http::HeadError::none) {
        head_only_ = false;
        old_client_ = false;
        refuse(http::status_of(error), http::name_of(error));
        return input.size();
    }
    const std::uint32_t size = head.size;
    begin_exchange(head);
    return size;
}

void Connection::begin_exchange(const http::RequestHead& head) {
    keep_alive_ = head.keep_alive;
    old_client_ = head.minor_version == 0;
    head_only_ = head.method == http::Method::head;
    ending_ = Ending::next_request;
    request_framing_ = head.framing;
    request_left_ = head.framing == http::Framing::length ? head.content_length : 0;
    request_bytes_ = 0;
    const bool control = head.path == "/_control";
    if (control) {
        const auto text = worker_.book().control(head.method == http::Method::post, head.query);
        if (!text) return refuse(400, text.error());
        kept_ = *text;
    } else {
        const auto prepared = worker_.book().find(head.target, head.path, head.query);
        if (!prepared) return refuse(400, prepared.error());
        answer_ = (*prepared)->answer;
        if (request_framing_ == http::Framing::none && answer_.delay == Duration{0} &&
            answer_.mode == Mode::fixed) {
            return answer_bytes(**prepared);  // the common request: nothing of it needs to be kept
        }
    }
    target_ = head.target;
    path_ = head.path;
    query_ = head.query;
    keeps_body_ = !control && answer_.mode == Mode::echo;
    checks_body_ = !control && (answer_.mode == Mode::echo || answer_.mode == Mode::headers);
    request_checksum_ = {};
    if (keeps_body_) kept_.clear();
    if (!control && answer_.mode == Mode::headers) {
        kept_ =
            fmt::format(R"({{"origin":{},"method":{},"target":{},"version":"1.{}","fields":[)",
                        json_string(worker_.book().origin_name()), json_string(head.method_text),
                        json_string(head.target), head.minor_version);
        for (const http::Field& field : head.fields) {
            if (kept_.back() != '[') kept_ += ',';
            kept_ += fmt::format("[{},{}]", json_string(field.name), json_string(field.value));
        }
    }
    if (control) answer_.delay = Duration{0};
    // RFC 9110 10.1.1: the client waits for this before it sends the body
    if (head.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    if (request_framing_ == http::Framing::none ||
        (request_framing_ == http::Framing::length && request_left_ == 0)) {
        return end_request();
    }
    decoder_.reset();
    state_ = State::body;
}

std::size_t Connection::read_body(std::string_view input) {
    if (request_framing_ == http::Framing::length) {
        const std::size_t bytes = std::min<std::uint64_t>(input.size(), request_left_);
        request_left_ -= bytes;
        keep_body(input.substr(0, bytes));
        if (state_ == State::body && request_left_ == 0) end_request();
        return bytes;
    }
    const http::ChunkedDecoder::Step step = decoder_.next(input);
    if (step.state == http::ChunkedDecoder::State::error) {
        refuse(400, "bad chunked coding");
        return input.size();
    }
    keep_body(step.payload);
    if (state_ == State::body && step.state == http::ChunkedDecoder::State::done) end_request();
    return step.consumed;
}

void Connection::keep_body(std::string_view bytes) {
    request_bytes_ += bytes.size();
    if (checks_body_) request_checksum_.add(bytes);
    if (!keeps_body_) return;
    if (kept_.size() + bytes.size() > kEchoBytesMax)
        return refuse(413, "the body is too long to be echoed");
    kept_ += bytes;
}

void Connection::end_request() {
    if (answer_.delay == Duration{0}) return answer();
    state_ = State::delaying;
    arm_timer(answer_.delay);
}

/// Puts the answer to the request at hand into out_, body_left_ and the piece counts.
void Connection::answer() {
    if (path_ == "/_control") return answer_text(200, "application/json", kept_);
    const auto prepared = worker_.book().find(target_, path_, query_);
    if (!prepared) return refuse(400, prepared.error());
    const Prepared& found = **prepared;
    answer_ = found.answer;  // what /_control set meanwhile holds from now on
    switch (answer_.mode) {
        case Mode::chunked:
        case Mode::sse:
            return answer_pieces(found);
        case Mode::fixed:
        case Mode::reset:
        case Mode::stall:
        case Mode::close:
            return answer_bytes(found);
        case Mode::echo:
            append_head(found, fmt::format("X-Checksum: {:016x}\r\nContent-Length: {}\r\n",
                                           request_checksum_.value(), kept_.size()));
            break;
        case Mode::headers:
            kept_ += fmt::format("],\"body_bytes\":{},\"body_checksum\":\"{:016x}\"}}\n",
                                 request_bytes_, request_checksum_.value());
            append_head(found, fmt::format("Content-Length: {}\r\n", kept_.size()));
            break;
    }
    if (!head_only_ && !has_no_body(answer_.status)) out_ += kept_;
    kept_ = std::string();
    state_ = State::sending;
}

void Connection::answer_pieces(const Prepared& prepared) {
    chunked_answer_ = !old_client_;  // RFC 9112 6.1: an HTTP/1.0 client knows no chunks
    if (!chunked_answer_) keep_alive_ = false;
    append_head(prepared, chunked_answer_ ? "Transfer-Encoding: chunked\r\n" : "");
    pieces_open_ = !head_only_ && !has_no_body(answer_.status);
    pieces_left_bytes_ = answer_.mode == Mode::chunked ? answer_.bytes : 0;
    events_left_ = answer_.mode == Mode::sse ? answer_.events : 0;
    pieces_sent_ = 0;
    body_at_ = 0;
    state_ = State::sending;
}

void Connection::answer_bytes(const Prepared& prepared) {
    const Answer& answer = prepared.answer;
    const bool cut = answer.mode == Mode::reset || answer.mode == Mode::stall;
    if (answer.mode == Mode::close) keep_alive_ = false;
    state_ = State::sending;
    if (cut) ending_ = answer.mode == Mode::reset ? Ending::reset : Ending::stall;
    if (cut && !answer.after) return;
    append_head(prepared, "");
    if (head_only_ || has_no_body(answer.status)) {
        if (!cut && keep_alive_) state_ = State::head;
        return;
    }
    out_ += prepared.body;
    body_at_ = 0;
    body_left_ = cut ? *answer.after : prepared.body.empty() ? answer.bytes : 0;
    if (!cut && body_left_ == 0 && keep_alive_) state_ = State::head;
}

void Connection::answer_text(std::uint16_t status, std::string_view content_type,
                             std::string_view text) {
    RW_ASSERT_HOT(!send_op_.submitted());  // it refers to out_
    out_ += fmt::format(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n", status,
        http::reason_phrase(status), worker_.date(), content_type, text.size(),
        !keep_alive_  ? "Connection: close\r\n"
        : old_client_ ? "Connection: keep-alive\r\n"
                      : "");
    if (!head_only_) out_ += text;
    state_ = State::sending;
}

void Connection::refuse(std::uint16_t status, std::string_view why) {
    keep_alive_ = false;
    ending_ = Ending::close;
    answer_text(status, "text/plain", fmt::format("{}\n", why));
}

void Connection::append_head(const Prepared& prepared, std::string_view framing) {
    RW_ASSERT_HOT(!send_op_.submitted());  // it refers to out_
    const std::size_t start = out_.size();
    out_ += prepared.head;
    worker_.date().copy(out_.data() + start + prepared.date_at, worker_.date().size());
    out_ += framing;
    if (!keep_alive_) {
        out_ += "Connection: close\r\n";
    } else if (old_client_) {
        out_ += "Connection: keep-alive\r\n";
    }
    out_ += "\r\n";
}

/// Sends until everything is sent, or the rest waits for an operation.
void Connection::flush() {
    if (send_op_.submitted() || state_ == State::closed) return;
    for (;;) {
        if (out_at_ == out_.size()) {
            out_at_ = 0;
            out_.clear();
            if (out_.capacity() > kOutKeptBytes) out_ = std::string();
            if (body_left_ == 0 && !next_piece()) break;
        }
        std::array<iovec, 2> pieces;
        std::size_t count = 0;
        std::size_t wanted = out_.size() - out_at_;
        if (wanted > 0) pieces[count++] = {out_.data() + out_at_, wanted};
        if (body_left_ > 0) {
            const std::string_view piece = pattern_at(body_at_, body_left_);
            pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
            wanted += piece.size();
        }
        const auto sent = worker_.ring().send_now(socket_, {pieces.data(), count}, false);
        if (!sent && sent.error() != ring::Error::again) return close(false);
        const std::size_t of_out = std::min(sent.value_or(0), out_.size() - out_at_);
        out_at_ += of_out;
        body_at_ += sent.value_or(0) - of_out;
        body_left_ -= sent.value_or(0) - of_out;
        if (sent.value_or(0) < wanted) return arm_send();
    }
    if (state_ == State::sending) end_answer();
}

/// Puts the next piece of a chunked answer or an event stream into out_; false when there is none
/// to send now.
bool Connection::next_piece() {
    if (state_ != State::sending || !pieces_open_) return false;
    const bool last = pieces_left_bytes_ == 0 && events_left_ == 0;
    if (last) {
        pieces_open_ = false;
        if (chunked_answer_) out_ += "0\r\n\r\n";
        return chunked_answer_;
    }
    if (pieces_sent_ > 0 && answer_.interval > Duration{0}) {
        // on_timer() comes back here with the pause behind it
        pieces_sent_ = 0;
        state_ = State::pausing;
        arm_timer(answer_.interval);
        return false;
    }
    ++pieces_sent_;
    if (events_left_ > 0) {
        const std::uint32_t number = answer_.events - events_left_-- + 1;
        const std::string event =
            fmt::format("id: {0}\nevent: tick\ndata: {{\"origin\":{1},\"n\":{0}}}\n\n", number,
                        json_string(worker_.book().origin_name()));
        out_ += chunked_answer_ ? fmt::format("{:x}\r\n{}\r\n", event.size(), event) : event;
        return true;
    }
    const std::uint64_t bytes = std::min(pieces_left_bytes_, answer_.chunk_bytes);
    if (chunked_answer_) out_ += fmt::format("{:x}\r\n", bytes);
    for (std::uint64_t done = 0; done < bytes;) {
        const std::string_view piece = pattern_at(body_at_, bytes - done);
        out_ += piece;
        body_at_ += piece.size();
        done += piece.size();
    }
    if (chunked_answer_) out_ += "\r\n";
    pieces_left_bytes_ -= bytes;
    return true;
}

void Connection::end_answer() {
    Ending ending = ending_;
    if (ending == Ending::next_request && !keep_alive_) ending = Ending::close;
    switch (ending) {
        case Ending::next_request:
            state_ = State::head;
            return;
        case Ending::stall:
            if (peer_ended_) return close(false);
            state_ = State::stalled;
            return;
        case Ending::reset:
            return close(true);
        case Ending::close:
            if (peer_ended_) return close(false);
            // RFC 9112 9.6: closing at once could reset the connection under the answer
            worker_.ring().shutdown_send(socket_);
            state_ = State::lingering;
            arm_timer(kLingerTimeout);
            return;
    }
}

}  // namespace ringorigin
