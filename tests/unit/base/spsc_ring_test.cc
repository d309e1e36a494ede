// A bounded queue between two threads. The Crossing suite runs under TSan.
#include "ringway/base/spsc_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "ringway/base/prng.h"

namespace ringway::base {
namespace {

TEST(SpscRing, KeepsTheOrderAndRefusesWhatDoesNotFit) {
    SpscRing<int, 4> ring;
    int value = 0;
    EXPECT_FALSE(ring.pop(value));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(4));
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(ring.pop(value));
        EXPECT_EQ(value, i);
    }
    EXPECT_FALSE(ring.pop(value));
}

TEST(SpscRing, DoesAsABoundedDeque) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        SpscRing<std::uint32_t, 8> ring;
        std::deque<std::uint32_t> model;
        for (int step = 0; step < 1000; ++step) {
            std::uint32_t value = prng.below(1000);
            if (prng.chance(50)) {
                ASSERT_EQ(ring.push(value), model.size() < 8);
                if (model.size() < 8) model.push_back(value);
                continue;
            }
            ASSERT_EQ(ring.pop(value), !model.empty());
            if (model.empty()) continue;
            ASSERT_EQ(value, model.front());
            model.pop_front();
        }
    }
}

TEST(CrossingSpscRing, BringsEveryValueWholeAndInOrder) {
    struct Wide {
        std::uint64_t words[9];  // more than a cache line
    };
    constexpr std::uint64_t kLast = 100'000;
    SpscRing<Wide, 16> ring;
    std::thread writer([&] {
        for (std::uint64_t n = 1; n <= kLast;) {
            Wide value;
            for (std::uint64_t& word : value.words) word = n;
            if (ring.push(value)) {
                ++n;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t expected = 1, wrong = 0;
    while (expected <= kLast) {
        Wide value;
        if (!ring.pop(value)) {
            std::this_thread::yield();
            continue;
        }
        for (const std::uint64_t word : value.words) wrong += word != expected ? 1 : 0;
        ++expected;
    }
    writer.join();
    EXPECT_EQ(wrong, 0u);
    Wide left;
    EXPECT_FALSE(ring.pop(left));
}

}  // namespace
}  // namespace ringway::base
