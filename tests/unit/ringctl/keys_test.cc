#include "top/keys.h"

#include <gtest/gtest.h>

#include "top/rates.h"

namespace ringctl {
namespace {

using Keys = std::vector<Key>;

TEST(keys, letters_and_arrows_are_keys_and_the_rest_is_nothing) {
    KeyReader reader;
    EXPECT_EQ(reader.take("qzps"), (Keys{Key::quit, Key::pause, Key::sort}));
    EXPECT_EQ(reader.take("\x1b[A\x1bOB\x1b[C\x1b[D"),
              (Keys{Key::up, Key::down, Key::right, Key::left}));
    EXPECT_EQ(reader.take("\x1b[5~\x1b[6~"), (Keys{Key::page_up, Key::page_down}));
}

TEST(keys, a_sequence_may_come_in_pieces) {
    KeyReader reader;
    EXPECT_TRUE(reader.take("\x1b").empty());
    EXPECT_TRUE(reader.take("[").empty());
    EXPECT_EQ(reader.take("B"), Keys{Key::down});
}

TEST(keys, an_unknown_sequence_is_swallowed_whole) {
    KeyReader reader;
    EXPECT_EQ(reader.take("\x1b[1;5qs"), Keys{Key::sort});  // its final byte is no key q
    EXPECT_EQ(reader.take("\x1b[200~q"), Keys{Key::quit});
}

TEST(rates, a_rate_is_the_difference_by_the_time) {
    using std::chrono::seconds;
    Rates rates;
    const Rates::Clock::time_point start{seconds(100)};
    rates.take(start, {{"a", 10}, {"b", 5}});
    EXPECT_EQ(rates.per_second("a"), std::nullopt);
    rates.take(start + seconds(2), {{"a", 30}, {"b", 5}, {"new", 7}});
    EXPECT_EQ(rates.per_second("a"), 10);
    EXPECT_EQ(rates.per_second("b"), 0);
    EXPECT_EQ(rates.per_second("new"), std::nullopt);
    EXPECT_EQ(rates.per_second("unknown"), std::nullopt);
}

TEST(rates, a_counter_that_went_down_has_no_rate) {
    using std::chrono::seconds;
    Rates rates;
    rates.take(Rates::Clock::time_point{seconds(1)}, {{"a", 1000}});
    rates.take(Rates::Clock::time_point{seconds(2)}, {{"a", 3}});
    EXPECT_EQ(rates.per_second("a"), std::nullopt);
    rates.take(Rates::Clock::time_point{seconds(3)}, {{"a", 8}});
    EXPECT_EQ(rates.per_second("a"), 5);
}

}  // namespace
}  // namespace ringctl
