#include "load/gait.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace ringload {
namespace {

std::vector<Gait> deal(double readers, double senders, std::uint32_t count) {
    Misbehaviour misbehaviour;
    misbehaviour.slow_readers = readers;
    misbehaviour.slow_senders = senders;
    return deal_gaits(misbehaviour, count);
}

double count_of(const std::vector<Gait>& gaits, Gait gait) {
    return static_cast<double>(std::ranges::count(gaits, gait));
}

TEST(gait, all_are_brisk_unless_asked) {
    EXPECT_EQ(count_of(deal(0, 0, 100), Gait::brisk), 100);
    EXPECT_TRUE(deal(0.5, 0, 0).empty());
}

TEST(gait, each_has_its_share_of_any_number_of_connections) {
    const double shares[][2] = {{0.1, 0.1}, {0.5, 0.5},  {0.3, 0.2}, {1, 0},
                                {0, 1},     {0.01, 0.9}, {0.25, 0},  {0.33, 0.33}};
    for (const auto& [readers, senders] : shares) {
        for (std::uint32_t count = 1; count <= 300; ++count) {
            const std::vector<Gait> gaits = deal(readers, senders, count);
            ASSERT_EQ(gaits.size(), count);
            ASSERT_LE(std::abs(count_of(gaits, Gait::slow_reader) - readers * count), 1.001)
                << readers << " " << senders << " of " << count;
            ASSERT_LE(std::abs(count_of(gaits, Gait::slow_sender) - senders * count), 1.001)
                << readers << " " << senders << " of " << count;
        }
    }
    EXPECT_EQ(count_of(deal(0.5, 0, 4), Gait::slow_reader), 2);
    EXPECT_EQ(count_of(deal(0.25, 0, 4), Gait::slow_reader), 1);
    EXPECT_EQ(count_of(deal(0.3, 0.3, 10), Gait::brisk), 4);
    EXPECT_EQ(count_of(deal(0.3, 0.3, 10), Gait::slow_sender), 3);
}

TEST(gait, every_thread_has_its_part_of_brisk_and_of_slow_connections) {
    for (std::uint32_t threads = 1; threads <= 8; ++threads) {
        const std::vector<Gait> gaits = deal(0.25, 0.25, 40);
        std::vector<std::uint32_t> all;
        for (std::uint32_t thread = 0; thread < threads; ++thread) {
            const auto numbers = connections_of_thread(gaits, thread, threads);
            EXPECT_TRUE(std::ranges::is_sorted(numbers));
            const auto brisk = std::ranges::count_if(
                numbers, [&](std::uint32_t number) { return gaits[number] == Gait::brisk; });
            EXPECT_LE(std::abs(static_cast<double>(brisk) - 20.0 / threads), 1) << threads;
            EXPECT_LE(std::abs(static_cast<double>(numbers.size()) - 40.0 / threads), 1) << threads;
            all.insert(all.end(), numbers.begin(), numbers.end());
        }
        std::ranges::sort(all);
        ASSERT_EQ(all.size(), 40);
        for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(all[i], i);
    }
}

}  // namespace
}  // namespace ringload
