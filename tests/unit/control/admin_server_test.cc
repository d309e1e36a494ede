#include "ringway/control/admin_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "admin_client.h"
#include "temporary.h"

namespace ringway::control {
namespace {

struct Server {
    explicit Server(const std::string& address = "127.0.0.1:0") {
        admin.listen = base::SocketAddress::parse(address);
        server.add({{"/ping",
                     {http::Method::get},
                     [](const AdminRequest& request) {
                         return text_reply(200, "pong " + std::string(request.query) + "\n");
                     }},
                    {"/big", {http::Method::get}, [](const AdminRequest&) {
                         return text_reply(200, std::string(8 << 20, 'b'));
                     }}});
    }
    config::Admin admin;
    Log log{LogLevel::error};
    AdminServer server{admin, log};
};

TEST(admin_server, answers_over_tcp_and_keeps_the_connection) {
    Server server;
    ASSERT_TRUE(server.server.start());
    EXPECT_NE(server.server.address().port(), 0);
    Client client(server.server.address());
    for (int i = 0; i < 3; ++i) {
        const std::string reply = client.exchange(kGetPing);
        EXPECT_EQ(status_of(reply), "HTTP/1.1 200 OK");
        EXPECT_TRUE(reply.ends_with("\r\n\r\npong x=1\n")) << reply;
        EXPECT_NE(reply.find("\r\nContent-Type: text/plain; charset=utf-8\r\n"), std::string::npos);
        EXPECT_NE(reply.find("\r\nDate: "), std::string::npos);
    }
    EXPECT_EQ(server.server.requests(), 3u);
}

TEST(admin_server, head_has_the_length_and_no_body) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    ASSERT_TRUE(client.send("HEAD /ping HTTP/1.1\r\nHost: a\r\n\r\n"));
    const std::string reply = client.read_reply(false);
    EXPECT_EQ(status_of(reply), "HTTP/1.1 200 OK");
    EXPECT_NE(reply.find("\r\nContent-Length: 6\r\n"), std::string::npos);
    EXPECT_EQ(status_of(client.exchange(kGetPing)), "HTTP/1.1 200 OK");  // nothing lay between
}

TEST(admin_server, unknown_paths_and_methods_are_json_errors) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    std::string reply = client.exchange("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(reply), "HTTP/1.1 404 Not Found");
    EXPECT_NE(reply.find("application/json"), std::string::npos);
    EXPECT_TRUE(
        reply.ends_with("{\"error\":{\"code\":\"not_found\",\"message\":\"there is no "
                        "such endpoint\"}}\n"));
    reply = client.exchange("DELETE /ping HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(reply), "HTTP/1.1 405 Method Not Allowed");
    EXPECT_NE(reply.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_NE(reply.find("\"code\":\"method_not_allowed\""), std::string::npos);
}

TEST(admin_server, pipelined_requests_and_single_bytes_are_answered_in_order) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    ASSERT_TRUE(client.send(std::string(kGetPing) + "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" +
                            std::string(kGetPing)));
    EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 200 OK");
    EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 200 OK");
    for (const char c : kGetPing) {
        ASSERT_TRUE(client.send({&c, 1}));
        if (c == '\n') std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 200 OK");
}

TEST(admin_server, a_reply_larger_than_the_socket_buffers_arrives_whole) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    ASSERT_TRUE(client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGetPing)));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_GT(client.read_reply().size(), std::size_t{8} << 20);
    EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 200 OK");
}

TEST(admin_server, malformed_heads_are_refused_and_the_connection_ends) {
    Server server;
    ASSERT_TRUE(server.server.start());
    for (const char* bad :
         {"GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"}) {
        Client client(server.server.address());
        const std::string reply = client.exchange(bad);
        EXPECT_EQ(status_of(reply), "HTTP/1.1 400 Bad Request") << bad;
        EXPECT_NE(reply.find("\r\nConnection: close\r\n"), std::string::npos);
        EXPECT_TRUE(client.ends());
    }
}

TEST(admin_server, a_head_beyond_8_kib_is_431) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    client.send("GET /ping HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x'));
    const std::string reply = client.read_reply();
    EXPECT_EQ(status_of(reply).substr(0, 12), "HTTP/1.1 431");
}

TEST(admin_server, request_bodies_are_refused_and_the_connection_ends) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    const std::string reply = client.exchange(
        "GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 36\r\n\r\n" + std::string(kGetPing));
    EXPECT_EQ(status_of(reply).substr(0, 12), "HTTP/1.1 413");
    EXPECT_TRUE(client.ends());  // the body is not taken for a request
}

TEST(admin_server, a_connection_that_asks_for_its_end_gets_it) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    const std::string reply =
        client.exchange("GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_NE(reply.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.ends());
}

TEST(admin_server, a_head_that_trickles_in_is_cut_after_5_seconds) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    const auto begin = std::chrono::steady_clock::now();
    std::jthread trickle([&](const std::stop_token& stop) {
        while (!stop.stop_requested() && client.send("G")) {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
        }
    });
    EXPECT_EQ(client.read_reply(), "");
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GT(took, std::chrono::milliseconds(4500));
    EXPECT_LT(took, std::chrono::seconds(7));
}

TEST(admin_server, the_65th_connection_waits_for_a_free_slot) {
    Server server;
    ASSERT_TRUE(server.server.start());
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 64; ++i) {
        clients.push_back(std::make_unique<Client>(server.server.address()));
        ASSERT_EQ(status_of(clients.back()->exchange(kGetPing)), "HTTP/1.1 200 OK") << i;
    }
    Client late(server.server.address());
    ASSERT_TRUE(late.send(kGetPing));
    pollfd answered{late.descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&answered, 1, 100), 0);
    clients.pop_back();
    EXPECT_EQ(status_of(late.read_reply()), "HTTP/1.1 200 OK");
}

TEST(admin_server, a_unix_socket_is_made_private_and_removed_at_the_end) {
    TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    {
        Server server("unix:" + path);
        ASSERT_TRUE(server.server.start());
        struct stat status{};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0007, 0u);
        Client client(server.server.address());
        EXPECT_EQ(status_of(client.exchange(kGetPing)), "HTTP/1.1 200 OK");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(admin_server, a_stale_unix_socket_is_replaced) {
    TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    const auto address = *base::SocketAddress::parse("unix:" + path);
    const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(stale, address.raw(), address.raw_size()), 0);
    close(stale);
    ASSERT_TRUE(std::filesystem::exists(path));
    Server server("unix:" + path);
    const auto started = server.server.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(status_of(Client(address).exchange(kGetPing)), "HTTP/1.1 200 OK");
}

TEST(admin_server, a_living_unix_socket_and_other_files_are_left_alone) {
    TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    Server first("unix:" + path);
    ASSERT_TRUE(first.server.start());
    {
        Server second("unix:" + path);
        const auto started = second.server.start();
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error(), "another process listens on " + path);
    }
    EXPECT_EQ(status_of(Client(first.server.address()).exchange(kGetPing)), "HTTP/1.1 200 OK");

    const std::string file = folder.at("precious");
    {
        std::ofstream(file) << "data";
    }
    Server third("unix:" + file);
    EXPECT_FALSE(third.server.start());
    EXPECT_EQ(content_of(file), "data");
}

TEST(admin_server, the_socket_file_of_a_successor_is_not_removed) {
    TemporaryFolder folder;
    const std::string path = folder.at("admin.sock");
    auto first = std::make_unique<Server>("unix:" + path);
    ASSERT_TRUE(first->server.start());
    std::filesystem::remove(path);
    Server second("unix:" + path);
    ASSERT_TRUE(second.server.start());
    first.reset();
    EXPECT_EQ(status_of(Client(second.server.address()).exchange(kGetPing)), "HTTP/1.1 200 OK");
}

TEST(admin_server, an_address_in_use_is_an_error_with_its_name) {
    Server first;
    ASSERT_TRUE(first.server.start());
    Server second(first.server.address().text());
    const auto started = second.server.start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().find(first.server.address().text() + ": Address already in use"),
              std::string::npos)
        << started.error();
}

TEST(admin_server, stop_cuts_open_connections_at_once) {
    Server server;
    ASSERT_TRUE(server.server.start());
    Client client(server.server.address());
    ASSERT_NE(client.exchange(kGetPing), "");
    const auto begin = std::chrono::steady_clock::now();
    server.server.stop();
    EXPECT_TRUE(client.ends());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(admin_server, without_an_address_it_does_nothing) {
    Log log(LogLevel::error);
    const config::Admin admin;
    AdminServer server(admin, log);
    EXPECT_TRUE(server.start());
    server.stop();
}

}  // namespace
}  // namespace ringway::control
