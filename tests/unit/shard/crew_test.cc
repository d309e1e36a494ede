// Several real shards, asked from other threads: they serve, see each new view, drain, stop, and
// end together when one cannot start. The suites are named Crossing to run under TSan.
#include "ringway/shard/crew.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ringway/ring/kernel_ring.h"

namespace ringway::shard {
namespace {

using base::SocketAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A socket that holds a free port of loopback; others may listen there through SO_REUSEPORT.
class ReservedPort {
 public:
    explicit ReservedPort(bool shared = true)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        if (shared) setsockopt(socket_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        const auto any = SocketAddress::from_ip("127.0.0.1", 0).value();
        EXPECT_EQ(::bind(socket_, any.raw(), any.raw_size()), 0);
        sockaddr_storage bound;
        socklen_t size = sizeof(bound);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
        address_ = SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&bound), size);
    }
    ReservedPort(const ReservedPort&) = delete;
    ReservedPort& operator=(const ReservedPort&) = delete;
    ~ReservedPort() { ::close(socket_); }

    const SocketAddress& address() const { return address_; }
    int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
    void listen() const { EXPECT_EQ(::listen(socket_, 1), 0); }

 private:
    int socket_;
    SocketAddress address_;
};

/// A blocking client with a bound on every wait.
class Client {
 public:
    explicit Client(const SocketAddress& to)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval bound{.tv_sec = 20, .tv_usec = 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
        connected_ = ::connect(socket_, to.raw(), to.raw_size()) == 0;
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(socket_); }

    bool connected() const { return connected_; }
    bool send(std::string_view bytes) const {
        return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    /// The body of the answer to a GET; "" when there is none.
    std::string get() const {
        if (!send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) return "";
        return read_body();
    }
    /// Every answer of these tests is "<three bytes>".
    std::string read_body() const {
        std::string text;
        for (;;) {
            char bytes[2048];
            const ssize_t size = receive(bytes, sizeof(bytes));
            if (size <= 0) return "";
            text.append(bytes, static_cast<std::size_t>(size));
            const std::size_t end = text.find("\r\n\r\n");
            if (end != std::string::npos && text.size() >= end + 7) return text.substr(end + 4);
        }
    }
    /// The connection ended, whether by FIN or RST, with nothing before it.
    bool ended() const {
        char byte;
        const ssize_t size = receive(&byte, 1);
        return size == 0 || (size < 0 && errno == ECONNRESET);
    }

 private:
    /// recv() with a time-out returns with EINTR when the kernel tears down a ring that this
    /// thread once made.
    ssize_t receive(char* bytes, std::size_t size) const {
        ssize_t received = -1;
        do {
            received = ::recv(socket_, bytes, size, 0);
        } while (received < 0 && errno == EINTR);
        return received;
    }

    int socket_;
    bool connected_ = false;
};

config::Route responding(std::uint16_t listener, std::string body) {
    config::Route route;
    route.listeners = {listener};
    route.respond.emplace();
    route.respond->body = std::move(body);
    return route;
}

/// Three shards. Listener 0 proxies to a pool whose two upstreams are listeners 1 and 2, which
/// answer "one" and "two" themselves; listener 3 to an origin that answers when the test does.
class CrossingShards : public testing::Test {
 protected:
    CrossingShards() {
        config_.shards.resize(3);
        for (config::Shard& shard : config_.shards) {
            shard.ring_entries = 128;
            shard.completion_entries = 1024;
            shard.buffer_count = 64;
            shard.buffer_bytes = 4096;
        }
        config_.listeners.resize(4);
        for (std::size_t i = 0; i < 4; ++i) {
            config_.listeners[i].name = "l" + std::to_string(i);
            config_.listeners[i].address = ports_[i].address();
            config_.listeners[i].linger_timeout = milliseconds(100);
        }
        config_.routes.resize(1);
        config_.routes[0].listeners = {0};
        config_.routes[0].to_pool = cluster::PoolIndex{0};
        config_.routes.push_back(responding(1, "one"));
        config_.routes.push_back(responding(2, "two"));
        config_.routes.emplace_back().listeners = {3};
        config_.routes.back().to_pool = cluster::PoolIndex{1};
        config_.pools.resize(2);
        config_.pools[0].upstreams.resize(2);
        for (std::size_t i = 0; i < 2; ++i)
            config_.pools[0].upstreams[i].address = ports_[i + 1].address().text();
        config_.pools[1].upstreams.resize(1);
        config_.pools[1].upstreams[0].address = origin_.address().text();
        origin_.listen();
    }

    void make() {
        const auto features = ring::probe_kernel_features();
        ASSERT_TRUE(features) << features.error();
        for (std::size_t i = 0; i < config_.shards.size(); ++i)
            counters_.push_back(std::make_unique<observe::ShardCounters>(config_));
        const failover::Addresses addresses = {
            {{config_.listeners[1].address}, {config_.listeners[2].address}},
            {{origin_.address()}}};
        board_ = std::make_unique<failover::Board>(
            failover::first_view(config_, addresses, ring::read_clock()));
        check_stats_ = std::make_unique<health::CheckStats>();
        take_out(1);
        ended_count_ = 0;
        crew_ = std::make_unique<Crew>(config_, *features, *board_, *check_stats_, counters_,
                                       access_logs_);
        crew_->on_ended = [] { ++ended_count_; };
    }
    /// One upstream of the first pool goes out, the other comes back in; no shard acts on an older
    /// view afterwards.
    void take_out(std::uint16_t upstream) {
        const auto now = ring::read_clock();
        const failover::Teller teller{.shard = board_->shard_count(), .now = now};
        {
            const base::RcuReader reader;
            for (std::uint16_t i = 0; i < 2; ++i) {
                const auto state = i == upstream ? cluster::UpstreamState::maintenance
                                                 : cluster::UpstreamState::healthy;
                board_->change(teller, [&](const cluster::View& view) {
                    return failover::set_state(view, {{0}, {i}}, state, cluster::Reason::by_hand,
                                               now);
                });
            }
        }
        board_->reclaim();
    }
    void start() {
        ASSERT_NO_FATAL_FAILURE(make());
        const auto started = crew_->start();
        ASSERT_TRUE(started) << started.error();
        for (std::uint16_t i = 0; i < config_.listeners.size(); ++i) {
            const auto opened = sockets_.open(i, config_.listeners[i], config_.shards.size());
            ASSERT_TRUE(opened) << opened.error();
            const auto listening = crew_->listen(i, sockets_);
            ASSERT_TRUE(listening) << listening.error();
        }
    }
    const SocketAddress& front() const { return config_.listeners[0].address; }
    const SocketAddress& slow() const { return config_.listeners[3].address; }
    bool wait_for_end() const {
        const auto end = ring::read_clock() + seconds(20);
        while (!crew_->ended() && ring::read_clock() < end)
            std::this_thread::sleep_for(milliseconds(1));
        return crew_->ended();
    }
    std::uint64_t sum(observe::Counter observe::ShardCounters::* counter) const {
        std::uint64_t total = 0;
        for (const auto& counters : counters_) total += ((*counters).*counter).get();
        return total;
    }
    /// Until a request is under way, and not only in the kernel.
    bool wait_for_exchange() const {
        const auto active = [&] { return sum(&observe::ShardCounters::exchanges_active); };
        const auto end = ring::read_clock() + seconds(20);
        while (active() == 0 && ring::read_clock() < end)
            std::this_thread::sleep_for(milliseconds(1));
        return active() > 0;
    }

    ReservedPort ports_[4];
    ReservedPort origin_{false};
    config::Config config_;
    std::vector<std::unique_ptr<observe::ShardCounters>> counters_;
    std::vector<observe::AccessRing*> access_logs_;
    accept::ListenSockets sockets_;
    std::unique_ptr<failover::Board> board_;
    std::unique_ptr<health::CheckStats> check_stats_;
    std::unique_ptr<Crew> crew_;
    static std::atomic<int> ended_count_;
};

std::atomic<int> CrossingShards::ended_count_{0};

TEST_F(CrossingShards, ShareTheConnectionsOfAListener) {
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 96; ++i) clients.push_back(std::make_unique<Client>(front()));
    for (const auto& client : clients) EXPECT_EQ(client->get(), "one");
    for (const auto& client : clients) EXPECT_EQ(client->get(), "one");
    for (const auto& counters : counters_) {
        // that the kernel leaves one of three out of 96 has a probability of 4e-17
        EXPECT_GT(counters->listeners[0].connections_accepted.get(), 0u);
        EXPECT_EQ(counters->listeners[0].requests.get(),
                  2 * counters->listeners[0].connections_accepted.get());
    }
    crew_->stop();
    EXPECT_TRUE(wait_for_end());
    crew_->join();
    EXPECT_EQ(ended_count_, 3);
    EXPECT_EQ(sum(&observe::ShardCounters::clients_open), 0u);
    EXPECT_EQ(sum(&observe::ShardCounters::exchanges_active), 0u);
}

TEST_F(CrossingShards, CountAListenersConnectionsTogether) {
    config_.listeners[0].connections_max = 10;
    start();
    std::vector<std::unique_ptr<Client>> clients;
    int answered = 0;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<Client>(front()));
        answered += clients.back()->get() == "one" ? 1 : 0;
    }
    EXPECT_EQ(answered, 10);
}

// reclaim() returns when no shard can still read an old view: whatever is asked afterwards is
// answered by the new one.
TEST_F(CrossingShards, FollowEachViewThatIsPublishedWhileRequestsRun) {
    start();
    std::atomic<bool> going{true};
    std::atomic<int> wrong{0}, right{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i) {
        others.emplace_back([&] {
            while (going) {
                const Client client(front());
                for (int n = 0; n < 20 && going; ++n) {
                    const std::string body = client.get();
                    ++(body == "one" || body == "two" ? right : wrong);
                }
            }
        });
    }
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 12; ++i) clients.push_back(std::make_unique<Client>(front()));
    for (std::uint16_t i = 0; i < 100; ++i) {
        const std::uint16_t out = i % 2;
        take_out(out);
        EXPECT_EQ(clients[i % clients.size()]->get(), out == 0 ? "two" : "one") << i;
    }
    going = false;
    for (std::thread& other : others) other.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(right, 0);
}

TEST_F(CrossingShards, DrainIdleClientsAtOnceAndFinishWhatRuns) {
    start();
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 12; ++i) idle.push_back(std::make_unique<Client>(front()));
    for (const auto& client : idle) EXPECT_EQ(client->get(), "one");
    const Client busy(slow());
    ASSERT_TRUE(busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    const int asked = origin_.accept();

    crew_->drain(seconds(60));
    for (const auto& client : idle) EXPECT_TRUE(client->ended());
    EXPECT_FALSE(crew_->ended());
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend";
    EXPECT_EQ(::send(asked, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kAnswer.size()));
    EXPECT_EQ(busy.read_body(), "end");
    EXPECT_TRUE(busy.ended());
    EXPECT_TRUE(wait_for_end());
    ::close(asked);
}

TEST_F(CrossingShards, CutWhatADrainDoesNotFinishInTime) {
    start();
    const Client client(slow());
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_TRUE(wait_for_exchange());
    const auto begin = ring::read_clock();
    crew_->drain(milliseconds(200));
    EXPECT_TRUE(wait_for_end());
    EXPECT_GE(ring::read_clock() - begin, milliseconds(150));
    EXPECT_LT(ring::read_clock() - begin, seconds(15));
    EXPECT_TRUE(client.ended());
}

TEST_F(CrossingShards, StopAmidADrain) {
    start();
    const Client client(slow());
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_TRUE(wait_for_exchange());
    crew_->drain(seconds(600));
    std::thread other([&] { crew_->stop(); });
    EXPECT_TRUE(wait_for_end());
    other.join();
    EXPECT_EQ(sum(&observe::ShardCounters::clients_open), 0u);
}

TEST_F(CrossingShards, EndWithTheCrewWhateverIsGoingOn) {
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(std::make_unique<Client>(front()));
        clients.back()->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    crew_.reset();
    EXPECT_EQ(ended_count_, 3);
    EXPECT_EQ(sum(&observe::ShardCounters::clients_open), 0u);
}

TEST_F(CrossingShards, EndTogetherWhenOneCannotStart) {
    config_.shards[1].ring_entries = 0;  // which no kernel takes
    make();
    const auto started = crew_->start();
    ASSERT_FALSE(started);
    EXPECT_TRUE(started.error().starts_with("shard 1: ")) << started.error();
    crew_.reset();
    EXPECT_EQ(ended_count_, 3);
}

// The socket and its queue are the kernel's: nothing is refused while shards change.
TEST_F(CrossingShards, OpenAndCloseAListenerWhileOthersServe) {
    start();
    const Client kept(front());
    EXPECT_EQ(kept.get(), "one");
    for (int i = 0; i < 20; ++i) {
        crew_->close_listener(1);
        EXPECT_EQ(kept.get(), "one") << i;
        const Client waiting(config_.listeners[1].address);  // in the queue meanwhile
        ASSERT_TRUE(crew_->listen(1, sockets_));
        EXPECT_EQ(waiting.get(), "one") << i;
    }
    sockets_.release(1);
    sockets_.close_unclaimed();
    crew_->close_listener(1);
    const auto refused = [&] { return !Client(config_.listeners[1].address).connected(); };
    // Each shard's socket, closed amid a handshake, refuses one client while the others still
    // listen.
    const std::size_t sockets = config_.shards.size();
    std::size_t refusals = 0;
    const auto end = ring::read_clock() + seconds(20);
    while (refusals <= sockets && ring::read_clock() < end) {
        if (refused()) ++refusals;
        std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE(refused());
    EXPECT_EQ(Client(config_.listeners[2].address).get(), "two");
}

TEST_F(CrossingShards, CloseTheSocketsThatComeTooLate) {
    start();
    crew_->stop();
    EXPECT_TRUE(wait_for_end());
    EXPECT_TRUE(crew_->listen(0, sockets_));
    crew_.reset();
    sockets_.close_all();
    EXPECT_FALSE(Client(front()).connected());
}

// A request may be on its way on an idle connection: it is answered, and the answer says goodbye.
TEST_F(CrossingShards, LeaveIdleClientsAWhileWhenASuccessorAccepts) {
    start();
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 12; ++i)
        idle.push_back(std::make_unique<Client>(config_.listeners[1].address));
    for (const auto& client : idle) EXPECT_EQ(client->get(), "one");
    crew_->drain(seconds(60), seconds(60));
    std::this_thread::sleep_for(milliseconds(100));
    for (const auto& client : idle) {
        EXPECT_EQ(client->get(), "one");
        EXPECT_TRUE(client->ended());
    }
    EXPECT_TRUE(wait_for_end());  // long before the grace is over: nobody is left
}

TEST_F(CrossingShards, CloseIdleClientsWhenTheirGraceIsOver) {
    start();
    const Client idle(front());
    EXPECT_EQ(idle.get(), "one");
    const auto begin = ring::read_clock();
    crew_->drain(seconds(60), milliseconds(300));
    EXPECT_TRUE(idle.ended());
    EXPECT_GE(ring::read_clock() - begin, milliseconds(250));
    EXPECT_TRUE(wait_for_end());
}

TEST_F(CrossingShards, EndTheGraceWhenAskedToDrainAgain) {
    start();
    const Client idle(front());
    EXPECT_EQ(idle.get(), "one");
    const auto begin = ring::read_clock();
    crew_->drain(seconds(600), seconds(600));
    std::this_thread::sleep_for(milliseconds(50));
    crew_->drain(seconds(600));
    EXPECT_TRUE(idle.ended());
    EXPECT_LT(ring::read_clock() - begin, seconds(18));
    EXPECT_TRUE(wait_for_end());
}

TEST_F(CrossingShards, PassOnWhatTheyHaveLearned) {
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 48; ++i) clients.push_back(std::make_unique<Client>(front()));
    for (const auto& client : clients) EXPECT_EQ(client->get(), "one");
    const ShardMemory memory = crew_->memory(seconds(20));
    ASSERT_EQ(memory.latencies.size(), 2u);
    std::uint64_t answers = 0;
    for (const std::uint32_t count : memory.latencies[0][0].counts) answers += count;
    EXPECT_EQ(answers, 48u);
    EXPECT_TRUE(memory.latencies[0][1].empty());
    EXPECT_DOUBLE_EQ(memory.retry_budgets.at(0).requests, 48);

    crew_->stop();
    EXPECT_TRUE(wait_for_end());
    counters_.clear();
    crew_.reset();
    make();
    ASSERT_TRUE(crew_->start());
    crew_->restore(memory);
    const ShardMemory again = crew_->memory(seconds(20));
    answers = 0;
    for (const std::uint32_t count : again.latencies[0][0].counts) answers += count;
    EXPECT_EQ(answers, 3 * 48u);  // each of three shards knows all
    EXPECT_NEAR(again.retry_budgets.at(0).requests, 48, 1e-6);
}

TEST_F(CrossingShards, TakeWhatIsPassedOnThoughAReloadMayHaveAddedPoolsSince) {
    start();
    const Client client(front());
    EXPECT_EQ(client.get(), "one");
    ShardMemory memory = crew_->memory(seconds(20));
    ASSERT_EQ(memory.latencies.size(), 2u);
    memory.latencies.pop_back();  // as if the second pool had not been there
    memory.retry_budgets.pop_back();
    crew_->restore(memory);
    EXPECT_EQ(crew_->memory(seconds(20)).latencies.size(), 2u);
    EXPECT_EQ(client.get(), "one");
}

TEST_F(CrossingShards, AreAliveUntilOneGivesNoSign) {
    start();
    EXPECT_TRUE(crew_->alive());
    board_->beat(1, ring::read_clock() - seconds(3600));
    EXPECT_FALSE(crew_->alive());
    crew_->stop();
    EXPECT_TRUE(wait_for_end());
    EXPECT_TRUE(crew_->alive());  // who has ended need give none
}

}  // namespace
}  // namespace ringway::shard
