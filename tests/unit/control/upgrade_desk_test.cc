// Who asks for an upgrade gets its outcome, or learns that there will be none. The suite is named
// Crossing to run under TSan.
#include "ringway/control/upgrade_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "temporary.h"

namespace ringway::control {
namespace {

std::atomic<int> wakes{0};

void wake() { ++wakes; }

TEST(CrossingUpgradeDesk, gives_the_outcome_to_all_who_wait) {
    wakes = 0;
    UpgradeDesk desk(wake);
    desk.answer(std::unexpected("an outcome that nobody had asked for"));
    UpgradeDesk::Answer first, second;
    std::thread a([&] { first = desk.ask(); });
    std::thread b([&] { second = desk.ask(); });
    ASSERT_TRUE(eventually([] { return wakes == 2; }));
    desk.answer(4711);
    a.join();
    b.join();
    EXPECT_EQ(first, 4711);
    EXPECT_EQ(second, 4711);
    std::thread c([&] { first = desk.ask(); });
    ASSERT_TRUE(eventually([] { return wakes == 3; }));
    desk.answer(std::unexpected("why not"));
    c.join();
    EXPECT_EQ(first.error(), "why not");
}

TEST(CrossingUpgradeDesk, leaves_nobody_waiting_when_the_process_ends) {
    wakes = 0;
    UpgradeDesk desk(wake);
    UpgradeDesk::Answer answer;
    std::thread waiting([&] { answer = desk.ask(); });
    ASSERT_TRUE(eventually([] { return wakes == 1; }));
    desk.close();
    waiting.join();
    EXPECT_EQ(answer.error(), "this process is ending");
    EXPECT_FALSE(desk.ask());
    EXPECT_EQ(wakes, 1);
}

}  // namespace
}  // namespace ringway::control
