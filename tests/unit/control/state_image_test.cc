// What is known of upstreams, out of one process and into the next: the same where they are the
// same, nothing where they are others, whatever the document is.
#include "ringway/control/state_image.h"

#include <gtest/gtest.h>

#include <string>

#include "ringway/failover/merge.h"

namespace ringway::control {
namespace {

using base::Duration;
using base::Instant;
using cluster::BreakerPhase;
using cluster::Reason;
using cluster::UpstreamState;
using cluster::UpstreamView;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNow{seconds(100'000)};

config::Config config_of(std::vector<std::string> addresses, std::string path = "/health") {
    config::Config config;
    config::Pool& pool = config.pools.emplace_back();
    pool.name = "main \"pool\"";
    pool.health.checks.emplace_back().path = std::move(path);
    for (const std::string& address : addresses) {
        config::Upstream& upstream = pool.upstreams.emplace_back();
        upstream.name = "u" + std::to_string(pool.upstreams.size());
        upstream.address = address;
        upstream.literal = base::SocketAddress::parse(address);
    }
    return config;
}

std::unique_ptr<const cluster::View> first_of(const config::Config& config) {
    failover::Addresses addresses;
    for (const config::Pool& pool : config.pools) {
        auto& of_pool = addresses.emplace_back();
        for (const config::Upstream& upstream : pool.upstreams) {
            of_pool.emplace_back();
            if (upstream.literal) of_pool.back().push_back(*upstream.literal);
        }
    }
    return failover::first_view(config, addresses, kNow);
}

/// A view in which the first upstream has been through everything.
cluster::View lived(const config::Config& config) {
    cluster::View view = *first_of(config);
    auto pool = std::make_shared<cluster::PoolView>(*view.pools[0]);
    UpstreamView& one = pool->upstreams[0];
    one.state = UpstreamState::degraded;
    one.reason = Reason::check_slow;
    one.state_since = kNow - seconds(50);
    for (std::size_t i = 0; i < cluster::kUpstreamStates; ++i)
        one.time_in_state[i] = milliseconds(i * 1111);
    one.ejected_until = kNow + seconds(20);
    one.ejections = 3;
    one.readmitted_at = kNow - seconds(200);
    one.ejected_for = Reason::error_rate;
    one.cooling_until = kNow + seconds(5);
    one.credentials_fault = true;
    one.agent_percent = 40;
    one.breaker = {.phase = BreakerPhase::half_open,
                   .trials = 2,
                   .successes = 1,
                   .openings = 4,
                   .until = kNow + seconds(7)};
    for (std::size_t i = 1; i < pool->upstreams.size(); ++i) {
        pool->upstreams[i].state = UpstreamState::maintenance;
        pool->upstreams[i].reason = Reason::by_hand;
        pool->upstreams[i].state_since = kNow - seconds(i);
    }
    failover::settle(config.pools[0], *pool, kNow);
    view.pools[0] = pool;
    return view;
}

shard::ShardMemory memory_of(const config::Config& config) {
    shard::ShardMemory memory;
    memory.latencies.emplace_back(config.pools[0].upstreams.size());
    memory.latencies[0][0].counts = {0, 5, 7, 4000};
    memory.latencies[0][0].srtt = milliseconds(3);
    memory.latencies[0][0].rttvar = milliseconds(1);
    memory.retry_budgets.push_back({.requests = 120.5, .retries = 7});
    return memory;
}

TEST(state_image, gives_back_what_it_was_given) {
    const config::Config config = config_of({"127.0.0.1:1", "127.0.0.1:2"});
    const cluster::View before = lived(config);
    const std::string document = write_state(before, memory_of(config));
    const RestoredState after = restore_state(document, config, first_of(config), kNow);
    EXPECT_EQ(after.upstreams, 2u);
    EXPECT_TRUE(after.view->pools[0]->upstreams[0] == before.pools[0]->upstreams[0]);
    EXPECT_TRUE(after.view->pools[0]->upstreams[1] == before.pools[0]->upstreams[1]);
    EXPECT_EQ(after.view->version, 1u);
    const health::LatencyMemory& latency = after.memory.latencies.at(0).at(0);
    EXPECT_EQ(latency.counts, (std::vector<std::uint32_t>{0, 5, 7, 4000}));
    EXPECT_EQ(latency.srtt, milliseconds(3));
    EXPECT_EQ(latency.rttvar, milliseconds(1));
    EXPECT_TRUE(after.memory.latencies[0][1].empty());
    EXPECT_EQ(after.memory.retry_budgets.at(0).requests, 120.5);
    EXPECT_EQ(after.memory.retry_budgets[0].retries, 7u);
}

TEST(state_image, gives_back_every_state_and_reason) {
    const config::Config config = config_of({"127.0.0.1:1"});
    for (std::size_t state = 0; state < cluster::kUpstreamStates; ++state) {
        for (std::size_t reason = 0; reason < cluster::kReasons; ++reason) {
            cluster::View view = *first_of(config);
            auto pool = std::make_shared<cluster::PoolView>(*view.pools[0]);
            pool->upstreams[0].state = static_cast<UpstreamState>(state);
            pool->upstreams[0].reason = static_cast<Reason>(reason);
            failover::settle(config.pools[0], *pool, kNow);
            view.pools[0] = pool;
            const auto after = restore_state(write_state(view, {}), config, first_of(config), kNow);
            EXPECT_TRUE(after.view->pools[0]->upstreams[0] == pool->upstreams[0])
                << state << " " << reason;
        }
    }
}

TEST(state_image, says_nothing_of_an_upstream_with_another_address) {
    const config::Config old = config_of({"127.0.0.1:1", "127.0.0.1:2"});
    const config::Config next = config_of({"127.0.0.1:9", "127.0.0.1:2", "127.0.0.1:3"});
    const std::string document = write_state(lived(old), memory_of(old));
    const RestoredState after = restore_state(document, next, first_of(next), kNow);
    EXPECT_EQ(after.upstreams, 1u);
    EXPECT_TRUE(after.view->pools[0]->upstreams[0] == first_of(next)->pools[0]->upstreams[0]);
    EXPECT_TRUE(after.memory.latencies[0][0].empty());
    EXPECT_EQ(after.view->pools[0]->upstreams[1].state, UpstreamState::maintenance);
    EXPECT_TRUE(after.view->pools[0]->upstreams[2] == first_of(next)->pools[0]->upstreams[2]);
}

TEST(state_image, keeps_what_was_done_by_hand_when_the_checks_are_others) {
    const config::Config old = config_of({"127.0.0.1:1", "127.0.0.1:2"});
    const config::Config next = config_of({"127.0.0.1:1", "127.0.0.1:2"}, "/other");
    const std::string document = write_state(lived(old), memory_of(old));
    const RestoredState after = restore_state(document, next, first_of(next), kNow);
    EXPECT_EQ(after.upstreams, 1u);
    EXPECT_EQ(after.view->pools[0]->upstreams[0].state, UpstreamState::unknown);
    EXPECT_EQ(after.view->pools[0]->upstreams[0].breaker.phase, BreakerPhase::closed);
    EXPECT_EQ(after.view->pools[0]->upstreams[1].state, UpstreamState::maintenance);
    EXPECT_FALSE(after.view->pools[0]->upstreams[1].eligible);
}

TEST(state_image, keeps_the_addresses_of_a_name_that_nobody_has_resolved_yet) {
    config::Config config = config_of({"127.0.0.1:1"});
    config.pools[0].upstreams[0].literal.reset();
    config.pools[0].upstreams[0].address = "service.example:80";
    cluster::View view = *first_of(config);
    auto pool = std::make_shared<cluster::PoolView>(*view.pools[0]);
    const auto found = base::SocketAddress::parse("[2001:db8::1]:80").value();
    pool->upstreams[0].addresses = {found};
    pool->upstreams[0].state = UpstreamState::healthy;
    failover::settle(config.pools[0], *pool, kNow);
    view.pools[0] = pool;
    const auto after = restore_state(write_state(view, {}), config, first_of(config), kNow);
    EXPECT_EQ(after.view->pools[0]->upstreams[0].addresses,
              std::vector<base::SocketAddress>{found});
    EXPECT_TRUE(after.view->pools[0]->upstreams[0].eligible);
}

/// The document of a lived view with one text replaced by another.
std::string document_with(const config::Config& config, const std::string& from,
                          const std::string& to) {
    std::string document = write_state(lived(config), memory_of(config));
    const std::size_t at = document.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return document.replace(at, from.size(), to);
}

// So writes a version that is not this one.
TEST(state_image, passes_over_what_it_does_not_know) {
    const config::Config config = config_of({"127.0.0.1:1", "127.0.0.1:2"});
    const auto restored = [&](const std::string& from, const std::string& to) {
        return restore_state(document_with(config, from, to), config, first_of(config), kNow);
    };
    EXPECT_EQ(restored(R"("version":1)", R"("version":2,"more":[{}])").upstreams, 2u);
    EXPECT_EQ(restored(R"("ejections":3)", R"("future":{"a":null})").upstreams, 2u);
    EXPECT_EQ(restored(R"("state":"degraded")", R"("state":"enlightened")").upstreams, 1u);
    EXPECT_EQ(restored(R"("phase":"half_open")", R"("phase":"ajar")").upstreams, 1u);
    EXPECT_EQ(restored(R"("reason":"check_slow")", R"("reason":"fate")").upstreams, 1u);
    const auto odd = restored(R"("ejections":3)", R"("ejections":99999999999)");
    EXPECT_EQ(odd.view->pools[0]->upstreams[0].ejections, 65535);
    const auto negative = restored(R"("agent_percent":40)", R"("agent_percent":-4)");
    EXPECT_EQ(negative.view->pools[0]->upstreams[0].agent_percent, 100);
}

TEST(state_image, is_nothing_when_it_cannot_be_read) {
    const config::Config config = config_of({"127.0.0.1:1"});
    for (const std::string document :
         {"", "no JSON", "[]", "{}", "{\"pools\":3}", "{\"pools\":[3,{},{\"name\":3}]}",
          "{\"pools\":[{\"name\":\"main \\\"pool\\\"\",\"upstreams\":[3,{},[]]}]}"}) {
        const RestoredState after = restore_state(document, config, first_of(config), kNow);
        EXPECT_EQ(after.upstreams, 0u) << document;
        EXPECT_TRUE(after.view->pools[0]->upstreams[0] == first_of(config)->pools[0]->upstreams[0])
            << document;
    }
}

TEST(digest_of, tells_checks_apart_by_what_they_ask_and_expect) {
    const auto digest = [](auto change) {
        config::Health health;
        config::HealthCheck& check = health.checks.emplace_back();
        change(check);
        return digest_of(health);
    };
    const std::uint64_t plain = digest([](config::HealthCheck&) {});
    EXPECT_EQ(plain, digest([](config::HealthCheck& check) { check.interval = seconds(77); }));
    EXPECT_NE(plain, digest([](config::HealthCheck& check) { check.path = "/x"; }));
    EXPECT_NE(plain, digest([](config::HealthCheck& check) { check.port = 1; }));
    EXPECT_NE(plain, digest([](config::HealthCheck& check) { check.fall = 9; }));
    EXPECT_NE(plain, digest([](config::HealthCheck& check) { check.enabled = false; }));
    EXPECT_NE(plain,
              digest([](config::HealthCheck& check) { check.expected_statuses = {{200, 204}}; }));
    EXPECT_NE(digest([](config::HealthCheck& check) { check.send = "ab"; }),
              digest([](config::HealthCheck& check) {
                  check.send = "a";
                  check.expect = "b";
              }));
}

}  // namespace
}  // namespace ringway::control
