#include "ringway/observe/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace ringway::observe {
namespace {

std::string json_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(json_string, quotes_backslashes_and_controls_are_escaped) {
    EXPECT_EQ(json_of("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_of(std::string_view("\0\x01\x1f\x7f\n\r\t", 7)),
              R"("\u0000\u0001\u001f\u007f\n\r\t")");
}

TEST(json_string, well_formed_utf_8_stays) {
    for (const char* text : {"é", "€", "𝄞", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf",
                             "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}) {
        EXPECT_EQ(json_of(text), "\"" + std::string(text) + "\"");
    }
}

TEST(json_string, ill_formed_bytes_become_escapes_of_the_byte) {
    EXPECT_EQ(json_of("\xff"), R"("\u00ff")");
    EXPECT_EQ(json_of("\x80z"), R"("\u0080z")");                              // continuation alone
    EXPECT_EQ(json_of("\xc3"), R"("\u00c3")");                                // cut
    EXPECT_EQ(json_of("\xc3(\xa9"), R"("\u00c3(\u00a9")");                    // wrong continuation
    EXPECT_EQ(json_of("\xc0\xaf"), R"("\u00c0\u00af")");                      // overlong
    EXPECT_EQ(json_of("\xe0\x9f\xbf"), R"("\u00e0\u009f\u00bf")");            // overlong
    EXPECT_EQ(json_of("\xed\xa0\x80"), R"("\u00ed\u00a0\u0080")");            // surrogate
    EXPECT_EQ(json_of("\xf4\x90\x80\x80"), R"("\u00f4\u0090\u0080\u0080")");  // beyond U+10FFFF
    EXPECT_EQ(json_of("\xf0\x8f\xbf\xbf"), R"("\u00f0\u008f\u00bf\u00bf")");  // overlong
    EXPECT_EQ(json_of("\xe2\x82"), R"("\u00e2\u0082")");                      // cut
    EXPECT_EQ(json_of("\xe2\x82\"\xac"), R"("\u00e2\u0082\"\u00ac")");
}

TEST(json_string, no_raw_control_or_unescaped_quote_comes_out_of_any_two_bytes) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string in{static_cast<char>(first), static_cast<char>(second)};
            const std::string out = json_of(in);
            ASSERT_EQ(out.front(), '"');
            ASSERT_EQ(out.back(), '"');
            for (std::size_t i = 1; i + 1 < out.size(); ++i) {
                ASSERT_GE(static_cast<unsigned char>(out[i]), 0x20) << first << ' ' << second;
                ASSERT_NE(out[i], '"') << first << ' ' << second;
                if (out[i] == '\\') ++i;  // the escaped character is never the closing quote
                ASSERT_LT(i, out.size() - 1) << first << ' ' << second;
            }
        }
    }
}

TEST(JsonWriter, sets_commas_between_members_and_elements_of_every_depth) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    json.open_object();
    json.key("a").number(1u);
    json.key("b").open_array();
    json.close_array();
    json.key("c").open_array();
    json.text("x");
    json.null();
    json.open_object();
    json.close_object();
    json.close_array();
    json.key("d").boolean(false);
    json.close_object();
    json.boolean(true);
    json.close_array();
    EXPECT_EQ(out, R"([{"a":1,"b":[],"c":["x",null,{}],"d":false},true])");
}

TEST(JsonWriter, numbers_and_times_are_exact_at_their_ends) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    json.number(UINT64_MAX);
    json.number(std::uint8_t{7});
    json.milliseconds(base::Duration(1'234'567'899));
    json.milliseconds(base::Duration(5'000));
    json.milliseconds(base::Duration(-1));
    json.seconds(std::chrono::milliseconds(90'061'007));
    json.seconds(base::Duration{0});
    json.time(1'767'323'045'678'999'999);
    json.close_array();
    EXPECT_EQ(out,
              "[18446744073709551615,7,1234.567,0.005,null,90061.007,0.000,"
              "\"2026-01-02T03:04:05.678Z\"]");
}

TEST(JsonWriter, fractions_have_the_shortest_digits_and_what_is_no_number_is_null) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    for (const double value : {0.0, 0.1, -2.5, 10'000'000.0, 1.0 / 3, 1e-6, 1e-7, 1e300}) {
        json.number(value);
    }
    json.number(std::numeric_limits<double>::infinity());
    json.number(std::numeric_limits<double>::quiet_NaN());
    json.number(1.5f);
    json.close_array();
    EXPECT_EQ(out, "[0,0.1,-2.5,10000000,0.3333333333333333,0.000001,1e-07,1e+300,null,null,1.5]");
}

TEST(JsonWriter, fractions_of_any_size_read_back_as_they_were) {
    for (int exponent = -1074; exponent < 1024; ++exponent) {
        const double value = std::ldexp(1.0 + 1.0 / 3, exponent);
        std::string out;
        JsonWriter(out).number(-value);
        ASSERT_EQ(std::strtod(out.c_str(), nullptr), -value) << out;
        ASSERT_LT(out.size(), 40u) << out;
    }
}

}  // namespace
}  // namespace ringway::observe
