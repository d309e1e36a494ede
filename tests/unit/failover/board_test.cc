// What a change does beside the view: events, counts, and the wake of the others; and many threads
// with news at once. Suites named Crossing run under TSan.
#include "ringway/failover/board.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <thread>

#include "../ring/fake_ring.h"
#include "ringway/ring/kernel_ring.h"
#include "world.h"

namespace ringway::failover {
namespace {

using base::RcuReader;
using cluster::UpstreamState;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kNow{seconds(1000)};

config::Config with_shards(config::Config config, std::size_t shards) {
    config.shards.resize(shards);
    return config;
}

struct Scene {
    explicit Scene(std::size_t shards, std::initializer_list<std::size_t> pools = {3})
        : config(with_shards(config_of(pools), shards)),
          board(first_view(config, none_resolved(config), kNow)) {}

    /// The verdict of one shard, on an RcuReader's thread.
    bool set(const Teller& teller, UpstreamState state, Place place = at(0)) {
        return board.change(teller, [&](const View& view) {
            return set_state(view, place, state, Reason::check_failed, teller.now);
        });
    }
    std::vector<observe::Event> events(std::uint16_t shard) {
        std::vector<observe::Event> all;
        for (observe::Event event; board.events(shard).pop(event);) all.push_back(event);
        return all;
    }

    config::Config config;
    Board board;
};

TEST(Board, TellsItsControlPlaneWhoFoundWhatAndHow) {
    const RcuReader reader;
    Scene scene(2);
    const Teller teller{.shard = 1,
                        .now = kNow,
                        .evidence = "3 in a row: refused",
                        .first_sign = kNow - milliseconds(7)};
    EXPECT_TRUE(scene.set(teller, UpstreamState::unhealthy));
    EXPECT_EQ(scene.board.read()->version, 2u);
    EXPECT_EQ(scene.board.read()->upstream(at(0)).state, UpstreamState::unhealthy);
    EXPECT_TRUE(scene.events(0).empty());
    const auto told = scene.events(1);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].shard, 1);
    EXPECT_EQ(told[0].version, 2u);
    EXPECT_EQ(told[0].evidence_text(), "3 in a row: refused");
    EXPECT_EQ(told[0].took, milliseconds(7));
    EXPECT_FALSE(scene.set(teller, UpstreamState::unhealthy));
    EXPECT_TRUE(scene.events(1).empty());
    EXPECT_EQ(scene.board.read()->version, 2u);
}

TEST(Board, CutsEvidenceAndTakesNoSignForNow) {
    const RcuReader reader;
    Scene scene(1);
    const std::string evidence(500, 'x');
    scene.set({.shard = 1, .now = kNow, .evidence = evidence}, UpstreamState::unhealthy);
    const auto told = scene.events(1);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].evidence_text(), std::string(127, 'x'));
    EXPECT_EQ(told[0].took, Duration(0));
}

TEST(Board, CountsEventsAndTimesOfItsPool) {
    const RcuReader reader;
    Scene scene(1, {2, 1});
    observe::ShardCounters counters(scene.config);
    const auto teller = [&](Duration later) {
        return Teller{.shard = 0, .now = kNow + later, .counters = &counters, .first_sign = kNow};
    };
    scene.set(teller(milliseconds(5)), UpstreamState::unhealthy, at(0, 1));
    scene.set(teller(milliseconds(25)), UpstreamState::healthy, at(0, 1));
    const observe::PoolCounters& pool = counters.pools[1];
    for (const EventKind kind : {EventKind::unhealthy, EventKind::total_failure,
                                 EventKind::recovered, EventKind::total_recovery}) {
        EXPECT_EQ(pool.events[static_cast<std::size_t>(kind)].get(), 1u) << name_of(kind);
    }
    EXPECT_EQ(pool.time_to_detect.sum_ns(), 5'000'000u);
    EXPECT_EQ(pool.time_to_recover.sum_ns(), 20'000'000u);
    EXPECT_EQ(counters.pools[0].time_to_detect.sum_ns(), 0u);
}

TEST(Board, CountsTheTimesOfOutagesOnly) {
    const RcuReader reader;
    Scene scene(1);
    observe::ShardCounters counters(scene.config);
    const Teller first{
        .shard = 0, .now = kNow, .counters = &counters, .first_sign = kNow - seconds(1)};
    Teller later = first;
    later.now += seconds(5);
    scene.board.change(
        first, [&](const View& view) { return cool_down(view, at(0), kNow + seconds(2), kNow); });
    scene.board.change(first, [&](const View& view) {
        return set_state(view, at(1), UpstreamState::maintenance, Reason::by_hand, kNow);
    });
    scene.board.change(later, [&](const View& view) { return pass_time(view, later.now); });
    scene.board.change(later, [&](const View& view) {
        return set_state(view, at(1), UpstreamState::healthy, Reason::by_hand, later.now);
    });
    EXPECT_EQ(scene.board.read()->version, 5u);
    EXPECT_EQ(counters.pools[0].time_to_detect.sum_ns(), 0u);
    EXPECT_EQ(counters.pools[0].time_to_recover.sum_ns(), 0u);
    for (const auto& event : scene.events(0))
        EXPECT_GE(event.took, seconds(1)) << name_of(event.kind);
}

TEST(Board, LosesAndCountsWhatFindsNoRoom) {
    const RcuReader reader;
    Scene scene(1);
    for (int i = 0; i < 600; ++i) {
        scene.set({.shard = 0, .now = kNow},
                  i % 2 == 0 ? UpstreamState::unhealthy : UpstreamState::healthy);
    }
    EXPECT_EQ(scene.events(0).size(), 512u);
    EXPECT_EQ(scene.board.events_lost(), 88u);
    EXPECT_EQ(scene.board.read()->version, 601u);
}

TEST(Board, WakesTheOthersThatAreAttachedWhenThereIsNews) {
    const RcuReader reader;
    Scene scene(3);
    ring::FakeRing rings[3];
    for (std::uint16_t i = 0; i < 3; ++i) scene.board.attach(i, rings[i]);
    scene.set({.shard = 1, .now = kNow}, UpstreamState::unhealthy);
    EXPECT_EQ(rings[0].wakes, 1);
    EXPECT_EQ(rings[1].wakes, 0);
    EXPECT_EQ(rings[2].wakes, 1);
    scene.set({.shard = 0, .now = kNow}, UpstreamState::unhealthy);
    EXPECT_EQ(rings[1].wakes + rings[2].wakes, 1) << "old news wakes nobody";
    scene.board.detach(2);
    scene.set({.shard = 3, .now = kNow}, UpstreamState::healthy);  // control
    EXPECT_EQ(rings[0].wakes, 2);
    EXPECT_EQ(rings[1].wakes, 1);
    EXPECT_EQ(rings[2].wakes, 1);
    scene.board.detach(0);
    scene.board.detach(1);
}

TEST(Board, KnowsWhoStalls) {
    Scene scene(2);
    EXPECT_FALSE(scene.board.is_stalled(0, kNow)) << "has not begun";
    scene.board.beat(0, kNow);
    EXPECT_FALSE(scene.board.is_stalled(0, kNow + seconds(3)));
    EXPECT_TRUE(scene.board.is_stalled(0, kNow + seconds(3) + Duration(1)));
    EXPECT_FALSE(scene.board.is_stalled(1, kNow));
}

/// Waits with other threads as no online reader, so that it holds up no reclaim.
template <class Barrier>
void meet(Barrier& barrier) {
    RcuReader::leave();
    barrier.arrive_and_wait();
    RcuReader::enter();
}

TEST(CrossingBoard, OfManyWithOneNewsOnePublishesAndTells) {
    constexpr int kRounds = 300;
    constexpr std::uint16_t kShards = 4;
    Scene scene(kShards);
    std::barrier begin(kShards), end(kShards);
    std::atomic<int> published{0};
    std::vector<std::thread> shards;
    for (std::uint16_t shard = 0; shard < kShards; ++shard) {
        shards.emplace_back([&, shard] {
            const RcuReader reader;
            for (int round = 0; round < kRounds; ++round) {
                meet(begin);
                const auto state =
                    round % 2 == 0 ? UpstreamState::unhealthy : UpstreamState::healthy;
                if (scene.set({.shard = shard, .now = kNow}, state)) ++published;
                EXPECT_EQ(scene.board.read()->upstream(at(0)).state, state);
                meet(end);
            }
        });
    }
    std::atomic<bool> over{false};
    std::thread control([&] {
        while (!over) {
            scene.board.reclaim();
            std::this_thread::yield();
        }
    });
    for (std::thread& shard : shards) shard.join();
    over = true;
    control.join();
    EXPECT_EQ(published, kRounds);
    std::vector<int> told_of_version(kRounds + 2);
    for (std::uint16_t shard = 0; shard < kShards; ++shard) {
        for (const observe::Event& event : scene.events(shard)) {
            EXPECT_EQ(event.shard, shard);
            ++told_of_version.at(event.version);
        }
    }
    for (std::size_t version = 2; version < told_of_version.size(); ++version) {
        EXPECT_EQ(told_of_version[version], 1) << "version " << version;
    }
}

TEST(CrossingBoard, ShowsWholeViewsAndLosesNoneWhileAllPublish) {
    constexpr int kChanges = 400;
    Scene scene(3, {3, 3, 5});
    std::atomic<int> changed{0}, running{3};
    std::vector<std::thread> threads;
    for (std::uint16_t shard = 0; shard < 3; ++shard) {
        threads.emplace_back([&, shard] {
            const RcuReader reader;
            for (int i = 0; i < kChanges; ++i) {
                const auto state = i % 2 == 0 ? UpstreamState::unhealthy : UpstreamState::healthy;
                const Place place = at(shard, static_cast<std::uint16_t>(i / 2 % 3));
                if (scene.set({.shard = shard, .now = kNow}, state, place)) ++changed;
                RcuReader::quiescent();
            }
            --running;
        });
    }
    threads.emplace_back([&] {
        const RcuReader reader;
        std::uint64_t version = 0;
        while (running > 0) {
            const View* view = scene.board.read();
            EXPECT_GE(view->version, version);
            version = view->version;
            std::size_t upstreams = 0, addresses = 0;
            for (const auto& pool : view->pools) {
                for (const auto& upstream : pool->upstreams) {
                    ++upstreams;
                    addresses += upstream.addresses.size();
                }
            }
            EXPECT_EQ(upstreams, 11u);
            EXPECT_EQ(addresses, 11u);
            RcuReader::quiescent();
        }
    });
    while (running > 0) {
        scene.board.reclaim();
        std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    const RcuReader reader;
    EXPECT_EQ(changed, 3 * kChanges);
    EXPECT_EQ(scene.board.read()->version, 1u + 3 * kChanges);
    // Each stands as its own last change left it.
    for (const auto& pool : scene.board.read()->pools) {
        for (const auto& upstream : pool->upstreams) {
            EXPECT_EQ(upstream.state, UpstreamState::healthy);
        }
    }
}

TEST(CrossingBoard, WakesShardsThatSleepInTheKernel) {
    Scene scene(3);
    const ring::KernelRingSettings settings{
        .entries = 64, .completion_entries = 256, .buffer_count = 16, .buffer_bytes = 4096};
    std::atomic<int> asleep{0}, seen{0};
    std::vector<std::thread> shards;
    for (std::uint16_t shard = 0; shard < 2; ++shard) {
        shards.emplace_back([&, shard] {
            const RcuReader reader;
            auto ring = ring::KernelRing::make(settings);
            ASSERT_TRUE(ring) << ring.error();
            scene.board.attach(shard, **ring);
            for (std::uint64_t expected = 2; expected <= 21; ++expected) {
                ++asleep;
                const Instant begin = ring::read_clock();
                while (scene.board.read()->version < expected) {
                    RcuReader::leave();
                    (*ring)->wait(begin + seconds(20));  // only a wake ends it sooner
                    RcuReader::enter();
                    (*ring)->dispatch();
                }
                EXPECT_LT(ring::read_clock() - begin, seconds(10));
                EXPECT_EQ(scene.board.read()->version, expected);
                ++seen;
            }
            scene.board.detach(shard);
        });
    }
    {
        const RcuReader reader;
        for (int i = 0; i < 20; ++i) {
            RcuReader::leave();
            while (asleep < 2 * (i + 1)) std::this_thread::yield();
            // Before, within or after its look at the view: it must not miss the change.
            if (i % 3 > 0) std::this_thread::sleep_for(milliseconds(i % 3));
            RcuReader::enter();
            scene.set({.shard = 2, .now = kNow},
                      i % 2 == 0 ? UpstreamState::unhealthy : UpstreamState::healthy);
        }
    }
    for (std::thread& shard : shards) shard.join();
    EXPECT_EQ(seen, 40);
}

}  // namespace
}  // namespace ringway::failover
