// What an operator sets stays until an operator changes it.
#include "ringway/failover/by_hand.h"

#include <gtest/gtest.h>

#include "world.h"

namespace ringway::failover {
namespace {

using cluster::BreakerPhase;
using std::chrono::hours;
using std::chrono::seconds;

struct ByHandWorld : World {
    using World::World;
    bool state(Place place, UpstreamState to) {
        return take(set_state_by_hand(*view, place, to, now));
    }
    bool weight(Place place, std::optional<std::uint32_t> to) {
        return take(set_weight_by_hand(*view, place, to, now));
    }
    bool open(Place place) { return take(open_breaker_by_hand(*view, place, now)); }
    bool close(Place place) { return take(close_breaker_by_hand(*view, place, now)); }
    bool reset(Place place) { return take(reset_breaker(*view, place, now)); }
    std::string weights() const {
        std::string text;
        for (const auto& upstream : view->pool({0}).upstreams)
            text += std::to_string(upstream.weight) + " ";
        return text;
    }
};

TEST(state_by_hand, holds_against_checks_suspicions_and_agents) {
    for (const UpstreamState out : {UpstreamState::draining, UpstreamState::maintenance}) {
        ByHandWorld world(config_of({2}));
        EXPECT_TRUE(world.state(at(0), out));
        EXPECT_EQ(world.see(at(0)).reason, Reason::by_hand);
        EXPECT_EQ(world.eligible(), "1");
        EXPECT_FALSE(world.state(at(0), out)) << "nothing new";
        EXPECT_FALSE(world.set(at(0), UpstreamState::healthy, Reason::check_passed));
        EXPECT_FALSE(world.set(at(0), UpstreamState::unhealthy, Reason::check_failed));
        EXPECT_FALSE(world.set(at(0), UpstreamState::healthy, Reason::agent_asked));
        EXPECT_FALSE(world.take(set_missing(*world.view, at(0), world.now)));
        EXPECT_TRUE(world.state(at(0), UpstreamState::healthy));
        EXPECT_EQ(world.events(), "recovered(0)");
        EXPECT_EQ(world.eligible(), "01");
        EXPECT_TRUE(world.set(at(0), UpstreamState::unhealthy)) << "checks go on";
    }
}

TEST(state_by_hand, takes_over_what_an_agent_asked_for) {
    ByHandWorld world(config_of({2}));
    EXPECT_TRUE(world.set(at(0), UpstreamState::draining, Reason::agent_asked));
    EXPECT_FALSE(set_by_hand(world.see(at(0))).state);
    EXPECT_TRUE(world.state(at(0), UpstreamState::draining));
    EXPECT_EQ(world.events(), "draining(0)");
    EXPECT_TRUE(set_by_hand(world.see(at(0))).state);
    EXPECT_FALSE(world.set(at(0), UpstreamState::healthy, Reason::agent_asked));
    EXPECT_TRUE(world.state(at(0), UpstreamState::maintenance));
    EXPECT_EQ(world.events(), "maintenance(0)");
}

TEST(state_by_hand, ready_is_not_by_hand_any_more) {
    ByHandWorld world(config_of({1}));
    EXPECT_FALSE(world.state(at(0), UpstreamState::healthy)) << "it was all along";
    world.state(at(0), UpstreamState::draining);
    world.state(at(0), UpstreamState::healthy);
    EXPECT_FALSE(set_by_hand(world.see(at(0))).state);
}

TEST(weight_by_hand, replaces_that_of_the_configuration_until_it_is_taken_back) {
    config::Config config = config_of({2});
    config.pools[0].upstreams[0].weight = 5;
    ByHandWorld world(config);
    EXPECT_EQ(world.weights(), "5 1 ");
    EXPECT_TRUE(world.weight(at(0), 9));
    EXPECT_EQ(world.events(), "weight_set(0)");
    EXPECT_EQ(world.weights(), "9 1 ");
    EXPECT_EQ(world.see(at(0)).weight_config, 5u);
    EXPECT_FALSE(world.weight(at(0), 9));
    EXPECT_TRUE(world.set(at(0), UpstreamState::degraded)) << "what checks find is laid over it";
    EXPECT_EQ(world.weights(), "9 4 ");
    EXPECT_TRUE(world.take(set_addresses(*world.view, none_resolved(world.config), world.now)) ||
                world.see(at(0)).weight_by_hand == 9u);
    EXPECT_TRUE(world.weight(at(0), std::nullopt));
    EXPECT_EQ(world.events(), "weight_set(0)");
    EXPECT_EQ(world.weights(), "5 4 ");
    EXPECT_FALSE(world.weight(at(0), std::nullopt));
}

TEST(weight_by_hand, of_0_is_no_traffic) {
    ByHandWorld world(config_of({2}));
    EXPECT_TRUE(world.weight(at(0), 0));
    EXPECT_EQ(world.eligible(), "1");
    EXPECT_TRUE(world.weight(at(1), 0));
    EXPECT_EQ(world.eligible(), "");
    EXPECT_EQ(world.events(), "weight_set(1) total_failure");
    EXPECT_TRUE(world.weight(at(0), 1));
    EXPECT_EQ(world.events(), "weight_set(0) total_recovery");
    EXPECT_EQ(world.eligible(), "0");
}

TEST(breaker_by_hand, stays_open_whatever_passes) {
    ByHandWorld world(config_of({2}));
    EXPECT_TRUE(world.open(at(0)));
    EXPECT_EQ(world.events(), "breaker_open(0)");
    EXPECT_EQ(world.eligible(), "1");
    EXPECT_FALSE(world.open(at(0)));
    EXPECT_EQ(next_due(*world.view), base::kNever);
    EXPECT_FALSE(world.pass_at(world.now + hours(100)));
    world.set(at(0), UpstreamState::unhealthy);
    EXPECT_TRUE(world.set(at(0), UpstreamState::healthy, Reason::check_passed));
    EXPECT_EQ(world.see(at(0)).breaker.phase, BreakerPhase::open);
    EXPECT_EQ(world.eligible(), "1");
    EXPECT_TRUE(world.close(at(0)));
    EXPECT_EQ(world.events(), "breaker_closed(0)");
    EXPECT_EQ(world.eligible(), "01");
    EXPECT_FALSE(world.close(at(0)));
}

TEST(breaker_by_hand, holds_one_open_that_had_opened_by_itself) {
    ByHandWorld world(config_of({1}));
    world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now));
    EXPECT_FALSE(set_by_hand(world.see(at(0))).breaker);
    EXPECT_TRUE(world.open(at(0)));
    EXPECT_EQ(world.events(), "breaker_open(0)") << "it is by hand now";
    EXPECT_TRUE(set_by_hand(world.see(at(0))).breaker);
    EXPECT_FALSE(world.pass_at(world.now + hours(1)));
}

TEST(breaker_by_hand, close_remembers_the_openings_and_reset_forgets_them) {
    ByHandWorld world(config_of({1}));
    const auto open = [&] {
        world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now));
        return world.see(at(0)).breaker.until - world.now;
    };
    const Duration once = open();
    EXPECT_TRUE(world.close(at(0)));
    EXPECT_EQ(open(), 2 * once);
    EXPECT_TRUE(world.reset(at(0)));
    EXPECT_EQ(world.events(), "breaker_closed(0) total_recovery");
    EXPECT_EQ(open(), once);
}

TEST(breaker_by_hand, a_reset_of_a_closed_one_is_news_to_the_shards_and_to_nobody_else) {
    ByHandWorld world(config_of({1}));
    EXPECT_TRUE(world.reset(at(0)));
    EXPECT_EQ(world.see(at(0)).breaker_resets, 1u);
    EXPECT_EQ(world.events(), "");
    EXPECT_TRUE(world.reset(at(0)));
    EXPECT_EQ(world.see(at(0)).breaker_resets, 2u);
}

TEST(breaker_by_hand, is_nothing_where_breakers_are_off) {
    ByHandWorld world(config_of({1}));
    world.rules().breaker.enabled = false;
    EXPECT_FALSE(world.open(at(0)));
    EXPECT_FALSE(world.close(at(0)));
    EXPECT_FALSE(world.reset(at(0)));
}

}  // namespace
}  // namespace ringway::failover
