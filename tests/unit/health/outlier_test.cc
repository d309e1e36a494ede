// Windows and outliers against naive computations over everything that ever happened.
#include "ringway/health/outlier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

using namespace std::chrono_literals;

void expect_equal(const Totals& a, const Totals& b) {
    EXPECT_EQ(a.requests, b.requests);
    EXPECT_EQ(a.failures, b.failures);
    EXPECT_EQ(a.answers, b.answers);
    EXPECT_EQ(a.latency_us, b.latency_us);
}

void add(Totals& sum, const Totals& more) {
    sum.requests += more.requests;
    sum.failures += more.failures;
    sum.answers += more.answers;
    sum.latency_us += more.latency_us;
}

TEST(Window, AgreesWithTheSumOfWhatEachSecondBrought) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        base::Prng prng(seed);
        Window window;
        Totals totals;                // since the start
        std::vector<Totals> seconds;  // growth since the last restart, a tick each
        bool first = true;
        for (int tick = 0; tick < 300; ++tick) {
            const Totals grown = {.requests = prng.below(100),
                                  .failures = prng.below(100),
                                  .answers = prng.below(100),
                                  .latency_us = prng.below(100'000)};
            add(totals, grown);
            window.tick(totals);
            if (!first) seconds.push_back(grown);  // the first is what others are compared with
            first = false;
            if (prng.chance(3)) {
                window.restart();
                seconds.clear();
            }
            const std::uint32_t span = 1 + prng.below(60);
            Totals sum;
            for (std::size_t i = 0; i < std::min<std::size_t>(span, seconds.size()); ++i)
                add(sum, seconds[seconds.size() - 1 - i]);
            expect_equal(window.over(span), sum);
            if (HasFailure()) FAIL() << "tick " << tick << ", over " << span;
        }
    }
}

TEST(Window, TotalsThatHaveGoneBackAreANewBeginning) {
    Window window;
    window.tick({.requests = 1000, .failures = 900, .answers = 1000, .latency_us = 5'000});
    window.tick({.requests = 2, .failures = 1, .answers = 1, .latency_us = 10});
    expect_equal(window.over(60), {});
    window.tick({.requests = 12, .failures = 2, .answers = 11, .latency_us = 110});
    expect_equal(window.over(60),
                 {.requests = 10, .failures = 1, .answers = 10, .latency_us = 100});
}

TEST(Window, HasSeenNothingBeforeItsSecondTick) {
    Window window;
    expect_equal(window.over(10), {});
    window.restart();
    window.tick({.requests = 1000, .failures = 900});
    expect_equal(window.over(10), {});
    window.tick({.requests = 1010, .failures = 903});
    expect_equal(window.over(10), {.requests = 10, .failures = 3});
}

TEST(TooManyErrors, AgreesWithAShareWorkedOutInFloatingPoint) {
    base::Prng prng(1);
    for (int i = 0; i < 100'000; ++i) {
        const std::uint32_t requests = prng.below(100);
        const std::uint32_t failures = requests == 0 ? 0 : prng.below(requests + 1);
        const std::uint32_t percent = 1 + prng.below(100);
        const std::uint32_t requests_min = prng.below(50);
        const bool expected =
            requests >= std::max(1u, requests_min) && 100.0 * failures / requests >= percent - 1e-9;
        ASSERT_EQ(
            too_many_errors({.requests = requests, .failures = failures}, percent, requests_min),
            expected)
            << failures << " of " << requests << " at " << percent << " %, at least "
            << requests_min;
    }
}

TEST(TooManyErrors, IsOffAtZeroPercent) {
    EXPECT_FALSE(too_many_errors({.requests = 100, .failures = 100}, 0, 1));
    EXPECT_FALSE(too_many_errors({}, 1, 0));
}

/// Each upstream's share above the median of the others, the greatest of those that break the
/// rules.
std::optional<std::size_t> naive_outlier(std::span<const Totals> grown,
                                         const config::Outlier& rules) {
    std::optional<std::size_t> worst;
    double worst_ratio = 0;
    const auto counts = [&](const Totals& one) {
        return one.answers > 0 && one.answers >= rules.requests_min;
    };
    const auto mean = [](const Totals& one) {
        return static_cast<double>(one.latency_us) / static_cast<double>(one.answers);
    };
    for (std::size_t i = 0; i < grown.size(); ++i) {
        std::vector<double> others;
        for (std::size_t other = 0; other < grown.size(); ++other)
            if (other != i && counts(grown[other])) others.push_back(mean(grown[other]));
        if (!counts(grown[i]) || others.empty()) continue;
        std::ranges::sort(others);
        const std::size_t n = others.size();
        const double median = (others[(n - 1) / 2] + others[n / 2]) / 2;
        const double own = mean(grown[i]);
        if (own <= rules.latency_factor * median) continue;
        if (own - median < static_cast<double>(rules.latency_excess_min.count()) / 1e3) continue;
        if (worst && own / median <= worst_ratio) continue;
        worst = i;
        worst_ratio = own / median;
    }
    return worst;
}

TEST(SlowestOutlier, AgreesWithEachOneComparedWithTheMedianOfTheOthers) {
    int found = 0, not_found = 0;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        base::Prng prng(seed);
        config::Outlier rules;
        rules.latency_factor = 1.5 + 5 * prng.unit();
        rules.latency_excess_min = std::chrono::microseconds(prng.below(5000));
        rules.requests_min = prng.below(20);
        std::vector<Totals> grown(prng.below(10));
        for (Totals& one : grown) {
            one.answers = prng.below(40);
            const std::uint32_t mean_us = prng.chance(20) ? prng.below(50'000) : prng.below(2000);
            one.latency_us = one.answers * (1 + mean_us);
        }
        const auto expected = naive_outlier(grown, rules);
        ASSERT_EQ(slowest_outlier(grown, rules), expected) << "seed " << seed;
        ++(expected ? found : not_found);
    }
    EXPECT_GT(found, 2000);
    EXPECT_GT(not_found, 2000);
}

Totals answered(std::uint64_t answers, std::uint64_t mean_us) {
    return {.requests = answers, .answers = answers, .latency_us = answers * mean_us};
}

TEST(SlowestOutlier, LeavesTwoOfThreeThatAreSlowTogetherAlone) {
    const config::Outlier rules;
    const std::vector<Totals> two = {answered(100, 2'000), answered(100, 90'000),
                                     answered(100, 100'000)};
    EXPECT_EQ(slowest_outlier(two, rules), std::nullopt);
    const std::vector<Totals> one = {answered(100, 2'000), answered(100, 2'000),
                                     answered(100, 100'000)};
    EXPECT_EQ(slowest_outlier(one, rules), 2u);
}

TEST(SlowestOutlier, IgnoresADifferenceThatNobodyFeels) {
    const config::Outlier rules;
    const std::vector<Totals> quick = {answered(100, 100), answered(100, 100), answered(100, 5000)};
    EXPECT_EQ(slowest_outlier(quick, rules), std::nullopt);
}

TEST(SlowestOutlier, IsOffAtFactorZero) {
    config::Outlier rules;
    rules.latency_factor = 0;
    const std::vector<Totals> far = {answered(100, 100), answered(100, 10'000'000)};
    EXPECT_EQ(slowest_outlier(far, rules), std::nullopt);
}

}  // namespace
}  // namespace ringway::health
