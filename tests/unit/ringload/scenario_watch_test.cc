// What is seen of packets: made-up ones, the kernel's filter on a real socket pair of loopback, and
// rules for packets where this machine allows them.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <thread>

#include "scenario/exchange.h"
#include "scenario/packet_rules.h"
#include "scenario/watch.h"

namespace ringload {
namespace {

using ringway::base::SocketAddress;
using std::chrono::milliseconds;

SocketAddress address_of(const std::string& text) { return SocketAddress::parse(text).value(); }

struct Packet {
    std::string from = "127.0.0.1:50000";
    std::string to = "127.0.0.11:9000";
    std::string payload;
    bool syn = false;
    bool fin = false;
    bool rst = false;
    std::uint32_t seq = 1000;
    std::size_t options = 0;  // of TCP, in 32-bit words

    std::string bytes() const {
        const SocketAddress source = address_of(from);
        const SocketAddress target = address_of(to);
        std::string packet;
        if (source.family() == AF_INET) {
            iphdr ip{};
            ip.version = 4;
            ip.ihl = 5;
            ip.protocol = IPPROTO_TCP;
            std::memcpy(&ip.saddr, source.ip().bytes + 12, 4);
            std::memcpy(&ip.daddr, target.ip().bytes + 12, 4);
            packet.assign(reinterpret_cast<const char*>(&ip), sizeof(ip));
        } else {
            ip6_hdr ip{};
            ip.ip6_vfc = 0x60;
            ip.ip6_nxt = IPPROTO_TCP;
            std::memcpy(&ip.ip6_src, source.ip().bytes, 16);
            std::memcpy(&ip.ip6_dst, target.ip().bytes, 16);
            packet.assign(reinterpret_cast<const char*>(&ip), sizeof(ip));
        }
        tcphdr tcp{};
        tcp.source = htons(source.port());
        tcp.dest = htons(target.port());
        tcp.seq = htonl(seq);
        tcp.doff = static_cast<unsigned char>(5 + options) & 0xf;
        tcp.syn = syn;
        tcp.fin = fin;
        tcp.rst = rst;
        packet.append(reinterpret_cast<const char*>(&tcp), sizeof(tcp));
        packet.append(4 * options, '\0');
        return packet + payload;
    }
};

const std::vector<WatchedAddress> kOrigins = {{address_of("127.0.0.11:9000"), 0, ""},
                                              {address_of("127.0.0.12:9000"), 1, ""},
                                              {address_of("[::1]:9000"), 2, ""}};

std::string seen(const std::vector<Packet>& packets) {
    PacketReader reader(kOrigins);
    std::string text;
    for (const Packet& packet : packets) reader.look_at(packet.bytes(), 7);
    for (const Sight& sight : reader.sights()) {
        constexpr std::string_view kKinds[] = {"connect", "request", "end"};
        text += std::string(kKinds[static_cast<std::size_t>(sight.kind)]) + " " +
                std::to_string(sight.origin) + "\n";
    }
    return text;
}

TEST(packets, show_connects_and_requests_of_each_origin) {
    EXPECT_EQ(seen({{.syn = true},
                    {.payload = "GET / HTTP/1.1\r\n\r\n", .seq = 1001},
                    {.to = "127.0.0.12:9000", .payload = "POST /x HTTP/1.1\r\n", .options = 3},
                    {.from = "[::2]:50000", .to = "[::1]:9000", .syn = true}}),
              "connect 0\nrequest 0\nrequest 1\nconnect 2\n");
}

TEST(packets, count_once_whatever_tcp_sends_again) {
    EXPECT_EQ(seen({{.syn = true},
                    {.syn = true},
                    {.payload = "GET / HTTP/1.1\r\n", .seq = 1001},
                    {.payload = "GET / HTTP/1.1\r\n", .seq = 1001},
                    {.payload = "GET / HTTP/1.1\r\n", .seq = 1100}}),
              "connect 0\nrequest 0\nrequest 0\n");
}

TEST(packets, that_are_too_many_are_counted) {
    PacketReader reader(kOrigins, 2);
    for (const std::uint32_t seq : {1u, 1u, 2u, 3u, 3u, 4u})
        reader.look_at(Packet{.payload = "GET / HTTP/1.1\r\n", .seq = seq}.bytes(), 7);
    reader.look_at(Packet{.from = "127.0.0.12:9000", .to = "127.0.0.1:50000", .fin = true}.bytes(),
                   7);
    EXPECT_EQ(reader.sights().size(), 2u);
    EXPECT_EQ(reader.left_out(), 4u);
}

TEST(packets, of_others_and_of_no_request_are_left_out) {
    EXPECT_EQ(seen({{.to = "127.0.0.11:9001", .syn = true},
                    {.to = "127.0.0.13:9000", .syn = true},
                    {.payload = "a body"},
                    {.payload = "GET /health HTTP/1.1\r\nx-health-CHECK: 1\r\n\r\n"},
                    {.payload = ""}}),
              "");
    EXPECT_EQ(seen({{.payload = "GET / HTTP/1.1\r\n\r\nX-Health-Check: 1\r\n"}}), "request 0\n")
        << "the body is no head";
}

TEST(packets, show_how_an_origin_ends_connections_but_not_how_it_refuses_them) {
    const std::string from = "127.0.0.12:9000";
    const std::string to = "127.0.0.1:50000";
    EXPECT_EQ(seen({{.from = from, .to = to, .fin = true},
                    {.from = from, .to = to, .rst = true},
                    {.from = from, .to = to, .rst = true, .seq = 0},
                    {.from = from, .to = to, .payload = "HTTP/1.1 200 OK\r\n"}}),
              "end 1\nend 1\n");
}

TEST(packets, that_are_cut_anywhere_are_no_harm) {
    const std::string whole = Packet{.payload = "GET / HTTP/1.1\r\n\r\n", .options = 5}.bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        PacketReader reader(kOrigins);
        const std::unique_ptr<char[]> exact(new char[size]);  // sanitizers see what is read past it
        std::memcpy(exact.get(), whole.data(), size);
        reader.look_at({exact.get(), size}, 1);
        EXPECT_EQ(reader.sights().size(), size >= whole.size() - 14 ? 1u : 0u) << size;
    }
}

/// A server of one connection a time on loopback that answers 204.
class Origin {
 public:
    explicit Origin(const std::string& address) {
        const SocketAddress wanted = address_of(address);
        socket_ = socket(wanted.family(), SOCK_STREAM, 0);
        const int on = 1;
        setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        EXPECT_EQ(bind(socket_, wanted.raw(), wanted.raw_size()), 0);
        EXPECT_EQ(listen(socket_, 16), 0);
        sockaddr_storage bound{};
        socklen_t size = sizeof(bound);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
        address_ = SocketAddress::from_kernel(reinterpret_cast<sockaddr*>(&bound), size);
        thread_ = std::thread([this] { serve(); });
    }
    ~Origin() {
        shutdown(socket_, SHUT_RDWR);
        thread_.join();
        close(socket_);
    }
    const SocketAddress& address() const { return address_; }

 private:
    void serve() {
        for (;;) {
            const int client = accept(socket_, nullptr, nullptr);
            if (client < 0) return;
            char bytes[1024];
            if (recv(client, bytes, sizeof(bytes), 0) > 0)
                send(client, "HTTP/1.1 204 No Content\r\n\r\n", 27, MSG_NOSIGNAL);
            close(client);
        }
    }

    int socket_ = -1;
    SocketAddress address_;
    std::thread thread_;
};

constexpr const char* kLoopback[] = {"127.0.0.1:0", "[::1]:0"};

TEST(watching, sees_what_goes_to_an_origin_and_nothing_else) {
    for (const char* loopback : kLoopback) {
        Origin watched(loopback);
        Origin other(loopback);
        auto watch = Watch::start({{watched.address(), 5, ""}});
        if (!watch) GTEST_SKIP() << watch.error();
        for (const Origin* origin : {&watched, &other, &watched}) {
            const auto answer = ask(origin->address(), "GET", "/", "x", std::chrono::seconds(5));
            ASSERT_TRUE(answer) << answer.error();
            EXPECT_EQ(answer->status, 204);
        }
        const auto told = ask(watched.address(), "GET", "/ HTTP/1.1\r\nX-Health-Check: 1\r\nA: b",
                              "x", std::chrono::seconds(5));
        EXPECT_TRUE(told);
        std::this_thread::sleep_for(milliseconds(50));
        std::vector<Sight> sights = (*watch)->stop();
        const auto count = [&](Sight::Kind kind) {
            return std::ranges::count(sights, kind, &Sight::kind);
        };
        EXPECT_EQ(count(Sight::Kind::connect), 3) << loopback;
        EXPECT_EQ(count(Sight::Kind::request), 2) << loopback;
        EXPECT_GE(count(Sight::Kind::end), 3) << loopback;
        EXPECT_TRUE(std::ranges::all_of(sights, [](auto& s) { return s.origin == 5; }));
        EXPECT_TRUE(std::ranges::is_sorted(sights, {}, &Sight::at_ns));
        EXPECT_EQ((*watch)->lost(), 0u);
    }
}

TEST(rules, refuse_and_drop_packets_and_are_gone_afterwards) {
    std::string skipped;
    // in a network of its own, which ends with the thread
    std::thread([&] {
        if (unshare(CLONE_NEWNET) != 0) {
            skipped = "a network of its own needs root";
            return;
        }
        ASSERT_TRUE(run_to_end({.name = "ip", .command = {"ip", "link", "set", "lo", "up"}},
                               std::chrono::seconds(5)));
        Origin origin("127.0.0.1:0");
        Origin other("127.0.0.1:0");
        const std::vector<SocketAddress> addresses{origin.address()};
        const auto reach = [](const Origin& one) {
            return ask(one.address(), "GET", "/", "x", milliseconds(300));
        };
        std::string table;
        {
            auto rules = PacketRules::open("", 2);
            if (!rules) {
                skipped = rules.error();
                return;
            }
            table = rules->table();
            EXPECT_TRUE(reach(origin));
            EXPECT_TRUE(rules->refuse(1, addresses));
            const auto refused = reach(origin);
            ASSERT_FALSE(refused);
            EXPECT_NE(refused.error().find("Connection refused"), std::string::npos);
            EXPECT_TRUE(reach(other)) << "the other one is left alone";
            EXPECT_TRUE(rules->drop(0, addresses));
            EXPECT_TRUE(rules->heal(1));
            const auto dropped = reach(origin);
            ASSERT_FALSE(dropped);
            EXPECT_NE(dropped.error().find("in time"), std::string::npos) << dropped.error();
            EXPECT_TRUE(rules->heal(0));
            EXPECT_TRUE(reach(origin));
            EXPECT_TRUE(rules->drop(0, addresses));
        }
        EXPECT_TRUE(reach(origin)) << "the rules are gone";
        EXPECT_FALSE(run_to_end(
            {.name = "nft", .command = {"/usr/sbin/nft", "list", "table", "inet", table}},
            std::chrono::seconds(5)));
    }).join();
    if (!skipped.empty()) GTEST_SKIP() << skipped;
}

}  // namespace
}  // namespace ringload
