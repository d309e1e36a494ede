#include "scenario/exchange.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ringway/http/chunked.h"
#include "ringway/http/head.h"
#include "ringway/ring/kernel_ring.h"
#include "scenario/process.h"

namespace ringload {

namespace {

namespace http = ringway::http;
using ringway::base::Duration;
using ringway::base::Instant;

constexpr std::size_t kAnswerBytesMax = 16 << 20;

class Conversation {
 public:
    Conversation(const ringway::base::SocketAddress& address, Duration patience)
        : address_(address), deadline_(ringway::ring::read_clock() + patience) {}

    std::expected<void, std::string> send(std::string_view request) {
        socket_ =
            Descriptor(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket_.is_open()) return fail("no socket");
        if (connect(socket_.number(), address_.raw(), address_.raw_size()) != 0 &&
            errno != EINPROGRESS) {
            return fail("connecting failed");
        }
        if (!wait(POLLOUT)) return fail("no connection in time");
        // a request of some hundred bytes fits the buffer of a new connection
        const ssize_t sent = ::send(socket_.number(), request.data(), request.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request.size())) return fail("connecting failed");
        return {};
    }
    /// More of the answer; false at its end.
    std::expected<bool, std::string> receive(std::string& into) {
        if (!wait(POLLIN)) return fail("no answer in time");
        std::array<char, 16384> piece;
        const ssize_t got = recv(socket_.number(), piece.data(), piece.size(), 0);
        if (got < 0) return fail("no answer");
        into.append(piece.data(), static_cast<std::size_t>(got));
        if (into.size() > kAnswerBytesMax) return std::unexpected("the answer is too long");
        return got > 0;
    }

 private:
    std::unexpected<std::string> fail(std::string_view what) const {
        return std::unexpected(
            errno != 0 ? fmt::format("{}: {}: {}", address_.text(), what, std::strerror(errno))
                       : fmt::format("{}: {}", address_.text(), what));
    }
    bool wait(short events) const {
        for (;;) {
            const Duration left = deadline_ - ringway::ring::read_clock();
            pollfd polled{socket_.number(), events, 0};
            const int ready =
                poll(&polled, 1, std::max(0, static_cast<int>(ringway::base::to_ms(left))));
            if (ready > 0) return true;
            if (ready < 0 && errno == EINTR) continue;
            errno = 0;
            return false;
        }
    }

    ringway::base::SocketAddress address_;
    Instant deadline_;
    Descriptor socket_;
};

std::string without_chunks(std::string_view body) {
    http::ChunkedDecoder decoder;
    std::string text;
    while (!body.empty()) {
        const http::ChunkedDecoder::Step step = decoder.next(body);
        text.append(step.payload);
        body.remove_prefix(step.consumed);
        if (step.state != http::ChunkedDecoder::State::more || step.consumed == 0) break;
    }
    return text;
}

}  // namespace

std::expected<Answer, std::string> ask(const ringway::base::SocketAddress& address,
                                       std::string_view method, std::string_view target,
                                       std::string_view host, Duration patience, bool head_only) {
    Conversation conversation(address, patience);
    const auto sent = conversation.send(fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ringload\r\nConnection: close\r\n\r\n", method,
        target, host));
    if (!sent) return std::unexpected(sent.error());
    std::string received;
    std::uint32_t scanned = 0;
    http::ResponseHead head;
    bool has_head = false;
    for (;;) {
        const auto more = conversation.receive(received);
        if (!more) return std::unexpected(more.error());
        if (!has_head) {
            const http::HeadError error = http::parse_response_head(
                received, http::HeadLimits{}, http::Method::get, scanned, head);
            has_head = error == http::HeadError::none;
            if (!has_head && error != http::HeadError::incomplete)
                return std::unexpected(address.text() + ": the answer is not HTTP");
        }
        const bool is_whole =
            has_head && head.framing == http::Framing::length &&
            received.size() >= head.size + static_cast<std::size_t>(head.content_length);
        if (has_head && (head_only || is_whole || head.framing == http::Framing::none)) break;
        if (*more) continue;
        if (!has_head) return std::unexpected(address.text() + ": the answer was cut");
        break;
    }
    const auto status = static_cast<std::uint16_t>(head.status);
    const bool is_chunked = head.framing == http::Framing::chunked;
    received.erase(0, head.size);
    return Answer{status, is_chunked ? without_chunks(received) : std::move(received)};
}

}  // namespace ringload
