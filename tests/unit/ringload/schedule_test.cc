#include "plan/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

namespace ringload {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

LoadPlan plan_of(std::initializer_list<RateStep> steps, Duration warm_up = Duration(0)) {
    LoadPlan plan;
    plan.arrivals = Arrivals::constant;
    plan.steps = steps;
    plan.warm_up = warm_up;
    return plan;
}

/// All moments of one thread.
std::vector<Duration> moments_of(const LoadPlan& plan, std::uint32_t index = 0,
                                 std::uint32_t count = 1) {
    std::vector<Duration> moments;
    for (Schedule schedule(plan, index, count); schedule.next() != Schedule::kNever;
         schedule.advance()) {
        moments.push_back(schedule.next());
    }
    return moments;
}

/// Of all threads, sorted.
std::vector<Duration> moments_of_all(const LoadPlan& plan, std::uint32_t count) {
    std::vector<Duration> all;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::vector<Duration> one = moments_of(plan, i, count);
        all.insert(all.end(), one.begin(), one.end());
    }
    std::ranges::sort(all);
    return all;
}

TEST(schedule, a_closed_loop_has_none) {
    EXPECT_EQ(Schedule(LoadPlan{}, 0, 1).next(), Schedule::kNever);
}

TEST(schedule, constant_arrivals_are_at_equal_distances_from_the_begin_on) {
    const std::vector<Duration> moments = moments_of(plan_of({{4, seconds(1)}}));
    EXPECT_EQ(moments, (std::vector<Duration>{milliseconds(0), milliseconds(250), milliseconds(500),
                                              milliseconds(750)}));
}

TEST(schedule, a_step_has_its_requests_exactly_whatever_the_rate) {
    for (int rate = 1; rate <= 3000; rate += rate < 100 ? 1 : 37) {
        for (const int length : {1, 7}) {
            const LoadPlan plan = plan_of({{static_cast<double>(rate), seconds(length)}});
            ASSERT_EQ(moments_of(plan).size(), static_cast<std::size_t>(rate * length)) << rate;
        }
    }
}

TEST(schedule, no_request_is_far_from_its_place_after_a_million) {
    const LoadPlan plan = plan_of({{300'000, seconds(4)}});
    const std::vector<Duration> moments = moments_of(plan);
    ASSERT_EQ(moments.size(), 1'200'000u);
    EXPECT_LE(std::abs((moments.back() - Duration(3'999'996'666)).count()), 1);
}

TEST(schedule, threads_of_a_constant_rate_take_turns) {
    const LoadPlan plan = plan_of({{90, seconds(2)}}, milliseconds(500));
    const std::vector<Duration> one = moments_of(plan);
    for (const std::uint32_t threads : {2u, 3u, 5u}) {
        const std::vector<Duration> many = moments_of_all(plan, threads);
        ASSERT_EQ(many.size(), one.size()) << threads;
        for (std::size_t i = 0; i < one.size(); ++i) {
            EXPECT_LE(std::abs((many[i] - one[i]).count()), 1) << threads << " threads, " << i;
        }
    }
}

TEST(schedule, the_first_step_begins_with_the_warm_up) {
    const LoadPlan plan = plan_of({{100, seconds(1)}}, milliseconds(300));
    const std::vector<Duration> moments = moments_of(plan);
    EXPECT_EQ(moments.front(), milliseconds(-300));
    EXPECT_EQ(std::ranges::count_if(moments, [](Duration at) { return at < Duration(0); }), 30);
    EXPECT_EQ(std::ranges::count_if(moments, [](Duration at) { return at >= Duration(0); }), 100);
}

TEST(schedule, each_step_begins_on_time_with_its_own_rate) {
    const LoadPlan plan = plan_of({{0.3, milliseconds(500)}, {300, seconds(1)}, {200, seconds(1)}});
    const std::vector<Duration> moments = moments_of(plan);
    ASSERT_EQ(moments.size(), 1u + 300 + 200);
    EXPECT_EQ(moments[0], Duration(0));
    EXPECT_EQ(moments[1], milliseconds(500));
    EXPECT_EQ(moments[301], milliseconds(1500));
    EXPECT_EQ(moments[302] - moments[301], milliseconds(5));
}

TEST(schedule, a_step_without_an_end_goes_on) {
    Schedule schedule(plan_of({{1000, Duration(0)}}), 0, 1);
    for (int i = 0; i < 100'000; ++i) schedule.advance();
    EXPECT_EQ(schedule.next(), seconds(100));
}

class poisson_schedule : public ::testing::Test {
 protected:
    static LoadPlan plan(std::uint64_t seed) {
        LoadPlan plan = plan_of({{1000, seconds(100)}});
        plan.arrivals = Arrivals::poisson;
        plan.seed = seed;
        return plan;
    }
};

TEST_F(poisson_schedule, has_exponential_gaps_with_the_mean_of_the_rate) {
    for (const std::uint32_t threads : {1u, 3u}) {
        const std::vector<Duration> moments = moments_of_all(plan(1), threads);
        double sum = 0, squares = 0;
        std::size_t above_mean = 0;
        for (std::size_t i = 1; i < moments.size(); ++i) {
            const auto gap_ms = static_cast<double>((moments[i] - moments[i - 1]).count()) / 1e6;
            sum += gap_ms;
            squares += gap_ms * gap_ms;
            above_mean += gap_ms > 1;
        }
        const auto gaps = static_cast<double>(moments.size() - 1);
        const double mean = sum / gaps;
        EXPECT_NEAR(mean, 1, 0.02) << threads;
        EXPECT_NEAR(squares / gaps - mean * mean, 1, 0.05) << threads;
        EXPECT_NEAR(static_cast<double>(above_mean) / gaps, std::exp(-1), 0.01) << threads;
    }
}

TEST_F(poisson_schedule, is_that_of_its_seed) {
    EXPECT_EQ(moments_of(plan(7)), moments_of(plan(7)));
    EXPECT_NE(moments_of(plan(7)), moments_of(plan(8)));
    EXPECT_NE(moments_of(plan(7), 0, 2), moments_of(plan(7), 1, 2));
}

TEST_F(poisson_schedule, changes_its_rate_on_time) {
    LoadPlan steps = plan(3);
    steps.steps = {{10, seconds(100)}, {1000, seconds(100)}};
    const std::vector<Duration> moments = moments_of(steps);
    const auto first =
        std::ranges::count_if(moments, [](Duration at) { return at < seconds(100); });
    EXPECT_NEAR(static_cast<double>(first), 1000, 160);
    EXPECT_NEAR(static_cast<double>(moments.size()) - static_cast<double>(first), 100'000, 1600);
    EXPECT_TRUE(std::ranges::is_sorted(moments));
}

}  // namespace
}  // namespace ringload
