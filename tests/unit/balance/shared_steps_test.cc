// What holds for every policy: weights, tried, full and ineligible upstreams, tiers, spill-over,
// backups, slow start, stickiness.
#include <gtest/gtest.h>

#include "../rounds.h"
#include "arena.h"

namespace ringway::balance {
namespace {

using config::Balance;
using std::chrono::seconds;

constexpr int kPicks = 40'000;
constexpr double kTolerance = 0.012;  // five standard deviations of a share of one half over kPicks

std::string name_of(Balance balance) {
    switch (balance) {
        case Balance::round_robin:
            return "round_robin";
        case Balance::least_request:
            return "least_request";
        case Balance::p2c:
            return "p2c";
        case Balance::peak_ewma:
            return "peak_ewma";
        case Balance::maglev:
            return "maglev";
        case Balance::random:
            return "random";
    }
    return "";
}

class EveryPolicy : public testing::TestWithParam<Balance> {
 protected:
    static Arena arena(const std::vector<std::uint32_t>& weights) {
        return Arena(GetParam(), weights);
    }

    static void expect_shares(const std::vector<double>& observed,
                              const std::vector<double>& expected) {
        ASSERT_EQ(observed.size(), expected.size());
        for (std::size_t i = 0; i < observed.size(); ++i) {
            EXPECT_NEAR(observed[i], expected[i], expected[i] == 0 ? 0 : kTolerance)
                << "upstream " << i;
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Balance, EveryPolicy,
                         testing::Values(Balance::round_robin, Balance::least_request, Balance::p2c,
                                         Balance::peak_ewma, Balance::maglev, Balance::random),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(EveryPolicy, SharesAnIdlePoolByWeight) {
    struct Case {
        std::vector<std::uint32_t> weights;
        std::vector<double> shares;
    };
    const Case cases[] = {
        {{1}, {1}},
        {{1, 1}, {0.5, 0.5}},
        {{7, 7, 7, 7}, {0.25, 0.25, 0.25, 0.25}},
        {{5, 1, 1, 3}, {0.5, 0.1, 0.1, 0.3}},
        {{3, 1}, {0.75, 0.25}},
        {{1000, 250}, {0.8, 0.2}},
    };
    for (const Case& one : cases) expect_shares(arena(one.weights).shares(kPicks), one.shares);
}

TEST_P(EveryPolicy, PicksNobodyWhenNobodyIsEligible) {
    Arena a = arena({1, 1});
    for (auto& upstream : a.view.upstreams) upstream.eligible = false;
    EXPECT_EQ(a.pick(), -1);
    Arena none = arena({});
    EXPECT_EQ(none.pick(), -1);
}

TEST_P(EveryPolicy, SkipsIneligibleOnesAndKeepsTheSharesOfTheOthers) {
    Arena a = arena({4, 1, 1, 2});
    a.view.upstreams[0].eligible = false;
    expect_shares(a.shares(kPicks), {0, 0.25, 0.25, 0.5});
}

TEST_P(EveryPolicy, FollowsAChangeOfTheView) {
    Arena a = arena({1, 1});
    EXPECT_GE(a.pick(), 0);
    a.view.upstreams[0].eligible = false;
    a.changed();
    expect_shares(a.shares(1000), {0, 1});
    a.view.upstreams[0].eligible = true;
    a.view.upstreams[0].weight = 3;
    a.changed();
    expect_shares(a.shares(kPicks), {0.75, 0.25});
}

TEST_P(EveryPolicy, SkipsFullOnes) {
    Arena a = arena({4, 1, 1, 2});
    a.loads[0].in_flight_max = 10;
    a.loads[0].in_flight = 10;
    expect_shares(a.shares(kPicks), {0, 0.25, 0.25, 0.5});
    a.loads[0].in_flight_max = 0;  // no limit
    a.loads[0].in_flight = 0;
    expect_shares(a.shares(kPicks), {0.5, 0.125, 0.125, 0.25});
}

TEST_P(EveryPolicy, PicksNobodyWhenAllAreFull) {
    Arena a = arena({1, 1});
    for (Load& load : a.loads) load = {.in_flight = 1, .in_flight_max = 1};
    EXPECT_EQ(a.pick(), -1);
    Request request;
    request.tried = tried_of({0});
    EXPECT_EQ(a.pick(request), -1);
}

TEST_P(EveryPolicy, NeverPicksATriedOneWhileAnotherIsLeft) {
    Arena a = arena({4, 1, 1, 2});
    Request request;
    request.tried = tried_of({0, 3});
    expect_shares(a.shares(kPicks, request), {0, 0.5, 0.5, 0});
    request.tried = tried_of({0, 3, 1, 2});
    const auto again = a.shares(kPicks, request);
    expect_shares(again, {0.5, 0.125, 0.125, 0.25});
}

TEST_P(EveryPolicy, PrefersAnUntriedLaterTierAndBackupToATriedOne) {
    Arena a = arena({1, 1, 1});
    a.view.upstreams[1].tier = 1;
    a.view.upstreams[2].backup = true;
    Request request;
    request.tried = tried_of({0});
    expect_shares(a.shares(100, request), {0, 1, 0});
    request.tried = tried_of({0, 1});
    expect_shares(a.shares(100, request), {0, 0, 1});
    request.tried = tried_of({0, 1, 2});
    expect_shares(a.shares(100, request), {1, 0, 0});
}

TEST_P(EveryPolicy, UsesTheLowestTierAlone) {
    Arena a = arena({1, 1, 1, 1});
    a.view.upstreams[0].tier = 7;
    a.view.upstreams[1].tier = 2;
    a.view.upstreams[2].tier = 2;
    a.view.upstreams[3].tier = 7;
    expect_shares(a.shares(kPicks), {0, 0.5, 0.5, 0});
}

TEST_P(EveryPolicy, SpillsOverByTheHealthyShareOfATier) {
    struct Case {
        int eligible_first;   // of ten in tier 0
        int eligible_second;  // of ten in tier 1
        double first_share;
    };
    const Case cases[] = {
        {10, 10, 1.0}, {8, 10, 1.0}, {5, 10, 0.7},
        {2, 10, 0.28}, {0, 10, 0.0}, {5, 1, 0.7 / 0.84},  // 70 % and 14 %, scaled up to the whole
        {1, 0, 1.0},
    };
    for (const Case& one : cases) {
        Arena a = arena(std::vector<std::uint32_t>(20, 3));
        for (int i = 0; i < 20; ++i) {
            auto& upstream = a.view.upstreams[static_cast<std::size_t>(i)];
            upstream.tier = i < 10 ? 0 : 1;
            upstream.eligible = i < 10 ? i < one.eligible_first : i - 10 < one.eligible_second;
        }
        const auto shares = a.shares(kPicks);
        double first = 0;
        for (std::size_t i = 0; i < 10; ++i) first += shares[i];
        EXPECT_NEAR(first, one.first_share, kTolerance)
            << one.eligible_first << " and " << one.eligible_second;
    }
}

TEST_P(EveryPolicy, SpillsOverToThreeTiers) {
    Arena a = arena(std::vector<std::uint32_t>(12, 1));
    for (std::size_t i = 0; i < 12; ++i) {
        a.view.upstreams[i].tier = static_cast<std::uint32_t>(i / 4);
        a.view.upstreams[i].eligible = i % 4 == 0;  // each tier is worth 35 %
    }
    const auto shares = a.shares(kPicks);
    EXPECT_NEAR(shares[0], 0.35, kTolerance);
    EXPECT_NEAR(shares[4], 0.35, kTolerance);
    EXPECT_NEAR(shares[8], 0.30, kTolerance);
}

TEST_P(EveryPolicy, GoesToTheNextTierWhenATierIsFull) {
    Arena a = arena({1, 1, 1});
    a.view.upstreams[2].tier = 1;
    a.loads[0] = {.in_flight = 5, .in_flight_max = 5};
    a.loads[1] = {.in_flight = 5, .in_flight_max = 5};
    expect_shares(a.shares(100), {0, 0, 1});
}

TEST_P(EveryPolicy, UsesBackupsOnlyWhenNothingElseIsLeft) {
    Arena a = arena({1, 1, 1, 1});
    a.view.upstreams[0].backup = true;  // of the lowest number, and still last
    a.view.upstreams[1].tier = 5;
    a.view.upstreams[2].tier = 9;
    a.view.upstreams[3].backup = true;
    a.view.upstreams[3].tier = 1;
    expect_shares(a.shares(100), {0, 1, 0, 0});
    a.view.upstreams[1].eligible = false;
    a.changed();
    expect_shares(a.shares(100), {0, 0, 1, 0});
    a.view.upstreams[2].eligible = false;
    a.changed();
    expect_shares(a.shares(100), {1, 0, 0, 0});
    a.view.upstreams[0].eligible = false;
    a.changed();
    expect_shares(a.shares(100), {0, 0, 0, 1});
}

TEST_P(EveryPolicy, SlowStartGrowsTheWeightLinearlyFromATenth) {
    struct Case {
        seconds age;
        double factor;
    };
    const Case cases[] = {{seconds(0), 0.1},   {seconds(10), 0.19}, {seconds(50), 0.55},
                          {seconds(90), 0.91}, {seconds(100), 1.0}, {seconds(1000), 1.0}};
    for (const Case& one : cases) {
        Arena a = arena({2, 2});
        a.pool.slow_start = seconds(100);
        a.loads[1].eligible_since = a.now - one.age;
        const double total = 1 + one.factor;
        expect_shares(a.shares(kPicks), {1 / total, one.factor / total});
    }
}

TEST_P(EveryPolicy, SlowStartIsOffByDefaultAndSharesAloneWarmOnesEvenly) {
    Arena off = arena({1, 1});
    off.loads[1].eligible_since = off.now;
    expect_shares(off.shares(kPicks), {0.5, 0.5});
    Arena all = arena({1, 1});
    all.pool.slow_start = seconds(100);
    for (Load& load : all.loads) load.eligible_since = all.now;
    expect_shares(all.shares(kPicks), {0.5, 0.5});
}

TEST_P(EveryPolicy, StickyIsUsedIfEligibleUntriedAndNotFull) {
    Arena a = arena({1, 1, 1});
    a.view.upstreams[2].backup = true;
    Request request;
    request.sticky = cluster::UpstreamIndex{1};
    expect_shares(a.shares(100, request), {0, 1, 0});
    request.sticky = cluster::UpstreamIndex{2};
    expect_shares(a.shares(100, request), {0, 0, 1});

    request.sticky = cluster::UpstreamIndex{1};
    request.tried = tried_of({1});
    expect_shares(a.shares(100, request), {1, 0, 0});
    request.tried = {};
    a.loads[1] = {.in_flight = 1, .in_flight_max = 1};
    expect_shares(a.shares(100, request), {1, 0, 0});
    a.loads[1] = {};
    a.view.upstreams[1].eligible = false;
    a.changed();
    expect_shares(a.shares(100, request), {1, 0, 0});
    request.sticky = cluster::UpstreamIndex{500};  // of a cookie that some other pool made
    expect_shares(a.shares(100, request), {1, 0, 0});
}

TEST_P(EveryPolicy, EqualSeedsPickEqually) {
    Arena a = arena({1, 2, 3, 4, 5});
    Arena b = arena({1, 2, 3, 4, 5});
    for (std::uint64_t i = 0; i < 1000; ++i) {
        Request request;
        request.key = base::Prng(i).next();
        ASSERT_EQ(a.pick(request), b.pick(request));
    }
}

// Any state of the view and the loads: what is picked is permitted, and nobody is picked exactly
// when nobody is permitted.
TEST_P(EveryPolicy, PickIsAlwaysPermitted) {
    base::Prng prng(7);
    for (int round = 0; round < rounds(300); ++round) {
        const std::uint32_t count = 1 + prng.below(12);
        std::vector<std::uint32_t> weights(count);
        for (auto& weight : weights) weight = 1 + prng.below(cluster::kWeightMax);
        Arena a = arena(weights);
        a.pool.slow_start = prng.chance(50) ? seconds(10) : seconds(0);
        for (int change = 0; change < 4; ++change) {
            bool any = false;
            for (std::uint32_t i = 0; i < count; ++i) {
                auto& upstream = a.view.upstreams[i];
                upstream.eligible = prng.chance(60);
                upstream.tier = prng.below(3);
                upstream.backup = prng.chance(20);
                a.loads[i] = {.in_flight = prng.below(4), .in_flight_max = prng.below(5)};
                if (prng.chance(30)) a.loads[i].eligible_since = a.now - seconds(prng.below(12));
                any =
                    any || (upstream.eligible && (a.loads[i].in_flight_max == 0 ||
                                                  a.loads[i].in_flight < a.loads[i].in_flight_max));
            }
            a.changed();
            Request request;
            if (prng.chance(70)) request.key = prng.next();
            while (request.tried.count() < prng.below(4)) {
                request.tried.add(
                    cluster::UpstreamIndex{static_cast<std::uint16_t>(prng.below(count))});
            }
            const int picked = a.pick(request);
            ASSERT_EQ(picked >= 0, any);
            if (picked < 0) continue;
            const Load& load = a.loads[static_cast<std::size_t>(picked)];
            ASSERT_TRUE(a.view.upstreams[static_cast<std::size_t>(picked)].eligible);
            ASSERT_TRUE(load.in_flight_max == 0 || load.in_flight < load.in_flight_max);
            if (!request.tried.has(cluster::UpstreamIndex{static_cast<std::uint16_t>(picked)}))
                continue;
            for (std::uint32_t i = 0; i < count; ++i) {
                const bool free = a.loads[i].in_flight_max == 0 ||
                                  a.loads[i].in_flight < a.loads[i].in_flight_max;
                ASSERT_FALSE(
                    a.view.upstreams[i].eligible && free &&
                    !request.tried.has(cluster::UpstreamIndex{static_cast<std::uint16_t>(i)}));
            }
        }
    }
}

TEST(StickyToken, StandsForTheNameAlone) {
    config::Upstream a;
    a.name = "a";
    a.address = "10.0.0.1:80";
    config::Upstream moved = a;
    moved.address = "10.0.0.2:80";
    config::Upstream b = a;
    b.name = "b";
    EXPECT_EQ(sticky_token(a), sticky_token(moved));
    EXPECT_NE(sticky_token(a), sticky_token(b));
}

}  // namespace
}  // namespace ringway::balance
