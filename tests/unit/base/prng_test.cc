// The generator: its published sequence, its bounds, its evenness.
#include "ringway/base/prng.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

namespace ringway::base {
namespace {

TEST(Prng, IsXoshiro256StarStarSeededBySplitmix64) {
    Prng prng(0);
    for (const std::uint64_t expected :
         {0x99ec5f36cb75f2b4u, 0xbf6e1f784956452au, 0x1a5f849d4933e6e0u})
        EXPECT_EQ(prng.next(), expected);
}

TEST(Prng, RepeatsItselfForASeedAndForNoOther) {
    Prng one(7), again(7), other(8);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t word = one.next();
        EXPECT_EQ(word, again.next());
        seen.insert(word);
        seen.insert(other.next());
    }
    EXPECT_EQ(seen.size(), 2000u);
}

TEST(Prng, StaysBelowItsBound) {
    Prng prng(1);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(prng.below(1), 0u);
    for (const std::uint32_t bound : {2u, 3u, 1000u, 0xffffffffu}) {
        for (int i = 0; i < 10'000; ++i) ASSERT_LT(prng.below(bound), bound);
    }
}

// Pearson's test: the bound is passed by chance once in a million seeds (9 degrees of freedom).
TEST(Prng, IsEven) {
    Prng prng(2);
    std::array<int, 10> counts{};
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) ++counts[prng.below(10)];
    double chi_square = 0;
    for (const int count : counts) chi_square += std::pow(count - kDraws / 10, 2) / (kDraws / 10);
    EXPECT_LT(chi_square, 46);
}

TEST(Prng, DrawsTheUnitInterval) {
    Prng prng(3);
    double sum = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double x = prng.unit();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        sum += x;
    }
    EXPECT_NEAR(sum / 100'000, 0.5, 0.005);  // 5 standard deviations
}

TEST(Prng, GivesAChanceItsPercentage) {
    Prng prng(4);
    int hits = 0;
    for (int i = 0; i < 100'000; ++i) {
        EXPECT_FALSE(prng.chance(0));
        EXPECT_TRUE(prng.chance(100));
        hits += prng.chance(30) ? 1 : 0;
    }
    EXPECT_LT(std::abs(hits - 30'000), 800);  // 5 standard deviations
}

}  // namespace
}  // namespace ringway::base
