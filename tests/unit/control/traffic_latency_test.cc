#include "ringway/control/traffic_latency.h"

#include <gtest/gtest.h>

namespace ringway::control {
namespace {

using std::chrono::milliseconds;

struct Scene {
    static config::Config two_upstreams() {
        config::Config config;
        config.pools.resize(1);
        config.pools[0].upstreams.resize(2);
        return config;
    }
    void answer(observe::ShardCounters& shard, std::uint64_t ms) {
        shard.upstreams[0][1].responses_by_class[2].add();
        shard.upstreams[0][1].first_byte.record(ms * 1'000'000);
    }
    config::Config config = two_upstreams();
    observe::ShardCounters first{config}, second{config};
    Scene() { latency.adopt(config); }
    TrafficLatency latency{{&first, &second}};
    const cluster::Place place{{0}, {1}};
};

TEST(TrafficLatency, starts_with_the_mean_of_all_shards_and_folds_in_each_second) {
    Scene scene;
    EXPECT_EQ(scene.latency.ewma(scene.place), base::Duration{0});
    scene.answer(scene.first, 10);
    scene.answer(scene.second, 20);
    scene.answer(scene.second, 30);
    scene.latency.tick();
    EXPECT_EQ(scene.latency.ewma(scene.place), milliseconds(20));
    scene.answer(scene.first, 120);
    scene.latency.tick();
    EXPECT_EQ(scene.latency.ewma(scene.place), milliseconds(50));  // 0.7 x 20 + 0.3 x 120
    EXPECT_EQ(scene.latency.ewma({{0}, {0}}), base::Duration{0});
}

TEST(TrafficLatency, a_second_without_a_response_changes_nothing) {
    Scene scene;
    scene.answer(scene.first, 10);
    scene.latency.tick();
    for (int i = 0; i < 10; ++i) scene.latency.tick();
    EXPECT_EQ(scene.latency.ewma(scene.place), milliseconds(10));
}

TEST(TrafficLatency, another_upstream_in_the_place_begins_anew) {
    Scene scene;
    for (int i = 0; i < 5; ++i) scene.answer(scene.first, 100);
    scene.latency.tick();
    scene.first.upstreams[0][1].clear();
    scene.latency.tick();
    EXPECT_EQ(scene.latency.ewma(scene.place), base::Duration{0});
    scene.answer(scene.first, 10);
    scene.latency.tick();
    EXPECT_EQ(scene.latency.ewma(scene.place), milliseconds(10));
}

}  // namespace
}  // namespace ringway::control
