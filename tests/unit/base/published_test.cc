// One pointer from writers to readers on other threads. The suite is named Crossing to run under
// TSan.
#include "ringway/base/published.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace ringway::base {
namespace {

/// A value that knows whether it is whole, and counts those alive.
struct Picture {
    Picture(std::uint64_t n, std::atomic<int>& count) : alive(count) {
        numbers.fill(n);
        ++alive;
    }
    ~Picture() {
        numbers.fill(0);
        --alive;
    }
    std::array<std::uint64_t, 32> numbers;
    std::atomic<int>& alive;
};

TEST(CrossingPublished, ShowsTheNewestAndFreesTheOld) {
    std::atomic<int> alive{0};
    {
        Published<Picture> cell(std::make_unique<Picture>(1, alive));
        EXPECT_EQ(cell.read()->numbers[0], 1u);
        cell.publish(std::make_unique<Picture>(2, alive));
        EXPECT_EQ(cell.read()->numbers[0], 2u);
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(CrossingPublished, NeverTakesAValueFromUnderAReader) {
    std::atomic<int> alive{0};
    Published<Picture> cell(std::make_unique<Picture>(1, alive));
    constexpr std::uint64_t kLast = 300;
    std::atomic<int> torn{0}, backward{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&, blocks = i == 1] {
            const RcuReader reader;
            for (std::uint64_t seen = 0; seen < kLast;) {
                const Picture* picture = cell.read();
                const std::uint64_t first = picture->numbers[0];
                for (int again = 0; again < 20; ++again) {
                    for (const std::uint64_t number : picture->numbers) torn += number != first;
                }
                backward += first < seen;
                seen = first;
                if (!blocks) {
                    RcuReader::quiescent();
                    continue;
                }
                RcuReader::leave();
                std::this_thread::yield();
                RcuReader::enter();
            }
        });
    }
    for (std::uint64_t n = 2; n <= kLast; ++n) cell.publish(std::make_unique<Picture>(n, alive));
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(torn, 0);
    EXPECT_EQ(backward, 0);
    EXPECT_EQ(alive, 1);
}

TEST(CrossingPublished, WaitsForAReaderThatHoldsTheOldValue) {
    std::atomic<int> alive{0};
    Published<Picture> cell(std::make_unique<Picture>(1, alive));
    std::atomic<bool> holds{false}, let_go{false}, published{false};
    std::thread reader([&] {
        const RcuReader registered;
        const Picture* old = cell.read();
        holds = true;
        while (!let_go) std::this_thread::yield();
        EXPECT_FALSE(published);
        EXPECT_EQ(old->numbers[31], 1u);
    });
    while (!holds) std::this_thread::yield();
    std::thread writer([&] {
        cell.publish(std::make_unique<Picture>(2, alive));
        published = true;
    });
    while (cell.read()->numbers[0] == 1) std::this_thread::yield();  // swapped, not yet freed
    EXPECT_EQ(alive, 2);
    let_go = true;
    reader.join();
    writer.join();
    EXPECT_TRUE(published);
    EXPECT_EQ(alive, 1);
}

// A reader that waits in the kernel must not hold up the writer.
TEST(CrossingPublished, DoesNotWaitForAReaderThatHasLeft) {
    std::atomic<int> alive{0};
    Published<Picture> cell(std::make_unique<Picture>(1, alive));
    std::atomic<bool> away{false}, come_back{false};
    std::atomic<std::uint64_t> seen{0};
    std::thread reader([&] {
        const RcuReader registered;
        RcuReader::leave();
        away = true;
        while (!come_back) std::this_thread::yield();
        RcuReader::enter();
        seen = cell.read()->numbers[0];
    });
    while (!away) std::this_thread::yield();
    cell.publish(std::make_unique<Picture>(2, alive));
    EXPECT_EQ(alive, 1);
    come_back = true;
    reader.join();
    EXPECT_EQ(seen, 2u);
}

TEST(CrossingPublished, ReplacesOnlyWhatIsStillTheValue) {
    std::atomic<int> alive{0};
    {
        Published<Picture> cell(std::make_unique<Picture>(1, alive));
        const Picture* first = cell.read();
        std::unique_ptr<const Picture> next = std::make_unique<Picture>(2, alive);
        EXPECT_TRUE(cell.replace(first, next));
        EXPECT_EQ(next, nullptr);
        EXPECT_EQ(cell.read()->numbers[0], 2u);
        EXPECT_EQ(first->numbers[0], 1u) << "readable until it is reclaimed";
        next = std::make_unique<Picture>(3, alive);
        EXPECT_FALSE(cell.replace(first, next));
        ASSERT_NE(next, nullptr) << "still the caller's";
        EXPECT_EQ(cell.read()->numbers[0], 2u);
        EXPECT_TRUE(cell.replace(cell.read(), next));
        EXPECT_EQ(alive, 3);
        cell.reclaim();
        EXPECT_EQ(alive, 1);
        next = std::make_unique<Picture>(4, alive);
        EXPECT_TRUE(cell.replace(cell.read(), next));
    }
    EXPECT_EQ(alive, 0) << "the cell frees what was not reclaimed";
}

TEST(CrossingPublished, ReclaimsNothingThatAReaderHolds) {
    std::atomic<int> alive{0};
    Published<Picture> cell(std::make_unique<Picture>(1, alive));
    std::atomic<bool> holds{false}, let_go{false}, reclaimed{false};
    std::thread reader([&] {
        const RcuReader registered;
        const Picture* old = cell.read();
        holds = true;
        while (!let_go) std::this_thread::yield();
        EXPECT_FALSE(reclaimed);
        EXPECT_EQ(old->numbers[31], 1u);
    });
    while (!holds) std::this_thread::yield();
    std::thread writer([&] {
        {
            const RcuReader registered;
            std::unique_ptr<const Picture> next = std::make_unique<Picture>(2, alive);
            EXPECT_TRUE(cell.replace(cell.read(), next));
        }
        cell.reclaim();
        reclaimed = true;
    });
    while (alive < 2) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(alive, 2);
    let_go = true;
    reader.join();
    writer.join();
    EXPECT_EQ(alive, 1);
}

// Each adds one to what it read: a lost replacement would show in the sum, a value freed too soon
// in a torn picture.
TEST(CrossingPublished, LosesNoReplacementAmongManyWriters) {
    std::atomic<int> alive{0};
    Published<Picture> cell(std::make_unique<Picture>(0, alive));
    constexpr std::uint64_t kEach = 10'000;
    std::atomic<int> torn{0}, running{3};
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i) {
        writers.emplace_back([&] {
            const RcuReader registered;
            for (std::uint64_t done = 0; done < kEach;) {
                const Picture* current = cell.read();
                const std::uint64_t first = current->numbers[0];
                for (const std::uint64_t number : current->numbers) torn += number != first;
                std::unique_ptr<const Picture> next = std::make_unique<Picture>(first + 1, alive);
                if (cell.replace(current, next)) ++done;
                RcuReader::quiescent();
            }
            --running;
        });
    }
    while (running > 0) {
        cell.reclaim();
        std::this_thread::yield();
    }
    for (std::thread& writer : writers) writer.join();
    cell.reclaim();
    EXPECT_EQ(torn, 0);
    EXPECT_EQ(cell.read()->numbers[0], 3 * kEach);
    EXPECT_EQ(alive, 1);
}

}  // namespace
}  // namespace ringway::base
