#include "ringway/health/monitor.h"

#include <gtest/gtest.h>

#include "monitor_world.h"

namespace ringway::health {
namespace {

class MonitorTest : public testing::Test, public MonitorWorld {};

std::string status(int code, const std::string& fields = "") {
    return "HTTP/1.1 " + std::to_string(code) + " X\r\n" + fields + "Content-Length: 0\r\n\r\n";
}

// -- active checks --

TEST_F(MonitorTest, UnknownUpstreamsAreCheckedOneAfterTheOther) {
    add_check();
    begin(3);
    EXPECT_EQ(view(0).state, UpstreamState::unknown);
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(10));
    EXPECT_EQ(reached, (std::vector<int>{1, 0, 0}));
    EXPECT_LE(until(1, UpstreamState::healthy), milliseconds(105));
    EXPECT_EQ(reached, (std::vector<int>{1, 1, 0}));
    EXPECT_LE(until(2, UpstreamState::healthy), milliseconds(105));
    EXPECT_EQ(events_of(EventKind::healthy).size(), 3u);
    EXPECT_EQ(view(0).reason, Reason::check_passed);
}

TEST_F(MonitorTest, ManyUpstreamsAreAllCheckedWithinASecond) {
    add_check();
    begin(40);
    pass(milliseconds(1050));
    for (std::uint16_t i = 0; i < 40; ++i) EXPECT_EQ(view(i).state, UpstreamState::healthy) << i;
}

TEST_F(MonitorTest, TheInitialDelayIsWaitedFor) {
    add_check().initial_delay = seconds(3);
    begin(1);
    pass(milliseconds(2999));
    EXPECT_EQ(reached[0], 0);
    pass(milliseconds(10));
    EXPECT_EQ(reached[0], 1);
}

TEST_F(MonitorTest, ChecksKeepTheirIntervalAndWhileTurningTheFastOne) {
    config::HealthCheck& check = add_check();
    check.interval = seconds(4);
    check.fast_interval = milliseconds(500);
    begin(1);
    pass(milliseconds(4010 * 3));
    EXPECT_EQ(reached[0], 4);  // at 0, 4, 8 and 12 s
    conduct[0].answer = status(500);
    conduct[0].delay = milliseconds(30);
    pass(milliseconds(3900));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_LE(until(0, UpstreamState::unhealthy), milliseconds(1200));  // 16, 16.5 and 17 s
    EXPECT_EQ(reached[0], 7);
    EXPECT_EQ(view(0).reason, Reason::check_failed);
    const auto out = events_of(EventKind::unhealthy);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].evidence_text(), "check http /: 500 X, 3 in a row");
    EXPECT_GE(out[0].took, milliseconds(1030));  // since the first of the three began
    EXPECT_LE(out[0].took, milliseconds(1040));
    conduct[0].answer = status(200);
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(1100));
    EXPECT_EQ(reached[0], 9);
    EXPECT_EQ(events_of(EventKind::recovered).size(), 1u);
}

TEST_F(MonitorTest, JitterSpreadsTheIntervals) {
    config::HealthCheck& check = add_check();
    check.jitter_percent = 50;
    check.interval = seconds(2);
    begin(1);
    std::vector<base::Duration> gaps;
    base::Instant last = now;
    for (int seen = 0; gaps.size() < 20; pass(milliseconds(1))) {
        if (reached[0] == seen) continue;
        seen = reached[0];
        gaps.push_back(now - last);
        last = now;
    }
    gaps.erase(gaps.begin());
    const auto [shortest, longest] = std::ranges::minmax(gaps);
    EXPECT_GE(shortest, milliseconds(1000));
    EXPECT_LE(longest, milliseconds(3005));
    EXPECT_GT(longest - shortest, milliseconds(800));
}

TEST_F(MonitorTest, ACheckIsTriedAgainBeforeItFails) {
    config::HealthCheck& check = add_check();
    check.retries = 2;
    check.retry_delay = milliseconds(100);
    check.fall = 1;
    begin(1);
    pass(milliseconds(50));
    conduct[0].answer = status(500);
    pass(milliseconds(4960));
    EXPECT_EQ(reached[0], 2);
    pass(milliseconds(110));
    EXPECT_EQ(reached[0], 3);
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    pass(milliseconds(170));
    EXPECT_EQ(reached[0], 3);
    pass(milliseconds(40));
    EXPECT_EQ(reached[0], 4);
    EXPECT_EQ(view(0).state, UpstreamState::unhealthy);
    EXPECT_EQ(check_report(0, 0, 0).failed, 1u);
}

TEST_F(MonitorTest, ALateAnswerDegrades) {
    config::HealthCheck& check = add_check();
    check.expected_latency = milliseconds(20);
    begin(1);
    pass(milliseconds(100));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    conduct[0].delay = milliseconds(50);
    until(0, UpstreamState::degraded);
    EXPECT_EQ(view(0).reason, Reason::check_slow);
    conduct[0].delay = milliseconds(5);
    until(0, UpstreamState::healthy);
    EXPECT_EQ(view(0).reason, Reason::check_passed);
}

TEST_F(MonitorTest, TheWorstOfSeveralChecksCounts) {
    add_check();
    config::HealthCheck& tcp = add_check();
    tcp.name = "tcp";
    tcp.kind = config::CheckKind::tcp;
    tcp.port = 1001;
    begin(2);
    conduct[1].connect = Conduct::Connect::refuse;
    pass(seconds(4));
    EXPECT_EQ(view(0).state, UpstreamState::unhealthy);
    EXPECT_EQ(check_report(0, 0, 0).passed, check_report(0, 0, 0).total);
    EXPECT_EQ(check_report(0, 0, 1).failed, check_report(0, 0, 1).total);
    conduct[1].connect = Conduct::Connect::accept;
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(2100));
}

TEST_F(MonitorTest, ARateLimitedCheckIsNoFailureAndWaits) {
    add_check();
    begin(1);
    pass(milliseconds(50));
    conduct[0].answer = status(429, "Retry-After: 20\r\n");
    pass(seconds(5));
    EXPECT_EQ(reached[0], 2);
    pass(milliseconds(19900));
    EXPECT_EQ(reached[0], 2);
    pass(milliseconds(200));
    EXPECT_EQ(reached[0], 3);
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    const CheckReport report = check_report(0, 0, 0);
    EXPECT_EQ(report.rate_limited, 2u);
    EXPECT_EQ(report.failed, 0u);
}

TEST_F(MonitorTest, RefusedCredentialsAreAnAlertAndNoOutage) {
    add_check();
    begin(1);
    pass(milliseconds(50));
    conduct[0].answer = status(401);
    pass(seconds(30));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_TRUE(view(0).credentials_fault);
    ASSERT_EQ(events_of(EventKind::credentials_refused).size(), 1u);
    conduct[0].answer = status(200);
    pass(seconds(6));
    EXPECT_FALSE(view(0).credentials_fault);
    EXPECT_EQ(events_of(EventKind::credentials_accepted).size(), 1u);
}

TEST_F(MonitorTest, AFaultOfOurOwnChangesNothing) {
    add_check().fall = 1;
    begin(1);
    pass(milliseconds(50));
    const std::uint64_t version = board->read()->version;
    for (int i = 0; i < 3; ++i) {
        conduct[0].answer = status(200, "Connection: close\r\n");
        pass(seconds(5));
        shards[0]->ring.fail_next_open(ring::Error::no_descriptors);
    }
    EXPECT_EQ(board->read()->version, version);
    EXPECT_EQ(check_report(0, 0, 0).failed, 0u);
}

TEST_F(MonitorTest, FiguresOfChecksAreKept) {
    config::HealthCheck& check = add_check();
    check.content = {{.kind = config::ContentRule::Kind::contains, .value = "ok"}};
    begin(1);
    conduct[0].delay = milliseconds(10);
    pass(milliseconds(5100));
    CheckReport report = check_report(0, 0, 0);
    EXPECT_EQ(report.name, "http /");
    EXPECT_EQ(report.total, 2u);
    EXPECT_EQ(report.passed, 2u);
    EXPECT_EQ(report.last_status, 200);
    EXPECT_NEAR(static_cast<double>(report.ewma.count()), 10e6, 1.5e6);
    EXPECT_NEAR(static_cast<double>(report.p95.count()), 10e6, 1.5e6);
    for (const LayerResult& layer : report.layers) EXPECT_TRUE(layer.known && layer.passed);
    conduct[0].answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
    pass(seconds(5));
    report = check_report(0, 0, 0);
    EXPECT_EQ(report.failed, 1u);
    EXPECT_EQ(report.failures_in_row, 1u);
    EXPECT_EQ(report.last_end, ProbeEnd::bad_content);
    EXPECT_TRUE(report.layers[0].passed && report.layers[1].passed);
    EXPECT_FALSE(report.layers[2].passed);
    EXPECT_FALSE(report.layers[2].detail.empty());
}

// -- who checks --

TEST_F(MonitorTest, EachUpstreamIsCheckedByOneShard) {
    add_check().interval = seconds(1);
    begin(4, 2);
    pass(seconds(10));
    for (std::uint16_t i = 0; i < 4; ++i) {
        EXPECT_EQ(check_report(0, i, 0).shard, i % 2) << i;
        EXPECT_NEAR(reached[i], 10, 1) << i;
    }
}

TEST_F(MonitorTest, AStalledShardsUpstreamsAreTakenOverAndGivenBack) {
    add_check().interval = seconds(1);
    begin(2, 2);
    pass(seconds(2));
    shards[1]->stalled = true;
    pass(seconds(2));
    const int before = reached[1];
    pass(seconds(4));
    EXPECT_GT(reached[1], before);
    EXPECT_EQ(check_report(0, 1, 0).shard, 0);
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
    shards[1]->stalled = false;
    pass(seconds(3));
    EXPECT_EQ(check_report(0, 1, 0).shard, 1);
    const int both = reached[1];
    pass(seconds(5));
    EXPECT_NEAR(reached[1] - both, 5, 1);
}

TEST_F(MonitorTest, ATakenOverUpstreamThatIsDownNeedsItsRise) {
    config::HealthCheck& check = add_check();
    check.interval = check.fast_interval = seconds(1);
    check.rise = 3;
    begin(2, 2);
    conduct[1].connect = Conduct::Connect::refuse;
    until(1, UpstreamState::unhealthy);
    shards[1]->stalled = true;
    pass(milliseconds(5500));
    conduct[1].connect = Conduct::Connect::accept;
    const base::Duration took = until(1, UpstreamState::healthy);
    EXPECT_GE(took, seconds(2));
    EXPECT_LE(took, milliseconds(3100));
}

TEST_F(MonitorTest, ACredentialsAlertOutlivesTheShardThatMadeIt) {
    add_check().interval = seconds(1);
    begin(2, 2);
    pass(milliseconds(500));
    conduct[1].answer = status(403);
    pass(seconds(2));
    EXPECT_TRUE(view(1).credentials_fault);
    shards[1]->stalled = true;
    conduct[1].answer = status(200);
    pass(seconds(6));
    EXPECT_EQ(check_report(0, 1, 0).shard, 0);
    EXPECT_FALSE(view(1).credentials_fault);
}

TEST_F(MonitorTest, AfterAFailureTheNextAddressIsAsked) {
    two_addresses = true;
    config::HealthCheck& check = add_check();
    check.interval = seconds(1);
    begin(2);
    conduct[0].connect = Conduct::Connect::refuse;
    pass(milliseconds(1500));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);  // by the second, which is kept to
    pass(seconds(10));
    EXPECT_EQ(check_report(0, 0, 0).failed, 1u);
}

// -- agents --

struct AgentTest : MonitorTest {
    void set_up(bool with_check) {
        if (with_check) add_check();
        config::HealthCheck& agent = add_check();
        agent.name = "agent";
        agent.kind = config::CheckKind::agent;
        agent.path.clear();
        agent.send = "?";
        agent.port = 1001;
        agent.interval = seconds(1);
        begin(2);
        say("up\n");
    }
    void say(const std::string& text) { conduct[1].answer = text; }
};

TEST_F(AgentTest, ItsWordsSetWeightAndState) {
    set_up(true);
    pass(seconds(2));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    say("30%\n");
    pass(seconds(1));
    EXPECT_EQ(view(0).agent_percent, 30);
    say("drain\n");
    EXPECT_LE(until(0, UpstreamState::draining), milliseconds(1010));
    EXPECT_EQ(view(0).reason, Reason::agent_asked);
    say("maint\n");
    EXPECT_LE(until(0, UpstreamState::maintenance), milliseconds(1010));
    say("up 100%\n");
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(1010));
    EXPECT_EQ(view(0).agent_percent, 100);
}

TEST_F(AgentTest, DownOutweighsPassingChecksUntilItSaysUp) {
    set_up(true);
    pass(seconds(2));
    say("down\n");
    EXPECT_LE(until(0, UpstreamState::unhealthy), milliseconds(1010));
    EXPECT_EQ(view(0).reason, Reason::agent_asked);
    pass(seconds(20));
    EXPECT_EQ(view(0).state, UpstreamState::unhealthy);
    say("50%\n");
    pass(seconds(10));
    EXPECT_EQ(view(0).state, UpstreamState::unhealthy);
    say("up\n");
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(1010));
}

TEST_F(AgentTest, ChecksThatPassMeanwhileCountOnceItSaysUp) {
    set_up(true);
    pool().health.checks[0].interval = seconds(60);
    pool().health.checks[0].fall = 1;
    pass(seconds(2));
    conduct[0].answer = status(500);
    monitor().suspect(place(0), now);  // asks at once
    until(0, UpstreamState::unhealthy);
    EXPECT_EQ(view(0).reason, Reason::check_failed);
    say("down\n");
    pass(seconds(2));
    conduct[0].answer = status(200);
    pass(seconds(20));
    EXPECT_EQ(view(0).state, UpstreamState::unhealthy);
    say("up\n");
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(1010));
}

TEST_F(AgentTest, ItsSilenceSaysNothing) {
    set_up(true);
    pass(seconds(2));
    const base::Instant since = view(0).state_since;
    conduct[1].resets = true;
    pass(seconds(10));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_EQ(view(0).state_since, since);
    EXPECT_GT(check_report(0, 0, 1).failed, 5u);
}

TEST_F(AgentTest, AloneItIsTheSignOfLife) {
    set_up(false);
    EXPECT_EQ(view(0).state, UpstreamState::unknown);
    EXPECT_LE(until(0, UpstreamState::healthy), milliseconds(50));
}

TEST_F(AgentTest, WhatWasSetByHandIsLeftAlone) {
    set_up(true);
    pass(seconds(2));
    board->change({.shard = 1, .now = now}, [&](const cluster::View& view) {
        return failover::set_state(view, place(0), UpstreamState::maintenance, Reason::by_hand,
                                   now);
    });
    pass(seconds(3));
    say("drain\n");
    pass(seconds(3));
    EXPECT_EQ(view(0).state, UpstreamState::maintenance);
    say("up\n");
    pass(seconds(3));
    EXPECT_EQ(view(0).state, UpstreamState::maintenance);
}

}  // namespace
}  // namespace ringway::health
