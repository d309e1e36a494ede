// A plane that goes over to another configuration while requests are under way.
#include <gtest/gtest.h>

#include <functional>

#include "plane_world.h"
#include "ringway/failover/by_hand.h"

namespace ringway::forward {
namespace {

struct Adoption : testing::Test {
    void reload(const std::function<void(config::Config&)>& change) {
        auto next = std::make_shared<config::Config>(*world.board->config());
        next->pools.unshare();
        next->routes.unshare();
        ++next->generation;
        change(*next);
        failover::Addresses addresses;
        for (const config::Pool& pool : next->pools) addresses.emplace_back(pool.upstreams.size());
        world.counters->grow(*next);
        world.board->adopt(next, addresses, world.ring.now());
        world.settle();
        ASSERT_EQ(world.counters->generation.get(), next->generation);
    }
    static void move_upstream(config::Config& next) {
        config::Upstream& upstream = next.pools[0].upstreams[0];
        upstream.address = "10.0.0.9:80";
        upstream.literal = base::SocketAddress::parse(upstream.address);
    }
    std::uint64_t oldest_generation() const {
        return world.plane->rules.front()->config->generation;
    }
    PlaneWorld world;
};

TEST_F(Adoption, warm_connections_outlive_it) {
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.respond(upstream);
    reload([](config::Config& next) { next.pools[0].balance = config::Balance::random; });
    world.request(client);
    EXPECT_EQ(world.requests_on(upstream), 2u);
    world.respond(upstream);
}

TEST_F(Adoption, an_upstream_that_moved_loses_its_idle_connections_and_keeps_none_of_those_in_use) {
    const auto idle_client = world.connect_client();
    const auto busy_client = world.connect_client();
    const auto first = world.request_connected(idle_client);
    const auto second = world.request_connected(busy_client);
    world.respond(first);
    reload(move_upstream);
    EXPECT_FALSE(world.ring.file(first).open);
    EXPECT_TRUE(world.ring.file(second).open);
    world.respond(second);
    EXPECT_FALSE(world.ring.file(second).open);
    const auto third = world.request_connected(idle_client);
    EXPECT_NE(third, ring::kNoDescriptor);
    EXPECT_EQ(world.upstream_counters().connects.get(), 3u);
    world.respond(third);
}

/// What it was asked before must not be looked up in a view that is freed by now.
TEST_F(Adoption, a_probe_that_another_shard_asks_for_at_that_moment_goes_by_the_new_rules) {
    PlaneWorld asked([](config::Config& config) { config.pools[0].suspicion.enabled = true; });
    const cluster::Place place{{0}, {0}};
    asked.board->change({.shard = 1, .now = asked.ring.now()}, [&](const cluster::View& view) {
        return failover::set_weight_by_hand(view, place, 5, asked.ring.now());
    });
    asked.settle();
    asked.board->reclaim();
    auto next = std::make_shared<config::Config>(*asked.board->config());
    next->pools.unshare();
    ++next->generation;
    move_upstream(*next);
    asked.board->ask_probe(0, place, asked.ring.now());
    asked.board->adopt(next, {{{address("10.0.0.9:80")}}}, asked.ring.now());
    asked.board->reclaim();
    const ring::Descriptor before = asked.ring.newest();
    asked.settle();
    ASSERT_NE(asked.ring.newest(), before);  // the probe's connection
    EXPECT_EQ(asked.ring.file(asked.ring.newest()).peer.text(), "10.0.0.9:80");
}

TEST_F(Adoption, an_exchange_ends_by_the_rules_that_it_began_with) {
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    reload([](config::Config& next) {
        next.routes[0].to_pool.reset();
        next.routes[0].respond = config::Respond{.status = 418, .body = "new"};
        next.routes[0].response_headers = {{.name = "X-New", .value = "1"}};
    });
    EXPECT_EQ(oldest_generation(), 1u);
    world.respond(upstream);
    EXPECT_EQ(world.ring.file(client).sent.find("X-New"), std::string::npos);
    EXPECT_NE(world.ring.file(client).sent.find("200 OK"), std::string::npos);
    world.request(client);
    EXPECT_NE(world.ring.file(client).sent.find("418"), std::string::npos);
    EXPECT_EQ(oldest_generation(), 2u);
}

TEST_F(Adoption, another_in_the_place_of_a_pool_counts_from_zero) {
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.respond(upstream);
    ASSERT_EQ(world.upstream_counters().requests.get(), 1u);
    reload([](config::Config& next) {
        next.pools[0].name = "another";
        move_upstream(next);
    });
    EXPECT_EQ(world.upstream_counters().requests.get(), 0u);
    EXPECT_EQ(world.counters->pools[0].requests.get(), 0u);
}

TEST_F(Adoption, a_pool_that_is_gone_keeps_no_idle_connection_and_its_successor_counts_from_zero) {
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    world.respond(upstream);
    ASSERT_EQ(world.upstream_counters().requests.get(), 1u);
    reload([](config::Config& next) {
        next.pools[0].retired = true;
        next.routes[0].to_pool.reset();
        next.routes[0].respond = config::Respond{.status = 418, .body = ""};
    });
    EXPECT_FALSE(world.ring.file(upstream).open);
    EXPECT_EQ(world.upstream_counters().requests.get(), 1u);
    reload([](config::Config& next) {
        next.pools[0].retired = false;
        next.pools[0].name = "another";  // with an upstream of the same name and address
    });
    EXPECT_EQ(world.upstream_counters().requests.get(), 0u);
}

TEST_F(Adoption, requests_go_to_pools_that_came_with_it) {
    reload([](config::Config& next) {
        next.pools.push_back(next.pools[0]);
        next.pools[1].name = "second";
        next.routes[0].to_pool = cluster::PoolIndex{1};
    });
    const auto client = world.connect_client();
    const auto upstream = world.request_connected(client);
    ASSERT_NE(upstream, ring::kNoDescriptor);
    EXPECT_EQ(world.counters->pools[1].requests.get(), 1u);
    EXPECT_EQ(world.counters->upstreams[1][0].connects.get(), 1u);
    world.respond(upstream);
}

}  // namespace
}  // namespace ringway::forward
