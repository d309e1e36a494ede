// A blocking HTTP client of one connection, for tests of the admin server.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "ringway/base/socket_address.h"

namespace ringway::control {

inline int connect_to(const base::SocketAddress& address) {
    const int descriptor = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, address.raw(), address.raw_size()) == 0) return descriptor;
    close(descriptor);
    return -1;
}

/// A blocking client of one connection.
class Client {
 public:
    explicit Client(const base::SocketAddress& address) : descriptor_(connect_to(address)) {
        const timeval patience{8, 0};
        setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    ~Client() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    bool send(std::string_view bytes) {
        return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    /// One reply with a body by Content-Length; "" when the connection ended first.
    std::string read_reply(bool has_body = true) {
        while (true) {
            const std::size_t head_end = in_.find("\r\n\r\n");
            if (head_end != std::string::npos) {
                const std::size_t length_at = in_.find("Content-Length: ") + 16;
                const std::size_t body = has_body ? std::stoul(in_.substr(length_at)) : 0;
                if (in_.size() >= head_end + 4 + body) {
                    const std::string reply = in_.substr(0, head_end + 4 + body);
                    in_.erase(0, reply.size());
                    return reply;
                }
            }
            if (!read_more()) return "";
        }
    }
    /// Everything up to the end of `mark`; what came until the connection ended, when it did first.
    std::string read_until(std::string_view mark) {
        while (in_.find(mark) == std::string::npos && read_more()) {
        }
        const std::size_t at = in_.find(mark);
        const std::string text = in_.substr(0, at == std::string::npos ? at : at + mark.size());
        in_.erase(0, text.size());
        return text;
    }
    /// True when the server closes in time and sends nothing before.
    bool ends() {
        while (read_more()) {
        }
        return in_.empty() && last_ == 0;
    }
    std::string exchange(std::string_view request) { return send(request) ? read_reply() : ""; }

 private:
    bool read_more() {
        char bytes[16384];
        do {  // rings that earlier tests closed still interrupt this thread
            last_ = recv(descriptor_, bytes, sizeof(bytes), 0);
        } while (last_ < 0 && errno == EINTR);
        if (last_ <= 0) return false;
        in_.append(bytes, static_cast<std::size_t>(last_));
        return true;
    }
    int descriptor_;
    ssize_t last_ = 0;
    std::string in_;
};

inline constexpr std::string_view kGetPing = "GET /ping?x=1 HTTP/1.1\r\nHost: a\r\n\r\n";

inline std::string status_of(const std::string& reply) {
    return reply.substr(0, reply.find("\r\n"));
}

}  // namespace ringway::control
