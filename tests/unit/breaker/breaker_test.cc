// The breaker's steps one by one, then random sequences of them against a naive model that keeps
// every trial by itself.
#include "ringway/breaker/breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "ringway/base/prng.h"

namespace ringway::breaker {
namespace {

using base::Duration;
using base::Instant;
using cluster::BreakerPhase;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant kStart{seconds(1000)};

BreakerView opened_times(const config::Breaker& rules, int times) {
    BreakerView breaker;
    for (int i = 0; i < times; ++i) {
        if (i > 0) breaker = half_open(breaker).value();
        breaker = open(rules, breaker, kStart).value();
    }
    return breaker;
}

TEST(Breaker, AdmitsWhileItIsClosed) {
    const config::Breaker rules;
    EXPECT_TRUE(admits(rules, {}));
    EXPECT_FALSE(needs_trial({}));
    EXPECT_EQ(next_due({}), base::kNever);
    EXPECT_FALSE(pass_trial(rules, {}));
    EXPECT_FALSE(take_trial(rules, {}, kStart));
    EXPECT_FALSE(half_open({}));
}

TEST(Breaker, OpensOnceAndHalfOpensWhenItsTimeIsOver) {
    const config::Breaker rules;
    const BreakerView breaker = open(rules, {}, kStart).value();
    EXPECT_FALSE(admits(rules, breaker));
    EXPECT_FALSE(open(rules, breaker, kStart + seconds(1)));
    EXPECT_EQ(next_due(breaker), kStart + seconds(10));
    EXPECT_FALSE(pass_time(breaker, kStart + seconds(10) - Duration(1)));
    const BreakerView next = pass_time(breaker, kStart + seconds(10)).value();
    EXPECT_EQ(next.phase, BreakerPhase::half_open);
    EXPECT_TRUE(admits(rules, next));
    EXPECT_TRUE(needs_trial(next));
    EXPECT_EQ(next_due(next), base::kNever);
}

TEST(Breaker, StaysOpenTwiceAsLongEachTimeUpToItsBound) {
    const config::Breaker rules;
    const auto stays = [&](int times) { return opened_times(rules, times).until - kStart; };
    EXPECT_EQ(stays(1), seconds(10));
    EXPECT_EQ(stays(2), seconds(20));
    EXPECT_EQ(stays(5), seconds(160));
    EXPECT_EQ(stays(6), minutes(5));
    EXPECT_EQ(stays(70), minutes(5));
}

TEST(Breaker, TimesDoNotOverflowAndOpeningsDoNotWrap) {
    config::Breaker rules;
    rules.recovery_timeout = rules.recovery_max = Duration::max() / 4;
    EXPECT_EQ(opened_times(rules, 3).until, Instant(kStart + Duration::max() / 4));
    rules = {};
    const BreakerView worn{.phase = BreakerPhase::half_open, .openings = 65535};
    EXPECT_EQ(open(rules, worn, kStart)->openings, 65535);
    EXPECT_EQ(open(rules, worn, kStart)->until, kStart + minutes(5));
}

TEST(Breaker, LetsAsManyThroughAsItHasTrials) {
    const config::Breaker rules;
    BreakerView breaker = half_open(opened_times(rules, 1)).value();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(admits(rules, breaker));
        breaker = take_trial(rules, breaker, kStart).value();
    }
    EXPECT_FALSE(admits(rules, breaker));
    EXPECT_FALSE(take_trial(rules, breaker, kStart));
}

TEST(Breaker, ClosesWhenEnoughTrialsPassed) {
    const config::Breaker rules;
    BreakerView breaker = half_open(opened_times(rules, 4)).value();
    for (int i = 0; i < 2; ++i) {
        breaker = take_trial(rules, breaker, kStart).value();
        breaker = pass_trial(rules, breaker).value();
    }
    EXPECT_EQ(breaker.phase, BreakerPhase::half_open);
    breaker = take_trial(rules, breaker, kStart).value();
    breaker = pass_trial(rules, breaker).value();
    EXPECT_EQ(breaker, BreakerView{}) << "and forgets how often it was open";
}

TEST(Breaker, GivesLostTrialsAnewAndKeepsThoseThatPassed) {
    const config::Breaker rules;
    BreakerView breaker = half_open(opened_times(rules, 1)).value();
    breaker = take_trial(rules, breaker, kStart).value();
    breaker = take_trial(rules, breaker, kStart + seconds(3)).value();
    breaker = pass_trial(rules, breaker).value();
    EXPECT_EQ(next_due(breaker), kStart + seconds(13));
    EXPECT_FALSE(pass_time(breaker, kStart + seconds(13) - Duration(1)));
    breaker = pass_time(breaker, kStart + seconds(13)).value();
    EXPECT_EQ(breaker.phase, BreakerPhase::half_open);
    EXPECT_EQ(breaker.trials, 1);
    EXPECT_EQ(breaker.successes, 1);
    EXPECT_EQ(next_due(breaker), base::kNever);
    EXPECT_FALSE(return_trial(breaker)) << "given back already";
    breaker = pass_trial(rules, breaker).value();  // the lost one passed after all
    EXPECT_EQ(breaker.trials, 2);
    EXPECT_EQ(breaker.successes, 2);
}

TEST(Breaker, TakesBackATrialThatToldNothing) {
    const config::Breaker rules;
    BreakerView breaker = half_open(opened_times(rules, 1)).value();
    EXPECT_FALSE(return_trial(breaker));
    for (int i = 0; i < 3; ++i) breaker = take_trial(rules, breaker, kStart).value();
    breaker = return_trial(breaker).value();
    EXPECT_TRUE(admits(rules, breaker));
    EXPECT_FALSE(return_trial({}));
}

TEST(Breaker, OfNoUseIsNotInTheWay) {
    config::Breaker rules;
    const BreakerView breaker = open(rules, {}, kStart).value();
    rules.enabled = false;
    EXPECT_TRUE(admits(rules, breaker));
}

/// Keeps each trial under way with the time at which it was taken, and counts by looking.
struct Naive {
    enum class Phase { closed, open, half_open } phase = Phase::closed;
    int openings = 0;
    Instant opened_at{}, last_taken{};
    std::deque<Instant> under_way;
    int passed = 0;

    Duration stays(const config::Breaker& rules) const {
        double ns = static_cast<double>(rules.recovery_timeout.count());
        for (int i = 1; i < openings; ++i) ns *= 2;
        const auto bound = static_cast<double>(rules.recovery_max.count());
        return ns >= bound ? rules.recovery_max : Duration(static_cast<std::int64_t>(ns));
    }
    int trials() const { return passed + static_cast<int>(under_way.size()); }
    bool admits(const config::Breaker& rules) const {
        return phase == Phase::closed ||
               (phase == Phase::half_open && trials() < static_cast<int>(rules.max_trial_requests));
    }
    bool open(Instant now) {
        if (phase == Phase::open) return false;
        phase = Phase::open;
        ++openings;
        opened_at = now;
        return true;
    }
    bool go_half_open() {
        if (phase != Phase::open) return false;
        phase = Phase::half_open;
        under_way.clear();
        passed = 0;
        return true;
    }
    bool take(const config::Breaker& rules, Instant now) {
        if (phase != Phase::half_open || !admits(rules)) return false;
        under_way.push_back(last_taken = now);
        return true;
    }
    bool pass(const config::Breaker& rules) {
        if (phase != Phase::half_open) return false;
        if (!under_way.empty()) under_way.pop_front();
        if (++passed == static_cast<int>(rules.success_threshold)) *this = Naive{};
        return true;
    }
    bool give_back() {
        if (phase != Phase::half_open || under_way.empty()) return false;
        under_way.pop_back();
        return true;
    }
    Instant due(const config::Breaker& rules) const {
        if (phase == Phase::open) return opened_at + stays(rules);
        if (phase == Phase::half_open && !under_way.empty()) {
            return last_taken + rules.recovery_timeout;
        }
        return base::kNever;
    }
    bool wait(const config::Breaker& rules, Instant now) {
        if (now < due(rules)) return false;
        if (phase == Phase::open) return go_half_open();
        under_way.clear();
        return true;
    }
};

/// One random event on both; whether they agree that it changes something.
struct Pair {
    BreakerView breaker;
    Naive naive;
    int events_of_kind[8] = {};

    void follow(const std::optional<BreakerView>& next, bool naive_changed, int kind) {
        ASSERT_EQ(next.has_value(), naive_changed) << "event " << kind;
        if (!next) return;
        ASSERT_NE(*next, breaker) << "a step that changes nothing, event " << kind;
        breaker = *next;
        ++events_of_kind[kind];
    }
    void happen(const config::Breaker& rules, int kind, Instant now) {
        switch (kind) {
            case 0:
                return follow(open(rules, breaker, now), naive.open(now), kind);
            case 1:
                return follow(half_open(breaker), naive.go_half_open(), kind);
            case 2:
            case 3:
                return follow(take_trial(rules, breaker, now), naive.take(rules, now), 2);
            case 4:
            case 5:
                return follow(pass_trial(rules, breaker), naive.pass(rules), 4);
            case 6:
                return follow(return_trial(breaker), naive.give_back(), kind);
            default:
                return follow(pass_time(breaker, now), naive.wait(rules, now), 7);
        }
    }
};

TEST(Breaker, DoesAsANaiveOneThatKeepsEachTrial) {
    int happened[8] = {}, closings = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::Prng prng(seed);
        config::Breaker rules;
        rules.recovery_timeout = milliseconds(1 + prng.below(2000));
        rules.recovery_max =
            rules.recovery_timeout * (1 + prng.below(9)) + milliseconds(prng.below(9));
        rules.max_trial_requests = 1 + prng.below(5);
        rules.success_threshold = 1 + prng.below(rules.max_trial_requests);
        Pair pair;
        Instant now = kStart;
        for (int step = 0; step < 400; ++step) {
            SCOPED_TRACE("step " + std::to_string(step));
            // Often exactly the moment at which something is due, or one nanosecond before.
            const Instant due = next_due(pair.breaker);
            if (due != base::kNever && due > now && prng.chance(15)) {
                now = due - Duration(prng.below(2));
            } else {
                now += milliseconds(prng.below(prng.chance(10) ? 1500 : 30));
            }
            // Rarely opened, or nothing would ever close.
            const int kind = prng.chance(4)   ? 0
                             : prng.chance(3) ? 1
                                              : static_cast<int>(2 + prng.below(6));
            const bool was_open = pair.breaker.phase != BreakerPhase::closed;
            pair.happen(rules, kind, now);
            if (testing::Test::HasFatalFailure()) return;
            closings += was_open && pair.breaker.phase == BreakerPhase::closed ? 1 : 0;
            ASSERT_EQ(static_cast<int>(pair.breaker.phase), static_cast<int>(pair.naive.phase));
            ASSERT_EQ(pair.breaker.openings, pair.naive.openings);
            ASSERT_EQ(admits(rules, pair.breaker), pair.naive.admits(rules));
            ASSERT_EQ(next_due(pair.breaker), pair.naive.due(rules));
        }
        for (int i = 0; i < 8; ++i) happened[i] += pair.events_of_kind[i];
    }
    for (const int kind : {0, 1, 2, 4, 6, 7}) EXPECT_GT(happened[kind], 500) << kind;
    EXPECT_GT(closings, 500);
}

}  // namespace
}  // namespace ringway::breaker
