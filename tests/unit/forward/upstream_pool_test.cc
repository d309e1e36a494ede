// Warm connections: which one is taken, how many are kept and how long, and what ends them.
#include "ringway/forward/upstream_pool.h"

#include <gtest/gtest.h>

#include "plane_world.h"

namespace ringway::forward {
namespace {

using ring::kNoDescriptor;
using std::chrono::seconds;

TEST(UpstreamPools, UsesAWarmConnectionAgain) {
    PlaneWorld world;
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    EXPECT_EQ(world.ring.file(upstream).peer, address("10.0.0.1:80"));
    world.respond(upstream);
    EXPECT_EQ(world.upstream_counters().connections_idle.get(), 1u);
    EXPECT_EQ(world.request(client), kNoDescriptor);
    EXPECT_EQ(world.requests_on(upstream), 2u);
    EXPECT_EQ(world.upstream_counters().connections_idle.get(), 0u);
}

TEST(UpstreamPools, TakesTheConnectionUsedLast) {
    PlaneWorld world;
    const auto one = world.connect_client(), two = world.connect_client();
    const auto first = world.request_connected(one);
    const auto second = world.request_connected(two);
    ASSERT_NE(first, second);
    world.respond(second);
    world.respond(first);
    EXPECT_EQ(world.request(two), kNoDescriptor);
    EXPECT_EQ(world.requests_on(first), 2u);
    EXPECT_EQ(world.request(one), kNoDescriptor);
    EXPECT_EQ(world.requests_on(second), 2u);
}

TEST(UpstreamPools, KeepsNoMoreThanConfigured) {
    PlaneWorld world([](config::Config& config) { config.pools[0].idle_connections_max = 1; });
    const auto first = world.request_connected(world.connect_client());
    const auto second = world.request_connected(world.connect_client());
    world.respond(first);
    world.respond(second);
    EXPECT_TRUE(world.ring.file(first).open);
    EXPECT_FALSE(world.ring.file(second).open);
    EXPECT_FALSE(world.ring.file(second).reset);
}

TEST(UpstreamPools, RetiresAConnectionAfterItsRequests) {
    PlaneWorld world(
        [](config::Config& config) { config.pools[0].requests_per_connection_max = 2; });
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.respond(upstream);
    EXPECT_TRUE(world.ring.file(upstream).open);
    world.request(client);
    world.respond(upstream);
    EXPECT_FALSE(world.ring.file(upstream).open);
}

TEST(UpstreamPools, DropsAnIdleConnectionTheMomentItsUpstreamClosesIt) {
    PlaneWorld world;
    const auto client = world.connect_client();
    for (const ring::Error how : {ring::Error::none, ring::Error::reset}) {
        const auto upstream = world.request_connected(client);
        world.respond(upstream);
        world.ring.end(upstream, how);
        world.settle();
        EXPECT_FALSE(world.ring.file(upstream).open);
        EXPECT_EQ(world.upstream_counters().connections_idle.get(), 0u);
    }
    EXPECT_EQ(world.upstream_counters().idle_closed.get(), 2u);
    EXPECT_NE(world.request(client), kNoDescriptor);
}

// A byte that nobody asked for would be read as the answer to the next request.
TEST(UpstreamPools, DropsAnIdleConnectionThatSpeaks) {
    PlaneWorld world;
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.respond(upstream);
    world.ring.deliver(upstream, "H");
    world.settle();
    EXPECT_FALSE(world.ring.file(upstream).open);
}

TEST(UpstreamPools, DropsAConnectionThatSaysMoreThanItsResponse) {
    PlaneWorld world;
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.ring.deliver(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200");
    world.settle();
    EXPECT_TRUE(world.ring.file(client).sent.ends_with("\r\n\r\nok"));
    EXPECT_FALSE(world.ring.file(upstream).open);
}

TEST(UpstreamPools, DropsAnIdleConnectionInTime) {
    PlaneWorld world([](config::Config& config) { config.pools[0].idle_timeout = seconds(5); });
    const auto upstream = world.request_connected(world.connect_client());
    world.respond(upstream);
    world.ring.advance(seconds(4));
    world.settle();
    EXPECT_TRUE(world.ring.file(upstream).open);
    world.ring.advance(std::chrono::milliseconds(1100));
    world.settle();
    EXPECT_FALSE(world.ring.file(upstream).open);
}

TEST(UpstreamPools, KeepsNothingWhileItDrains) {
    PlaneWorld world;
    const auto one = world.connect_client(), two = world.connect_client();
    const auto idle = world.request_connected(one);
    const auto busy = world.request_connected(two);
    world.respond(idle);
    world.plane->drain();
    world.settle();
    EXPECT_FALSE(world.ring.file(idle).open);
    EXPECT_TRUE(world.ring.file(busy).open);
    world.ring.advance(seconds(3));  // the idle client has had its FIN and the time to answer it
    world.settle();
    EXPECT_FALSE(world.ring.file(one).open);
    EXPECT_TRUE(world.ring.file(two).open);
    world.respond(busy);
    EXPECT_FALSE(world.ring.file(busy).open);
    EXPECT_NE(world.ring.file(two).sent.find("Connection: close\r\n"), std::string::npos);
}

TEST(UpstreamPools, GoesRoundTheAddressesOfAName) {
    PlaneWorld world([](config::Config& config) { config.pools[0].upstreams[0].literal = {}; });
    const auto resolve = [&](const cluster::View& view) {
        return failover::set_addresses(view, {{{address("10.0.0.1:80"), address("10.0.0.2:80")}}},
                                       world.ring.now());
    };
    ASSERT_TRUE(world.board->change({.shard = 0, .now = world.ring.now()}, resolve));
    for (const char* expected : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"}) {
        const auto upstream = world.request(world.connect_client());
        EXPECT_EQ(world.ring.file(upstream).peer.text(), expected);
    }
}

// -- what an exchange makes of a connection that fails --

TEST(UpstreamPools, SendsAgainOnAFreshConnectionWhenAWarmOneHadDied) {
    PlaneWorld world;
    const auto client = world.connect_client();
    const auto stale = world.request_connected(client);
    world.respond(stale);
    ASSERT_EQ(world.request(client), kNoDescriptor);
    world.ring.end(stale, ring::Error::reset);
    world.settle();
    const auto fresh = world.ring.newest();
    ASSERT_GT(fresh, stale);
    world.ring.connected(fresh);
    world.settle();
    world.respond(fresh);
    EXPECT_EQ(world.requests_on(fresh), 1u);
    EXPECT_EQ(world.counters->pools[0].retries.get(), 0u);
    EXPECT_TRUE(world.ring.file(client).sent.ends_with("\r\n\r\nok"));
}

TEST(UpstreamPools, TriesARefusedConnectionOnlySoOften) {
    PlaneWorld world([](config::Config& config) { config.pools[0].retry.attempts_max = 3; });
    const auto client = world.connect_client();
    const auto first = world.request(client);
    for (auto tried = first; world.ring.file(client).sent.empty(); tried = world.ring.newest()) {
        ASSERT_LT(tried, first + 3);
        world.ring.connected(tried, ring::Error::refused);
        world.settle();
        world.ring.advance(std::chrono::milliseconds(260));  // Retry::backoff_max is over
        world.settle();
    }
    EXPECT_TRUE(world.ring.file(client).sent.starts_with("HTTP/1.1 502 "));
    EXPECT_EQ(world.upstream_counters().connect_failures.get(), 3u);
}

}  // namespace
}  // namespace ringway::forward
