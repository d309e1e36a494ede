// How many retries a pool may make in any ten seconds: a share of its requests, and a fixed number.
#include "ringway/forward/retry_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "plane_world.h"
#include "ringway/base/prng.h"

namespace ringway::forward {
namespace {

using base::Instant;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// A budget, its clock and its requests.
struct Scene {
    explicit Scene(std::uint32_t percent = 20, std::uint32_t per_second = 10)
        : budget({.budget_percent = percent, .budget_per_second = per_second}, now) {}
    int granted() {
        int count = 0;
        while (count < 1'000'000 && budget.withdraw(requests, now)) ++count;
        return count;
    }
    Instant now{seconds(1000)};
    std::uint64_t requests = 0;
    RetryBudget budget;
};

TEST(RetryBudget, BeginsWithTenSecondsOfTheFixedNumber) {
    Scene scene;
    EXPECT_EQ(scene.granted(), 100);
    EXPECT_EQ(scene.granted(), 0);
}

TEST(RetryBudget, GrantsAShareOfTheRequests) {
    Scene scene;
    scene.granted();
    scene.requests += 100;
    EXPECT_EQ(scene.granted(), 20);
    scene.requests += 4;
    EXPECT_EQ(scene.granted(), 0);
    scene.requests += 1;
    EXPECT_EQ(scene.granted(), 1);
}

TEST(RetryBudget, ForgetsRetriesAndRequestsAfterTenSeconds) {
    Scene scene;
    scene.requests = 1000;
    EXPECT_EQ(scene.granted(), 300);
    scene.now += milliseconds(9999);  // still one of the same ten seconds
    EXPECT_EQ(scene.granted(), 0);
    scene.now += milliseconds(1);
    EXPECT_EQ(scene.granted(), 100);  // the requests are forgotten as well
}

TEST(RetryBudget, CountsRequestsOfALongTimeByWhatFallsIntoTheLastTenSeconds) {
    Scene scene(20, 0);
    scene.requests = 100'000;
    scene.now += seconds(100);
    // Evenly, 1000 came each second; nine whole seconds are behind the one that just began.
    EXPECT_EQ(scene.granted(), 1800);
}

TEST(RetryBudget, KnowsABurstByLookingOften) {
    Scene scene(100, 0);
    for (int i = 0; i < 3600; ++i) scene.budget.deposit(scene.requests, scene.now += seconds(1));
    scene.requests += 50;
    scene.now += milliseconds(500);
    EXPECT_EQ(scene.granted(), 50);
}

TEST(RetryBudget, OfNothingGrantsNothing) {
    Scene scene(0, 0);
    scene.requests = 1'000'000;
    EXPECT_EQ(scene.granted(), 0);
}

/// All that ever happened, summed up anew for every question.
struct NaiveBudget {
    struct Came {
        Instant from, until;
        double count;
    };
    double requests_since(Instant begin, Instant now) const {
        double sum = 0;
        for (const Came& came : all) {
            if (came.from == came.until) {
                sum += came.from >= begin ? came.count : 0;
                continue;
            }
            const auto length = static_cast<double>((came.until - came.from).count());
            const auto inside = static_cast<double>(
                (std::min(now, came.until) - std::max(begin, came.from)).count());
            sum += came.count * std::max(inside, 0.0) / length;
        }
        return sum;
    }
    /// Nothing: too near to the bound to say.
    std::optional<bool> may_retry(Instant now) const {
        const Instant begin(std::chrono::floor<seconds>(now.time_since_epoch()) - seconds(9));
        const auto made = std::ranges::count_if(retries, [&](Instant at) { return at >= begin; });
        const double bound =
            requests_since(begin, now) * percent / 100 + static_cast<double>(per_second) * 10;
        const double room = bound - static_cast<double>(made) - 1;
        if (std::abs(room) < 1e-4) return std::nullopt;
        return room > 0;
    }
    double percent, per_second;
    std::vector<Came> all;
    std::vector<Instant> retries;
};

TEST(RetryBudget, DoesAsANaiveOneThatForgetsNothing) {
    int compared = 0, refused = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        base::Prng prng(seed);
        const std::uint32_t percent = prng.below(101), per_second = prng.below(4);
        Scene scene(percent, per_second);
        NaiveBudget naive{static_cast<double>(percent), static_cast<double>(per_second), {}, {}};
        Instant looked_at = scene.now;
        for (int step = 0; step < 300; ++step) {
            const std::uint32_t pace = prng.below(4);
            const std::uint32_t ms = pace == 0 ? 0 : pace == 1 ? 10 : pace == 2 ? 700 : 15'000;
            scene.now +=
                nanoseconds(ms == 0 ? 0 : 1'000'000ull * prng.below(ms) + prng.below(1000));
            const std::uint32_t came = prng.chance(50) ? prng.below(30) : 0;
            scene.requests += came;
            // Within one second it does not matter when: all count there.
            const bool same = std::chrono::floor<seconds>(looked_at.time_since_epoch()) ==
                              std::chrono::floor<seconds>(scene.now.time_since_epoch());
            naive.all.push_back(
                {same ? scene.now : looked_at, scene.now, static_cast<double>(came)});
            looked_at = scene.now;
            if (prng.chance(20)) {
                scene.budget.deposit(scene.requests, scene.now);
                continue;
            }
            const auto expected = naive.may_retry(scene.now);
            const bool granted = scene.budget.withdraw(scene.requests, scene.now);
            if (expected) {
                ASSERT_EQ(granted, *expected) << "step " << step;
                ++compared;
                refused += granted ? 0 : 1;
            }
            if (granted) naive.retries.push_back(scene.now);
        }
    }
    EXPECT_GT(compared, 30'000);
    EXPECT_GT(refused, 2'000);
    EXPECT_LT(refused, compared - 3'000);
}

TEST(RetryBudget, IsOfEachPoolAlone) {
    PlaneWorld world([](config::Config& config) {
        config.pools.push_back(config.pools[0]);
        config.pools[1].retry.budget_per_second = 1;
    });
    int first = 0, second = 0;
    while (first < 1000 && world.plane->take_retry(cluster::PoolIndex{0})) ++first;
    while (second < 1000 && world.plane->take_retry(cluster::PoolIndex{1})) ++second;
    EXPECT_EQ(first, 100);
    EXPECT_EQ(second, 10);
}

TEST(RetryBudget, GoesOnInAnotherProcessWithWhatItsSecondsHold) {
    Scene old;
    old.requests = 1000;
    old.now += seconds(1);
    for (int i = 0; i < 150; ++i) ASSERT_TRUE(old.budget.withdraw(old.requests, old.now));
    const RetryBudget::Memory memory = old.budget.memory(old.requests, old.now);
    EXPECT_DOUBLE_EQ(memory.requests, 1000);
    EXPECT_EQ(memory.retries, 150u);
    Scene next;
    next.now = old.now;
    next.budget.restore(memory, next.now);
    EXPECT_EQ(next.granted(), old.granted());
    next.now += seconds(10);
    EXPECT_EQ(next.granted(), 100);
}

}  // namespace
}  // namespace ringway::forward
