// The rarer turns that a request takes between upstreams: uploads, upgrades, long bodies, warm
// rivals, and those who wait.
#include <gtest/gtest.h>

#include "attempts_world.h"

namespace ringway::forward {
namespace {

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST_F(Attempts, CountAnUpgradeAsATrialThatPassed) {
    make([](config::Pool& pool) { pool.upstreams.resize(1); });
    publish([&](const cluster::View& view) {
        return failover::open_breaker(world_->config, view, {}, Reason::error_rate, ring().now());
    });
    after(seconds(11));
    ASSERT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::half_open);
    for (int i = 0; i < 3; ++i) answer(connected(ask(client(), kUpgrade).at(0)), kSwitched);
    EXPECT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::closed);
}

TEST_F(Attempts, EndARowOfFailuresByAnUpgrade) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(1);
        pool.outlier.enabled = false;
    });
    const auto fail = [&] { connected(post(client()).at(0)); };
    for (int i = 0; i < 4; ++i) {
        fail();
        cut(ring().newest());
    }
    answer(connected(ask(client(), kUpgrade).at(0)), kSwitched);
    fail();
    cut(ring().newest());
    EXPECT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::closed);
}

}  // namespace
}  // namespace ringway::forward
