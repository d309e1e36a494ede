// Rise and fall, against a model that keeps every result and works the standing out anew from all
// of them.
#include "ringway/health/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "../rounds.h"
#include "ringway/base/prng.h"

namespace ringway::health {

void PrintTo(Verdict::Standing standing, std::ostream* out) {
    constexpr const char* kNames[] = {"unknown", "up", "slow", "down"};
    *out << kNames[static_cast<int>(standing)];
}

namespace {

using Standing = Verdict::Standing;
using enum CheckOutcome;
using cluster::UpstreamState;

config::HealthCheck rules(std::uint32_t fall, std::uint32_t rise) {
    config::HealthCheck check;
    check.fall = fall;
    check.rise = rise;
    return check;
}

/// The table of verdict.h, by looking back: it keeps all results since the standing was forced.
class NaiveVerdict {
 public:
    NaiveVerdict(std::size_t fall, std::size_t rise, Standing start)
        : fall_(fall), rise_(rise), standing_(start) {}

    bool add(CheckOutcome outcome) {
        if (outcome == neither) return false;
        all_.push_back(outcome);
        since_.push_back(outcome);
        const Standing before = standing_;
        standing_ = next();
        if (standing_ != before) since_.clear();
        return standing_ != before;
    }
    void force(Standing standing) {
        standing_ = standing;
        all_.clear();
        since_.clear();
    }

    Standing standing() const { return standing_; }
    std::size_t failures() const {
        return ending_with(all_, [](auto outcome) { return outcome == failed; });
    }
    std::size_t successes() const {
        return ending_with(all_, [](auto outcome) { return outcome != failed; });
    }
    bool turning() const {
        if (standing_ == Standing::unknown || standing_ == Standing::down) return true;
        const std::size_t against = standing_ == Standing::up ? slow_in_row() : fast_in_row();
        return failures() > 0 || against > 0;
    }

 private:
    template <class Is>
    static std::size_t ending_with(const std::vector<CheckOutcome>& results, Is is) {
        const auto first_other = std::find_if_not(results.rbegin(), results.rend(), is);
        return static_cast<std::size_t>(first_other - results.rbegin());
    }
    std::size_t slow_in_row() const {
        return ending_with(since_, [](auto outcome) { return outcome == slow; });
    }
    std::size_t fast_in_row() const {
        return ending_with(since_, [](auto outcome) { return outcome == passed; });
    }
    Standing next() const {
        if (standing_ != Standing::down && failures() >= fall_) return Standing::down;
        switch (standing_) {
            case Standing::unknown:
                if (all_.back() == passed) return Standing::up;
                return all_.back() == slow ? Standing::slow : Standing::unknown;
            case Standing::up:
                return slow_in_row() >= rise_ ? Standing::slow : Standing::up;
            case Standing::slow:
                return fast_in_row() >= rise_ ? Standing::up : Standing::slow;
            case Standing::down:
                if (successes() < rise_) return Standing::down;
                return slow_in_row() >= rise_ ? Standing::slow : Standing::up;
        }
        return standing_;
    }

    std::size_t fall_, rise_;
    Standing standing_;
    std::vector<CheckOutcome> all_;    // since it was forced
    std::vector<CheckOutcome> since_;  // since the standing changed
};

struct Start {
    UpstreamState state;
    Standing standing;
};
constexpr Start kStarts[] = {
    {UpstreamState::unknown, Standing::unknown},  {UpstreamState::healthy, Standing::up},
    {UpstreamState::degraded, Standing::slow},    {UpstreamState::unhealthy, Standing::down},
    {UpstreamState::draining, Standing::unknown}, {UpstreamState::maintenance, Standing::unknown},
};

CheckOutcome draw(base::Prng& prng, std::uint32_t failing_percent, std::uint32_t slow_percent) {
    if (prng.chance(10)) return neither;
    if (prng.chance(failing_percent)) return failed;
    return prng.chance(slow_percent) ? slow : passed;
}

void compare_with_model(std::uint64_t seed) {
    base::Prng prng(seed);
    const std::uint32_t fall = 1 + prng.below(5);
    const std::uint32_t rise = 1 + prng.below(5);
    const Start& start = kStarts[prng.below(std::size(kStarts))];
    Verdict verdict(rules(fall, rise), start.state);
    NaiveVerdict model(fall, rise, start.standing);
    ASSERT_EQ(verdict.standing(), model.standing());
    std::uint32_t failing_percent = 50, slow_percent = 50;
    for (int step = 0; step < 200; ++step) {
        if (prng.chance(5)) failing_percent = prng.below(101);
        if (prng.chance(5)) slow_percent = prng.below(101);
        if (prng.chance(2)) {
            const bool down = prng.chance(50);
            down ? verdict.force_down() : verdict.force_up();
            model.force(down ? Standing::down : Standing::up);
        } else {
            const CheckOutcome outcome = draw(prng, failing_percent, slow_percent);
            ASSERT_EQ(verdict.add(outcome), model.add(outcome)) << "step " << step;
        }
        ASSERT_EQ(verdict.standing(), model.standing()) << "step " << step;
        ASSERT_EQ(verdict.failures_in_row(), model.failures()) << "step " << step;
        ASSERT_EQ(verdict.successes_in_row(), model.successes()) << "step " << step;
        ASSERT_EQ(verdict.turning(), model.turning()) << "step " << step;
    }
}

TEST(Verdict, AgreesWithAModelThatKeepsEveryResult) {
    for (std::uint64_t seed = 0; seed < rounds(3000u); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        compare_with_model(seed);
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(Verdict, GoesDownAtTheLastOfFallFailuresAndUpAtTheLastOfRisePasses) {
    Verdict verdict(rules(3, 2), UpstreamState::healthy);
    EXPECT_FALSE(verdict.add(failed));
    EXPECT_FALSE(verdict.add(failed));
    EXPECT_EQ(verdict.standing(), Standing::up);
    EXPECT_TRUE(verdict.add(failed));
    EXPECT_EQ(verdict.standing(), Standing::down);
    EXPECT_FALSE(verdict.add(failed));
    EXPECT_EQ(verdict.failures_in_row(), 4u);
    EXPECT_FALSE(verdict.add(passed));
    EXPECT_TRUE(verdict.add(passed));
    EXPECT_EQ(verdict.standing(), Standing::up);
}

TEST(Verdict, BelievesTheFirstPassOfWhatIsUnknown) {
    Verdict fast(rules(3, 2), UpstreamState::unknown);
    EXPECT_TRUE(fast.add(passed));
    EXPECT_EQ(fast.standing(), Standing::up);
    Verdict late(rules(3, 2), UpstreamState::unknown);
    EXPECT_TRUE(late.add(slow));
    EXPECT_EQ(late.standing(), Standing::slow);
}

TEST(Verdict, CountsNothingForARateLimitOrACredentialsFault) {
    Verdict verdict(rules(2, 2), UpstreamState::healthy);
    verdict.add(failed);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(verdict.add(neither));
    EXPECT_EQ(verdict.standing(), Standing::up);
    EXPECT_EQ(verdict.failures_in_row(), 1u);
    EXPECT_TRUE(verdict.add(failed));
}

TEST(Verdict, ComesBackSlowOnlyWhenEveryPassWasSlow) {
    Verdict verdict(rules(1, 2), UpstreamState::unhealthy);
    verdict.add(passed);
    EXPECT_TRUE(verdict.add(slow));
    EXPECT_EQ(verdict.standing(), Standing::up);
    verdict.force_down();
    verdict.add(slow);
    EXPECT_TRUE(verdict.add(slow));
    EXPECT_EQ(verdict.standing(), Standing::slow);
}

TEST(Verdict, IsTurningWhileResultsStandAgainstIt) {
    Verdict verdict(rules(3, 2), UpstreamState::healthy);
    EXPECT_FALSE(verdict.turning());
    verdict.add(failed);
    EXPECT_TRUE(verdict.turning());
    verdict.add(passed);
    EXPECT_FALSE(verdict.turning());
    verdict.add(slow);
    EXPECT_TRUE(verdict.turning());
    verdict.force_down();
    EXPECT_TRUE(verdict.turning());
    verdict.force_up();
    EXPECT_FALSE(verdict.turning());
    EXPECT_TRUE(Verdict(rules(3, 2), UpstreamState::unknown).turning());
}

TEST(Verdict, WhatAnotherShardTookOutBeginsItsCountsAnew) {
    Verdict verdict(rules(3, 2), UpstreamState::healthy);
    verdict.add(passed);
    verdict.force_down();
    EXPECT_EQ(verdict.successes_in_row(), 0u);
    EXPECT_FALSE(verdict.add(passed));
    EXPECT_TRUE(verdict.add(passed));
}

TEST(StateOf, IsTheWorstOfAllChecks) {
    using S = std::vector<Standing>;
    EXPECT_EQ(state_of({}), UpstreamState::healthy);
    EXPECT_EQ(state_of(S{Standing::up, Standing::up}), UpstreamState::healthy);
    EXPECT_EQ(state_of(S{Standing::up, Standing::slow}), UpstreamState::degraded);
    EXPECT_EQ(state_of(S{Standing::slow, Standing::unknown, Standing::up}), UpstreamState::unknown);
    EXPECT_EQ(state_of(S{Standing::unknown, Standing::down, Standing::slow}),
              UpstreamState::unhealthy);
}

}  // namespace
}  // namespace ringway::health
