// The admin listener passes from one process to the next, without a moment in which nobody listens.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "ringway/control/admin_server.h"
#include "temporary.h"

namespace ringway::control {
namespace {

/// One server as it would be in a process of its own.
struct Server {
    Server(const std::string& path, const std::string& name) {
        admin.listen = base::SocketAddress::parse("unix:" + path);
        server.add({{"/name",
                     {http::Method::get},
                     [name](const AdminRequest&) { return text_reply(200, name); },
                     false}});
    }
    config::Admin admin;
    Log log{LogLevel::error};
    AdminServer server{admin, log};
};

std::string ask(const std::string& path) {
    const auto address = base::SocketAddress::parse("unix:" + path).value();
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{8, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    std::string reply;
    if (::connect(client, address.raw(), address.raw_size()) != 0) {
        ::close(client);
        return "refused";
    }
    const std::string request = "GET /name HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
    char bytes[1024];
    for (ssize_t size = 0; (size = ::recv(client, bytes, sizeof(bytes), 0)) > 0;)
        reply.append(bytes, static_cast<std::size_t>(size));
    ::close(client);
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
    EXPECT_TRUE(exchange().ends_with("old"));
    ::close(client);
}

}  // namespace
}  // namespace ringway::control
