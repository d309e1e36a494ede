// Probes and a Monitor on io_uring against a small server on a thread of its own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "ringway/base/published.h"
#include "ringway/health/monitor.h"
#include "ringway/ring/kernel_ring.h"

namespace ringway::health {
namespace {

using cluster::UpstreamState;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Answers requests (heads without body, or with what Content-Length says) one after the other on
/// each connection. One connection at a time is enough for one prober.
class SmallServer {
 public:
    enum class Mode : int { ok, silent, reset, busy, long_body };

    SmallServer() {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        socklen_t size = sizeof(at);
        EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~SmallServer() {
        over_ = true;
        thread_.join();
        ::close(listener_);
    }
    std::uint16_t port() const { return port_; }
    std::atomic<Mode> mode{Mode::ok};
    std::atomic<int> connections{0};
    std::atomic<std::size_t> bytes{0};

 private:
    void run() {
        while (!over_) {
            if (!readable(listener_)) continue;
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) continue;
            ++connections;
            serve(socket);
            ::close(socket);
        }
    }
    static bool readable(int descriptor) {
        pollfd wait{descriptor, POLLIN, 0};
        return ::poll(&wait, 1, 5) == 1;
    }
    void serve(int socket) {
        std::string got;
        char piece[4096];
        while (!over_) {
            if (!readable(socket)) {
                // One at a time: another that waits is served when nothing moves here.
                if (got.empty() && readable(listener_)) return;
                continue;
            }
            const ssize_t size = ::recv(socket, piece, sizeof(piece), 0);
            if (size <= 0) return;
            bytes += static_cast<std::size_t>(size);
            got.append(piece, static_cast<std::size_t>(size));
            while (answer(socket, got)) {
            }
        }
    }
    bool answer(int socket, std::string& got) {
        const std::size_t end = got.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        std::size_t body = 0;
        const std::size_t length = got.find("Content-Length: ");
        if (length < end) body = std::stoul(got.substr(length + 16, 12));
        if (got.size() < end + 4 + body) return false;
        got.erase(0, end + 4 + body);
        switch (mode.load()) {
            case Mode::silent:
                return true;
            case Mode::reset: {
                const linger at_once{1, 0};
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
                ::shutdown(socket, SHUT_RD);
                return true;
            }
            case Mode::ok:
                send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                return true;
            case Mode::long_body:
                send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
                send(socket, std::string(299999, 'x') + "!");
                return true;
            case Mode::busy:
                send(socket, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
                return true;
        }
        return true;
    }
    static void send(int socket, std::string_view text) {
        EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

std::unique_ptr<ring::KernelRing> make_ring() {
    ring::KernelRingSettings settings;
    settings.entries = 64;
    settings.completion_entries = 256;
    settings.buffer_count = 16;
    settings.buffer_bytes = 4096;
    const auto features = ring::probe_kernel_features();
    EXPECT_TRUE(features) << features.error();
    settings.features = *features;
    auto made = ring::KernelRing::make(settings);
    EXPECT_TRUE(made) << made.error();
    return std::move(*made);
}

class ProbeOnTheKernelTest : public testing::Test, public ProbeOwner {
 protected:
    void on_probe_ended(Probe&, const ProbeResult& result) override {
        ++told;
        last = result;
        detail = result.detail;
    }
    void on_probe_overdue(Probe&) override { ++overdue; }
    template <class Done>
    bool run_until(Done done) {
        const base::Instant end = ring::read_clock() + seconds(10);
        while (!done()) {
            if (ring::read_clock() > end) return false;
            ring->wait(std::min(fine.next(), ring::read_clock() + milliseconds(20)));
            ring->dispatch();
            fine.expire(ring->now());
        }
        return true;
    }
    base::SocketAddress at(std::uint16_t port) {
        return *base::SocketAddress::parse("127.0.0.1:" + std::to_string(port));
    }
    /// One probe to its end.
    const ProbeResult& ask(Probe& probe, const base::SocketAddress& to,
                           base::Duration timeout = seconds(5)) {
        const int before = told;
        probe.start(to, ring->now() + timeout, {.answer = milliseconds(30)});
        EXPECT_TRUE(run_until([&] { return told > before; }));
        return last;
    }
    void end(Probe& probe) {
        probe.stop();
        EXPECT_TRUE(run_until([&] { return probe.at_rest(); }));
    }

    std::unique_ptr<ring::KernelRing> ring = make_ring();
    base::TimerWheel fine{ring::read_clock(), base::TimerWheel::kFineTick};
    config::HealthCheck check;
    config::Upstream upstream;
    ProbeIdentity identity{.instance_id = "i", .app_name = "app"};
    int told = 0;
    int overdue = 0;
    ProbeResult last;
    std::string detail;
};

TEST_F(ProbeOnTheKernelTest, ItAsksARealServerOnOneConnection) {
    SmallServer server;
    ring->wait(ring::read_clock());
    Probe probe(*ring, fine, check, upstream, identity, *this);
    for (int i = 0; i < 20; ++i) {
        const ProbeResult& result = ask(probe, at(server.port()));
        EXPECT_EQ(result.end, ProbeEnd::passed) << detail;
        EXPECT_GT(result.latency, base::Duration(0));
        EXPECT_GT(result.round_trip, base::Duration(0));
        EXPECT_EQ(result.connect < base::Duration(0), i > 0);
    }
    EXPECT_EQ(server.connections.load(), 1);
    server.mode = SmallServer::Mode::busy;
    EXPECT_EQ(ask(probe, at(server.port())).end, ProbeEnd::bad_status);
    EXPECT_EQ(detail, "503 Busy");
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, ALongBodyIsSentWhole) {
    SmallServer server;
    ring->wait(ring::read_clock());
    check.method = "POST";
    check.body = std::string(16 << 20, 'x');  // more than socket buffers hold
    Probe probe(*ring, fine, check, upstream, identity, *this);
    EXPECT_EQ(ask(probe, at(server.port())).end, ProbeEnd::passed) << detail;
    EXPECT_GT(server.bytes.load(), check.body.size());
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, ALongAnswerIsReadWhole) {
    SmallServer server;
    server.mode = SmallServer::Mode::long_body;
    ring->wait(ring::read_clock());
    check.max_body = 1 << 20;
    check.content = {{.kind = config::ContentRule::Kind::contains, .value = "x!"}};
    Probe probe(*ring, fine, check, upstream, identity, *this);
    EXPECT_EQ(ask(probe, at(server.port())).end, ProbeEnd::passed) << detail;
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, SilenceIsOverdueAndThenATimeOut) {
    SmallServer server;
    server.mode = SmallServer::Mode::silent;
    ring->wait(ring::read_clock());
    Probe probe(*ring, fine, check, upstream, identity, *this);
    EXPECT_EQ(ask(probe, at(server.port()), milliseconds(100)).end, ProbeEnd::timed_out);
    EXPECT_EQ(overdue, 1);
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, ARefusedConnectIsToldAtOnce) {
    std::uint16_t port = 0;
    {
        SmallServer server;
        port = server.port();
    }
    ring->wait(ring::read_clock());
    Probe probe(*ring, fine, check, upstream, identity, *this);
    EXPECT_EQ(ask(probe, at(port)).end, ProbeEnd::refused);
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, AnUnixSocketThatIsNotThereIsRefused) {
    ring->wait(ring::read_clock());
    Probe probe(*ring, fine, check, upstream, identity, *this);
    EXPECT_EQ(ask(probe, *base::SocketAddress::parse("unix:/nowhere/at/all")).end,
              ProbeEnd::refused);
    end(probe);
}

TEST_F(ProbeOnTheKernelTest, AMonitorFollowsAServersHealth) {
    const base::RcuReader reader;
    SmallServer server;
    config::Config config;
    config.shards.resize(1);
    config::Pool& pool = config.pools.emplace_back();
    pool.name = "api";
    upstream.address = "127.0.0.1:" + std::to_string(server.port());
    pool.upstreams = {upstream};
    check.interval = check.timeout = milliseconds(100);
    check.fast_interval = milliseconds(20);
    pool.health.checks = {check};
    ring->wait(ring::read_clock());
    failover::Board board(failover::first_view(config, {{{at(server.port())}}}, ring->now()));
    CheckStats stats;
    observe::ShardCounters counters(config);
    Monitor monitor({.shard_index = 0,
                     .ring = *ring,
                     .fine = fine,
                     .board = board,
                     .counters = counters,
                     .all_counters = {&counters},
                     .stats = stats,
                     .instance_id = "i"});
    monitor.start();
    const auto reaches = [&](UpstreamState state) {
        return run_until([&] { return board.read()->pools[0]->upstreams[0].state == state; });
    };
    EXPECT_TRUE(reaches(UpstreamState::healthy));
    for (const auto mode :
         {SmallServer::Mode::busy, SmallServer::Mode::silent, SmallServer::Mode::reset}) {
        server.mode = mode;
        EXPECT_TRUE(reaches(UpstreamState::unhealthy)) << static_cast<int>(mode);
        server.mode = SmallServer::Mode::ok;
        EXPECT_TRUE(reaches(UpstreamState::healthy)) << static_cast<int>(mode);
    }
    monitor.stop();
    EXPECT_TRUE(run_until([&] { return monitor.over(); }));
}

}  // namespace
}  // namespace ringway::health
