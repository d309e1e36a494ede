#include "ringway/control/chronicle.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "ringway/base/prng.h"
#include "ringway/control/clock.h"
#include "ringway/failover/merge.h"
#include "temporary.h"

namespace ringway::control {
namespace {

using cluster::Reason;
using cluster::UpstreamState;
using observe::Event;
using observe::EventKind;

constexpr std::uint16_t kShards = 3;

config::Config sample_config() {
    config::Config config;
    config.shards.resize(kShards);
    config.pools.resize(2);
    config.pools[0].name = "api";
    config.pools[1].name = "files";
    for (auto& pool : config.pools) {
        pool.upstreams.resize(8);
        for (std::size_t i = 0; i < 8; ++i) {
            pool.upstreams[i].name = std::string(1, static_cast<char>('a' + i));
            pool.upstreams[i].literal = base::SocketAddress::parse("127.0.0.1:80");
        }
    }
    return config;
}

const failover::Addresses kNoNames(2, std::vector<std::vector<base::SocketAddress>>(8));

/// A chronicle over a board with three shards, its process log in a file.
struct Scene {
    explicit Scene(LogLevel level = LogLevel::info)
        : descriptor(open(folder.at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)),
          log(level, descriptor) {}
    ~Scene() {
        chronicle.stop();
        close(descriptor);
    }
    /// As a publisher does; its parts count up within a version.
    bool push(std::uint16_t shard, std::uint64_t version, std::uint16_t part = 0,
              EventKind kind = EventKind::unhealthy) {
        Event event;
        event.version = version;
        event.part = part;
        event.kind = kind;
        event.shard = shard;
        event.upstream = 0;
        return board.events(shard).push(event);
    }
    std::vector<std::string> log_lines() const {
        std::vector<std::string> result;
        std::istringstream text(content_of(folder.at("log")));
        for (std::string line; std::getline(text, line);) result.push_back(line);
        return result;
    }
    std::vector<observe::Told> all() const { return chronicle.events_last(Chronicle::kKept); }

    TemporaryFolder folder;
    int descriptor;
    Log log;
    config::Config config = sample_config();
    failover::Board board{failover::first_view(config, kNoNames, base::Instant{})};
    observe::ShardCounters counters{config};
    Chronicle chronicle{board, {&counters}, log};
};

/// "version.part" of each.
std::vector<std::string> places_of(const std::vector<observe::Told>& told) {
    std::vector<std::string> places;
    for (const observe::Told& one : told) {
        places.push_back(std::to_string(one.event.version) + "." + std::to_string(one.event.part));
    }
    return places;
}

std::vector<std::uint64_t> ids_of(const std::vector<observe::Told>& told) {
    std::vector<std::uint64_t> ids;
    for (const observe::Told& one : told) ids.push_back(one.id);
    return ids;
}

TEST(Chronicle, tells_events_of_all_publishers_by_version_and_part) {
    Scene scene;
    ASSERT_TRUE(scene.push(2, 7));
    ASSERT_TRUE(scene.push(0, 5, 0));
    ASSERT_TRUE(scene.push(0, 5, 1));
    ASSERT_TRUE(scene.push(kShards, 6));
    ASSERT_TRUE(scene.push(1, 4));
    scene.chronicle.start();
    scene.chronicle.stop();
    EXPECT_EQ(places_of(scene.all()),
              (std::vector<std::string>{"4.0", "5.0", "5.1", "6.0", "7.0"}));
    EXPECT_EQ(ids_of(scene.all()), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(Chronicle, waits_a_visit_for_a_lower_version_that_is_on_its_way) {
    // Rounds of all phases: in some a visit falls between the two pushes and finds 9 only.
    for (int round = 0; round < 20; ++round) {
        Scene scene;
        scene.chronicle.start();
        std::this_thread::sleep_for(Chronicle::kTick * round / 10);
        const base::Instant first = read_clocks().now;
        ASSERT_TRUE(scene.push(1, 9));
        std::this_thread::sleep_for(Chronicle::kTick / 4);
        ASSERT_TRUE(scene.push(0, 8));
        const base::Duration between = read_clocks().now - first;
        scene.chronicle.stop();
        if (between >= Chronicle::kTick) continue;  // this thread was held up: 8 may be too late
        ASSERT_EQ(places_of(scene.all()), (std::vector<std::string>{"8.0", "9.0"}));
    }
}

TEST(Chronicle, tells_while_it_runs_and_readers_go_on_where_they_were) {
    Scene scene;
    scene.chronicle.start();
    for (std::uint64_t version = 1; version <= 5; ++version) ASSERT_TRUE(scene.push(0, version));
    ASSERT_TRUE(eventually([&] { return scene.all().size() == 5; }));
    EXPECT_EQ(ids_of(scene.chronicle.events_after(0, 2)), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(ids_of(scene.chronicle.events_after(3, 100)), (std::vector<std::uint64_t>{4, 5}));
    EXPECT_TRUE(scene.chronicle.events_after(5, 100).empty());
    EXPECT_TRUE(scene.chronicle.events_after(UINT64_MAX, 100).empty());
    EXPECT_EQ(ids_of(scene.chronicle.events_last(2)), (std::vector<std::uint64_t>{4, 5}));
    EXPECT_TRUE(scene.chronicle.events_last(0).empty());
}

TEST(Chronicle, keeps_the_last_1024) {
    Scene scene(LogLevel::error);
    for (std::uint64_t version = 1; version <= 400; ++version) {
        for (std::uint16_t shard = 0; shard < kShards; ++shard) {
            ASSERT_TRUE(scene.push(shard, version * kShards + shard, 0, EventKind::ejected));
        }
    }
    scene.chronicle.start();
    scene.chronicle.stop();
    EXPECT_EQ(scene.all().size(), 1024u);
    EXPECT_EQ(scene.all().front().id, 1200u - 1024 + 1);
    EXPECT_EQ(scene.all().back().id, 1200u);
    EXPECT_EQ(scene.chronicle.events_after(3, 1).front().id, 1200u - 1024 + 1);
}

TEST(Chronicle, writes_each_to_the_log_with_the_level_of_its_severity) {
    Scene scene;
    scene.push(0, 1, 0, EventKind::unhealthy);
    scene.push(0, 2, 0, EventKind::ejected);
    scene.push(0, 3, 0, EventKind::recovered);
    scene.chronicle.start();
    scene.chronicle.stop();
    const auto lines = scene.log_lines();
    ASSERT_EQ(lines.size(), 3u);
    const std::string states = " from=unknown to=unknown";
    EXPECT_EQ(lines[0].substr(25), "error health: pool api upstream a: unhealthy event=1" + states);
    EXPECT_EQ(lines[1].substr(25), "warn health: pool api upstream a: ejected event=2" + states);
    EXPECT_EQ(lines[2].substr(25), "info health: pool api upstream a: recovered event=3" + states);
}

TEST(Chronicle, hands_each_to_its_listener_once_and_in_order) {
    Scene scene;
    std::vector<std::uint64_t> heard;
    scene.chronicle.on_told([&](const observe::Told& told) {
        heard.push_back(told.id);
        EXPECT_EQ(told.pool, "api");
    });
    for (std::uint64_t version = 1; version <= 5; ++version) scene.push(0, version);
    scene.chronicle.start();
    scene.chronicle.stop();
    EXPECT_EQ(heard, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(Chronicle, events_that_are_kept_hold_no_configuration_alive) {
    auto config = std::make_shared<const config::Config>(sample_config());
    const std::weak_ptr<const config::Config> first = config;
    failover::Board board(failover::first_view(config, kNoNames, base::Instant{}));
    config.reset();
    TemporaryFolder folder;
    Log log(LogLevel::error, open("/dev/null", O_WRONLY | O_CLOEXEC));
    observe::ShardCounters counters(*board.config());
    Chronicle chronicle(board, {&counters}, log);
    Event event;
    event.version = 1;
    event.upstream = 0;
    ASSERT_TRUE(board.events(0).push(event));
    chronicle.start();
    chronicle.stop();
    {
        const base::RcuReader reader;
        auto next = std::make_shared<config::Config>(sample_config());
        next->generation = 2;
        board.adopt(next, kNoNames, base::Instant{});
    }
    board.reclaim();
    ASSERT_EQ(chronicle.last_id(), 1u);
    EXPECT_EQ(chronicle.events_last(1).at(0).upstream, "a");
    EXPECT_TRUE(first.expired());
}

TEST(Chronicle, an_event_has_the_wall_clock_time_at_which_it_happened) {
    Scene scene;
    Event event;
    const Moment before = read_clocks();
    event.at = before.now - std::chrono::seconds(100);
    ASSERT_TRUE(scene.board.events(0).push(event));
    scene.chronicle.start();
    scene.chronicle.stop();
    const std::int64_t told = scene.all().front().unix_ns;
    EXPECT_NEAR(static_cast<double>(told - before.unix_ns) / 1e9, -100.0, 0.05);
}

TEST(Chronicle, counts_what_control_published_and_not_what_shards_count_themselves) {
    Scene scene;
    scene.push(kShards, 1, 0, EventKind::total_recovery);
    scene.push(kShards, 2, 0, EventKind::total_recovery);
    scene.push(0, 3, 0, EventKind::total_recovery);
    scene.chronicle.start();
    scene.chronicle.stop();
    EXPECT_EQ(scene.chronicle.control_events({0}, EventKind::total_recovery), 2u);
    EXPECT_EQ(scene.chronicle.control_events({1}, EventKind::total_recovery), 0u);
    EXPECT_EQ(scene.chronicle.control_events({0}, EventKind::panic), 0u);
}

TEST(Chronicle, counts_of_a_pool_end_when_another_takes_its_place) {
    Scene scene;
    scene.push(kShards, 1, 0, EventKind::total_recovery);
    scene.chronicle.start();
    scene.chronicle.stop();
    config::Config next = sample_config();
    next.pools[1].retired = true;
    scene.chronicle.adopt(next);
    EXPECT_EQ(scene.chronicle.control_events({0}, EventKind::total_recovery), 1u);
    config::Pool other = next.pools[0];
    other.name = "other";
    next.pools.replace(0, std::move(other));
    scene.chronicle.adopt(next);
    EXPECT_EQ(scene.chronicle.control_events({0}, EventKind::total_recovery), 0u);
}

TEST(Chronicle, events_of_a_process_before_are_kept_as_its_own) {
    Scene scene;
    std::vector<observe::Told> before(Chronicle::kKept + 10);
    for (std::size_t i = 0; i < before.size(); ++i) {
        before[i].id = i + 1;
        before[i].inherited = true;
    }
    scene.push(0, 1);
    scene.chronicle.start(before.size(), before);
    scene.chronicle.stop();
    const auto kept = scene.all();
    ASSERT_EQ(kept.size(), Chronicle::kKept);
    EXPECT_EQ(kept.front().id, 12u);
    EXPECT_EQ(kept.back().id, before.size() + 1);
    EXPECT_FALSE(kept.back().inherited);
}

TEST(Chronicle, what_happens_after_another_process_tells_is_logged_without_an_id) {
    Scene scene;
    int told = 0;
    scene.chronicle.on_told([&](const observe::Told&) { ++told; });
    scene.chronicle.pass_on();
    scene.push(0, 1);
    scene.chronicle.start(5);
    scene.chronicle.stop();
    EXPECT_EQ(told, 0);
    EXPECT_TRUE(scene.all().empty());
    EXPECT_EQ(scene.chronicle.last_id(), 5u);
    ASSERT_EQ(scene.log_lines().size(), 1u);
    EXPECT_EQ(scene.log_lines()[0].find("event="), std::string::npos) << scene.log_lines()[0];
    EXPECT_NE(scene.log_lines()[0].find("pool api upstream a: unhealthy"), std::string::npos);
}

/// Takes an upstream out or puts it back, whichever is news, as shard `shard`.
void turn_over(Scene& scene, std::uint16_t shard, cluster::Place place) {
    const auto now = read_clocks().now;
    scene.board.change(
        {.shard = shard, .now = now, .evidence = "test"}, [&](const cluster::View& view) {
            const bool healthy = view.upstream(place).state == UpstreamState::healthy;
            return failover::set_state(view, place,
                                       healthy ? UpstreamState::unhealthy : UpstreamState::healthy,
                                       healthy ? Reason::check_failed : Reason::check_passed, now);
        });
}

TEST(Chronicle, none_is_missing_or_told_twice_with_publishers_on_threads_of_their_own) {
    // Slow enough for the rings: in the ticks between two visits no shard tells 512 events.
    // All fit into what is kept, for a reader that is late.
    constexpr int kTurns = 200;
    Scene scene(LogLevel::error);
    scene.chronicle.start();
    std::vector<std::jthread> publishers;
    for (std::uint16_t shard = 0; shard <= kShards; ++shard) {
        publishers.emplace_back([&scene, shard] {
            const base::RcuReader reader;
            base::Prng prng(shard);
            for (int i = 0; i < kTurns; ++i) {
                const auto upstream = static_cast<std::uint16_t>(prng.below(8));
                const auto pool = static_cast<std::uint16_t>(shard % 2);
                turn_over(scene, shard, {{pool}, {upstream}});
                base::RcuReader::quiescent();
                base::RcuReader::leave();
                std::this_thread::sleep_for(std::chrono::microseconds(200));
                base::RcuReader::enter();
            }
        });
    }
    std::map<std::uint64_t, Event> told;  // by id, as a reader sees them on the way
    const auto read_on = [&] {
        const std::uint64_t after = told.empty() ? 0 : told.rbegin()->first;
        for (const observe::Told& one : scene.chronicle.events_after(after, 1024)) {
            EXPECT_EQ(one.id, after == 0 && told.empty() ? 1 : told.rbegin()->first + 1);
            EXPECT_TRUE(told.emplace(one.id, one.event).second);
        }
    };
    for (int i = 0; i < 60; ++i) {
        read_on();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    publishers.clear();
    scene.chronicle.stop();
    read_on();

    EXPECT_EQ(scene.board.events_lost(), 0u);
    std::set<std::pair<std::uint64_t, std::uint16_t>> places;
    std::map<std::uint64_t, std::uint16_t> parts;  // of each version
    for (const auto& [id, event] : told) {
        EXPECT_TRUE(places.emplace(event.version, event.part).second)
            << event.version << '.' << event.part << " was told twice";
        ++parts[event.version];
    }
    // Each turn is a version of its own with at least one event, its parts without a gap.
    EXPECT_EQ(parts.size(), std::size_t{kTurns} * (kShards + 1));
    EXPECT_EQ(parts.rbegin()->first - parts.begin()->first + 1, parts.size());
    for (const auto& [version, count] : parts) {
        EXPECT_TRUE(places.contains({version, static_cast<std::uint16_t>(count - 1)})) << version;
    }
}

TEST(Chronicle, what_finds_no_room_is_counted_and_said) {
    constexpr std::uint64_t kTurns = 600;
    Scene scene(LogLevel::warn);
    std::uint64_t told_by_board = 0;
    {
        const base::RcuReader reader;
        for (std::uint64_t i = 0; i < kTurns; ++i) turn_over(scene, 1, {{0}, {3}});
        told_by_board = scene.board.read()->version - 1;
    }
    ASSERT_EQ(told_by_board, kTurns);
    EXPECT_GT(scene.board.events_lost(), 0u);
    scene.chronicle.start();
    ASSERT_TRUE(eventually([&] { return !scene.all().empty(); }));
    std::this_thread::sleep_for(3 * Chronicle::kTick);  // said once, not at each visit
    scene.chronicle.stop();
    EXPECT_EQ(scene.all().size() + scene.board.events_lost(), kTurns);
    const auto lines = scene.log_lines();
    const std::string lost = std::to_string(scene.board.events_lost()) + " events were lost";
    EXPECT_EQ(
        std::ranges::count_if(
            lines, [&](const std::string& line) { return line.find(lost) != std::string::npos; }),
        1);
}

}  // namespace
}  // namespace ringway::control
