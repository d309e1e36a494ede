#include "client/follow.h"

#include <gtest/gtest.h>

namespace ringctl {
namespace {

/// Whether history begins anew when the server has these events behind the one before the last.
/// and this one as its newest.
bool anew(EventHistory& history, const char* events, std::uint64_t newest) {
    const auto document = Document::parse(events);
    EXPECT_TRUE(document);
    return history.begins_anew(document->root(), newest);
}

TEST(follow, an_event_is_told_once) {
    EventHistory history(0);
    EXPECT_TRUE(history.take(4, "a").is_new);
    EXPECT_FALSE(history.take(4, "a").is_new);
    EXPECT_FALSE(history.take(3, "z").is_new);
    EXPECT_TRUE(history.take(5, "b").is_new);
    EXPECT_EQ(history.last_id(), 5u);
}

TEST(follow, events_that_were_not_kept_are_counted) {
    EventHistory history(0);
    EXPECT_EQ(history.take(4, "a").missed, 0u);  // where the story begins
    EXPECT_EQ(history.take(5, "b").missed, 0u);
    EXPECT_EQ(history.take(9, "c").missed, 3u);
}

TEST(follow, the_same_last_event_means_the_same_process) {
    EventHistory history(0);
    EXPECT_EQ(history.probe_after(), std::nullopt);
    history.take(9, "nine o'clock");
    EXPECT_EQ(history.probe_after(), 8u);
    EXPECT_FALSE(anew(history, R"([{"id":9,"time":"nine o'clock"}])", 12));
    EXPECT_EQ(history.last_id(), 9u);
}

TEST(follow, a_process_with_fewer_events_or_others_began_anew) {
    EventHistory fewer(0);
    fewer.take(9, "nine o'clock");
    EXPECT_TRUE(anew(fewer, "[]", 8));
    EXPECT_EQ(fewer.last_id(), 0u);
    EXPECT_TRUE(fewer.take(1, "later").is_new);

    EventHistory others(0);
    others.take(9, "nine o'clock");
    EXPECT_TRUE(anew(others, R"([{"id":9,"time":"ten o'clock"}])", 9));
}

TEST(follow, a_process_that_counts_on_without_those_before_is_an_upgraded_one) {
    EventHistory history(0);
    history.take(9, "nine o'clock");
    EXPECT_FALSE(anew(history, "[]", 9));
    EXPECT_EQ(history.take(10, "ten o'clock").missed, 0u);
    EXPECT_FALSE(anew(history, "[]", 13)) << "one came in between";
}

TEST(follow, a_server_that_kept_only_later_events_is_the_same_one) {
    EventHistory history(0);
    history.take(9, "nine o'clock");
    EXPECT_FALSE(anew(history, R"([{"id":40,"time":"ten o'clock"}])", 40));
    EXPECT_EQ(history.take(40, "ten o'clock").missed, 30u);
}

TEST(follow, an_id_without_a_time_is_compared_by_itself) {
    EventHistory history(9);
    EXPECT_FALSE(anew(history, R"([{"id":9,"time":"nine o'clock"}])", 9));
    EXPECT_TRUE(anew(history, "[]", 0));
}

}  // namespace
}  // namespace ringctl
