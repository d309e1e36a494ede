// Who is let in: limits of a listener over all shards, of a client on one, and the counts on the
// way in and out.
#include "ringway/accept/acceptor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "../ring/fake_ring.h"
#include "ringway/ring/kernel_features.h"
#include "ringway/ring/kernel_ring.h"

namespace ringway::accept {
namespace {

using base::SocketAddress;
using observe::Refusal;
using ring::Descriptor;
using std::chrono::milliseconds;

SocketAddress address(std::string_view text) { return SocketAddress::parse(text).value(); }

/// Notes who was let in.
struct Lobby final : Door {
    void admit(Descriptor socket, std::uint16_t listener, const SocketAddress&) override {
        admitted.emplace_back(socket, listener);
    }
    std::vector<std::pair<Descriptor, std::uint16_t>> admitted;
};

config::Config config_of(std::size_t shards, std::vector<std::string> addresses) {
    config::Config config;
    config.shards.resize(shards);
    for (const std::string& text : addresses) {
        config::Listener& listener = config.listeners.emplace_back();
        listener.name = "l" + std::to_string(config.listeners.size() - 1);
        listener.address = address(text);
    }
    return config;
}

/// The listeners of one shard on a hand-driven ring.
class FakeShard {
 public:
    FakeShard(const config::Config& config, ConnectionCounts& counts)
        : counters(config), acceptors(config, ring, wheel, counters, counts, lobby) {
        for (std::size_t i = 0; i < config.listeners.size(); ++i)
            open(static_cast<std::uint16_t>(i), config.listeners[i].address);
    }
    ~FakeShard() {
        acceptors.close();
        ring.dispatch();
        EXPECT_TRUE(acceptors.closed());
        for (const auto& [socket, listener] : lobby.admitted) {
            if (ring.file(socket).open) ring.close(socket, false);
        }
    }

    Descriptor open(std::uint16_t i, const SocketAddress& at) {
        const Descriptor socket = ring.open_listener(at, {}).value();
        acceptors.add(i, {&socket, 1});
        return socket;
    }
    Descriptor listener(std::size_t i) {
        const Descriptor first = 100;
        return first + static_cast<Descriptor>(i);
    }
    /// A connection from `client` comes to listener i; its socket.
    Descriptor connect(std::size_t i, std::string_view client = "192.0.2.1:4000") {
        const Descriptor socket = ring.add_socket(address(client));
        ring.accepted(listener(i), socket);
        return socket;
    }
    /// One that was let in goes.
    void leave(Descriptor socket, std::uint16_t listener) {
        acceptors.leave(listener, ring.peer_of(socket).ip());
        ring.close(socket, false);
    }
    std::uint64_t refusals(Refusal reason) const {
        return counters.refusals[static_cast<std::size_t>(reason)].get();
    }

    ring::FakeRing ring;
    base::TimerWheel wheel{base::Instant{}};
    observe::ShardCounters counters;
    Lobby lobby;
    Acceptors acceptors;
};

TEST(Acceptors, HandsEachConnectionToTheDoorWithItsListener) {
    const config::Config config = config_of(1, {"127.0.0.1:80", "[::1]:81"});
    ConnectionCounts counts(2);
    FakeShard shard(config, counts);
    EXPECT_EQ(shard.ring.file(shard.listener(1)).listens_at, address("[::1]:81"));
    const Descriptor a = shard.connect(1), b = shard.connect(0);
    EXPECT_EQ(shard.lobby.admitted,
              (std::vector<std::pair<Descriptor, std::uint16_t>>{{a, 1}, {b, 0}}));
    EXPECT_EQ(shard.counters.listeners[0].connections_accepted.get(), 1u);
    EXPECT_EQ(shard.counters.listeners[1].connections_accepted.get(), 1u);
}

TEST(Acceptors, RefusesPastTheLimitOfAListenerOverAllShards) {
    config::Config config = config_of(2, {"127.0.0.1:80", "127.0.0.1:81"});
    config.listeners[0].connections_max = 3;
    ConnectionCounts counts(2);
    FakeShard one(config, counts), two(config, counts);
    const Descriptor first = one.connect(0);
    one.connect(0);
    two.connect(0);
    const Descriptor refused = two.connect(0);
    EXPECT_FALSE(two.ring.file(refused).open);
    EXPECT_TRUE(two.ring.file(refused).reset);
    EXPECT_EQ(two.lobby.admitted.size(), 1u);
    EXPECT_EQ(two.refusals(Refusal::connection_limit), 1u);
    EXPECT_EQ(two.counters.listeners[0].connections_refused.get(), 1u);
    EXPECT_EQ(two.counters.listeners[0].connections_accepted.get(), 1u);
    EXPECT_TRUE(two.ring.file(two.connect(1)).open);  // another listener has a count of its own

    one.leave(first, 0);  // its place is free for any shard, once
    EXPECT_TRUE(two.ring.file(two.connect(0)).open);
    EXPECT_FALSE(one.ring.file(one.connect(0)).open);
    EXPECT_EQ(one.refusals(Refusal::connection_limit), 1u);
}

TEST(Acceptors, GivesEachShardItsPartOfAClientsConnections) {
    config::Config config = config_of(2, {"127.0.0.1:80"});
    config.listeners[0].connections_per_client_max = 5;  // 3 on each of two, rounded up
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    const Descriptor first = shard.connect(0, "192.0.2.1:1");
    shard.connect(0, "192.0.2.1:2");
    shard.connect(0, "192.0.2.1:3");
    const Descriptor refused = shard.connect(0, "192.0.2.1:4");
    EXPECT_FALSE(shard.ring.file(refused).open);
    EXPECT_EQ(shard.refusals(Refusal::client_limit), 1u);
    EXPECT_EQ(shard.refusals(Refusal::connection_limit), 0u);
    EXPECT_TRUE(shard.ring.file(shard.connect(0, "192.0.2.2:4")).open);

    shard.leave(first, 0);
    EXPECT_TRUE(shard.ring.file(shard.connect(0, "192.0.2.1:5")).open);
    EXPECT_FALSE(shard.ring.file(shard.connect(0, "192.0.2.1:6")).open);
}

TEST(Acceptors, LetsAClientHaveOneConnectionHoweverManyShardsShareItsLimit) {
    config::Config config = config_of(8, {"127.0.0.1:80"});
    config.listeners[0].connections_per_client_max = 1;
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    EXPECT_TRUE(shard.ring.file(shard.connect(0)).open);
    EXPECT_FALSE(shard.ring.file(shard.connect(0)).open);
}

// Whoever is refused for his address must not hold a place of the listener.
TEST(Acceptors, CountsNobodyInWhoWasRefused) {
    config::Config config = config_of(1, {"127.0.0.1:80"});
    config.listeners[0].connections_max = 2;
    config.listeners[0].connections_per_client_max = 1;
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    EXPECT_TRUE(shard.ring.file(shard.connect(0, "192.0.2.1:1")).open);
    for (int i = 0; i < 10; ++i) shard.connect(0, "192.0.2.1:2");
    EXPECT_EQ(shard.refusals(Refusal::client_limit), 10u);
    EXPECT_TRUE(shard.ring.file(shard.connect(0, "192.0.2.2:1")).open);
    for (int i = 0; i < 10; ++i) shard.connect(0, "192.0.2.3:1");
    EXPECT_EQ(shard.refusals(Refusal::connection_limit), 10u);
}

TEST(Acceptors, BalancesComingAndGoing) {
    config::Config config = config_of(1, {"127.0.0.1:80"});
    config.listeners[0].connections_max = 4;
    config.listeners[0].connections_per_client_max = 2;
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    for (int round = 0; round < 100; ++round) {
        std::vector<Descriptor> in;
        for (const char* client : {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.2:2"}) {
            in.push_back(shard.connect(0, client));
            ASSERT_TRUE(shard.ring.file(in.back()).open) << round;
        }
        ASSERT_FALSE(shard.ring.file(shard.connect(0, "192.0.2.3:1")).open) << round;
        for (const Descriptor socket : in) shard.leave(socket, 0);
    }
}

TEST(Acceptors, AsksForNoAddressWhereThereIsNoLimitByClient) {
    config::Config config = config_of(1, {"127.0.0.1:80"});
    config.listeners[0].connections_per_client_max = 0;
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(shard.ring.file(shard.connect(0)).open);
    while (!shard.lobby.admitted.empty()) {
        shard.leave(shard.lobby.admitted.back().first, 0);
        shard.lobby.admitted.pop_back();
    }
}

TEST(Acceptors, RestsAWhileWhenDescriptorsRunOut) {
    const config::Config config = config_of(1, {"127.0.0.1:80"});
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    shard.ring.accept_failed(shard.listener(0), ring::Error::no_descriptors);
    EXPECT_EQ(shard.ring.file(shard.listener(0)).accept, nullptr);
    shard.ring.advance(milliseconds(90));
    shard.wheel.expire(shard.ring.now());
    EXPECT_EQ(shard.ring.file(shard.listener(0)).accept, nullptr);
    shard.ring.advance(milliseconds(40));
    shard.wheel.expire(shard.ring.now());
    EXPECT_NE(shard.ring.file(shard.listener(0)).accept, nullptr);
}

TEST(Acceptors, AcceptsOnAfterAConnectionThatWentBeforeItWasTaken) {
    const config::Config config = config_of(1, {"127.0.0.1:80"});
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    shard.ring.accept_failed(shard.listener(0), ring::Error::reset);
    EXPECT_TRUE(shard.ring.file(shard.connect(0)).open);
}

// Its client may have seen the connection come about, and has perhaps sent its request.
TEST(Acceptors, LetsInWhatComesBeforeTheCancelIsHome) {
    const config::Config config = config_of(1, {"127.0.0.1:80"});
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    EXPECT_FALSE(shard.acceptors.closed());
    shard.acceptors.close();
    EXPECT_FALSE(shard.acceptors.closed());
    const Descriptor late = shard.connect(0);  // the kernel was faster than the cancel
    EXPECT_TRUE(shard.ring.file(late).open);
    EXPECT_EQ(shard.lobby.admitted.size(), 1u);
    EXPECT_FALSE(shard.acceptors.closed());
    shard.ring.dispatch();
    EXPECT_TRUE(shard.acceptors.closed());
    EXPECT_EQ(shard.ring.open_count(), 1u);
}

TEST(Acceptors, AcceptsOnSeveralSocketsOfOneListener) {
    const config::Config config = config_of(1, {"127.0.0.1:80"});
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    const Descriptor second = shard.open(0, address("127.0.0.1:80"));
    const Descriptor client = shard.ring.add_socket(address("192.0.2.1:4000"));
    shard.ring.accepted(second, client);
    shard.connect(0);
    EXPECT_EQ(shard.counters.listeners[0].connections_accepted.get(), 2u);
}

TEST(Acceptors, RemovesOneListenerAndLeavesTheOthersAlone) {
    const config::Config config = config_of(1, {"127.0.0.1:80", "127.0.0.1:81"});
    ConnectionCounts counts(2);
    FakeShard shard(config, counts);
    shard.open(0, address("127.0.0.1:80"));
    const Descriptor inside = shard.connect(0);
    shard.acceptors.remove(0);
    shard.ring.dispatch();
    EXPECT_EQ(shard.ring.open_count(), 2u);  // the other listener, and who is inside
    EXPECT_TRUE(shard.ring.file(inside).open);
    EXPECT_TRUE(shard.ring.file(shard.connect(1)).open);
    EXPECT_FALSE(shard.acceptors.closed());
    shard.open(0, address("127.0.0.1:80"));  // and it may come back
    EXPECT_FALSE(shard.acceptors.closed());
}

TEST(Acceptors, ClosesWhatItIsGivenAfterItsEnd) {
    const config::Config config = config_of(1, {"127.0.0.1:80"});
    ConnectionCounts counts(1);
    FakeShard shard(config, counts);
    shard.acceptors.close();
    shard.ring.dispatch();
    const Descriptor late = shard.open(0, address("127.0.0.1:80"));
    EXPECT_FALSE(shard.ring.file(late).open);
    EXPECT_TRUE(shard.acceptors.closed());
}

// The same on a kernel's ring.
TEST(Acceptors, CountsRealConnections) {
    ring::KernelRingSettings settings;
    settings.entries = 64;
    settings.completion_entries = 256;
    settings.buffer_count = 4;
    settings.buffer_bytes = 4096;
    auto ring = ring::KernelRing::make(settings);
    ASSERT_TRUE(ring) << ring.error();
    config::Config config = config_of(1, {"unix:@ringway-acceptor-" + std::to_string(getpid())});
    config.listeners[0].connections_max = 2;
    config.listeners[0].connections_per_client_max = 0;
    base::TimerWheel wheel((*ring)->now());
    observe::ShardCounters counters(config);
    ConnectionCounts counts(1);
    Lobby lobby;
    Acceptors acceptors(config, **ring, wheel, counters, counts, lobby);
    const auto listening = (*ring)->open_listener(config.listeners[0].address, {});
    ASSERT_TRUE(listening);
    acceptors.add(0, {&*listening, 1});
    const auto turn_until = [&](auto done) {
        const auto end = ring::read_clock() + std::chrono::seconds(5);
        while (!done() && ring::read_clock() < end) {
            (*ring)->wait(ring::read_clock() + milliseconds(50));
            (*ring)->dispatch();
        }
        return done();
    };

    std::vector<int> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const SocketAddress& at = config.listeners[0].address;
        ASSERT_EQ(::connect(clients.back(), at.raw(), at.raw_size()), 0);
    }
    EXPECT_TRUE(turn_until([&] { return counters.listeners[0].connections_refused.get() == 1; }));
    EXPECT_EQ(lobby.admitted.size(), 2u);
    char byte;
    EXPECT_LE(::recv(clients[2], &byte, 1, 0), 0);

    acceptors.close();
    EXPECT_TRUE(turn_until([&] { return acceptors.closed(); }));
    for (const auto& [socket, listener] : lobby.admitted) {
        acceptors.leave(listener, {});
        (*ring)->close(socket, false);
    }
    for (const int client : clients) ::close(client);
}

/// The listener of one process on a ring of the kernel.
struct RealShard {
    RealShard(const config::Config& config, Descriptor socket, ring::KernelRingSettings settings)
        : ring(ring::KernelRing::make(settings).value()),
          wheel(ring->now()),
          counters(config),
          acceptors(config, *ring, wheel, counters, counts, lobby) {
        acceptors.add(0, {&socket, 1});
        turn();
    }
    ~RealShard() {
        acceptors.close();
        while (!acceptors.closed()) turn();
        for (const auto& [socket, listener] : lobby.admitted) ring->close(socket, false);
        turn();
    }
    void turn() {
        ring->wait(ring::read_clock() + milliseconds(2));
        ring->dispatch();
        wheel.expire(ring->now());
    }
    std::unique_ptr<ring::KernelRing> ring;
    base::TimerWheel wheel;
    observe::ShardCounters counters;
    ConnectionCounts counts{1};
    Lobby lobby;
    Acceptors acceptors;
};

TEST(Acceptors, TakesWhatTheKernelToldOneThatStopsAccepting) {
    ring::KernelRingSettings settings;
    settings.features = ring::probe_kernel_features().value();
    settings.entries = 64;
    settings.completion_entries = 256;
    settings.buffer_count = 4;
    settings.buffer_bytes = 4096;
    const config::Config config =
        config_of(1, {"unix:@ringway-two-acceptors-" + std::to_string(getpid())});
    const SocketAddress& at = config.listeners[0].address;
    const Descriptor socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(socket, at.raw(), at.raw_size()), 0);
    ASSERT_EQ(::listen(socket, 16), 0);
    RealShard older(config, ::dup(socket), settings);
    RealShard newer(config, ::dup(socket), settings);
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(client, at.raw(), at.raw_size()),
              0);  // wakes the older, which waited first
    older.acceptors.close();
    while (!older.acceptors.closed()) older.turn();
    EXPECT_EQ(older.lobby.admitted.size(), 0u);
    const auto end = ring::read_clock() + std::chrono::seconds(5);
    while (newer.lobby.admitted.empty() && ring::read_clock() < end) newer.turn();
    EXPECT_EQ(newer.lobby.admitted.size(), 1u);
    ::close(client);
    ::close(socket);
}

}  // namespace
}  // namespace ringway::accept
