#include "ringway/control/alert_book.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace ringway::control {
namespace {

using observe::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Status = Notice::Status;

config::Alerts settings() {
    config::Alerts settings;
    settings.dedup_window = minutes(5);
    settings.escalate_after = minutes(15);
    return settings;
}

/// A book with a clock of its own.
struct Scene {
    explicit Scene(const config::Alerts& of = settings()) : book(of) {}

    /// What an event of a place makes of it; of the upstream `a` unless another is named.
    std::vector<News> take(EventKind kind, const std::string& upstream = "a") {
        AlertEvent event;
        event.told.id = ++ids;
        event.told.unix_ns = (now.time_since_epoch() + seconds(1'000'000)).count();
        event.told.event.kind = kind;
        event.pool = "api";
        event.upstream = upstream;
        event.sentence = observe::name_of(kind);
        std::vector<News> news;
        book.take(event, now, news);
        return news;
    }
    /// What became due on the way, looked at only when the book says that something is.
    std::vector<News> pass(base::Duration time) {
        const base::Instant end = now + time;
        std::vector<News> news;
        for (auto due = book.next_due(); due && *due <= end; due = book.next_due()) {
            now = std::max(now, *due);
            book.tick(now, news);
        }
        now = end;
        return news;
    }

    AlertBook book;
    base::Instant now{hours(1)};
    std::uint64_t ids = 0;
};

TEST(alert_book, a_trouble_is_told_and_told_to_be_over) {
    Scene scene;
    const auto began = scene.take(EventKind::unhealthy);
    ASSERT_EQ(began.size(), 1u);
    EXPECT_EQ(began[0].notice.status, Status::firing);
    EXPECT_EQ(began[0].notice.severity, Severity::critical);
    EXPECT_FALSE(began[0].repeat);
    scene.pass(minutes(1));
    const auto ended = scene.take(EventKind::recovered);
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].notice.status, Status::resolved);
    EXPECT_EQ(ended[0].notice.kind, EventKind::unhealthy);
    EXPECT_EQ(ended[0].notice.severity, Severity::critical);
    EXPECT_EQ(ended[0].notice.event.told.event.kind, EventKind::recovered);
    EXPECT_EQ(ended[0].notice.since_unix_ns, began[0].notice.event.told.unix_ns);
    EXPECT_TRUE(scene.pass(hours(2)).empty());
}

TEST(alert_book, every_kind_that_ends_a_trouble_resolves_it) {
    const std::pair<EventKind, EventKind> pairs[] = {
        {EventKind::unhealthy, EventKind::recovered},
        {EventKind::unhealthy, EventKind::maintenance},
        {EventKind::degraded, EventKind::recovered},
        {EventKind::ejected, EventKind::readmitted},
        {EventKind::rate_limited, EventKind::rate_limit_over},
        {EventKind::credentials_refused, EventKind::credentials_accepted},
        {EventKind::breaker_open, EventKind::breaker_closed},
        {EventKind::panic, EventKind::panic_over},
        {EventKind::total_failure, EventKind::total_recovery},
    };
    for (const auto& [began, ended] : pairs) {
        Scene scene;
        scene.take(began);
        EXPECT_TRUE(std::ranges::none_of(
            scene.take(EventKind::breaker_half_open),
            [](const News& news) { return news.notice.status == Status::resolved; }));
        const auto news = scene.take(ended);
        ASSERT_EQ(news.size(), 1u) << observe::name_of(ended);
        EXPECT_EQ(news[0].notice.status, Status::resolved) << observe::name_of(ended);
        EXPECT_EQ(news[0].notice.kind, began);
    }
}

TEST(alert_book, what_happens_again_within_the_window_is_counted_and_told_once_at_its_end) {
    Scene scene;
    scene.take(EventKind::rate_limited);
    for (int i = 0; i < 3; ++i) {
        scene.pass(seconds(10));
        const auto over = scene.take(EventKind::rate_limit_over);
        ASSERT_EQ(over.size(), 1u);
        EXPECT_EQ(over[0].repeat, i > 0) << i;  // the first end is news, the others are not
        scene.pass(seconds(10));
        const auto again = scene.take(EventKind::rate_limited);
        ASSERT_EQ(again.size(), 1u);
        EXPECT_TRUE(again[0].repeat);
    }
    const auto summary = scene.pass(minutes(5));
    ASSERT_EQ(summary.size(), 1u);
    EXPECT_EQ(summary[0].notice.status, Status::firing);
    EXPECT_EQ(summary[0].notice.repeats, 3u);
    EXPECT_FALSE(summary[0].repeat);
    EXPECT_FALSE(scene.take(EventKind::rate_limit_over).front().repeat);
}

TEST(alert_book, a_trouble_that_came_and_went_unseen_is_summed_up_as_resolved) {
    Scene scene;
    scene.take(EventKind::ejected);
    scene.take(EventKind::readmitted);
    scene.take(EventKind::ejected);
    scene.take(EventKind::readmitted);
    const auto summary = scene.pass(minutes(10));
    ASSERT_EQ(summary.size(), 1u);
    EXPECT_EQ(summary[0].notice.status, Status::resolved);
    EXPECT_EQ(summary[0].notice.repeats, 1u);
    EXPECT_FALSE(scene.book.next_due());  // nothing is left
}

TEST(alert_book, upstreams_and_kinds_are_deduplicated_apart) {
    Scene scene;
    scene.take(EventKind::ejected, "a");
    EXPECT_FALSE(scene.take(EventKind::ejected, "b").front().repeat);
    EXPECT_FALSE(scene.take(EventKind::rate_limited, "a").front().repeat);
    EXPECT_TRUE(scene.take(EventKind::ejected, "a").front().repeat);
    EXPECT_EQ(scene.take(EventKind::readmitted, "b").front().notice.event.upstream, "b");
    EXPECT_TRUE(scene.take(EventKind::ejected, "a").front().repeat);  // a's still stands
}

TEST(alert_book, what_stands_is_told_again_one_severity_higher_until_it_is_over) {
    Scene scene;
    EXPECT_EQ(scene.take(EventKind::breaker_open).front().notice.severity, Severity::warning);
    EXPECT_TRUE(scene.pass(minutes(14)).empty());
    const auto old = scene.pass(minutes(2));
    ASSERT_EQ(old.size(), 1u);
    EXPECT_EQ(old[0].notice.severity, Severity::critical);
    EXPECT_EQ(old[0].notice.status, Status::firing);
    EXPECT_EQ(old[0].notice.escalations, 1u);
    const auto older = scene.pass(minutes(15));
    ASSERT_EQ(older.size(), 1u);
    EXPECT_EQ(older[0].notice.severity, Severity::critical);
    EXPECT_EQ(older[0].notice.escalations, 2u);
    // its end goes to whoever got the escalated one
    EXPECT_EQ(scene.take(EventKind::breaker_closed).front().notice.severity, Severity::critical);
    EXPECT_TRUE(scene.pass(hours(2)).empty());
    EXPECT_EQ(scene.take(EventKind::breaker_open).front().notice.severity, Severity::warning);
}

TEST(alert_book, nothing_escalates_when_that_is_off_or_when_nothing_stands) {
    config::Alerts off = settings();
    off.escalate_after = base::Duration(0);
    Scene scene(off);
    scene.take(EventKind::unhealthy);
    EXPECT_TRUE(scene.pass(hours(48)).empty());
    Scene on;
    on.take(EventKind::failover);  // happens, and does not stand
    on.take(EventKind::draining, "b");
    EXPECT_TRUE(on.pass(hours(48)).empty());
}

TEST(alert_book, what_got_worse_is_not_called_resolved) {
    Scene scene;
    scene.take(EventKind::degraded);
    const auto worse = scene.take(EventKind::unhealthy);
    ASSERT_EQ(worse.size(), 1u);
    EXPECT_EQ(worse[0].notice.kind, EventKind::unhealthy);
    EXPECT_EQ(worse[0].notice.status, Status::firing);
    const auto better = scene.take(EventKind::recovered);
    ASSERT_EQ(better.size(), 1u);
    EXPECT_EQ(better[0].notice.kind, EventKind::unhealthy);
}

TEST(alert_book, without_resolve_notices_ends_are_plain_events) {
    config::Alerts silent = settings();
    silent.resolve_notices = false;
    Scene scene(silent);
    scene.take(EventKind::unhealthy);
    const auto ended = scene.take(EventKind::recovered);
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].notice.status, Status::event);
    EXPECT_EQ(ended[0].notice.severity, Severity::info);
    EXPECT_TRUE(scene.pass(hours(1)).empty());
}

TEST(alert_book, a_window_of_nothing_tells_each) {
    config::Alerts each = settings();
    each.dedup_window = base::Duration(0);
    Scene scene(each);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(scene.take(EventKind::ejected).front().repeat);
        EXPECT_FALSE(scene.take(EventKind::readmitted).front().repeat);
    }
}

TEST(alert_book, what_is_about_places_that_are_gone_is_forgotten) {
    Scene scene;
    scene.take(EventKind::unhealthy, "a");
    scene.take(EventKind::unhealthy, "b");
    scene.book.retain(
        [](const std::string&, const std::string& upstream) { return upstream == "b"; });
    const auto old = scene.pass(minutes(16));
    ASSERT_EQ(old.size(), 1u);
    EXPECT_EQ(old[0].notice.event.upstream, "b");
}

Notice sample_notice() {
    Notice notice;
    notice.status = Status::firing;
    notice.severity = Severity::critical;
    notice.kind = EventKind::unhealthy;
    notice.event.told.id = 17;
    notice.event.told.unix_ns = 1'767'323'045'678'999'999;
    notice.event.told.event.kind = EventKind::unhealthy;
    notice.event.told.event.reason = cluster::Reason::probe_missed;
    notice.event.told.event.set_evidence("no answer <in> \"10 ms\"\n");
    notice.event.pool = "api";
    notice.event.upstream = "a";
    notice.event.sentence = "pool api upstream a: unhealthy: <!channel> & \"10 ms\"\n";
    notice.since_unix_ns = notice.event.told.unix_ns;
    notice.repeats = 2;
    return notice;
}

TEST(alert_body, json_is_an_object_with_all_that_is_known) {
    EXPECT_EQ(alert_body(sample_notice(), config::WebhookFormat::json, "h"),
              R"({"source":"ringway","host":"h","key":"unhealthy/api/a","status":"firing",)"
              R"("severity":"critical","kind":"unhealthy","pool":"api","upstream":"a",)"
              R"("text":"pool api upstream a: unhealthy: <!channel> & \"10 ms\"\n","event_id":17,)"
              R"("event":"unhealthy","reason":"probe_missed",)"
              R"("evidence":"no answer <in> \"10 ms\"\n","time":"2026-01-02T03:04:05.678Z",)"
              R"("since":"2026-01-02T03:04:05.678Z","took_ms":null,"repeats":2,"escalations":0})");
}

TEST(alert_body, slack_gets_a_text_without_markup_of_others_and_a_color) {
    const std::string body = alert_body(sample_notice(), config::WebhookFormat::slack, "h");
    simdjson::dom::parser parser;
    const simdjson::dom::element page = parser.parse(body);
    EXPECT_EQ(std::string_view(page["text"]),
              "CRITICAL: pool api upstream a: unhealthy: &lt;!channel&gt; &amp; \"10 ms\"\n");
    EXPECT_EQ(std::string_view(page["attachments"].at(0)["color"]), "danger");
    EXPECT_EQ(std::uint64_t(page["attachments"].at(0)["ts"]), 1'767'323'045u);
    EXPECT_NE(std::string_view(page["attachments"].at(0)["text"]).find("happened 2 more times"),
              std::string_view::npos);
    Notice over = sample_notice();
    over.status = Status::resolved;
    const std::string end = alert_body(over, config::WebhookFormat::slack, "h");
    const simdjson::dom::element resolved = parser.parse(end);
    EXPECT_TRUE(std::string_view(resolved["text"]).starts_with("RESOLVED: pool api"));
    EXPECT_EQ(std::string_view(resolved["attachments"].at(0)["color"]), "good");
}

TEST(alert_book, what_stands_untold_escalates_only_once_it_was_told) {
    config::Alerts often = settings();
    often.dedup_window = hours(1);
    often.escalate_after = minutes(1);
    Scene scene(often);
    scene.take(EventKind::degraded);
    scene.take(EventKind::recovered);
    EXPECT_TRUE(scene.take(EventKind::degraded).at(0).repeat);
    // nothing is due before the window ends, or whoever waits for it would not rest
    ASSERT_EQ(scene.book.next_due(), scene.now + hours(1));
    const auto news = scene.pass(hours(1));
    ASSERT_GE(news.size(), 1u);
    EXPECT_EQ(news[0].notice.status, Status::firing);
}

/// A book that has lived through what another one's scene brought.
TEST(alert_book, what_another_book_told_is_not_told_again_and_goes_on) {
    Scene before;
    std::vector<AlertEvent> taken;
    const auto take = [&](EventKind kind, const std::string& upstream) {
        for (const News& news : before.take(kind, upstream)) {
            AlertEvent event = news.notice.event;
            event.told.event.at = before.now;
            taken.push_back(event);
        }
    };
    take(EventKind::degraded, "a");
    take(EventKind::unhealthy, "b");
    before.pass(minutes(6));
    take(EventKind::recovered, "b");
    ASSERT_EQ(before.pass(minutes(10)).size(), 1u);  // a has escalated
    Scene after;
    after.now = before.now;
    after.book.remember(taken, after.now);
    EXPECT_TRUE(after.pass(minutes(13)).empty());
    const auto escalated = after.pass(minutes(2));
    ASSERT_EQ(escalated.size(), 1u);
    EXPECT_EQ(escalated[0].notice.escalations, 2u);
    EXPECT_EQ(escalated[0].notice.event.upstream, "a");
    const auto ended = after.take(EventKind::recovered, "a");
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].notice.status, Status::resolved);
    EXPECT_FALSE(ended[0].repeat);
    EXPECT_EQ(ended[0].notice.since_unix_ns, taken[0].told.unix_ns);
}

}  // namespace
}  // namespace ringway::control
