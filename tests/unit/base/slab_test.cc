// Slots of a bounded pool: how many, which next, and that all come home.
#include "ringway/base/slab.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace ringway::base {
namespace {

struct alignas(64) Item {
    Item(int n, int& alive) : number(n), alive_(alive) { ++alive_; }
    ~Item() { --alive_; }
    int number;
    int& alive_;
};

TEST(Slab, MakesUpToItsLimit) {
    int alive = 0;
    Slab<Item> slab(130);  // more than two blocks
    std::set<Item*> items;
    for (int i = 0; i < 130; ++i) {
        Item* item = slab.make(i, alive);
        ASSERT_NE(item, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(item) % alignof(Item), 0u);
        items.insert(item);
    }
    EXPECT_EQ(items.size(), 130u);
    EXPECT_EQ(slab.make(130, alive), nullptr);
    EXPECT_EQ(slab.used(), 130u);
    EXPECT_EQ(alive, 130);
    std::set<int> numbers;
    for (Item* item : items) numbers.insert(item->number);
    EXPECT_EQ(numbers.size(), 130u);
    slab.destroy(*items.begin());
    EXPECT_EQ(slab.make(130, alive), *items.begin());
    for (Item* item : items) slab.destroy(item);
    EXPECT_EQ(slab.used(), 0u);
    EXPECT_EQ(alive, 0);
}

TEST(Slab, UsesTheSlotFreedLastFirst) {
    int alive = 0;
    Slab<Item> slab(10);
    Item* a = slab.make(1, alive);
    Item* b = slab.make(2, alive);
    slab.destroy(a);
    slab.destroy(b);
    EXPECT_EQ(slab.make(3, alive), b);
    EXPECT_EQ(slab.make(4, alive), a);
    slab.destroy(a);
    slab.destroy(b);
}

TEST(Slab, HasNothingToGiveWithALimitOfNone) {
    int alive = 0;
    Slab<Item> slab(0);
    EXPECT_EQ(slab.make(1, alive), nullptr);
}

TEST(SlabDeathTest, NoticesWhatDidNotComeHome) {
    int alive = 0;
    EXPECT_DEATH(
        {
            Slab<Item> slab(10);
            slab.make(1, alive);
        },
        "used_ == 0");
}

}  // namespace
}  // namespace ringway::base
