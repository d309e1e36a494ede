// One request and its answer, from servers that answer as they like.
#include "scenario/exchange.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "ringway/ring/kernel_ring.h"

namespace ringload {
namespace {

using ringway::base::SocketAddress;
using std::chrono::milliseconds;

/// Takes one connection and its request, and lets `answer` do what it wants with it.
class Server {
 public:
    explicit Server(std::function<void(int)> answer) {
        const SocketAddress wanted = SocketAddress::parse("127.0.0.1:0").value();
        listener_ = socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(bind(listener_, wanted.raw(), wanted.raw_size()), 0);
        EXPECT_EQ(listen(listener_, 1), 0);
        sockaddr_storage bound{};
        socklen_t size = sizeof(bound);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
        address_ = SocketAddress::from_kernel(reinterpret_cast<sockaddr*>(&bound), size);
        thread_ = std::thread([this, answer = std::move(answer)] {
            const int client = accept(listener_, nullptr, nullptr);
            char bytes[1024];
            if (recv(client, bytes, sizeof(bytes), 0) > 0) answer(client);
            close(client);
        });
    }
    ~Server() {
        thread_.join();
        close(listener_);
    }
    std::expected<Answer, std::string> ask(bool head_only = false) const {
        return ringload::ask(address_, "GET", "/", "h", milliseconds(500), head_only);
    }

 private:
    int listener_ = -1;
    SocketAddress address_;
    std::thread thread_;
};

bool write_all(int client, const std::string& text) {
    return send(client, text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text);
}

std::function<void(int)> saying(const std::string& text) {
    return [text](int client) { write_all(client, text); };
}

TEST(exchanges, give_status_and_body_however_the_body_is_framed) {
    for (const char* text :
         {"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 503 No\r\n\r\nhello",
          "HTTP/1.1 503 No\r\nTransfer-Encoding: "
          "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}) {
        const auto answer = Server(saying(text)).ask();
        ASSERT_TRUE(answer) << text << answer.error();
        EXPECT_EQ(answer->status, 503);
        EXPECT_EQ(answer->body, "hello");
    }
}

TEST(exchanges, without_a_whole_answer_are_errors) {
    for (const char* text : {"", "HTTP/1.1 200", "SSH-2.0-x\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                             "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nhello",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello"}) {
        EXPECT_FALSE(Server(saying(text)).ask()) << text;
    }
}

TEST(exchanges, that_do_not_end_are_ended) {
    const auto endless = [](const std::string& head, const std::string& piece) {
        return [head, piece](int client) {
            if (!write_all(client, head)) return;
            while (write_all(client, piece)) {
            }
        };
    };
    const std::string piece(10'000, 'x');
    EXPECT_FALSE(Server(endless("HTTP/1.1 200 OK\r\n\r\n", piece)).ask());
    EXPECT_FALSE(Server(endless("HTTP/1.1 200 OK\r\nA: ", piece)).ask());
    EXPECT_TRUE(Server(endless("HTTP/1.1 200 OK\r\n\r\n", piece)).ask(true));
}

TEST(exchanges, that_trickle_are_over_in_time) {
    const auto begun = ringway::ring::read_clock();
    const auto answer = Server([](int client) {
                            write_all(client, "HTTP/1.1 200 OK\r\n\r\n");
                            while (write_all(client, "x"))
                                std::this_thread::sleep_for(milliseconds(1));
                        }).ask();
    EXPECT_FALSE(answer);
    EXPECT_LT(ringway::ring::read_clock() - begun, std::chrono::seconds(3));
}

TEST(exchanges, that_are_told_to_go_on_wait_for_the_answer) {
    const auto answer = Server(saying("HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
                                      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
                            .ask();
    ASSERT_TRUE(answer) << answer.error();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hi");
}

}  // namespace
}  // namespace ringload
