// What follows from the observations of a pool: who may be picked, with what weight, and panic.
#include <gtest/gtest.h>

#include "world.h"

namespace ringway::failover {
namespace {

using cluster::BreakerPhase;
using cluster::PoolView;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kNow{seconds(1000)};

struct Scene {
    explicit Scene(std::size_t count) : config(config_of({count}).pools[0]) {
        pool.upstreams.resize(count);
        for (cluster::UpstreamView& upstream : pool.upstreams) {
            upstream.addresses = {*base::SocketAddress::parse("10.0.0.1:80")};
        }
    }
    std::string eligible() {
        settle(config, pool, kNow);
        std::string text;
        for (const auto& upstream : pool.upstreams) text += upstream.eligible ? 'y' : '-';
        return text;
    }
    std::vector<std::uint32_t> weights() {
        settle(config, pool, kNow);
        std::vector<std::uint32_t> all;
        for (const auto& upstream : pool.upstreams) all.push_back(upstream.weight);
        return all;
    }
    cluster::UpstreamView& operator[](std::size_t i) { return pool.upstreams[i]; }

    config::Pool config;
    PoolView pool;
};

TEST(Settle, TakesHealthyAndDegradedOnly) {
    Scene scene(6);
    for (std::size_t i = 0; i < 6; ++i) scene[i].state = static_cast<UpstreamState>(i);
    EXPECT_EQ(scene.eligible(), "-yy---");
}

TEST(Settle, LeavesOutWhoeverHasOneThingAgainstHim) {
    Scene scene(6);
    scene.config.health.panic_percent = 0;
    scene[1].addresses.clear();
    scene[2].ejected_until = kNow + seconds(1);
    scene[3].cooling_until = kNow + seconds(1);
    scene[4].agent_percent = 0;
    scene[5].breaker.phase = BreakerPhase::open;
    EXPECT_EQ(scene.eligible(), "y-----");
}

TEST(Settle, LetsAHalfOpenBreakerInWhileTrialsAreLeft) {
    Scene scene(2);
    scene[0].breaker = {.phase = BreakerPhase::half_open, .trials = 2};
    scene[1].breaker = {.phase = BreakerPhase::half_open, .trials = 3};
    EXPECT_EQ(scene.eligible(), "y-");
}

TEST(Settle, OverlooksEjectionsWhenTooFewAreLeft) {
    Scene scene(4);
    scene[0].ejected_until = scene[1].ejected_until = kNow + seconds(1);
    EXPECT_EQ(scene.eligible(), "--yy") << "half of them is enough";
    EXPECT_FALSE(scene.pool.panic);
    scene[2].state = UpstreamState::unhealthy;
    EXPECT_EQ(scene.eligible(), "yy-y");
    EXPECT_TRUE(scene.pool.panic);
}

TEST(Settle, OverlooksAnEjectionOnlyWhereNothingElseIsWrong) {
    Scene scene(5);
    for (std::size_t i = 0; i < 4; ++i) scene[i].ejected_until = kNow + seconds(1);
    scene[0].cooling_until = kNow + seconds(1);
    scene[1].state = UpstreamState::unhealthy;
    scene[2].breaker.phase = BreakerPhase::open;
    EXPECT_EQ(scene.eligible(), "---yy");
}

TEST(Settle, CountsNobodyForPanicWhoIsTakenOutOnPurpose) {
    Scene scene(4);
    scene[0].ejected_until = kNow + seconds(1);
    scene[1].state = UpstreamState::draining;
    scene[2].state = UpstreamState::maintenance;
    EXPECT_EQ(scene.eligible(), "---y");
    EXPECT_FALSE(scene.pool.panic);
}

TEST(Settle, DoesNotPanicWhereThereIsNoEjectionToOverlook) {
    Scene scene(3);
    scene[0].state = scene[1].state = UpstreamState::unhealthy;
    EXPECT_EQ(scene.eligible(), "--y");
    EXPECT_FALSE(scene.pool.panic);
}

TEST(Settle, TakesTheUnknownWhenNobodyIsUsable) {
    Scene scene(4);
    scene[0].state = scene[1].state = scene[2].state = UpstreamState::unknown;
    scene[1].ejected_until = kNow + seconds(1);
    scene[2].cooling_until = kNow + seconds(1);
    EXPECT_EQ(scene.eligible(), "---y");
    scene[3].state = UpstreamState::unhealthy;
    EXPECT_EQ(scene.eligible(), "y---");
}

TEST(Settle, NotesSinceWhenSomebodyIsOut) {
    Scene scene(2);
    scene[0].state = UpstreamState::unhealthy;
    scene[1].state = UpstreamState::unhealthy;
    scene[1].eligible = false;  // always was
    scene.eligible();
    EXPECT_EQ(scene[0].out_since, kNow);
    EXPECT_EQ(scene[1].out_since, Instant{});
    settle(scene.config, scene.pool, kNow + seconds(5));
    EXPECT_EQ(scene[0].out_since, kNow);
    scene[0].state = UpstreamState::healthy;
    scene.eligible();
    EXPECT_EQ(scene[0].out_since, Instant{});
}

TEST(Settle, GivesConfiguredWeights) {
    Scene scene(3);
    scene[0].weight_config = 1;
    scene[1].weight_config = 7;
    scene[2].weight_config = 1000;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{1, 7, 1000}));
}

TEST(Settle, TakesPercentagesOfWeightsThatStayWhole) {
    Scene scene(3);
    for (std::size_t i = 0; i < 3; ++i) scene[i].weight_config = 100;
    scene[0].state = UpstreamState::degraded;
    scene[1].agent_percent = 40;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{25, 40, 100}));
    scene[0].agent_percent = 40;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{10, 40, 100}));
}

TEST(Settle, MultipliesAllWeightsWhereAPercentageOfOneWouldNotBeWhole) {
    Scene scene(3);
    scene[0].state = UpstreamState::degraded;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{1, 4, 4}));
    scene[1].agent_percent = 30;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{5, 6, 20}));
}

TEST(Settle, KeepsWeightsWithinTheirBounds) {
    Scene scene(4);
    scene[0].weight_config = 999;
    scene[1].weight_config = 1000;
    scene[1].agent_percent = 200;
    scene[2].weight_config = 1;
    scene[2].state = UpstreamState::degraded;
    scene[3].agent_percent = 0;
    EXPECT_EQ(scene.weights(), (std::vector<std::uint32_t>{499, 1000, 1, 1}));
}

}  // namespace
}  // namespace ringway::failover
