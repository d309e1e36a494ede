// The client against sockets of the test's own, for what a server does only when it is ill.
#include "client/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace ringctl {
namespace {

using std::chrono::milliseconds;

/// Takes one connection, waits for the end of a head, sends `answer`, and holds the connection
/// until it is gone.
class OneAnswer {
 public:
    explicit OneAnswer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_, 1), 0);
        EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        text_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
    }
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;
    ~OneAnswer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    Address address() const { return Address::parse(text_).value(); }
    const std::string& asked() const { return asked_; }

 private:
    void serve(const std::string& answer) {
        const int peer = ::accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        char bytes[4096];
        while (asked_.find("\r\n\r\n") == std::string::npos) {
            const ssize_t size = ::recv(peer, bytes, sizeof bytes, 0);
            if (size <= 0) break;
            asked_.append(bytes, static_cast<std::size_t>(size));
        }
        (void)::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        while (!answer.empty() && ::recv(peer, bytes, sizeof bytes, 0) > 0) continue;
        ::close(peer);
    }

    int listener_;
    std::string text_;
    std::string asked_;
    std::thread thread_;
};

TEST(client, a_stream_that_falls_silent_is_given_up) {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n");
    Client client(server.address(), "", "");
    std::string heard;
    const auto ended = client.stream(
        {.target = "/events", .timeout = milliseconds(0), .silence_max = milliseconds(200)},
        [&](std::string_view bytes) {
            heard += bytes;
            return true;
        });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().status, ExitStatus::no_connection);
    EXPECT_NE(ended.error().message.find("has said nothing"), std::string::npos);
    EXPECT_EQ(heard, ":\n\n");
}

TEST(client, a_hung_server_is_given_up_in_time_and_said_to_be_hung) {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    Client client(server.address(), "", "");
    const auto reply = client.ask({.target = "/status", .timeout = milliseconds(300)});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().status, ExitStatus::no_connection);
    EXPECT_NE(reply.error().message.find("no whole answer"), std::string::npos);
}

TEST(client, a_server_that_is_none_is_told_of) {
    for (const char* const answer : {"", "220 mail.example ESMTP\r\n"}) {
        OneAnswer server(answer);
        Client client(server.address(), "", "");
        const auto reply = client.ask({.target = "/status", .timeout = milliseconds(500)});
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().status, ExitStatus::no_connection) << answer;
    }
}

TEST(client, the_token_goes_along_and_nothing_of_the_environment_does) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    Client client(server.address(), "secret", "");
    const auto reply = client.ask({.method = "POST", .target = "/reload", .body = {}});
    ::unsetenv("http_proxy");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "{}");
    EXPECT_TRUE(server.asked().starts_with("POST /reload HTTP/1.1\r\n")) << server.asked();
    EXPECT_NE(server.asked().find("\r\nAuthorization: Bearer secret\r\n"), std::string::npos);
    EXPECT_NE(server.asked().find("\r\nContent-Length: 0\r\n"), std::string::npos);
    EXPECT_EQ(server.asked().find("Expect:"), std::string::npos);
    EXPECT_EQ(server.asked().find("Content-Type:"), std::string::npos);
}

}  // namespace
}  // namespace ringctl
