// What is known of upstreams when the configuration changes.
#include <functional>

#include "world.h"

namespace ringway::failover {
namespace {

using std::chrono::seconds;

struct Scene : World {
    explicit Scene(config::Config with) : World(std::move(with)) {}
    /// `change` makes the next configuration of a copy of the one in force.
    void reload(const std::function<void(config::Config&)>& change) {
        auto next = std::make_shared<config::Config>(*view->config);
        next->pools.unshare();
        change(*next);
        const Addresses none = none_resolved(*next);
        EXPECT_TRUE(take(adopt(*view, next, none, now)));
        EXPECT_EQ(view->config.get(), next.get());
    }
    const cluster::UpstreamView& upstream(std::uint16_t index, std::uint16_t pool = 0) const {
        return view->upstream(at(index, pool));
    }
};

config::Config three() {
    config::Config config = config_of({3});
    for (std::size_t i = 0; i < 3; ++i) {
        config.pools[0].upstreams[i].name = std::string(1, static_cast<char>('a' + i));
        config.pools[0].upstreams[i].address = "10.0.0.1:" + std::to_string(80 + i);
    }
    return config;
}

TEST(adopt, a_configuration_without_changes_keeps_all_that_is_known) {
    Scene scene(three());
    ASSERT_TRUE(scene.set(at(1), UpstreamState::unhealthy));
    ASSERT_TRUE(scene.take(eject(*scene.view, at(2), Reason::error_rate, scene.now)));
    const auto before = scene.view->pools[0]->upstreams;
    scene.reload([](config::Config&) {});
    EXPECT_EQ(scene.view->pools[0]->upstreams, before);
    EXPECT_EQ(scene.events(), "");
}

TEST(adopt, a_changed_pool_keeps_the_states_of_its_upstreams) {
    Scene scene(three());
    ASSERT_TRUE(scene.set(at(1), UpstreamState::unhealthy));
    ASSERT_TRUE(scene.take(open_breaker(*scene.view, at(0), Reason::error_rate, scene.now)));
    const auto breaker = scene.upstream(0).breaker;
    scene.reload([](config::Config& next) {
        next.pools[0].balance = config::Balance::random;
        next.pools[0].upstreams[2].weight = 5;
    });
    EXPECT_EQ(scene.upstream(1).state, UpstreamState::unhealthy);
    EXPECT_EQ(scene.upstream(0).breaker, breaker);
    EXPECT_EQ(scene.upstream(2).weight, 5u);
    EXPECT_EQ(scene.eligible(), "2");
}

TEST(adopt, an_upstream_that_moved_begins_anew_unless_it_was_taken_out_by_hand) {
    Scene scene(three());
    ASSERT_TRUE(scene.set(at(0), UpstreamState::unhealthy));
    ASSERT_TRUE(scene.set(at(1), UpstreamState::maintenance, Reason::by_hand));
    scene.reload([](config::Config& next) {
        for (config::Upstream& upstream : next.pools[0].upstreams) {
            upstream.address = "10.0.0.2:80";
            upstream.literal = base::SocketAddress::parse(upstream.address);
        }
    });
    EXPECT_EQ(scene.upstream(0).state, UpstreamState::healthy);
    EXPECT_EQ(scene.upstream(0).addresses.at(0).text(), "10.0.0.2:80");
    EXPECT_EQ(scene.upstream(1).state, UpstreamState::maintenance);
    EXPECT_EQ(scene.eligible(), "02");
}

TEST(adopt, new_pools_and_upstreams_are_there_and_retired_ones_are_never_picked) {
    Scene scene(three());
    scene.reload([](config::Config& next) {
        next.pools[0].upstreams[0].retired = true;
        config::Upstream more = next.pools[0].upstreams[1];
        more.name = "d";
        next.pools[0].upstreams.push_back(more);
        next.pools.push_back(next.pools[0]);
        next.pools[1].name = "second";
    });
    EXPECT_EQ(scene.eligible(), "123");
    EXPECT_EQ(scene.eligible(1), "123");
    EXPECT_EQ(scene.events(), "");  // a pool that begins has not recovered
    EXPECT_FALSE(
        set_state(*scene.view, at(0), UpstreamState::unhealthy, Reason::check_failed, scene.now));
    EXPECT_FALSE(eject(*scene.view, at(0), Reason::error_rate, scene.now));
    EXPECT_FALSE(cool_down(*scene.view, at(0), scene.now + seconds(5), scene.now));
    scene.reload([](config::Config& next) {
        next.pools[0].retired = true;
        for (auto& upstream : next.pools[0].upstreams) upstream.retired = true;
    });
    EXPECT_EQ(scene.eligible(), "");
    EXPECT_EQ(scene.events(), "");  // nor has one that ends failed
    EXPECT_EQ(next_due(*scene.view), base::kNever);
}

TEST(adopt, a_pool_in_the_place_of_one_that_is_gone_begins_anew_at_the_same_addresses) {
    Scene scene(three());
    ASSERT_TRUE(scene.set(at(0), UpstreamState::draining, Reason::by_hand));
    ASSERT_TRUE(scene.set(at(1), UpstreamState::unhealthy));
    ASSERT_TRUE(scene.take(open_breaker(*scene.view, at(2), Reason::error_rate, scene.now)));
    scene.reload([](config::Config& next) { next.pools[0].retired = true; });
    EXPECT_EQ(scene.upstream(0).state, UpstreamState::draining);
    scene.reload([](config::Config& next) {
        next.pools[0].retired = false;
        next.pools[0].name = "another";
    });
    EXPECT_EQ(scene.eligible(), "012");
    EXPECT_EQ(scene.upstream(0).state, UpstreamState::healthy);
    EXPECT_EQ(scene.upstream(2).breaker, cluster::BreakerView{});
    EXPECT_EQ(scene.events(), "");
}

TEST(adopt, a_pool_that_is_back_begins_anew) {
    Scene scene(three());
    ASSERT_TRUE(scene.set(at(1), UpstreamState::unhealthy));
    scene.reload([](config::Config& next) { next.pools[0].retired = true; });
    scene.reload([](config::Config& next) { next.pools[0].retired = false; });
    EXPECT_EQ(scene.eligible(), "012");
}

TEST(adopt, rules_that_are_gone_leave_nothing_behind) {
    Scene scene(three());
    ASSERT_TRUE(scene.take(open_breaker(*scene.view, at(0), Reason::error_rate, scene.now)));
    ASSERT_TRUE(scene.take(eject(*scene.view, at(1), Reason::error_rate, scene.now)));
    ASSERT_TRUE(scene.take(set_agent_percent(*scene.view, at(2), 0, scene.now)));
    EXPECT_EQ(scene.eligible(), "1");  // by panic: all others are out
    scene.reload([](config::Config& next) {
        next.pools[0].breaker.enabled = false;
        next.pools[0].outlier.enabled = false;
    });
    EXPECT_EQ(scene.eligible(), "012");
}

TEST(adopt, checks_that_come_do_not_take_out_who_serves_and_checks_that_go_leave_nobody_unknown) {
    Scene scene(three());
    scene.reload([](config::Config& next) { next.pools[0].health.checks.resize(1); });
    EXPECT_EQ(scene.upstream(0).state, UpstreamState::healthy);
    config::Config checked = three();
    checked.pools[0].health.checks.resize(1);
    Scene other(checked);
    ASSERT_EQ(other.upstream(0).state, UpstreamState::unknown);
    other.reload([](config::Config& next) { next.pools[0].health.checks.clear(); });
    EXPECT_EQ(other.upstream(0).state, UpstreamState::healthy);
}

TEST(adopt, shares_are_of_the_upstreams_in_use) {
    Scene scene(three());
    scene.reload([](config::Config& next) {
        next.pools[0].outlier.max_ejected_percent = 67;
        next.pools[0].upstreams[0].retired = true;
    });
    // of two, 67 % are one; of three they would be two
    EXPECT_TRUE(scene.take(eject(*scene.view, at(1), Reason::error_rate, scene.now)));
    EXPECT_FALSE(eject(*scene.view, at(2), Reason::error_rate, scene.now));
}

}  // namespace
}  // namespace ringway::failover
