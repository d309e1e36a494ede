#include "ringway/base/stable_vector.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

namespace ringway::base {
namespace {

TEST(StableVector, elements_begin_at_zero_and_never_move) {
    StableVector<std::uint64_t> numbers(3);
    std::vector<const std::uint64_t*> places;
    for (std::size_t size = 3; size < 300; size += 7) {
        numbers.grow(size);
        ASSERT_EQ(numbers.size(), size);
        for (std::size_t i = 0; i < size; ++i) {
            if (i < places.size()) {
                ASSERT_EQ(&numbers[i], places[i]);
                ASSERT_EQ(numbers[i], i + 1);
            } else {
                ASSERT_EQ(numbers[i], 0u);
                numbers[i] = i + 1;
                places.push_back(&numbers[i]);
            }
        }
    }
    numbers.grow(5);
    EXPECT_GT(numbers.size(), 5u);  // never shrinks
}

TEST(StableVector, is_walked_in_order) {
    StableVector<std::uint64_t> numbers(10);
    std::uint64_t next = 0;
    for (std::uint64_t& number : numbers) number = next++;
    const auto& read = numbers;
    EXPECT_EQ(std::accumulate(read.begin(), read.end(), std::uint64_t{0}), 45u);
}

TEST(StableVectorCrossing, readers_see_whole_elements_while_it_grows) {
    StableVector<std::atomic<std::uint64_t>> numbers(1);
    std::atomic<bool> ended{false};
    std::thread reader([&] {
        while (!ended.load()) {
            std::uint64_t sum = 0;
            for (const auto& number : numbers) sum += number.load(std::memory_order_relaxed);
            ASSERT_EQ(sum, 0u);
        }
    });
    for (std::size_t size = 2; size < 5000; ++size) numbers.grow(size);
    ended = true;
    reader.join();
}

}  // namespace
}  // namespace ringway::base
