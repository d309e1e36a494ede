// What each policy does of its own: the order of round_robin, the loads that least_request, p2c and
// peak_ewma follow.
#include <gtest/gtest.h>

#include "arena.h"

namespace ringway::balance {
namespace {

using config::Balance;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kPicks = 40'000;
// 99.9 % quantiles of chi-square with 2, 3 and 7 degrees of freedom; the seeds are fixed.
constexpr double kChi2 = 13.82;
constexpr double kChi3 = 16.27;
constexpr double kChi7 = 24.32;

std::string sequence(Arena& arena, int count, const Request& request = {}) {
    std::string picked;
    for (int i = 0; i < count; ++i) picked += static_cast<char>('a' + arena.pick(request));
    return picked;
}

TEST(RoundRobin, IsSmooth) {
    Arena a(Balance::round_robin, {5, 1, 1});
    EXPECT_EQ(sequence(a, 14), "aabacaaaabacaa");
    Arena even(Balance::round_robin, {1, 1, 1});
    EXPECT_EQ(sequence(even, 6), "abcabc");
}

TEST(RoundRobin, IsExactOverEveryRound) {
    Arena a(Balance::round_robin, {7, 3, 2, 1});
    for (int round = 0; round < 20; ++round) {
        std::vector<int> picked(4, 0);
        for (int i = 0; i < 13; ++i) ++picked[static_cast<std::size_t>(a.pick())];
        EXPECT_EQ(picked, (std::vector<int>{7, 3, 2, 1}));
    }
}

TEST(RoundRobin, AFullOneLosesNoTurnOfTheOthers) {
    Arena a(Balance::round_robin, {1, 1, 1});
    a.loads[1] = {.in_flight = 1, .in_flight_max = 1};
    EXPECT_EQ(sequence(a, 6), "acacac");
}

TEST(RoundRobin, KeepsItsPlaceOverAChangeOfTheView) {
    Arena a(Balance::round_robin, {1, 1, 1, 1});
    EXPECT_EQ(sequence(a, 2), "ab");
    a.changed();
    EXPECT_EQ(sequence(a, 4), "cdab");
}

TEST(LeastRequest, TakesTheFewestInFlightForItsWeight) {
    Arena a(Balance::least_request, {1, 1, 4});
    a.loads[0].in_flight = 2;
    a.loads[1].in_flight = 3;
    a.loads[2].in_flight = 9;  // 2.25 for each unit of weight
    EXPECT_EQ(sequence(a, 3), "aaa");
    a.loads[2].in_flight = 7;
    EXPECT_EQ(sequence(a, 3), "ccc");
}

TEST(LeastRequest, DrawsTiesByWeight) {
    Arena a(Balance::least_request, {1, 2, 1, 1});
    a.loads[0].in_flight = 3;
    a.loads[1].in_flight = 6;
    a.loads[2].in_flight = 9;
    a.loads[3].in_flight = 3;
    const auto shares = a.shares(kPicks);
    EXPECT_LT(chi_square(shares, {0.25, 0.5, 0, 0.25}, kPicks), kChi2);
}

TEST(LeastRequest, KeepsAllEquallyBusy) {
    Arena a(Balance::least_request, {1, 1, 2, 4});
    for (int i = 0; i < 800; ++i) ++a.loads[static_cast<std::size_t>(a.pick())].in_flight;
    EXPECT_NEAR(a.loads[0].in_flight, 100, 2);
    EXPECT_NEAR(a.loads[1].in_flight, 100, 2);
    EXPECT_NEAR(a.loads[2].in_flight, 200, 2);
    EXPECT_NEAR(a.loads[3].in_flight, 400, 2);
}

TEST(Random, IsTrueToItsWeights) {
    Arena a(Balance::random, {5, 1, 1, 3});
    EXPECT_LT(chi_square(a.shares(kPicks), {0.5, 0.1, 0.1, 0.3}, kPicks), kChi3);
    Arena even(Balance::random, std::vector<std::uint32_t>(8, 9));
    EXPECT_LT(chi_square(even.shares(kPicks), std::vector<double>(8, 0.125), kPicks), kChi7);
}

TEST(Random, LooksAtNoLoad) {
    Arena a(Balance::random, {1, 1, 1, 1});
    a.loads[0].in_flight = 1000;
    EXPECT_LT(chi_square(a.shares(kPicks), std::vector<double>(4, 0.25), kPicks), kChi3);
}

TEST(P2c, NeverTakesTheBusiestOfMany) {
    Arena a(Balance::p2c, {1, 1, 1, 1});
    for (std::uint16_t i = 0; i < 4; ++i) a.loads[i].in_flight = i;
    // Of six equally likely pairs the least busy one wins three, the next two, the next one.
    EXPECT_LT(chi_square(a.shares(kPicks), {3.0 / 6, 2.0 / 6, 1.0 / 6, 0}, kPicks), kChi2);
}

TEST(P2c, DrawsItsPairByWeight) {
    Arena a(Balance::p2c, {2, 1, 1});
    a.loads[0].in_flight = 100;
    a.loads[1].in_flight = 1;
    // u1 wins each pair it is in: all but (u0, u2), drawn 1/2 * 1/2 + 1/4 * 2/3 = 5/12 of the time.
    EXPECT_LT(
        chi_square(a.shares(kPicks), {0, 7.0 / 12 - 0.25 * 2 / 3, 5.0 / 12 + 0.25 * 2 / 3}, kPicks),
        kChi2);
}

TEST(P2c, WeighsWhatIsInFlight) {
    Arena a(Balance::p2c, {1, 10});
    a.loads[0].in_flight = 2;
    a.loads[1].in_flight = 19;
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
    a.loads[1].in_flight = 21;
    EXPECT_EQ(sequence(a, 20), std::string(20, 'a'));
}

TEST(P2c, KeepsAllNearlyEquallyBusy) {
    Arena a(Balance::p2c, std::vector<std::uint32_t>(8, 1));
    for (int i = 0; i < 8000; ++i) ++a.loads[static_cast<std::size_t>(a.pick())].in_flight;
    for (const Load& load : a.loads) EXPECT_NEAR(load.in_flight, 1000, 8);
}

class PeakEwma : public testing::Test {
 protected:
    void observe(Arena& arena, std::uint16_t upstream, base::Duration latency) {
        if (!arena.balancer) arena.balancer = make_balancer(arena.pool);
        arena.balancer->observe(cluster::UpstreamIndex{upstream}, latency, arena.now);
    }
};

TEST_F(PeakEwma, TakesTheFasterOfTheTwo) {
    Arena a(Balance::peak_ewma, {1, 1});
    observe(a, 0, milliseconds(20));
    observe(a, 1, milliseconds(10));
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
}

TEST_F(PeakEwma, MultipliesTheLatencyByWhatIsInFlight) {
    Arena a(Balance::peak_ewma, {1, 1});
    observe(a, 0, milliseconds(20));
    observe(a, 1, milliseconds(10));
    a.loads[1].in_flight = 2;  // 10 * 3 against 20 * 1
    EXPECT_EQ(sequence(a, 20), std::string(20, 'a'));
    a.loads[0].in_flight = 1;  // 10 * 3 against 20 * 2
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
}

// The average of one upstream is read off by a second one whose latency is known and put on either
// side of it.
TEST_F(PeakEwma, KeepsSevenTenthsOfTheOldWhenSamplesComeOneAProbeInterval) {
    for (const auto& [other, expected] :
         {std::pair{milliseconds(129), 'b'}, std::pair{milliseconds(131), 'a'}}) {
        Arena a(Balance::peak_ewma, {1, 1});
        observe(a, 0, milliseconds(100));
        a.now += seconds(5);
        observe(a, 0, milliseconds(200));  // 0.7 * 100 + 0.3 * 200 = 130
        observe(a, 1, other);
        EXPECT_EQ(sequence(a, 20), std::string(20, expected));
    }
}

TEST_F(PeakEwma, WeighsASampleByTheTimeSinceTheLast) {
    for (const auto& [other, expected] :
         {std::pair{milliseconds(150), 'b'}, std::pair{milliseconds(152), 'a'}}) {
        Arena a(Balance::peak_ewma, {1, 1});
        observe(a, 0, milliseconds(100));
        a.now += seconds(10);
        observe(a, 0, milliseconds(200));  // 0.49 * 100 + 0.51 * 200 = 151
        observe(a, 1, other);
        EXPECT_EQ(sequence(a, 20), std::string(20, expected));
    }
    Arena burst(Balance::peak_ewma, {1, 1});
    observe(burst, 0, milliseconds(100));
    for (int i = 0; i < 1000; ++i)
        observe(burst, 0, seconds(60));  // of one instant: no time, no weight
    observe(burst, 1, milliseconds(101));
    EXPECT_EQ(sequence(burst, 20), std::string(20, 'a'));
}

TEST_F(PeakEwma, DecaysWhileNothingIsMeasured) {
    Arena a(Balance::peak_ewma, {1, 1});
    observe(a, 0, milliseconds(100));
    observe(a, 1, milliseconds(20));
    EXPECT_EQ(a.pick(), 1);
    a.now += seconds(20);  // 100 * 0.7^4 = 24
    observe(a, 1, milliseconds(20));
    observe(a, 1, milliseconds(20));
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
    a.now += seconds(5);  // 16.8 against 20, just measured
    a.balancer->observe(cluster::UpstreamIndex{1}, milliseconds(40), a.now);
    EXPECT_EQ(sequence(a, 20), std::string(20, 'a'));
}

TEST_F(PeakEwma, TriesAnUnmeasuredOneOnceAndWaitsForItsAnswer) {
    Arena a(Balance::peak_ewma, {1, 1});
    observe(a, 0, milliseconds(10));
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
    a.loads[1].in_flight = 1;
    EXPECT_EQ(sequence(a, 20), std::string(20, 'a'));
    a.loads[0].in_flight = 5;  // believed to be as fast as the other, and less busy
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
}

TEST_F(PeakEwma, StillCountsWhatIsInFlightWhenNothingWasMeasuredForLong) {
    Arena a(Balance::peak_ewma, {1, 1});
    observe(a, 0, milliseconds(10));
    observe(a, 1, milliseconds(10));
    a.now += std::chrono::hours(5);
    a.loads[0].in_flight = 1;
    EXPECT_EQ(sequence(a, 20), std::string(20, 'b'));
}

TEST_F(PeakEwma, ConvergesToSharesByLatency) {
    Arena a(Balance::peak_ewma, {1, 1, 1, 1});
    for (std::uint16_t i = 0; i < 4; ++i) observe(a, i, milliseconds(i < 2 ? 10 : 30));
    for (int i = 0; i < 800; ++i) ++a.loads[static_cast<std::size_t>(a.pick())].in_flight;
    for (std::uint16_t i = 0; i < 4; ++i) EXPECT_NEAR(a.loads[i].in_flight, i < 2 ? 300 : 100, 15);
}

TEST_F(PeakEwma, CountsWhatIsInFlightRelativeToTheWeight) {
    Arena a(Balance::peak_ewma, {300, 100});
    observe(a, 0, milliseconds(10));
    observe(a, 1, milliseconds(10));
    for (int i = 0; i < 400; ++i) ++a.loads[static_cast<std::size_t>(a.pick())].in_flight;
    EXPECT_NEAR(a.loads[0].in_flight, 300, 3);
    EXPECT_NEAR(a.loads[1].in_flight, 100, 3);
}

}  // namespace
}  // namespace ringway::balance
