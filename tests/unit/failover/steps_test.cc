// Each step from a view to the next: what it changes, what it tells, and when it is old news.
#include <gtest/gtest.h>

#include "ringway/breaker/breaker.h"
#include "world.h"

namespace ringway::failover {
namespace {

using base::kNever;
using cluster::BreakerPhase;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

config::Config checked(config::Config config) {
    for (config::Pool& pool : config.pools) pool.health.checks.resize(1);
    return config;
}

TEST(FirstView, IsHealthyWithoutChecksAndUnknownWithOne) {
    World plain(config_of({1}));
    EXPECT_EQ(plain.view->version, 1u);
    EXPECT_EQ(plain.view->pools[0]->version, 1u);
    EXPECT_EQ(plain.see(at(0)).state, UpstreamState::healthy);
    EXPECT_EQ(plain.see(at(0)).reason, Reason::started);
    EXPECT_EQ(plain.see(at(0)).state_since, plain.now);
    config::Config config = checked(config_of({1, 1}));
    config.pools[1].health.checks[0].enabled = false;
    const World world(config);
    EXPECT_EQ(world.see(at(0, 0)).state, UpstreamState::unknown);
    EXPECT_TRUE(world.see(at(0, 0)).eligible) << "nobody is better";
    EXPECT_EQ(world.see(at(0, 1)).state, UpstreamState::healthy);
}

TEST(FirstView, HasTheSettingsAndTheResolvedAddresses) {
    config::Config config = config_of({3});
    auto& upstreams = config.pools[0].upstreams;
    upstreams[1].literal.reset();
    upstreams[1].weight = 5000;
    upstreams[1].backup = true;
    upstreams[2].literal.reset();
    upstreams[2].priority = 3;
    Addresses resolved = none_resolved(config);
    resolved[0][0] = resolved[0][1] = {*base::SocketAddress::parse("10.0.0.2:81")};
    const auto view = first_view(config, resolved, Instant(seconds(1)));
    const auto& seen = view->pools[0]->upstreams;
    EXPECT_EQ(seen[0].addresses.at(0).text(), "10.0.0.1:80");
    EXPECT_EQ(seen[1].addresses.at(0).text(), "10.0.0.2:81");
    EXPECT_TRUE(seen[1].backup);
    EXPECT_EQ(seen[1].weight, cluster::kWeightMax);
    EXPECT_EQ(seen[2].tier, 3u);
    EXPECT_FALSE(seen[2].eligible);
    EXPECT_EQ(seen[2].out_since, Instant{}) << "it never was in";
}

TEST(SetAddresses, ChangesWhatChangedAndSharesTheRest) {
    config::Config config = config_of({2, 1});
    config.pools[0].upstreams[1].literal.reset();
    config.pools[1].upstreams[0].literal.reset();
    World world(config);
    Addresses resolved = none_resolved(config);
    EXPECT_FALSE(world.take(set_addresses(*world.view, resolved, world.now)));
    resolved[0][0] = {*base::SocketAddress::parse("10.9.9.9:9")};  // of a literal one: ignored
    resolved[1][0] = {*base::SocketAddress::parse("10.0.0.9:80")};
    const auto before = world.view->pools;
    EXPECT_TRUE(world.take(set_addresses(*world.view, resolved, world.now)));
    EXPECT_EQ(world.view->pools[0], before[0]);
    EXPECT_EQ(world.view->pools[1]->version, 2u);
    EXPECT_EQ(world.eligible(1), "0");
    EXPECT_EQ(world.events(), "total_recovery");
    EXPECT_FALSE(world.take(set_addresses(*world.view, resolved, world.now)));
}

TEST(SetState, IsNewsOnce) {
    World world(config_of({2}));
    world.now += seconds(5);
    EXPECT_TRUE(world.set(at(0), UpstreamState::unhealthy, Reason::probe_refused));
    EXPECT_EQ(world.events(), "unhealthy(0)");
    const observe::Event& event = world.told[0];
    EXPECT_EQ(event.version, 2u);
    EXPECT_EQ(event.part, 0);
    EXPECT_EQ(event.reason, Reason::probe_refused);
    EXPECT_EQ(event.from, UpstreamState::healthy);
    EXPECT_EQ(event.to, UpstreamState::unhealthy);
    EXPECT_EQ(event.at, world.now);
    EXPECT_EQ(event.took, Duration(0)) << "its publisher knows";
    EXPECT_EQ(world.see(at(0)).reason, Reason::probe_refused);
    EXPECT_EQ(world.eligible(), "1");
    EXPECT_FALSE(world.set(at(0), UpstreamState::unhealthy, Reason::check_failed));
    EXPECT_EQ(world.see(at(0)).reason, Reason::probe_refused);
}

TEST(SetState, NamesEachWayBack) {
    World world(checked(config_of({2})));
    world.set(at(0), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "healthy(0)");
    EXPECT_LT(world.told[0].took, Duration(0)) << "nothing was out before";
    world.set(at(0), UpstreamState::degraded, Reason::check_slow);
    EXPECT_EQ(world.events(), "degraded(0)");
    EXPECT_LT(world.told[0].took, Duration(0));
    world.set(at(0), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(0)");
    EXPECT_LT(world.told[0].took, Duration(0));
    world.set(at(1), UpstreamState::healthy);
    world.set(at(0), UpstreamState::unhealthy);
    world.now += seconds(7);
    world.set(at(0), UpstreamState::degraded);
    EXPECT_EQ(world.events(), "degraded(0)");
    EXPECT_EQ(world.told[0].took, seconds(7));
}

TEST(SetState, CountsTheTimeInEachState) {
    World world(config_of({2}));
    world.now += seconds(5);
    world.set(at(0), UpstreamState::unhealthy);
    world.now += seconds(2);
    world.set(at(0), UpstreamState::healthy);
    world.now += seconds(1);
    world.set(at(0), UpstreamState::unhealthy);
    const auto& times = world.see(at(0)).time_in_state;
    EXPECT_EQ(times[static_cast<std::size_t>(UpstreamState::healthy)], seconds(6));
    EXPECT_EQ(times[static_cast<std::size_t>(UpstreamState::unhealthy)], seconds(2));
    EXPECT_EQ(world.see(at(0)).state_since, world.now);
}

TEST(SetState, OfHealthyEndsAnEjectionAndHalfOpensTheBreaker) {
    World world(config_of({3}));
    world.take(eject(*world.view, at(0), Reason::error_rate, world.now));
    world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now));
    world.set(at(0), UpstreamState::unhealthy);
    EXPECT_EQ(world.eligible(), "12");
    world.now += seconds(2);
    EXPECT_TRUE(world.set(at(0), UpstreamState::healthy, Reason::check_passed));
    EXPECT_EQ(world.events(), "recovered(0) readmitted(0) breaker_half_open(0)");
    EXPECT_EQ(world.eligible(), "012");
    EXPECT_EQ(world.told[0].took, seconds(2));
    EXPECT_LT(world.told[1].took, Duration(0)) << "one event has the time, not each";
    EXPECT_EQ(next_due(*world.view), kNever);
}

TEST(SetState, LeavesWhatWasDoneByHandOnlyByHand) {
    World world(config_of({2}));
    world.set(at(0), UpstreamState::maintenance, Reason::by_hand);
    EXPECT_EQ(world.events(), "maintenance(0)");
    EXPECT_FALSE(world.set(at(0), UpstreamState::healthy, Reason::check_passed));
    EXPECT_FALSE(world.set(at(0), UpstreamState::unhealthy, Reason::probe_refused));
    EXPECT_FALSE(world.set(at(0), UpstreamState::healthy, Reason::agent_asked));
    EXPECT_TRUE(world.set(at(0), UpstreamState::healthy, Reason::by_hand));
    world.set(at(0), UpstreamState::draining, Reason::agent_asked);
    EXPECT_EQ(world.events(), "draining(0)");
    EXPECT_FALSE(world.set(at(0), UpstreamState::unhealthy, Reason::check_failed));
    EXPECT_TRUE(world.set(at(0), UpstreamState::healthy, Reason::agent_asked));
    EXPECT_EQ(world.events(), "recovered(0)");
}

TEST(PoolEvents, TellOfTheLastOneThatGoesAndTheFirstThatIsBack) {
    World world(config_of({2}));
    world.set(at(0), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(0)");
    world.set(at(1), UpstreamState::unhealthy, Reason::probe_refused);
    EXPECT_EQ(world.events(), "unhealthy(1) total_failure");
    EXPECT_EQ(world.told[1].reason, Reason::probe_refused);
    EXPECT_EQ(world.told[1].part, 1);
    EXPECT_EQ(world.told[1].upstream, observe::Event::kWholePool);
    world.set(at(0), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(0) total_recovery");
    world.set(at(1), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(1)");
}

TEST(PoolEvents, TellWhichTierServes) {
    config::Config config = config_of({4});
    config.pools[0].upstreams[2].priority = 7;
    config.pools[0].upstreams[3].backup = true;  // behind all tiers, whatever its number
    World world(config);
    world.set(at(0), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(0)");
    world.set(at(1), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(1) failover");
    world.set(at(2), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(2) failover");
    world.set(at(3), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(3) total_failure");
    world.set(at(3), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(3) total_recovery");
    world.set(at(0), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(0) failover");
    world.set(at(2), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(2)");
}

TEST(PoolEvents, TellOfPanicAndItsEnd) {
    World world(config_of({3}));
    world.take(eject(*world.view, at(0), Reason::error_rate, world.now));
    world.set(at(1), UpstreamState::unhealthy);
    EXPECT_EQ(world.events(), "unhealthy(1) panic");
    EXPECT_EQ(world.eligible(), "02");
    world.set(at(1), UpstreamState::healthy);
    EXPECT_EQ(world.events(), "recovered(1) panic_over");
    EXPECT_EQ(world.eligible(), "12");
}

TEST(PoolEvents, DoNotFlapWithTheTrialsOfABreaker) {
    World world(config_of({1}));
    world.rules().breaker.max_trial_requests = world.rules().breaker.success_threshold = 1;
    world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now));
    EXPECT_EQ(world.events(), "breaker_open(0) total_failure");
    EXPECT_TRUE(world.pass_at(next_due(*world.view)));
    EXPECT_EQ(world.events(), "breaker_half_open(0) total_recovery");
    EXPECT_EQ(world.told[0].took, seconds(10));
    world.take(take_trial(*world.view, at(0), world.now));
    EXPECT_EQ(world.events(), "");
    EXPECT_EQ(world.eligible(), "");
    world.now += seconds(1);
    world.take(pass_trial(*world.view, at(0), world.now));
    EXPECT_EQ(world.events(), "breaker_closed(0)");
    EXPECT_EQ(world.told[0].reason, Reason::trials_passed);
    EXPECT_LT(world.told[0].took, Duration(0)) << "it was back already";
    EXPECT_EQ(world.eligible(), "0");
}

TEST(SetMissing, NeverTakesTheLastEligibleOne) {
    World world(config_of({2}));
    world.rules().suspicion.max_out_percent = 100;
    EXPECT_TRUE(world.take(set_missing(*world.view, at(0), world.now)));
    EXPECT_EQ(world.events(), "unhealthy(0)");
    EXPECT_EQ(world.see(at(0)).reason, Reason::probe_missed);
    EXPECT_FALSE(world.take(set_missing(*world.view, at(1), world.now)));
    EXPECT_EQ(world.eligible(), "1");
}

TEST(SetMissing, TakesOutOnesThatServeNobodyAnyway) {
    World world(config_of({2}));
    world.take(cool_down(*world.view, at(0), world.now + seconds(9), world.now));
    EXPECT_TRUE(world.take(set_missing(*world.view, at(0), world.now)));
    EXPECT_LT(world.told[0].took, Duration(0)) << "it was out already";
}

TEST(SetMissing, KeepsToTheShareOfThePool) {
    World world(config_of({5}));
    EXPECT_TRUE(world.take(set_missing(*world.view, at(0), world.now)));
    world.set(at(4), UpstreamState::unhealthy, Reason::check_failed);  // does not count
    EXPECT_TRUE(world.take(set_missing(*world.view, at(1), world.now)));
    EXPECT_FALSE(world.take(set_missing(*world.view, at(2), world.now)));
    world.set(at(0), UpstreamState::healthy, Reason::probe_answered);
    EXPECT_TRUE(world.take(set_missing(*world.view, at(2), world.now)));
    World few(config_of({3}));
    few.rules().suspicion.max_out_percent = 10;
    EXPECT_TRUE(few.take(set_missing(*few.view, at(0), few.now))) << "one at least";
    EXPECT_FALSE(few.take(set_missing(*few.view, at(1), few.now)));
}

TEST(Eject, TakesLongerEachTimeInARow) {
    World world(config_of({3}));
    const auto eject_now = [&] {
        return world.take(eject(*world.view, at(1), Reason::error_rate, world.now));
    };
    EXPECT_TRUE(eject_now());
    EXPECT_EQ(world.events(), "ejected(1)");
    EXPECT_EQ(world.told[0].took, Duration(0));
    EXPECT_EQ(world.see(at(1)).ejected_for, Reason::error_rate);
    EXPECT_FALSE(eject_now()) << "it is";
    EXPECT_EQ(world.see(at(1)).ejected_until - world.now, seconds(30));
    EXPECT_FALSE(world.pass_at(world.now + seconds(30) - Duration(1)));
    EXPECT_TRUE(world.pass_at(world.now + Duration(1)));
    EXPECT_EQ(world.events(), "readmitted(1)");
    EXPECT_EQ(world.told[0].took, seconds(30));
    world.now += minutes(5);
    EXPECT_TRUE(eject_now());
    EXPECT_EQ(world.see(at(1)).ejected_until - world.now, seconds(60));
    world.pass_at(world.see(at(1)).ejected_until);
    world.now += minutes(5) + Duration(1);
    EXPECT_TRUE(eject_now()) << "long enough without one";
    EXPECT_EQ(world.see(at(1)).ejected_until - world.now, seconds(30));
    for (int i = 0; i < 12; ++i) {
        world.pass_at(world.see(at(1)).ejected_until);
        EXPECT_TRUE(eject_now());
    }
    EXPECT_EQ(world.see(at(1)).ejected_until - world.now, seconds(300));
}

TEST(Eject, KeepsToTheShareOfThePool) {
    const auto count_ejected = [](std::size_t upstreams, std::uint32_t percent) {
        World world(config_of({upstreams}));
        world.rules().outlier.max_ejected_percent = percent;
        int count = 0;
        for (std::uint16_t i = 0; i < upstreams; ++i) {
            const Step step = eject(*world.view, at(i), Reason::error_rate, world.now);
            if (step) ++count;
            if (step) world.view = std::make_unique<const View>(*step->view);
        }
        return count;
    };
    EXPECT_EQ(count_ejected(5, 10), 1);
    EXPECT_EQ(count_ejected(29, 10), 2);
    EXPECT_EQ(count_ejected(30, 10), 3);
    EXPECT_EQ(count_ejected(3, 100), 3);
    EXPECT_EQ(count_ejected(30, 0), 0);
    World world(config_of({3}));
    world.rules().outlier.enabled = false;
    EXPECT_FALSE(eject(*world.view, at(0), Reason::error_rate, world.now));
}

TEST(CoolDown, EndsByItselfAndTellsOnceHoweverOftenItIsMadeLonger) {
    World world(config_of({2}));
    const Instant begin = world.now;
    const auto cool = [&](Instant until) {
        return world.take(cool_down(*world.view, at(0), until, world.now));
    };
    EXPECT_FALSE(cool(world.now)) << "past";
    EXPECT_TRUE(cool(begin + seconds(2)));
    EXPECT_EQ(world.events(), "rate_limited(0)");
    EXPECT_EQ(world.eligible(), "1");
    EXPECT_FALSE(cool(begin + seconds(2)));
    EXPECT_FALSE(cool(begin + seconds(1)));
    EXPECT_TRUE(cool(begin + seconds(3)));
    EXPECT_EQ(world.events(), "");
    EXPECT_FALSE(world.pass_at(begin + seconds(3) - Duration(1)));
    EXPECT_TRUE(world.pass_at(begin + seconds(3)));
    EXPECT_EQ(world.events(), "rate_limit_over(0)");
    EXPECT_EQ(world.told[0].took, seconds(3));
    EXPECT_EQ(world.eligible(), "01");
}

TEST(CoolDown, MakesOneViewOfAThousandAnswersOfOneMoment) {
    World world(config_of({2}));
    int changes = 0;
    for (int i = 1; i <= 1000; ++i) {
        const Instant until = world.now + seconds(5) + Duration(i);
        changes += world.take(cool_down(*world.view, at(0), until, world.now)) ? 1 : 0;
        EXPECT_GE(world.see(at(0)).cooling_until, until);
    }
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(world.see(at(0)).cooling_until, world.now + milliseconds(5100));
}

TEST(AllCooling, SaysWhenTheFirstOneStops) {
    World world(config_of({3}));
    const Instant begin = world.now;
    const auto cool = [&](std::uint16_t i, int for_seconds) {
        world.take(cool_down(*world.view, at(i), begin + seconds(for_seconds), world.now));
    };
    const auto until = [&] { return all_cooling_until(*world.view->pools[0]); };
    cool(0, 9);
    cool(1, 4);
    EXPECT_EQ(until(), std::nullopt);
    cool(2, 7);
    EXPECT_EQ(until(), begin + seconds(4));
    world.set(at(1), UpstreamState::unhealthy);
    EXPECT_EQ(until(), begin + seconds(7)) << "another reason keeps that one out";
    world.take(open_breaker(*world.view, at(2), Reason::error_rate, world.now));
    EXPECT_EQ(until(), begin + seconds(9));
    world.set(at(0), UpstreamState::maintenance, Reason::by_hand);
    EXPECT_EQ(until(), std::nullopt) << "nobody is in a state to take traffic";
}

TEST(Credentials, AreAnAlertAndNoOutage) {
    World world(config_of({1}));
    const auto fault = [&](bool is) {
        return world.take(set_credentials_fault(*world.view, at(0), is, world.now));
    };
    EXPECT_FALSE(fault(false));
    EXPECT_TRUE(fault(true));
    EXPECT_EQ(world.events(), "credentials_refused(0)");
    EXPECT_EQ(world.eligible(), "0");
    EXPECT_FALSE(fault(true));
    EXPECT_TRUE(fault(false));
    EXPECT_EQ(world.events(), "credentials_accepted(0)");
}

TEST(Agent, SetsAShareOfTheWeightAndNothingStopsTheTraffic) {
    World world(config_of({2}));
    const auto ask = [&](std::uint8_t percent) {
        return world.take(set_agent_percent(*world.view, at(0), percent, world.now));
    };
    EXPECT_FALSE(ask(100));
    EXPECT_TRUE(ask(50));
    EXPECT_EQ(world.see(at(0)).weight * 2, world.see(at(1)).weight);
    EXPECT_EQ(world.events(), "");
    EXPECT_TRUE(ask(0));
    EXPECT_EQ(world.eligible(), "1");
}

TEST(BreakerSteps, TellOfPhasesAndNotOfTrials) {
    World world(config_of({2}));
    const auto step = [&](auto take_step) {
        return world.take(take_step(*world.view, at(0), world.now));
    };
    EXPECT_FALSE(step(take_trial));
    EXPECT_TRUE(
        world.take(open_breaker(*world.view, at(0), Reason::consecutive_failures, world.now)));
    EXPECT_EQ(world.events(), "breaker_open(0)");
    EXPECT_EQ(world.told[0].reason, Reason::consecutive_failures);
    EXPECT_FALSE(world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now)));
    EXPECT_TRUE(world.pass_at(world.now + seconds(10)));
    EXPECT_TRUE(step(take_trial));
    EXPECT_TRUE(step(take_trial));
    EXPECT_TRUE(step(return_trial));
    EXPECT_EQ(world.see(at(0)).breaker.trials, 1);
    EXPECT_EQ(next_due(*world.view), world.now + seconds(10));
    EXPECT_TRUE(world.pass_at(world.now + seconds(10)));
    EXPECT_EQ(world.events(), "") << "lost trials";
    EXPECT_EQ(world.see(at(0)).breaker.trials, 0);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(step(pass_trial));
    EXPECT_EQ(world.events(), "breaker_closed(0)");
}

TEST(BreakerSteps, DoNotOpenForATrialThatEndsTooLate) {
    World world(config_of({2}));
    EXPECT_FALSE(world.take(open_breaker(*world.view, at(0), Reason::trial_failed, world.now)));
    world.rules().breaker.enabled = false;
    EXPECT_FALSE(world.take(open_breaker(*world.view, at(0), Reason::error_rate, world.now)));
}

TEST(PassTime, DoesAllThatIsDueInAllPools) {
    World world(config_of({2, 2, 1}));
    const Instant begin = world.now;
    world.take(cool_down(*world.view, at(0, 0), begin + seconds(3), begin));
    world.take(cool_down(*world.view, at(1, 1), begin + seconds(2), begin));
    world.take(cool_down(*world.view, at(0, 1), begin + seconds(9), begin));
    EXPECT_EQ(next_due(*world.view), begin + seconds(2));
    const auto before = world.view->pools;
    EXPECT_TRUE(world.pass_at(begin + seconds(3)));
    EXPECT_EQ(world.events(), "rate_limit_over(0) rate_limit_over(1) total_recovery");
    EXPECT_EQ(world.told[2].pool, 1);
    EXPECT_EQ(world.view->pools[2], before[2]);
    EXPECT_EQ(next_due(*world.view), begin + seconds(9));
}

}  // namespace
}  // namespace ringway::failover
