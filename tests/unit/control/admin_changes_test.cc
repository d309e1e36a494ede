// The admin server's changes, bodies, slow handlers and streams.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "admin_client.h"
#include "ringway/control/admin_server.h"

namespace ringway::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// Says the next number with each feed.
class Numbers final : public AdminStream {
 public:
    explicit Numbers(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
    ~Numbers() override { --alive_; }
    void feed(std::string& out, std::size_t) override { out += std::to_string(++number_) + "\n"; }

 private:
    std::atomic<int>& alive_;
    int number_ = 0;
};

/// Has as much to say as there is room.
class Torrent final : public AdminStream {
 public:
    explicit Torrent(std::atomic<std::size_t>& bytes) : bytes_(bytes) {}
    void feed(std::string& out, std::size_t room) override {
        out.append(room, 'x');
        bytes_ += room;
    }

 private:
    std::atomic<std::size_t>& bytes_;
};

struct Server {
    explicit Server(const std::string& token = "sesame") {
        admin.listen = base::SocketAddress::parse("127.0.0.1:0");
        admin.token = token;
        const auto echo = [this](const AdminRequest& request) {
            ++changes;
            return text_reply(200, std::string(request.body));
        };
        const auto get = std::vector{http::Method::get};
        const auto post = std::vector{http::Method::post};
        server.add({{"/ping", get, [](const AdminRequest&) { return text_reply(200, "pong\n"); }},
                    {.path = "/set", .methods = post, .handler = echo},
                    {.path = "/json", .methods = post, .handler = echo, .body = AdminBody::json},
                    {.path = "/slow",
                     .methods = post,
                     .handler =
                         [this](const AdminRequest& request) {
                             ++begun;
                             released.wait();
                             return text_reply(200, std::string(request.query) + "\n");
                         },
                     .slow = true},
                    {"/numbers", get,
                     [this](const AdminRequest&) {
                         AdminReply reply = text_reply(200, "");
                         reply.stream = std::make_unique<Numbers>(alive);
                         return reply;
                     }},
                    {"/torrent", get, [this](const AdminRequest&) {
                         AdminReply reply = text_reply(200, "");
                         reply.stream = std::make_unique<Torrent>(torrent_bytes);
                         return reply;
                     }}});
        EXPECT_TRUE(server.start());
    }
    std::string ask(const std::string& request) {
        Client client(server.address());
        return client.exchange(request);
    }
    std::string post(const std::string& path, const std::string& lines = "",
                     const std::string& body = "") {
        return ask("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body);
    }

    config::Admin admin;
    Log log{LogLevel::error};
    std::atomic<int> changes{0};
    std::atomic<int> begun{0};
    std::atomic<int> alive{0};
    std::atomic<std::size_t> torrent_bytes{0};
    std::promise<void> release;
    std::shared_future<void> released = release.get_future().share();
    AdminServer server{admin, log};
};

const std::string kToken = "Authorization: Bearer sesame\r\n";

TEST(admin_changes, need_the_whole_token_and_nothing_but_the_token) {
    Server server;
    EXPECT_EQ(status_of(server.post("/set", kToken)), "HTTP/1.1 200 OK");
    EXPECT_EQ(status_of(server.post("/set", "authorization: bearer  sesame\r\n")),
              "HTTP/1.1 200 OK");
    EXPECT_EQ(server.changes, 2);
    for (const char* wrong :
         {"", "Authorization: Bearer \r\n", "Authorization: Bearer sesam\r\n",
          "Authorization: Bearer sesame1\r\n", "Authorization: Bearer Sesame\r\n",
          "Authorization: Bearer sesamesesame\r\n", "Authorization: Basic sesame\r\n",
          "Authorization: sesame\r\n", "X-Authorization: Bearer sesame\r\n"}) {
        const std::string reply = server.post("/set", wrong);
        EXPECT_EQ(status_of(reply), "HTTP/1.1 401 Unauthorized") << wrong;
        EXPECT_NE(reply.find("\r\nWWW-Authenticate: Bearer realm=\"ringway\"\r\n"),
                  std::string::npos);
        EXPECT_NE(reply.find("\"code\":\"unauthorized\""), std::string::npos);
    }
    EXPECT_EQ(server.changes, 2);
    EXPECT_EQ(status_of(server.ask(std::string(kGetPing))), "HTTP/1.1 200 OK");  // reads are open
}

TEST(admin_changes, are_off_without_a_token_and_follow_a_new_one) {
    Server server("");
    const std::string reply = server.post("/set", "Authorization: Bearer \r\n");
    EXPECT_EQ(status_of(reply), "HTTP/1.1 403 Forbidden");
    EXPECT_NE(reply.find("\"code\":\"read_only\""), std::string::npos);
    server.server.set_token("other");
    EXPECT_EQ(status_of(server.post("/set", kToken)), "HTTP/1.1 401 Unauthorized");
    EXPECT_EQ(status_of(server.post("/set", "Authorization: Bearer other\r\n")), "HTTP/1.1 200 OK");
    EXPECT_EQ(server.changes, 1);
}

TEST(admin_changes, a_body_comes_in_pieces_and_the_connection_goes_on) {
    Server server;
    Client client(server.server.address());
    const std::string body(300'000, 'b');
    const std::string request = "POST /json HTTP/1.1\r\nHost: a\r\n" + kToken +
                                "Content-Type: application/json; charset=utf-8\r\n"
                                "Content-Length: 300000\r\n\r\n" +
                                body + std::string(kGetPing);
    for (std::size_t at = 0; at < request.size(); at += 70'001) {
        ASSERT_TRUE(client.send(request.substr(at, 70'001)));
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_TRUE(client.read_reply().ends_with("\r\n\r\n" + body));
    EXPECT_TRUE(client.read_reply().ends_with("pong\n"));  // behind the body
}

TEST(admin_changes, bodies_are_bounded_and_of_the_right_kind) {
    Server server;
    const auto status = [&](const std::string& path, const std::string& lines,
                            const std::string& body = "") {
        return status_of(server.post(path, kToken + lines, body)).substr(9, 3);
    };
    EXPECT_EQ(status("/json", ""), "411");
    EXPECT_EQ(status("/json", "Transfer-Encoding: chunked\r\n", "1\r\n1\r\n0\r\n\r\n"), "411");
    EXPECT_EQ(status("/json", "Content-Length: 1048577\r\n"), "413");
    EXPECT_EQ(status("/json", "Content-Length: 99999999999\r\n"), "413");
    EXPECT_EQ(status("/json", "Content-Type: text/plain\r\nContent-Length: 1\r\n", "1"), "415");
    EXPECT_EQ(status("/json", "Content-Length: 1\r\n", "1"), "200");
    EXPECT_EQ(status("/json", "Content-Length: 1048576\r\n", std::string(1 << 20, 'x')), "200");
    EXPECT_EQ(status("/set", "Content-Length: 1\r\n", "1"), "413");
    EXPECT_EQ(status("/set", "Content-Length: 0\r\n"), "200");
    // A body is not read, and its client not asked to go on, before it may send one.
    EXPECT_EQ(status_of(server.post("/json", "Expect: 100-continue\r\nContent-Length: 1\r\n")),
              "HTTP/1.1 401 Unauthorized");
}

TEST(admin_changes, a_client_that_asks_whether_to_go_on_is_told_so) {
    Server server;
    Client client(server.server.address());
    ASSERT_TRUE(client.send("POST /json HTTP/1.1\r\nHost: a\r\n" + kToken +
                            "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_EQ(status_of(client.read_reply(false)), "HTTP/1.1 100 Continue");
    ASSERT_TRUE(client.send("{}"));
    EXPECT_TRUE(client.read_reply().ends_with("\r\n\r\n{}"));
}

TEST(admin_changes, a_slow_handler_holds_no_other_connection) {
    Server server;
    Client slow(server.server.address());
    ASSERT_TRUE(slow.send("POST /slow?x=1 HTTP/1.1\r\nHost: a\r\n" + kToken + "\r\n" +
                          std::string(kGetPing)));
    while (server.begun == 0) std::this_thread::sleep_for(milliseconds(1));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(server.ask(std::string(kGetPing)).ends_with("pong\n"));
    pollfd answered{slow.descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&answered, 1, 50), 0);
    server.release.set_value();
    EXPECT_TRUE(slow.read_reply().ends_with("\r\n\r\nx=1\n"));
    EXPECT_TRUE(slow.read_reply().ends_with("pong\n"));  // what was asked behind it
}

TEST(admin_changes, slow_requests_beyond_a_bound_are_turned_away_and_gone_clients_forgotten) {
    Server server;
    const std::string request = "POST /slow HTTP/1.1\r\nHost: a\r\n" + kToken + "\r\n";
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(server.server.address()));
        ASSERT_TRUE(clients.back()->send(request));
        while (server.begun == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    // One runs and 16 wait.
    EXPECT_EQ(status_of(clients.back()->read_reply()), "HTTP/1.1 503 Service Unavailable");
    clients.clear();
    EXPECT_EQ(server.begun, 1);
    server.release.set_value();  // the replies are for nobody
    EXPECT_TRUE(server.ask(std::string(kGetPing)).ends_with("pong\n"));
}

TEST(admin_streams, go_on_until_their_client_leaves) {
    Server server;
    {
        Client client(server.server.address());
        ASSERT_TRUE(client.send("GET /numbers HTTP/1.1\r\nHost: a\r\n\r\n"));
        const std::string head = client.read_reply(false);
        EXPECT_EQ(head.find("Content-Length"), std::string::npos);
        EXPECT_NE(head.find("\r\nConnection: close\r\n"), std::string::npos);
        EXPECT_TRUE(client.read_until("\n3\n").starts_with("1\n2\n"));
        EXPECT_EQ(server.alive, 1);
        EXPECT_TRUE(server.ask(std::string(kGetPing)).ends_with("pong\n"));
    }
    const auto begin = Clock::now();
    while (server.alive > 0 && Clock::now() - begin < seconds(5)) {
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_EQ(server.alive, 0);
}

TEST(admin_streams, leave_room_for_other_connections) {
    Server server;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 17; ++i) {
        clients.push_back(std::make_unique<Client>(server.server.address()));
        ASSERT_TRUE(clients.back()->send("GET /numbers HTTP/1.1\r\nHost: a\r\n\r\n"));
        const std::string status = status_of(clients.back()->read_reply(false));
        EXPECT_EQ(status, i < 16 ? "HTTP/1.1 200 OK" : "HTTP/1.1 503 Service Unavailable") << i;
    }
    EXPECT_TRUE(server.ask(std::string(kGetPing)).ends_with("pong\n"));
}

TEST(admin_streams, a_head_request_gets_the_head_only) {
    Server server;
    Client client(server.server.address());
    ASSERT_TRUE(client.send("HEAD /numbers HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(status_of(client.read_reply(false)), "HTTP/1.1 200 OK");
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(server.alive, 0);
}

TEST(admin_streams, a_client_that_reads_nothing_is_cut_and_costs_a_bounded_buffer) {
    Server server;
    Client client(server.server.address());
    ASSERT_TRUE(client.send("GET /torrent HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto begin = Clock::now();
    std::size_t before = 0;
    // It stops when the kernel's buffers and ours are full.
    do {
        before = server.torrent_bytes;
        std::this_thread::sleep_for(milliseconds(600));
    } while (server.torrent_bytes != before);
    EXPECT_LT(before, 4u << 20);
    EXPECT_TRUE(server.ask(std::string(kGetPing)).ends_with("pong\n"));
    pollfd cut{client.descriptor(), 0, 0};
    EXPECT_EQ(poll(&cut, 1, 10'000), 1);  // hung up
    EXPECT_GT(Clock::now() - begin, milliseconds(4500));
}

}  // namespace
}  // namespace ringway::control
