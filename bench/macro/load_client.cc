#include "load_client.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <string_view>
#include <utility>

#include "ringway/http/head.h"

namespace bench {

namespace http = ringway::http;
namespace ring = ringway::ring;
using ringway::base::Duration;
using ringway::base::Instant;

namespace {

constexpr std::uint32_t kReceiveCreditBytes = 1u << 30;
// Longer answers are discarded by MSG_TRUNC: copying them would make the client the bottleneck.
constexpr std::uint64_t kReceivedBytesMax = 32 * 1024;
constexpr std::string_view kGoodStatus = "HTTP/1.1 200";

}  // namespace

/// One connection. idle -> connecting -> ready <-> waiting (for an answer) -> draining (for the
/// server's FIN) -> idle
class LoadClient::Connection {
 public:
    explicit Connection(LoadClient& client) : client_(client), ring_(client.ring_) {}

    void open(Instant begun) {
        begun_ = begun;
        ++client_.counts_.connects;
        const auto socket = ring_.open_socket(client_.settings_.connect.family());
        RW_ASSERT(socket.has_value());
        socket_ = *socket;
        state_ = State::connecting;
        ring_.connect(connect_op_, socket_, client_.settings_.connect);
    }
    /// Sends a request that was due at `begun`; the connection must be ready.
    void request(Instant begun) {
        begun_ = begun;
        state_ = State::waiting;
        left_ = client_.answer_bytes_;
        const iovec piece = {client_.request_.data(), client_.request_.size()};
        const auto sent = ring_.send_now(socket_, {&piece, 1}, false);
        // a request is far smaller than an empty socket buffer
        if (!sent || *sent != piece.iov_len) fail(client_.counts_.broken);
    }
    void close() {
        if (socket_ == ring::kNoDescriptor) return;
        state_ = State::closing;
        ring_.cancel(connect_op_);
        ring_.cancel(receive_op_);
        ring_.cancel(poll_op_);
        close_join();
    }
    bool idle() const { return state_ == State::idle; }

 private:
    enum class State : std::uint8_t { idle, connecting, ready, waiting, draining, closing };

    bool is_open() const {
        return state_ == State::ready || state_ == State::waiting || state_ == State::draining;
    }

    void on_connect(ring::Completion&& completion) {
        if (state_ == State::closing) return close_join();
        if (completion.error != ring::Error::none) return fail(client_.counts_.refused);
        state_ = State::ready;
        if (client_.discards_) {
            ring_.poll(poll_op_, socket_, ring::PollFor::readable);
        } else {
            ring_.receive(receive_op_, socket_, kReceiveCreditBytes);
        }
        if (client_.settings_.new_connection || client_.answer_bytes_ == 0) return request(begun_);
        client_.on_free(*this);
    }

    void on_receive(ring::Completion&& completion) {
        if (state_ == State::closing) return close_join();
        if (completion.error != ring::Error::none) return fail(client_.counts_.broken);
        if (completion.result == 0) return on_end_of_stream();
        if (client_.answer_bytes_ == 0) {
            learn(completion.bytes());
        } else {
            take(completion.bytes());
        }
        if (is_open() && !completion.more) ring_.receive(receive_op_, socket_, kReceiveCreditBytes);
    }

    void on_readable(ring::Completion&&) {
        if (state_ == State::closing) return close_join();
        for (;;) {
            // the first bytes are looked at, the others never enter user space
            std::array<char, 2048> first;
            const bool begins = state_ == State::waiting && left_ == client_.answer_bytes_;
            const std::size_t bytes_max = begins ? std::min<std::uint64_t>(first.size(), left_)
                                                 : std::max<std::uint64_t>(left_, 1);
            const ssize_t got = ::recv(socket_, begins ? first.data() : nullptr, bytes_max,
                                       MSG_DONTWAIT | (begins ? 0 : MSG_TRUNC));
            if (got < 0 && errno == EAGAIN) break;
            if (got < 0) return fail(client_.counts_.broken);
            if (got == 0) return on_end_of_stream();
            const auto bytes = static_cast<std::size_t>(got);
            if (begins) {
                take({first.data(), bytes});
            } else {
                count(bytes);
            }
            if (!is_open()) return;
        }
        ring_.poll(poll_op_, socket_, ring::PollFor::readable);
    }

    void on_end_of_stream() {
        if (state_ == State::draining) return close();
        fail(client_.counts_.cut);
    }

    /// The first answer of all: how long is it?
    void learn(std::string_view bytes) {
        head_ += bytes;
        http::ResponseHead head;
        const http::HeadError error =
            http::parse_response_head(head_, http::HeadLimits{}, http::Method::get, scanned_, head);
        if (error == http::HeadError::incomplete) return;
        const bool known = error == http::HeadError::none && head.framing == http::Framing::length;
        if (!known || head.status != 200) return fail(client_.counts_.wrong);
        client_.answer_bytes_ = head.size + head.content_length;
        left_ = client_.answer_bytes_;
        count(head_.size());
    }

    void take(std::string_view bytes) {
        if (state_ != State::waiting) return fail(client_.counts_.wrong);
        const bool begins = left_ == client_.answer_bytes_;
        if (begins && bytes.size() >= kGoodStatus.size() && !bytes.starts_with(kGoodStatus))
            return fail(client_.counts_.wrong);
        count(bytes.size());
    }

    void count(std::size_t bytes) {
        if (state_ != State::waiting || bytes > left_) return fail(client_.counts_.wrong);
        client_.counts_.bytes += bytes;
        left_ -= bytes;
        if (left_ > 0) return;
        ++client_.counts_.requests;
        client_.counts_.latency->record(static_cast<std::uint64_t>((ring_.now() - begun_).count()));
        if (client_.settings_.new_connection) {
            state_ = State::draining;
            return;
        }
        state_ = State::ready;
        client_.on_free(*this);
    }

    void fail(std::uint64_t& cause) {
        ++cause;
        close();
    }

    void close_join() {
        if (connect_op_.submitted() || receive_op_.submitted() || poll_op_.submitted()) return;
        if (state_ != State::closing) return;
        ring_.close(socket_, false);
        socket_ = ring::kNoDescriptor;
        state_ = State::idle;
        if (!client_.stopping_ && client_.answer_bytes_ != 0) open(ring_.now());
    }

    LoadClient& client_;
    ring::Ring& ring_;
    ring::Descriptor socket_ = ring::kNoDescriptor;
    State state_ = State::idle;
    Instant begun_{};
    std::uint64_t left_ = 0;  // bytes of the answer still to come
    std::string head_;        // of the answer that is learned
    std::uint32_t scanned_ = 0;
    ring::OpOf<&Connection::on_connect> connect_op_{*this};
    ring::OpOf<&Connection::on_receive> receive_op_{*this};
    ring::OpOf<&Connection::on_readable> poll_op_{*this};
};

LoadClient::LoadClient(const LoadSettings& settings, ring::Ring& ring)
    : settings_(settings), ring_(ring) {
    request_ = fmt::format(
        "GET {} HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\nAccept: "
        "*/*\r\nAccept-Language: en\r\nAccept-Encoding: "
        "gzip\r\nCache-Control: no-cache\r\nX-Client: 0123456789abcdef\r\n{}\r\n",
        settings.path,
        settings.new_connection ? "Connection: close\r\n" : "Referer: http://bench.example/\r\n");
}

LoadClient::~LoadClient() = default;

bool LoadClient::learn() {
    const bool new_connection = std::exchange(settings_.new_connection, false);
    connections_.emplace_back(*this).open(ring_.now());
    ring_.wait(Instant{});
    const Instant deadline = ring_.now() + std::chrono::seconds(1);
    const auto over = [&] {
        return counts_.requests + counts_.errors() > 0 || ring_.now() >= deadline;
    };
    while (!over()) {
        ring_.dispatch();
        if (!over()) ring_.wait(deadline);
    }
    const bool learned = counts_.requests > 0;
    stop();
    stopping_ = false;
    settings_.new_connection = new_connection;
    discards_ = answer_bytes_ > kReceivedBytesMax && settings_.connect.is_ip();
    return learned;
}

void LoadClient::start() {
    connections_.clear();
    free_.clear();
    reset_counts();
    next_due_ = ring_.now();
    for (std::uint32_t i = 0; i < settings_.connections; ++i)
        connections_.emplace_back(*this).open(ring_.now());
}

void LoadClient::turn(Instant until) {
    if (settings_.rate > 0) {
        issue_due();
        // Timers of tens of microseconds are too coarse, so this spins; whoever else is to run on
        // this core goes first.
        sched_yield();
        ring_.wait(Instant{});
    } else {
        ring_.wait(until);
    }
    ring_.dispatch();
}

void LoadClient::issue_due() {
    const Instant now = ring_.now();
    while (next_due_ <= now) {
        intended_.push_back(next_due_);
        const double gap_ns = -std::log(1.0 - prng_.unit()) * 1e9 / settings_.rate;
        next_due_ += Duration(static_cast<std::int64_t>(gap_ns) + 1);
    }
    while (!intended_.empty() && !free_.empty()) {
        counts_.lag_max = std::max(counts_.lag_max, now - intended_.front());
        Connection* connection = free_.back();
        free_.pop_back();
        const Instant due = intended_.front();
        intended_.pop_front();
        connection->request(due);
    }
    counts_.queue_max = std::max<std::uint64_t>(counts_.queue_max, intended_.size());
}

void LoadClient::on_free(Connection& connection) {
    if (stopping_) return;
    if (settings_.rate > 0) {
        free_.push_back(&connection);
    } else {
        connection.request(ring_.now());
    }
}

void LoadClient::stop() {
    stopping_ = true;
    for (Connection& connection : connections_) connection.close();
    const auto open = [this] {
        for (const Connection& connection : connections_) {
            if (!connection.idle()) return true;
        }
        return false;
    };
    while (open()) {
        ring_.wait(ringway::base::kNever);
        ring_.dispatch();
    }
}

}  // namespace bench
