#include "client/sse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringctl {
namespace {

std::vector<ServerEvent> read_in_pieces(std::string_view text, std::size_t piece) {
    std::vector<ServerEvent> events;
    SseReader reader([&](const ServerEvent& event) { events.push_back(event); });
    for (std::size_t at = 0; at < text.size(); at += piece) {
        EXPECT_TRUE(reader.take(text.substr(at, piece)));
    }
    return events;
}

TEST(sse, events_have_their_id_kind_and_data_in_any_pieces_of_the_bytes) {
    constexpr std::string_view kText =
        "retry: 1000\n\nid: 7\nevent: healthy\ndata: {\"a\":1}\n\n:\n\nid:8\ndata: "
        "one\ndata:two\n\n";
    for (std::size_t piece = 1; piece <= kText.size(); ++piece) {
        const auto events = read_in_pieces(kText, piece);
        ASSERT_EQ(events.size(), 2u) << piece;
        EXPECT_EQ(events[0].id, "7");
        EXPECT_EQ(events[0].kind, "healthy");
        EXPECT_EQ(events[0].data, "{\"a\":1}");
        EXPECT_EQ(events[1].id, "8");
        EXPECT_EQ(events[1].kind, "");
        EXPECT_EQ(events[1].data, "one\ntwo");
    }
}

TEST(sse, all_three_line_ends_end_a_line_once) {
    constexpr std::string_view kText = "data: a\r\n\r\ndata: b\r\rdata: c\n\n";
    for (std::size_t piece = 1; piece <= 4; ++piece) {
        const auto events = read_in_pieces(kText, piece);
        ASSERT_EQ(events.size(), 3u) << piece;
        EXPECT_EQ(events[2].data, "c");
    }
}

TEST(sse, an_event_that_was_cut_is_no_event) {
    EXPECT_TRUE(read_in_pieces("id: 1\ndata: {\"id\"", 5).empty());
    EXPECT_TRUE(read_in_pieces("id: 1\ndata: x\n", 5).empty());
}

TEST(sse, an_event_without_data_is_none_and_its_id_stays) {
    const auto events = read_in_pieces("id: 5\n\ndata: x\n\n", 3);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].id, "5");
}

TEST(sse, a_byte_order_mark_is_no_part_of_the_first_field) {
    ASSERT_EQ(read_in_pieces("\xef\xbb\xbf"
                             "data: x\n\n",
                             2)
                  .size(),
              1u);
}

TEST(sse, an_event_without_end_is_given_up) {
    SseReader reader([](const ServerEvent&) {});
    const std::string piece(64 * 1024, 'x');
    bool taken = true;
    for (int i = 0; i < 32 && taken; ++i) taken = reader.take(piece);
    EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace ringctl
