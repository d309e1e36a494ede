#include "ringway/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "../rounds.h"
#include "ringway/base/prng.h"

namespace ringway::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = Instant(seconds(1000));
constexpr Duration kTick = Duration(1 << 24);

struct Alarm {
    void on_timer() { ++fired; }
    int fired = 0;
    TimerOf<&Alarm::on_timer> timer{*this};
};

TEST(TimerWheel, FiresAtItsDeadlineAndNotBefore) {
    TimerWheel wheel(kStart);
    Alarm alarm;
    wheel.set(alarm.timer, kStart + milliseconds(250));
    wheel.expire(kStart + milliseconds(249));
    EXPECT_EQ(alarm.fired, 0);
    wheel.expire(kStart + milliseconds(250) + kTick);
    EXPECT_EQ(alarm.fired, 1);
    wheel.expire(kStart + seconds(300));
    EXPECT_EQ(alarm.fired, 1);
    EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, NextLeadsToTheDeadline) {
    TimerWheel wheel(kStart);
    Alarm alarm;
    const Instant deadline = kStart + seconds(200);  // beyond the horizon: filed again on the way
    wheel.set(alarm.timer, deadline);
    Instant now = kStart;
    for (int turns = 0; alarm.fired == 0; ++turns) {
        ASSERT_LT(turns, 10);
        ASSERT_NE(wheel.next(), kNever);
        now = wheel.next();
        wheel.expire(now);
    }
    EXPECT_GE(now, deadline);
    EXPECT_LE(now, deadline + kTick);
}

TEST(TimerWheel, EarlierAndLaterSettingsBothHold) {
    TimerWheel wheel(kStart);
    Alarm alarm;
    wheel.set(alarm.timer, kStart + seconds(60));
    wheel.set(alarm.timer, kStart + seconds(1));
    wheel.expire(kStart + milliseconds(1050));
    EXPECT_EQ(alarm.fired, 1);
    wheel.set(alarm.timer, kStart + seconds(2));
    wheel.set(alarm.timer, kStart + seconds(5));
    wheel.expire(kStart + seconds(4));
    EXPECT_EQ(alarm.fired, 1);
    wheel.clear(alarm.timer);
    wheel.expire(kStart + seconds(10));
    EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, RandomDeadlinesAllFireInTheirTick) {
    Prng prng(7);
    TimerWheel wheel(kStart);
    std::deque<Alarm> alarms(rounds(500u));
    std::vector<Instant> deadlines;
    for (Alarm& alarm : alarms) {
        deadlines.push_back(kStart + milliseconds(prng.below(150'000)));
        wheel.set(alarm.timer, kStart + milliseconds(prng.below(150'000)));
        wheel.set(alarm.timer, deadlines.back());
    }
    for (Instant now = kStart; now < kStart + seconds(151); now += milliseconds(10)) {
        wheel.expire(now);
        for (std::size_t i = 0; i < alarms.size(); ++i) {
            if (now < deadlines[i]) {
                ASSERT_EQ(alarms[i].fired, 0);
            }
            if (now > deadlines[i] + kTick + milliseconds(10)) {
                ASSERT_EQ(alarms[i].fired, 1);
            }
        }
    }
}

}  // namespace
}  // namespace ringway::base
