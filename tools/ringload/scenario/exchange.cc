#include "scenario/exchange.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ringway/forward/body_reader.h"
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
    /// The head of the answer; the interim ones before it (RFC 9110, 15.2) are passed over.
    /// Its fields are not kept: they point to bytes that are gone.
    std::expected<http::ResponseHead, std::string> receive_head() {
        http::ResponseHead head;
        std::uint32_t scanned = 0;
        for (;;) {
            const http::HeadError error = http::parse_response_head(
                received_, http::HeadLimits{}, http::Method::get, scanned, head);
            if (error == http::HeadError::none) {
                received_.erase(0, head.size);
                if (head.status >= 200) return head;
                scanned = 0;
            } else if (error != http::HeadError::incomplete) {
                return fail("the answer is not HTTP");
            } else if (const auto got = receive(); !got) {
                return std::unexpected(got.error());
            } else if (!*got) {
                return fail("the answer was cut");
            }
        }
    }
    std::expected<std::string, std::string> receive_body(const http::ResponseHead& head) {
        ringway::forward::BodyReader reader;
        reader.start(head.framing, head.content_length);
        std::string body;
        for (;;) {
            for (std::string_view bytes = received_; !bytes.empty() && !reader.done();) {
                body += reader.take(bytes);
                if (reader.failed()) return fail("the answer is not HTTP");
            }
            if (body.size() > kAnswerBytesMax) return fail("the answer is too long");
            if (reader.done()) return body;
            received_.clear();
            const auto got = receive();
            if (!got) return std::unexpected(got.error());
            if (*got) continue;
            reader.close();
            if (!reader.done()) return fail("the answer was cut");
        }
    }

 private:
    std::unexpected<std::string> fail(std::string_view what) const {
        return std::unexpected(
            errno != 0 ? fmt::format("{}: {}: {}", address_.text(), what, std::strerror(errno))
                       : fmt::format("{}: {}", address_.text(), what));
    }
    /// False when time is up, however much there still is to read.
    bool wait(short events) const {
        for (;;) {
            const Duration left = deadline_ - ringway::ring::read_clock();
            pollfd polled{socket_.number(), events, 0};
            const int ready = left > Duration(0)
                                  ? poll(&polled, 1, static_cast<int>(ringway::base::to_ms(left)))
                                  : 0;
            if (ready > 0) return true;
            if (ready < 0 && errno == EINTR) continue;
            errno = 0;
            return false;
        }
    }
    /// Some of the answer; false at the end of the connection.
    std::expected<bool, std::string> receive() {
        if (!wait(POLLIN)) return fail("no answer in time");
        std::array<char, 16384> piece;
        const ssize_t got = recv(socket_.number(), piece.data(), piece.size(), 0);
        if (got < 0) return fail("no answer");
        errno = 0;
        received_.append(piece.data(), static_cast<std::size_t>(got));
        if (received_.size() > kAnswerBytesMax) return fail("the answer is too long");
        return got > 0;
    }

    ringway::base::SocketAddress address_;
    Instant deadline_;
    Descriptor socket_;
    std::string received_;  // and not taken yet
};

}  // namespace

std::expected<Answer, std::string> ask(const ringway::base::SocketAddress& address,
                                       std::string_view method, std::string_view target,
                                       std::string_view host, Duration patience, bool head_only) {
    Conversation conversation(address, patience);
    const auto sent = conversation.send(fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ringload\r\nConnection: close\r\n\r\n", method,
        target, host));
    if (!sent) return std::unexpected(sent.error());
    const auto head = conversation.receive_head();
    if (!head) return std::unexpected(head.error());
    const auto status = static_cast<std::uint16_t>(head->status);
    if (head_only) return Answer{status, ""};
    auto body = conversation.receive_body(*head);
    if (!body) return std::unexpected(body.error());
    return Answer{status, std::move(*body)};
}

}  // namespace ringload
