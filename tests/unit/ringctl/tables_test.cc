#include <gtest/gtest.h>

#include "client/json.h"
#include "tables/cells.h"
#include "tables/settings.h"
#include "tables/table.h"
#include "tables/units.h"

namespace ringctl {
namespace {

TEST(table, columns_are_as_wide_as_their_widest_cell) {
    Table table({{"NAME"}, {"COUNT", true}, {"STATE"}});
    table.add({{"a"}, {"1"}, {"healthy"}});
    table.add({{"a-long-name"}, {"12345678"}, {""}});
    EXPECT_EQ(table.text({}),
              "NAME            COUNT  STATE\n"
              "a                   1  healthy\n"
              "a-long-name  12345678\n");
}

TEST(table, a_character_of_several_bytes_is_one_column) {
    Table table({{"NAME"}, {"N", true}});
    table.add({{"grün"}, {"1"}});
    table.add({{"gruen"}, {"2"}});
    EXPECT_EQ(table.text({}), "NAME   N\ngrün   1\ngruen  2\n");
}

TEST(table, colours_change_no_column_and_appear_only_when_wanted) {
    Table table({{"STATE"}, {"N", true}});
    table.add({{"up", Tone::good}, {"1"}});
    EXPECT_EQ(table.text({false}).find('\x1b'), std::string::npos);
    EXPECT_EQ(table.lines({true})[1], "\x1b[32mup\x1b[0m     1");
}

TEST(table, no_line_is_wider_than_asked_for) {
    Table table({{"NAME"}, {"STATE"}, {"N", true}});
    table.add({{"näme"}, {"unhealthy", Tone::bad}, {"123"}});
    for (std::size_t width = 0; width < 30; ++width) {
        for (const std::string& line : table.lines({}, width)) {
            EXPECT_LE(width_of(line), width);
            EXPECT_FALSE(line.ends_with(' ')) << '"' << line << '"';
        }
    }
    EXPECT_EQ(table.lines({}, 8)[1], "näme  un");
}

TEST(units, numbers_are_short_and_have_a_unit) {
    EXPECT_EQ(count_text(std::nullopt), "-");
    EXPECT_EQ(count_text(1234567), "1234567");
    EXPECT_EQ(counted(1, "stream"), "1 stream");
    EXPECT_EQ(counted(0, "stream"), "0 streams");
    EXPECT_EQ(rate_text(0), "0");
    EXPECT_EQ(rate_text(0.44), "0.4");
    EXPECT_EQ(rate_text(99.96), "100");
    EXPECT_EQ(rate_text(12345), "12.3k");
    EXPECT_EQ(rate_text(999'960), "1.0M");
    EXPECT_EQ(milliseconds_text(0.424), "0.42 ms");
    EXPECT_EQ(milliseconds_text(12.34), "12.3 ms");
    EXPECT_EQ(milliseconds_text(350.2), "350 ms");
    EXPECT_EQ(milliseconds_text(1204), "1.20 s");
    EXPECT_EQ(milliseconds_text(999.6), "1.00 s");
    EXPECT_EQ(milliseconds_text(std::nullopt), "-");
    EXPECT_EQ(seconds_text(0.4), "0.4 s");
    EXPECT_EQ(seconds_text(12.2), "12 s");
    EXPECT_EQ(seconds_text(200), "3m 20s");
    EXPECT_EQ(seconds_text(7500), "2h 05m");
    EXPECT_EQ(seconds_text(4 * 86400 + 3 * 3600 + 5), "4d 3h");
    EXPECT_EQ(share_text(0.123), "12%");
    EXPECT_EQ(bytes_text(512), "512 B");
    EXPECT_EQ(bytes_text(65536), "64.0 KiB");
    EXPECT_EQ(bytes_text(1.25 * 1024 * 1024 * 1024), "1.2 GiB");
}

Cell state_of(const char* upstream) { return state_cell(Document::parse(upstream)->root()); }

TEST(cells, a_state_says_all_that_keeps_an_upstream_from_serving) {
    const Cell well = state_of(R"({"state":"healthy","reason":"started"})");
    EXPECT_EQ(well.text, "healthy");
    EXPECT_EQ(well.tone, Tone::good);
    const Cell out = state_of(R"({"state":"unhealthy","reason":"check_failed"})");
    EXPECT_EQ(out.text, "unhealthy (check_failed)");
    EXPECT_EQ(out.tone, Tone::bad);
    const Cell ejected = state_of(R"({"state":"healthy","ejected":{"seconds":12.0}})");
    EXPECT_EQ(ejected.text, "healthy, ejected 12 s");
    EXPECT_EQ(ejected.tone, Tone::warning);
}

TEST(cells, names_of_the_server_write_nothing_to_the_terminal) {
    const auto document = Document::parse(R"({"name":"a\u001b[2Jb"})");
    EXPECT_EQ(document->root()["name"].text(), "a\\x1b[2Jb");
}

TEST(json, what_is_not_there_reads_as_absent) {
    const auto document = Document::parse(R"({"a":null,"b":"text","c":[1,{}],"d":2.5})");
    const Value root = document->root();
    EXPECT_FALSE(root["a"].there());
    EXPECT_FALSE(root["x"]["y"]["z"].there());
    EXPECT_EQ(root["b"].number(), std::nullopt);
    EXPECT_EQ(root["d"].number(), 2.5);
    EXPECT_EQ(root["c"].elements().size(), 2u);
    EXPECT_TRUE(root["b"].elements().empty());
    EXPECT_FALSE(Document::parse("{"));
    EXPECT_FALSE(Document::parse(""));
}

TEST(settings, a_configuration_looks_like_the_file_that_one_writes) {
    const auto document = Document::parse(
        R"({"process":{"user":"x","drain":true},"pool":[{"name":"api","hosts":["a","b"],"retry":{"max":3},)"
        R"("upstream":[{"name":"a"}]}],"empty":[],"none":null})");
    EXPECT_EQ(
        settings_text(document->root(), {}),
        "empty = []\nnone = null\n\n[process]\nuser = \"x\"\ndrain = true\n\n[[pool]]\n"
        "name = \"api\"\nhosts = [\"a\",\"b\"]\n\n[pool.retry]\nmax = 3\n\n[[pool.upstream]]\n"
        "name = \"a\"\n");
}

}  // namespace
}  // namespace ringctl
