// How many retries a pool may make: a share of its requests, and ten a second.
#include <gtest/gtest.h>

#include "plane_world.h"

namespace ringway::forward {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

int retries_granted(PlaneWorld& world) {
    int granted = 0;
    while (granted < 100'000 && world.plane->take_retry(cluster::PoolIndex{0})) ++granted;
    return granted;
}

TEST(RetryBudget, StartsWithTen) {
    PlaneWorld world;
    EXPECT_EQ(retries_granted(world), 10);
    EXPECT_EQ(retries_granted(world), 0);
}

TEST(RetryBudget, GrantsTenASecond) {
    PlaneWorld world;
    retries_granted(world);
    world.ring.advance(milliseconds(99));
    EXPECT_EQ(retries_granted(world), 0);
    world.ring.advance(milliseconds(2));
    EXPECT_EQ(retries_granted(world), 1);
    world.ring.advance(seconds(3));
    EXPECT_EQ(retries_granted(world), 30);
}

TEST(RetryBudget, GrantsNoMoreForALongSilenceThanForTenSeconds) {
    PlaneWorld world;
    retries_granted(world);
    world.ring.advance(seconds(3600));
    EXPECT_EQ(retries_granted(world), 100);
}

TEST(RetryBudget, GrantsAShareOfTheRequests) {
    PlaneWorld world([](config::Config& config) { config.pools[0].retry.budget_percent = 20; });
    retries_granted(world);
    world.counters->pools[0].requests.add(100);
    EXPECT_EQ(retries_granted(world), 20);
    EXPECT_EQ(retries_granted(world), 0);
    world.counters->pools[0].requests.add(4);
    EXPECT_EQ(retries_granted(world), 0);
    world.counters->pools[0].requests.add(1);
    EXPECT_EQ(retries_granted(world), 1);
}

TEST(RetryBudget, SavesUpAThousandAtMost) {
    PlaneWorld world([](config::Config& config) { config.pools[0].retry.budget_percent = 100; });
    world.counters->pools[0].requests.add(1'000'000);
    EXPECT_EQ(retries_granted(world), 1000);
}

TEST(RetryBudget, IsOfEachPoolAlone) {
    PlaneWorld world([](config::Config& config) {
        config.pools.push_back(config.pools[0]);
        config.pools[0].retry.budget_percent = 100;
    });
    retries_granted(world);
    EXPECT_TRUE(world.plane->take_retry(cluster::PoolIndex{1}));
}

}  // namespace
}  // namespace ringway::forward
