#include "../../../src/control/query.h"

#include <gtest/gtest.h>

namespace ringway::control {
namespace {

TEST(query, percent_encoding_is_taken_off_where_it_is_some) {
    EXPECT_EQ(percent_decoded("a%2Fb%2fc"), "a/b/c");
    EXPECT_EQ(percent_decoded("%"), "%");
    EXPECT_EQ(percent_decoded("%4"), "%4");
    EXPECT_EQ(percent_decoded("%zz%41"), "%zzA");
    EXPECT_EQ(percent_decoded("a+b"), "a+b");  // of a path
    EXPECT_EQ(percent_decoded(""), "");
}

TEST(query, a_member_may_come_often_and_have_no_value) {
    const char* const query = "a=1&b&a=x%26y+z&aa=3&=4&a";
    EXPECT_EQ(values_in(query, "a"), (std::vector<std::string>{"1", "x&y z", ""}));
    EXPECT_EQ(value_in(query, "b"), "");
    EXPECT_EQ(value_in(query, "aa"), "3");
    EXPECT_EQ(value_in(query, "c"), std::nullopt);
    EXPECT_EQ(value_in("", "a"), std::nullopt);
}

TEST(query, numbers_are_whole_and_fit) {
    EXPECT_EQ(*number_in("n=18446744073709551615", "n"), UINT64_MAX);
    EXPECT_EQ(*number_in("m=1", "n"), std::nullopt);
    for (const char* bad : {"n=", "n", "n=-1", "n=1x", "n=+1", "n=18446744073709551616"}) {
        EXPECT_FALSE(number_in(bad, "n")) << bad;
    }
}

}  // namespace
}  // namespace ringway::control
