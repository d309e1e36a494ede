// A receiver of webhooks on a port of its own, whose answers are scripted.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ringway::control {

/// One connection at a time, each closed after its answer.
class Receiver {
 public:
    /// answer(n) is what the request number n (from 0) gets; empty: it is left without one.
    using Answer = std::function<std::string(std::size_t n)>;

    static std::string status(int code, const std::string& fields = "") {
        return "HTTP/1.1 " + std::to_string(code) +
               " x\r\nContent-Length: 0\r\nConnection: close\r\n" + fields + "\r\n";
    }

    explicit Receiver(Answer answer = [](std::size_t) { return status(200); })
        : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
        listen(listener_, 16);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~Receiver() {
        thread_.request_stop();
        thread_.join();
        close(listener_);
    }

    std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    /// Heads and bodies as they came.
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::vector<std::chrono::steady_clock::time_point> times() const {
        const std::lock_guard lock(mutex_);
        return times_;
    }

 private:
    void serve(const std::stop_token& stop) {
        std::vector<int> silent;
        while (!stop.stop_requested()) {
            pollfd ready{listener_, POLLIN, 0};
            if (poll(&ready, 1, 20) <= 0) continue;
            const int connection = accept(listener_, nullptr, nullptr);
            const std::string request = read_request(connection);
            std::size_t number = 0;
            {
                const std::lock_guard lock(mutex_);
                number = requests_.size();
                requests_.push_back(request);
                times_.push_back(std::chrono::steady_clock::now());
            }
            const std::string answer = answer_(number);
            if (answer.empty()) {
                silent.push_back(connection);
                continue;
            }
            [[maybe_unused]] const ssize_t sent =
                send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
            close(connection);
        }
        for (const int connection : silent) close(connection);
    }

    static std::string read_request(int connection) {
        std::string text;
        char buffer[4096];
        for (;;) {
            const std::size_t head = text.find("\r\n\r\n");
            const std::size_t length = text.find("Content-Length: ");
            if (head != std::string::npos && length != std::string::npos &&
                text.size() >= head + 4 + std::stoul(text.substr(length + 16)))
                return text;
            const ssize_t size = recv(connection, buffer, sizeof(buffer), 0);
            if (size <= 0) return text;
            text.append(buffer, static_cast<std::size_t>(size));
        }
    }

    const Answer answer_;
    const int listener_;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::vector<std::chrono::steady_clock::time_point> times_;
    std::jthread thread_;
};

}  // namespace ringway::control
