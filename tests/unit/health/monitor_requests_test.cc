#include <gtest/gtest.h>

#include "monitor_world.h"
#include "ringway/health/monitor.h"

namespace ringway::health {
namespace {

using cluster::BreakerPhase;

/// Upstreams without checks or suspicion: only what requests tell counts.
class MonitorRequestsTest : public testing::Test, public MonitorWorld {
 protected:
    MonitorRequestsTest() { pool().suspicion.enabled = false; }
    void fail(std::uint16_t upstream, int times = 1, std::size_t shard = 0) {
        for (int i = 0; i < times; ++i) {
            monitor(shard).on_fault(place(upstream), Fault::bad_status, now);
        }
    }
    /// As forward/ counts an answer.
    void count(std::uint16_t upstream, int times, base::Duration latency, std::size_t shard = 0) {
        observe::UpstreamCounters& of = shards[shard]->counters.upstreams[0][upstream];
        for (int i = 0; i < times; ++i) {
            of.requests.add();
            of.responses_by_class[2].add();
            of.first_byte.record(static_cast<std::uint64_t>(latency.count()));
        }
    }
};

TEST_F(MonitorRequestsTest, FailuresInARowOpenTheBreakerAndEject) {
    begin(3);
    fail(1, 4);
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::closed);
    EXPECT_TRUE(view(1).eligible);
    fail(1);
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::open);
    EXPECT_GT(view(1).ejected_until, now);
    EXPECT_EQ(view(1).ejected_for, Reason::consecutive_failures);
    EXPECT_FALSE(view(1).eligible);
    fail(1, 20);
    EXPECT_EQ(events_of(EventKind::breaker_open).size(), 1u);
    ASSERT_EQ(events_of(EventKind::ejected).size(), 1u);
    EXPECT_EQ(events_of(EventKind::ejected)[0].evidence_text(), "5 requests failed in a row");
}

TEST_F(MonitorRequestsTest, AnAnswerEndsTheRow) {
    begin(3);
    for (int i = 0; i < 10; ++i) {
        fail(1, 4);
        monitor().on_answer(place(1), milliseconds(1));
    }
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::closed);
    EXPECT_TRUE(view(1).eligible);
}

TEST_F(MonitorRequestsTest, RowsOfAllShardsAreAddedUp) {
    begin(3, 2);
    fail(1, 2, 0);
    fail(1, 2, 1);
    EXPECT_TRUE(view(1).eligible);
    fail(1, 1, 0);
    EXPECT_FALSE(view(1).eligible);
}

TEST_F(MonitorRequestsTest, SwitchedOffNeitherCounts) {
    pool().breaker.enabled = false;
    pool().outlier.enabled = false;
    begin(3);
    fail(1, 100);
    EXPECT_TRUE(view(1).eligible);
    EXPECT_EQ(counters(1).failures.get(), 100u);
}

TEST_F(MonitorRequestsTest, AfterItsTimeItIsBackAndIsJudgedAnew) {
    pool().breaker.enabled = false;
    begin(3, 2);
    fail(1, 5, 0);
    fail(1, 3, 1);
    pass(milliseconds(29990));
    EXPECT_FALSE(view(1).eligible);
    pass(milliseconds(20));
    EXPECT_TRUE(view(1).eligible);
    EXPECT_EQ(events_of(EventKind::readmitted).size(), 1u);  // two timers, one transition
    fail(1, 4, 0);
    EXPECT_TRUE(view(1).eligible);
    fail(1, 1, 1);
    EXPECT_FALSE(view(1).eligible);
}

TEST_F(MonitorRequestsTest, TheBreakerGoesThroughItsPhases) {
    pool().outlier.enabled = false;
    begin(3);
    fail(1, 5);
    EXPECT_FALSE(monitor().take_trial(place(1)));
    pass(milliseconds(10010));
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::half_open);
    EXPECT_TRUE(monitor().take_trial(place(1)));
    monitor().on_trial_failed(place(1));
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::open);
    pass(milliseconds(19900));
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::open);
    pass(milliseconds(200));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(monitor().take_trial(place(1)));
    EXPECT_FALSE(monitor().take_trial(place(1)));
    monitor().on_trial_abandoned(place(1));
    EXPECT_TRUE(monitor().take_trial(place(1)));
    for (int i = 0; i < 3; ++i) monitor().on_trial_passed(place(1));
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::closed);
    EXPECT_EQ(events_of(EventKind::breaker_closed).size(), 1u);
}

TEST_F(MonitorRequestsTest, RequestsFromBeforeDoNotOpenAHalfOpenBreaker) {
    pool().outlier.enabled = false;
    begin(3);
    fail(1, 5);
    pass(milliseconds(10010));
    fail(1, 10);
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::half_open);
}

TEST_F(MonitorRequestsTest, ARateLimitCoolsItAndEnds) {
    begin(2);
    for (int i = 0; i < 1000; ++i) monitor().on_rate_limited(place(1), seconds(3));
    EXPECT_EQ(board->read()->version, 2u);
    EXPECT_FALSE(view(1).eligible);
    EXPECT_EQ(counters(1).rate_limited.get(), 1000u);
    ASSERT_EQ(events_of(EventKind::rate_limited).size(), 1u);
    EXPECT_EQ(events_of(EventKind::rate_limited)[0].evidence_text(), "429, retry after 3 s");
    pass(milliseconds(2990));
    EXPECT_FALSE(view(1).eligible);
    pass(milliseconds(120));
    EXPECT_TRUE(view(1).eligible);
    EXPECT_EQ(events_of(EventKind::rate_limit_over).size(), 1u);
}

TEST_F(MonitorRequestsTest, CredentialsAreToldOnce) {
    begin(2);
    for (int i = 0; i < 5; ++i) monitor().on_credentials(place(1), true, 403);
    EXPECT_TRUE(view(1).credentials_fault);
    EXPECT_TRUE(view(1).eligible);
    EXPECT_EQ(counters(1).credentials_refused.get(), 5u);
    ASSERT_EQ(events_of(EventKind::credentials_refused).size(), 1u);
    EXPECT_EQ(events_of(EventKind::credentials_refused)[0].evidence_text(), "403 to a request");
    monitor().on_credentials(place(1), false, 200);
    EXPECT_TRUE(view(1).credentials_fault) << "it may be refused for one resource and not another";
    pass(milliseconds(1001));
    monitor().on_credentials(place(1), false, 200);
    EXPECT_FALSE(view(1).credentials_fault);
}

// -- soft evidence --

TEST_F(MonitorRequestsTest, AnErrorRateOverAllShardsEjectsAndOpens) {
    pool().outlier.consecutive = 0;
    pool().breaker.failure_threshold = 1000;
    begin(3, 2);
    pass(milliseconds(1500));
    for (const std::size_t shard : {0u, 1u}) {
        count(1, 7, milliseconds(1), shard);
        fail(1, 5, shard);  // 10 of 14
    }
    pass(milliseconds(1100));
    EXPECT_TRUE(view(1).eligible);  // below requests_min
    for (const std::size_t shard : {0u, 1u}) count(1, 3, milliseconds(1), shard);
    pass(milliseconds(1100));
    EXPECT_EQ(view(1).ejected_for, Reason::error_rate);
    EXPECT_EQ(view(1).breaker.phase, BreakerPhase::open);
    ASSERT_EQ(events_of(EventKind::ejected).size(), 1u);
    EXPECT_EQ(events_of(EventKind::ejected)[0].evidence_text(), "10 of 20 requests failed in 10 s");
    pass(milliseconds(9000));
    EXPECT_EQ(events_of(EventKind::ejected).size(), 1u);
}

TEST_F(MonitorRequestsTest, WhatEjectedItOnceDoesNotEjectItAgain) {
    pool().outlier.consecutive = 0;
    pool().outlier.ejection_time = seconds(2);
    pool().breaker.enabled = false;
    begin(3);
    pass(milliseconds(1500));
    count(1, 20, milliseconds(1));
    fail(1, 20);
    pass(seconds(8));
    EXPECT_EQ(events_of(EventKind::ejected).size(), 1u);
    EXPECT_TRUE(view(1).eligible);
}

TEST_F(MonitorRequestsTest, WhatWentOutOfTheWindowDoesNotCount) {
    pool().outlier.consecutive = 0;
    pool().breaker.failure_threshold = 1000;
    begin(3);
    pass(milliseconds(1500));
    count(1, 10, milliseconds(1));
    fail(1, 10);
    pass(seconds(12));
    count(1, 15, milliseconds(1));
    pass(seconds(2));
    EXPECT_TRUE(view(1).eligible);
}

TEST_F(MonitorRequestsTest, WhoIsMuchSlowerThanItsPeersIsEjected) {
    begin(3, 2);
    pass(milliseconds(1500));
    for (std::uint16_t i = 0; i < 3; ++i) {
        count(i, 30, milliseconds(i == 2 ? 200 : 10), 0);
        count(i, 30, milliseconds(i == 2 ? 200 : 10), 1);
    }
    pass(milliseconds(1100));
    EXPECT_EQ(view(2).ejected_for, Reason::relative_latency);
    ASSERT_EQ(events_of(EventKind::ejected).size(), 1u);
    EXPECT_EQ(events_of(EventKind::ejected)[0].evidence_text(),
              "200 ms in the mean of 10 s, its peers 10 ms");
}

TEST_F(MonitorRequestsTest, AnotherShardStewardsThePoolOfOneThatStalls) {
    pool().outlier.consecutive = 0;
    pool().breaker.enabled = false;
    begin(3, 2);
    pass(milliseconds(1500));
    shards[0]->stalled = true;
    pass(seconds(5));
    count(1, 30, milliseconds(1), 1);
    fail(1, 30, 1);
    pass(milliseconds(1100));
    EXPECT_EQ(view(1).ejected_for, Reason::error_rate);
    EXPECT_EQ(events_of(EventKind::ejected)[0].shard, 1);
}

}  // namespace
}  // namespace ringway::health
