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
        return failover::open_breaker(view, {}, Reason::error_rate, ring().now());
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

TEST_F(Attempts, MoveAnUploadWhenItsUpstreamIsFoundDead) {
    make();
    const auto from = client();
    const auto first =
        connected(ask(from, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nbody").at(0));
    const ring::Descriptor before = ring().newest();
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_missed);
    const auto opened = opened_since(before);
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_FALSE(ring().file(first).open);
    connected(opened[0]);
    ring().deliver(from, "more");
    world_->settle();
    EXPECT_TRUE(got(opened[0]).ends_with("\r\n\r\nbodymore"));
    answer(opened[0], kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, LeaveAnUploadThatMayNotBeRepeatedWhereItIs) {
    make();
    const auto from = client();
    const auto first =
        connected(ask(from, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nbody").at(0));
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_missed);
    EXPECT_TRUE(ring().file(first).open);
    ring().deliver(from, "more");
    world_->settle();
    answer(first, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, MoveOffADeadUpstreamOnceAnotherIsBack) {
    make();
    const auto from = client();
    const auto first = connected(get(from).at(0));
    const std::uint16_t other = upstream_of(first) == 0 ? 1 : 0;
    for (std::uint16_t i = 0; i < 3; ++i) {
        if (i != upstream_of(first)) set_state(i, UpstreamState::unhealthy, Reason::check_failed);
    }
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_refused);
    ASSERT_TRUE(ring().file(first).open);
    const ring::Descriptor before = ring().newest();
    set_state(other, UpstreamState::healthy, Reason::check_passed);
    ASSERT_EQ(opened_since(before).size(), 1u);
    answer(connected(opened_since(before)[0]), kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, RepeatALongBodyOfWhichNothingWasSent) {
    make([](config::Pool& pool) { pool.retry.buffer_bytes = 3; });
    const auto from = client();
    const auto first = post(from).at(0);
    const ring::Descriptor before = ring().newest();
    ring().connected(first, ring::Error::refused);
    world_->settle();
    ASSERT_EQ(opened_since(before).size(), 1u);
    const auto second = connected(opened_since(before)[0]);
    EXPECT_TRUE(got(second).ends_with("\r\n\r\nbody"));
    answer(second, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, NeverRepeatALongBodyOfWhichAPartIsNotKept) {
    make([](config::Pool& pool) { pool.retry.buffer_bytes = 3; });
    const auto from = client();
    const auto first =
        connected(ask(from, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody").at(0));
    const ring::Descriptor before = ring().newest();
    cut(first);
    EXPECT_TRUE(opened_since(before).empty());
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 502"));
}

TEST_F(Attempts, TakeNoRoundTripFromARivalThatWasWarm) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(2);
        pool.suspicion.probe_max = milliseconds(20);
    });
    const auto from = client();
    const auto warm = get(from).at(0);
    after(milliseconds(5));
    answer(connected(warm), kOk);
    const auto& round_trip =
        world_->plane->monitor.suspicion({{0}, {upstream_of(warm)}}).round_trip();
    ASSERT_EQ(round_trip.srtt(), milliseconds(5));
    ASSERT_EQ(get(from).size(), 1u) << "of the other upstream";
    after(milliseconds(30));
    ASSERT_EQ(counters().connect_hedges_won.get(), 1u);
    EXPECT_EQ(round_trip.srtt(), milliseconds(5));
    answer(warm, kOk);
}

TEST_F(Attempts, MeasureAnAnswerFromTheBeginningWhenTheRequestCouldNotBeSent) {
    make();
    const auto first = get(client()).at(0);
    ring().file(first).send_error = ring::Error::reset;
    connected(first);
    after(milliseconds(7));
    answer(first, kOk);
    EXPECT_EQ(world_->counters->upstreams[0][upstream_of(first)].first_byte.sum_ns(), 7'000'000u);
}

TEST_F(Attempts, LeaveTheQueueBeforeThoseWhoComeLater) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(1);
        pool.upstreams[0].in_flight_max = 1;
    });
    const auto busy = connected(get(client()).at(0));
    const auto waits = client();
    const auto late = client();
    get(waits);
    ring().deliver(busy, kOk);
    ring().deliver(late, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    world_->settle();
    answer(busy, kOk);
    EXPECT_TRUE(got(waits).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(got(late), "");
    answer(busy, kOk);
    EXPECT_TRUE(got(late).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, Answer429ToThoseInTheQueueWhenAllCool) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(1);
        pool.upstreams[0].in_flight_max = 1;
    });
    const auto busy = connected(get(client()).at(0));
    const auto waits = client();
    get(waits);
    answer(busy, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(got(waits).starts_with("HTTP/1.1 429")) << got(waits);
    EXPECT_EQ(counters().queue_length.get(), 0u);
}

TEST_F(Attempts, Answer429WithTheTimeOfTheUpstreamThatIsBackFirst) {
    make([](config::Pool& pool) { pool.retry.attempts_max = 2; });
    for (std::uint16_t i = 0; i < 2; ++i) {
        publish([&](const cluster::View& view) {
            return failover::cool_down(view, {{0}, {i}}, ring().now() + seconds(5), ring().now());
        });
    }
    const auto from = client();
    answer(connected(get(from).at(0)),
           "HTTP/1.1 429 Slow\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 429")) << got(from);
    EXPECT_NE(got(from).find("Retry-After: 5\r\n"), std::string::npos) << got(from);
    EXPECT_EQ(count(got(from), "HTTP/1.1 "), 1u);
}

TEST_F(Attempts, LogTheFirstByteOfTheAnswerThatStands) {
    logs_ = true;
    make([](config::Pool& pool) { pool.retry.attempts_max = 2; });
    const auto from = client();
    const auto first = connected(get(from).at(0));
    const ring::Descriptor before = ring().newest();
    after(milliseconds(40));
    answer(first, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    const auto second = connected(opened_since(before).at(0));
    after(milliseconds(20));
    answer(second, "nonsense\r\n\r\n");
    std::vector<observe::AccessRecord> lines;
    world_->access_log.drain(
        [](void* self, const observe::AccessRecord& line) {
            static_cast<std::vector<observe::AccessRecord>*>(self)->push_back(line);
        },
        &lines);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].status, 502);
    EXPECT_LT(lines[0].first_byte, base::Duration(0)) << "none came";
    EXPECT_EQ(lines[0].last_attempt, milliseconds(20));
}

TEST_F(Attempts, BlameNoClientThatIsNotRead) {
    make([](config::Pool& pool) { pool.send_timeout = std::chrono::minutes(10); });
    const auto from = client();
    const auto upstream =
        connected(ask(from, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n").at(0));
    ring().file(upstream).send_error = ring::Error::again;
    const std::string piece(4096, 'x');
    for (int i = 0; i < 16; ++i) ring().deliver(from, piece);
    ring().deliver(from, piece, false);
    world_->settle();
    ASSERT_EQ(ring().file(from).receive, nullptr) << "held back";
    after(seconds(31));
    ring().sent(upstream, 3 * piece.size());
    after(seconds(1));
    EXPECT_EQ(got(from), "");
    ring().sent(upstream, 14 * piece.size());
    world_->settle();
    ASSERT_NE(ring().file(from).receive, nullptr);
    after(seconds(29));
    EXPECT_EQ(got(from), "");
    after(seconds(2));
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 408")) << got(from);
}

}  // namespace
}  // namespace ringway::forward
