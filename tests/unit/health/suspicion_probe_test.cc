#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "monitor_world.h"
#include "ringway/health/monitor.h"

namespace ringway::health {
namespace {

class SuspicionProbeTest : public testing::Test, public MonitorWorld {
 protected:
    /// Three healthy upstreams, whose probes answer within 1 ms; 10 ms of silence are enough.
    void start(std::size_t upstream_count = 3, std::size_t shard_count = 1) {
        config::HealthCheck& check = add_check();
        check.interval = seconds(20);
        check.timeout = seconds(2);
        begin(upstream_count, shard_count);
        pass(seconds(2));
        for (std::uint16_t i = 0; i < upstream_count; ++i) {
            RW_ASSERT(view(i).state == UpstreamState::healthy);
        }
    }
    void suspect(std::uint16_t upstream, std::size_t shard = 0,
                 base::Duration waited = milliseconds(100)) {
        monitor(shard).suspect(place(upstream), now - waited);
    }
    /// The milliseconds that the evidence of the only event of a kind tells behind these words.
    double told_ms(EventKind kind, std::string_view words) {
        const auto told = events_of(kind);
        const std::string evidence(told.size() == 1 ? told[0].evidence_text() : "");
        EXPECT_TRUE(evidence.starts_with(words)) << evidence;
        return evidence.starts_with(words) ? std::stod(evidence.substr(words.size())) : -1;
    }
};

TEST_F(SuspicionProbeTest, ASilentUpstreamIsOutOneDeadlineLater) {
    start();
    conduct[1].silent = true;
    suspect(1);
    EXPECT_EQ(counters(1).probes.get(), 1u);
    pass(milliseconds(9));
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(3));
    EXPECT_EQ(view(1).reason, Reason::probe_missed);
    EXPECT_EQ(counters(1).probes_missed.get(), 1u);
    const auto out = events_of(EventKind::unhealthy);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_GE(out[0].took, milliseconds(110));  // since the request was sent
    EXPECT_LE(out[0].took, milliseconds(112));
    EXPECT_TRUE(out[0].evidence_text().starts_with("probe http /: silent for 1"))
        << out[0].evidence_text();
}

TEST_F(SuspicionProbeTest, ADroppedConnectIsMissedLikewise) {
    config.pools[0].health.checks.clear();
    begin(3);
    pass(seconds(1));
    monitor().on_round_trip(place(1), milliseconds(1));
    conduct[1].connect = Conduct::Connect::drop;
    suspect(1);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(12));
    EXPECT_EQ(view(1).reason, Reason::probe_missed);
}

TEST_F(SuspicionProbeTest, WithoutAnyRoundTripTheCeilingIsWaited) {
    pool().suspicion.probe_max = milliseconds(300);
    begin(3);
    pass(seconds(1));
    conduct[1].connect = Conduct::Connect::drop;
    suspect(1);
    const base::Duration took = until(1, UpstreamState::unhealthy);
    EXPECT_GE(took, milliseconds(299));
    EXPECT_LE(took, milliseconds(302));
}

TEST_F(SuspicionProbeTest, ASlowHealthPathIsNotTakenForSilence) {
    config::HealthCheck& check = add_check();
    check.interval = seconds(3);
    begin(3, 2);
    for (Conduct& how : conduct) how.delay = milliseconds(60);
    pass(seconds(10));
    for (const std::size_t shard : {0u, 1u}) {  // one makes the check, the other never did
        monitor(shard).on_round_trip(place(1), milliseconds(1));
        suspect(1, shard);
        pass(milliseconds(300));
        EXPECT_EQ(counters(1, shard).probes.get(), 1u);
        EXPECT_EQ(counters(1, shard).probes_missed.get(), 0u) << shard;
        EXPECT_EQ(counters(1, shard).probes_answered.get(), 1u) << shard;
    }
    EXPECT_TRUE(events_of(EventKind::unhealthy).empty());
    // What the one that makes the check has measured is known to the other.
    monitor(1).on_round_trip(place(2), milliseconds(1));
    conduct[2].silent = true;
    suspect(2, 1);
    const base::Duration took = until(2, UpstreamState::unhealthy);
    EXPECT_GE(took, milliseconds(60));
    EXPECT_LE(took, milliseconds(200));
}

TEST_F(SuspicionProbeTest, AnAnswerMeansThatItIsOnlySlow) {
    start();
    const base::Duration before = monitor().suspicion(place(1)).overdue_after();
    suspect(1);
    pass(milliseconds(5));
    EXPECT_EQ(counters(1).probes_answered.get(), 1u);
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
    EXPECT_EQ(monitor().suspicion(place(1)).overdue_after(), before * 2);
    // and it is left alone for as long
    suspect(1);
    pass(seconds(10));
    EXPECT_EQ(counters(1).probes.get(), 1u);
}

TEST_F(SuspicionProbeTest, WhenNobodyWaitsAnyMoreBackOffIsOver) {
    start();
    const base::Duration before = monitor().suspicion(place(1)).overdue_after();
    suspect(1);
    pass(milliseconds(5));
    monitor().unsuspect(place(1));
    EXPECT_EQ(monitor().suspicion(place(1)).overdue_after(), before);
}

TEST_F(SuspicionProbeTest, AProbeThatNobodyWaitsForAnyMoreTakesNothingOut) {
    start();
    conduct[1].silent = true;
    suspect(1);
    pass(milliseconds(5));
    monitor().unsuspect(place(1));
    pass(milliseconds(100));
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
}

TEST_F(SuspicionProbeTest, WhoWaitsAnewForAnOldProbeIsHeardToo) {
    start();
    conduct[1].silent = true;
    suspect(1);
    pass(milliseconds(5));
    monitor().unsuspect(place(1));
    pass(milliseconds(50));
    suspect(1);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(2));
}

TEST_F(SuspicionProbeTest, ALateAnswerPutsItBackAtOnce) {
    start();
    conduct[1].delay = milliseconds(200);
    suspect(1);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(12));
    EXPECT_LE(until(1, UpstreamState::healthy), milliseconds(192));
    EXPECT_EQ(view(1).reason, Reason::probe_answered);
    EXPECT_EQ(events_of(EventKind::recovered).size(), 1u);
    pass(seconds(30));
    EXPECT_EQ(view(1).state, UpstreamState::healthy);  // and it stays in
}

TEST_F(SuspicionProbeTest, RefusedAndResetAreHardEvidence) {
    start();
    conduct[1].resets = true;
    suspect(1);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(4));
    EXPECT_EQ(view(1).reason, Reason::probe_refused);
    conduct[2].connect = Conduct::Connect::refuse;
    conduct[2].resets = true;
    suspect(2);
    EXPECT_LE(until(2, UpstreamState::unhealthy), milliseconds(6));
    EXPECT_EQ(view(2).reason, Reason::probe_refused);
}

TEST_F(SuspicionProbeTest, WhatIsOutIsAskedAtTheFastIntervalUntilItHasRisen) {
    start();
    conduct[1].silent = true;
    suspect(1);
    until(1, UpstreamState::unhealthy);
    pass(seconds(10));
    EXPECT_GE(reached[1], 4);  // each second, but each takes its time-out of 2 s
    conduct[1].silent = false;
    const base::Duration took = until(1, UpstreamState::healthy);
    // rise is 2: what is under way is answered at once, the next comes a quarter interval later
    EXPECT_GE(took, milliseconds(250));
    EXPECT_LE(took, milliseconds(1260));
    EXPECT_EQ(view(1).reason, Reason::check_passed);
}

TEST_F(SuspicionProbeTest, WithoutChecksAPlainConnectBringsItBack) {
    begin(3, 2);
    pass(seconds(1));
    conduct[1].connect = Conduct::Connect::refuse;
    suspect(1, 0);  // shard 1 owns it
    until(1, UpstreamState::unhealthy);
    pass(seconds(5));
    EXPECT_EQ(view(1).state, UpstreamState::unhealthy);
    conduct[1].connect = Conduct::Connect::accept;
    EXPECT_LE(until(1, UpstreamState::healthy), milliseconds(1110));
    EXPECT_EQ(view(1).reason, Reason::check_passed);
    const int asked = reached[1];
    pass(seconds(10));
    EXPECT_EQ(reached[1], asked);  // and is not made any more
}

TEST_F(SuspicionProbeTest, WhatTheShardThatTookItOutPutsBackIsNotAskedByItsOwner) {
    begin(3, 2);
    pass(seconds(1));
    monitor(0).on_round_trip(place(1), milliseconds(1));
    conduct[1].connect = Conduct::Connect::drop;
    suspect(1, 0);
    until(1, UpstreamState::unhealthy);
    pass(milliseconds(20));
    conduct[1].connect = Conduct::Connect::accept;
    EXPECT_LE(until(1, UpstreamState::healthy), milliseconds(2));
    EXPECT_EQ(view(1).reason, Reason::probe_answered);
    const int asked = reached[1];
    pass(seconds(5));
    EXPECT_EQ(reached[1], asked);
}

TEST_F(SuspicionProbeTest, PlainConnectsThatTimeOutTakeItOutAndOneBringsItBack) {
    pool().suspicion.max_out_percent = 0;  // one at a time all the same
    begin(2);
    pass(seconds(1));
    conduct[0].connect = Conduct::Connect::drop;
    conduct[1].connect = Conduct::Connect::drop;
    suspect(0);
    suspect(1);
    pass(seconds(3));
    // Both suspected: not their fault. Neither goes by silence alone.
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
}

TEST_F(SuspicionProbeTest, WhenAllAreSilentTogetherNoneIsTakenOut) {
    start();
    for (Conduct& how : conduct) how.silent = true;
    for (std::uint16_t i = 0; i < 3; ++i) suspect(i);
    pass(milliseconds(500));
    for (std::uint16_t i = 0; i < 3; ++i) EXPECT_EQ(view(i).state, UpstreamState::healthy) << i;
    EXPECT_EQ(counters(0).probes_missed.get(), 0u);
    // One comes back: the others, asked again at doubled marks, are out of the ordinary now.
    conduct[0].silent = conduct[1].silent = false;
    pass(milliseconds(5));
    conduct[2].silent = true;
    EXPECT_LE(until(2, UpstreamState::unhealthy), milliseconds(500));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
}

TEST_F(SuspicionProbeTest, TheLastUpstreamIsNeverTakenOutBySilence) {
    start(1);
    conduct[0].silent = true;
    suspect(0);
    pass(milliseconds(1500));
    EXPECT_EQ(view(0).state, UpstreamState::healthy);
    EXPECT_EQ(counters(0).probes_missed.get(), 0u);
}

TEST_F(SuspicionProbeTest, OneProbeAtATime) {
    start();
    conduct[1].silent = true;
    const int before = reached[1];
    for (int i = 0; i < 100; ++i) suspect(1);
    pass(milliseconds(5));
    for (int i = 0; i < 100; ++i) suspect(1);
    EXPECT_EQ(counters(1).probes.get(), 1u);
    EXPECT_EQ(reached[1] - before, 1);
}

TEST_F(SuspicionProbeTest, ItJoinsACheckThatIsUnderWay) {
    config::HealthCheck& check = add_check();
    check.interval = seconds(5);
    begin(3);
    pass(milliseconds(4990));
    conduct[0].silent = true;
    pass(milliseconds(30));  // the check has been waiting for 20 ms
    ASSERT_EQ(reached[0], 2);
    suspect(0);
    EXPECT_LE(until(0, UpstreamState::unhealthy), milliseconds(2));
    EXPECT_EQ(reached[0], 2);
    EXPECT_EQ(view(0).reason, Reason::probe_missed);
    // since it was asked, not since it was suspected
    EXPECT_NEAR(told_ms(EventKind::unhealthy, "probe http /: silent for "), 20, 5);
}

TEST_F(SuspicionProbeTest, ALateAnswerToACheckThatItJoinedIsToldFromItsBeginning) {
    config::HealthCheck& check = add_check();
    check.interval = seconds(5);
    begin(3);
    pass(milliseconds(4990));
    conduct[0].delay = milliseconds(200);
    pass(milliseconds(110));  // the check has been waiting for 100 ms
    ASSERT_EQ(reached[0], 2);
    suspect(0);
    until(0, UpstreamState::unhealthy);
    until(0, UpstreamState::healthy);
    EXPECT_EQ(reached[0], 2);
    EXPECT_NEAR(told_ms(EventKind::recovered, "probe http /: answered after "), 200, 5);
}

TEST_F(SuspicionProbeTest, ABadAnswerCountsAsAFailedCheck) {
    add_check().retries = 3;
    pool().health.checks.back().interval = seconds(20);
    begin(3);
    pass(seconds(2));
    conduct[1].answer = "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";
    suspect(1);
    pass(milliseconds(5));
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
    EXPECT_EQ(check_report(0, 1, 0).failures_in_row, 1u);
    EXPECT_EQ(counters(1).probes_answered.get(), 1u);
}

TEST_F(SuspicionProbeTest, AShardThatDoesNotOwnItMakesItKnownToAll) {
    start(3, 2);
    conduct[1].silent = true;
    suspect(1, 0);
    until(1, UpstreamState::unhealthy);
    EXPECT_EQ(events_of(EventKind::unhealthy).size(), 1u);
    EXPECT_EQ(events_of(EventKind::unhealthy)[0].shard, 0);
    pass(seconds(9));
    EXPECT_EQ(view(1).state, UpstreamState::unhealthy);
    conduct[1].silent = false;
    EXPECT_LE(until(1, UpstreamState::healthy), seconds(4));
    EXPECT_EQ(check_report(0, 1, 0).shard, 1);
}

TEST_F(SuspicionProbeTest, TwoShardsWithOneSuspicionMakeOneTransition) {
    start(3, 2);
    conduct[1].silent = true;
    suspect(1, 0);
    suspect(1, 1);
    pass(milliseconds(50));
    EXPECT_EQ(view(1).state, UpstreamState::unhealthy);
    EXPECT_EQ(events_of(EventKind::unhealthy).size(), 1u);
}

TEST_F(SuspicionProbeTest, SwitchedOffItDoesNothing) {
    pool().suspicion.enabled = false;
    start();
    conduct[1].silent = true;
    const int before = reached[1];
    suspect(1);
    pass(milliseconds(500));
    EXPECT_EQ(reached[1], before);
    EXPECT_EQ(view(1).state, UpstreamState::healthy);
}

// -- failed requests --

TEST_F(SuspicionProbeTest, AFailedRequestMakesItProbeAtOnce) {
    start();
    conduct[1].connect = Conduct::Connect::refuse;
    conduct[1].resets = true;
    monitor().on_fault(place(1), Fault::reset, now - milliseconds(2));
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(5));
    EXPECT_EQ(view(1).reason, Reason::probe_refused);
    EXPECT_EQ(counters(1).failures.get(), 1u);
}

TEST_F(SuspicionProbeTest, AFailureStandsThoughNobodyWaits) {
    start();
    conduct[1].silent = true;
    monitor().on_fault(place(1), Fault::reset, now);
    monitor().unsuspect(place(1));
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(12));
}

TEST_F(SuspicionProbeTest, AFailureSoonAfterAGoodProbeIsLookedAtToo) {
    start();
    suspect(1);
    pass(milliseconds(3));
    ASSERT_EQ(counters(1).probes_answered.get(), 1u);
    conduct[1].connect = Conduct::Connect::refuse;
    conduct[1].resets = true;
    monitor().on_fault(place(1), Fault::refused, now);
    EXPECT_LE(until(1, UpstreamState::unhealthy), milliseconds(15));
}

TEST_F(SuspicionProbeTest, BadStatusesAreNoReasonToProbe) {
    start();
    monitor().on_fault(place(1), Fault::bad_status, now);
    monitor().on_fault(place(1), Fault::malformed, now);
    EXPECT_EQ(counters(1).probes.get(), 0u);
    EXPECT_EQ(counters(1).failures.get(), 2u);
}

TEST_F(SuspicionProbeTest, StoppedInTheMiddleOfEverythingItComesHome) {
    start();
    for (Conduct& how : conduct) how.silent = true;
    conduct[2].connect = Conduct::Connect::drop;
    for (std::uint16_t i = 0; i < 3; ++i) monitor().on_fault(place(i), Fault::timed_out, now);
    pass(milliseconds(3));
    monitor().stop();
    EXPECT_FALSE(monitor().over());
    shards[0]->ring.dispatch();
    shards[0]->ring.dispatch();
    EXPECT_TRUE(monitor().over());
    const std::uint64_t version = board->read()->version;
    pass(seconds(5));
    suspect(0);
    EXPECT_TRUE(monitor().over());
    EXPECT_EQ(board->read()->version, version);
}

}  // namespace
}  // namespace ringway::health
