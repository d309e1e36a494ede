// The admin listener passes from one process to the next, without a moment in which nobody listens.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>

#include "ringway/control/admin_server.h"
#include "temporary.h"

namespace ringway::control {
namespace {

/// Has five lines to say, one with each feed.
class Lines final : public AdminStream {
 public:
    void feed(std::string& out, std::size_t) override {
        if (number_ < 5) out += "line " + std::to_string(++number_) + "\n";
    }

 private:
    int number_ = 0;
};

constexpr std::string_view kAllLines = "line 1\nline 2\nline 3\nline 4\nline 5\n";

/// One server as it would be in a process of its own.
struct Server {
    Server(const std::string& path, const std::string& name) {
        admin.listen = base::SocketAddress::parse("unix:" + path);
        server.add({{"/name",
                     {http::Method::get},
                     [name](const AdminRequest&) { return text_reply(200, name); },
                     false},
                    {"/lines",
                     {http::Method::get},
                     [](const AdminRequest&) {
                         AdminReply reply = text_reply(200, "");
                         reply.stream = std::make_unique<Lines>();
                         return reply;
                     }},
                    {.path = "/slow",
                     .methods = {http::Method::get},
                     .handler =
                         [this](const AdminRequest&) {
                             begun.set_value();
                             go_on.get_future().wait();
                             return text_reply(200, "done");
                         },
                     .slow = true}});
    }
    std::promise<void> begun, go_on;
    config::Admin admin;
    Log log{LogLevel::error};
    AdminServer server{admin, log};
};

std::string ask(const std::string& path, const std::string& target = "/name") {
    const auto address = base::SocketAddress::parse("unix:" + path).value();
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{8, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    std::string reply;
    if (::connect(client, address.raw(), address.raw_size()) != 0) {
        ::close(client);
        return "refused";
    }
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
    char bytes[1024];
    ssize_t size = 0;
    while ((size = ::recv(client, bytes, sizeof(bytes), 0)) > 0)
        reply.append(bytes, static_cast<std::size_t>(size));
    ::close(client);
    if (size < 0 || reply.empty()) return "cut";
    return reply.substr(reply.find("\r\n\r\n") + 4);
}

TEST(admin_release, the_successor_answers_and_the_file_stays) {
    const TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    Server old(path, "old");
    ASSERT_TRUE(old.server.start());
    EXPECT_EQ(ask(path), "old");
    Server next(path, "next");
    ASSERT_TRUE(next.server.open(dup(old.server.listening_descriptor())));
    ASSERT_TRUE(next.server.start());
    old.server.release();
    EXPECT_TRUE(eventually([&] { return old.server.listening_descriptor() < 0; }));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(path), "next");
    old.server.stop();
    EXPECT_EQ(ask(path), "next");
    next.server.stop();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(admin_release, a_successor_that_fails_leaves_the_file_alone) {
    const TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    Server old(path, "old");
    ASSERT_TRUE(old.server.start());
    {
        Server next(path, "next");
        ASSERT_TRUE(next.server.open(dup(old.server.listening_descriptor())));
    }
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(ask(path), "old");
    old.server.stop();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(admin_release, a_stream_ends_when_all_of_it_was_sent) {
    const TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    for (const bool stops : {false, true}) {
        Server old(path, "old");
        ASSERT_TRUE(old.server.start());
        auto lines = std::async(std::launch::async, [&] { return ask(path, "/lines"); });
        EXPECT_TRUE(eventually([&] { return old.server.requests() == 1; }));
        EXPECT_EQ(lines.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
        stops ? old.server.stop() : old.server.release();
        EXPECT_EQ(lines.get(), kAllLines) << stops;
    }
}

TEST(admin_release, an_answer_that_is_under_way_still_comes) {
    const TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    Server old(path, "old");
    ASSERT_TRUE(old.server.start());
    auto slow = std::async(std::launch::async, [&] { return ask(path, "/slow"); });
    old.begun.get_future().wait();
    old.server.release();
    auto stopped = std::async(std::launch::async, [&] { old.server.stop(); });
    old.go_on.set_value();
    EXPECT_EQ(slow.get(), "done");
    stopped.get();
}

TEST(admin_release, a_connection_from_before_is_still_answered) {
    const TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    Server old(path, "old");
    ASSERT_TRUE(old.server.start());
    const auto address = base::SocketAddress::parse("unix:" + path).value();
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(client, address.raw(), address.raw_size()), 0);
    const std::string request = "GET /name HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto exchange = [&] {
        ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
        char bytes[1024];
        const ssize_t size = ::recv(client, bytes, sizeof(bytes), 0);
        return std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    };
    EXPECT_TRUE(exchange().ends_with("old"));
    old.server.release();
    EXPECT_TRUE(eventually([&] { return old.server.listening_descriptor() < 0; }));
    EXPECT_EQ(ask(path), "refused");
    const std::string last = exchange();
    EXPECT_TRUE(last.ends_with("old"));
    EXPECT_NE(last.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(exchange(), "") << "that was the last answer";
    ::close(client);
}

}  // namespace
}  // namespace ringway::control
