#include "ringway/control/alerts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "receiver.h"
#include "ringway/control/clock.h"
#include "temporary.h"

namespace ringway::control {
namespace {

using observe::EventKind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// Alerts to one webhook or more, with the process log in a file.
struct Scene {
    Scene() {
        setenv("no_proxy", "127.0.0.1", 1);
        config.pools.resize(1);
        config.pools[0].name = "api";
        config.pools[0].upstreams.resize(8);
        for (std::size_t i = 0; i < 8; ++i)
            config.pools[0].upstreams[i].name = std::string(1, static_cast<char>('a' + i));
    }
    ~Scene() {
        alerts.reset();
        close(descriptor);
    }
    config::Webhook& add(const std::string& name, const std::string& url) {
        config::Webhook webhook;
        webhook.name = name;
        webhook.url = url;
        webhook.backoff_min = milliseconds(1);
        webhook.backoff_max = milliseconds(4);
        return config.alerts.webhooks.emplace_back(webhook);
    }
    void start() {
        alerts.emplace(config.alerts, log);
        alerts->start();
    }
    void tell(EventKind kind, std::uint16_t upstream = 0) {
        observe::Event event;
        event.kind = kind;
        event.upstream = upstream;
        observe::Told told = observe::told_of(event, config);
        told.id = ++ids;
        alerts->take(told);
    }
    observe::WebhookFacts facts(std::size_t place = 0) const {
        const auto all = alerts->facts();
        return place < all.size() ? all[place] : observe::WebhookFacts{};
    }
    std::string said() const { return content_of(folder.at("log")); }

    TemporaryFolder folder;
    int descriptor = open(folder.at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    Log log{LogLevel::info, descriptor};
    config::Config config;
    std::optional<Alerts> alerts;
    std::uint64_t ids = 0;
};

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(alerts, an_event_is_posted_with_the_fields_of_the_webhook) {
    Receiver receiver;
    Scene scene;
    scene.add("ops", receiver.url("/hook?token=s3cret")).headers = {
        {config::HeaderEdit::Kind::set, "Authorization", "Bearer t0ken", true}};
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    const std::string request = receiver.requests().at(0);
    EXPECT_TRUE(request.starts_with("POST /hook?token=s3cret HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(has(request, "\r\nContent-Type: application/json\r\n")) << request;
    EXPECT_TRUE(has(request, "\r\nAuthorization: Bearer t0ken\r\n")) << request;
    EXPECT_TRUE(has(request,
                    "\"status\":\"firing\",\"severity\":\"critical\""
                    ",\"kind\":\"unhealthy\",\"pool\":\"api\",\"upstream\":\"a\""))
        << request;
    scene.alerts->stop();
    EXPECT_EQ(scene.said(), "");
}

TEST(alerts, each_webhook_gets_what_its_severity_and_events_ask_for) {
    Receiver all;
    Receiver critical;
    Receiver breakers;
    Scene scene;
    scene.add("all", all.url()).severity_min = config::Severity::info;
    scene.add("critical", critical.url()).severity_min = config::Severity::critical;
    scene.add("breakers", breakers.url()).events = {"breaker_open"};
    scene.start();
    scene.tell(EventKind::breaker_open);
    scene.tell(EventKind::unhealthy, 1);
    scene.tell(EventKind::draining, 2);
    scene.tell(EventKind::breaker_closed);
    scene.alerts->stop();
    EXPECT_EQ(all.requests().size(), 4u);
    ASSERT_EQ(critical.requests().size(), 1u);
    EXPECT_TRUE(has(critical.requests()[0], "\"kind\":\"unhealthy\""));
    ASSERT_EQ(breakers.requests().size(), 2u);
    EXPECT_TRUE(has(breakers.requests()[1], "\"status\":\"resolved\""));
}

TEST(alerts, a_failed_attempt_is_repeated_until_it_is_taken) {
    Receiver receiver([](std::size_t n) { return Receiver::status(n < 2 ? 500 : 204); });
    Scene scene;
    scene.add("ops", receiver.url("/s3cret"));
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    EXPECT_EQ(receiver.requests().size(), 3u);
    EXPECT_EQ(scene.facts().retried, 2u);
    EXPECT_EQ(scene.facts().failed, 0u);
    EXPECT_EQ(receiver.requests()[0], receiver.requests()[2]);
    scene.alerts->stop();
    EXPECT_TRUE(has(scene.said(),
                    "warn alerts: ops cannot be told of an alert yet; it is tried "
                    "again (it answers 500) attempts=1\n"))
        << scene.said();
    EXPECT_TRUE(has(scene.said(), "info alerts: ops takes alerts again\n")) << scene.said();
    EXPECT_FALSE(has(scene.said(), "s3cret"));
}

TEST(alerts, an_attempt_is_not_repeated_when_that_is_in_vain_or_was_done_enough) {
    Receiver refuses([](std::size_t) { return Receiver::status(403); });
    Receiver fails([](std::size_t) { return Receiver::status(503); });
    Scene scene;
    scene.add("refuses", refuses.url());
    scene.add("fails", fails.url()).retries_max = 2;
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts(0).failed + scene.facts(1).failed == 2; }));
    EXPECT_EQ(refuses.requests().size(), 1u);
    EXPECT_EQ(fails.requests().size(), 3u);
    EXPECT_EQ(scene.facts(1).retried, 2u);
    EXPECT_TRUE(has(scene.said(), "refuses was not told of an alert (it answers 403)"));
    EXPECT_TRUE(has(scene.said(), "fails was not told of an alert (it answers 503) attempts=3"));
}

TEST(alerts, retry_after_is_waited_for) {
    Receiver receiver([](std::size_t n) {
        return n == 0 ? Receiver::status(429, "Retry-After: 1\r\n") : Receiver::status(200);
    });
    Scene scene;
    scene.add("ops", receiver.url());
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    EXPECT_GE(receiver.times()[1] - receiver.times()[0], milliseconds(990));
}

TEST(alerts, pauses_are_random_and_grow_up_to_their_bound) {
    Receiver receiver([](std::size_t) { return Receiver::status(500); });
    Scene scene;
    auto& webhook = scene.add("ops", receiver.url());
    webhook.retries_max = 40;
    webhook.backoff_min = milliseconds(1);
    webhook.backoff_max = milliseconds(20);
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().failed == 1; }));
    const auto times = receiver.times();
    ASSERT_EQ(times.size(), 41u);
    // 36 pauses of 0 to 20 ms each; the receiver looks at its listener every 20 ms at the latest
    const auto late = times[40] - times[4];
    EXPECT_GT(late, milliseconds(120));
    EXPECT_LT(late, seconds(4));
}

TEST(alerts, repeats_are_counted_and_not_sent) {
    Receiver receiver;
    Scene scene;
    scene.add("ops", receiver.url());
    scene.start();
    for (int i = 0; i < 5; ++i) scene.tell(EventKind::ejected);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    ASSERT_TRUE(eventually([&] { return scene.facts().deduplicated == 4; }));
    EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST(alerts, a_trouble_that_stands_is_sent_again_by_the_clock) {
    Receiver receiver;
    Scene scene;
    scene.config.alerts.escalate_after = milliseconds(300);
    scene.add("ops", receiver.url());
    scene.start();
    scene.tell(EventKind::ejected);
    ASSERT_TRUE(eventually([&] { return receiver.requests().size() >= 2; }));
    EXPECT_GE(receiver.times()[1] - receiver.times()[0], milliseconds(250));
    EXPECT_TRUE(has(receiver.requests()[0], "\"severity\":\"warning\""));
    EXPECT_TRUE(has(receiver.requests()[1], "\"severity\":\"critical\""));
    EXPECT_TRUE(has(receiver.requests()[1], "\"escalations\":1"));
}

TEST(alerts, a_silent_receiver_delays_no_other_and_not_the_end) {
    Receiver silent([](std::size_t) { return std::string(); });
    Receiver good;
    Scene scene;
    scene.add("silent", silent.url()).timeout = minutes(1);
    scene.add("good", good.url());
    scene.config.alerts.queue_max = 3;
    scene.start();
    for (std::uint16_t i = 0; i < 8; ++i) {
        scene.tell(EventKind::unhealthy, i);
        ASSERT_TRUE(eventually([&] { return scene.facts(1).sent == i + 1u; }));
    }
    EXPECT_EQ(scene.facts(0).sent, 0u);
    EXPECT_EQ(scene.facts(0).queued, 3u);
    EXPECT_EQ(scene.facts(0).dropped, 5u);
    const auto begin = Clock::now();
    scene.alerts->stop();
    EXPECT_LT(Clock::now() - begin, seconds(2));  // 0.8 s, and a machine that stalls
    EXPECT_EQ(scene.facts(0).dropped, 8u);
    EXPECT_TRUE(has(scene.said(), "3 alerts were not told before the end")) << scene.said();
}

TEST(alerts, an_attempt_ends_by_its_time_out) {
    Receiver receiver([](std::size_t n) { return n == 0 ? std::string() : Receiver::status(200); });
    Scene scene;
    scene.add("ops", receiver.url()).timeout = milliseconds(100);
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    EXPECT_GE(receiver.requests().size(), 2u);
    EXPECT_TRUE(has(scene.said(), "(Timeout was reached)")) << scene.said();
}

TEST(alerts, nobody_there_is_an_end_of_the_attempts_and_said_without_the_url) {
    Scene scene;
    scene.add("ops", "http://127.0.0.1:1/s3cret?t=t0ken").retries_max = 1;
    scene.start();
    scene.tell(EventKind::unhealthy);
    ASSERT_TRUE(eventually([&] { return scene.facts().failed == 1; }));
    scene.alerts->stop();
    EXPECT_TRUE(has(scene.said(), "ops was not told of an alert (Couldn't connect to server)"))
        << scene.said();
    for (const char* secret : {"s3cret", "t0ken", "127.0.0.1"})
        EXPECT_FALSE(has(scene.said(), secret)) << scene.said();
}

TEST(alerts, what_was_told_before_the_end_still_goes_out) {
    Receiver receiver;
    Scene scene;
    scene.add("ops", receiver.url());
    scene.start();
    for (std::uint16_t i = 0; i < 8; ++i) scene.tell(EventKind::unhealthy, i);
    scene.alerts->stop();
    EXPECT_EQ(receiver.requests().size(), 8u);
    EXPECT_EQ(scene.facts().sent, 8u);
}

TEST(alerts, without_a_webhook_there_is_no_thread_and_nothing_is_kept) {
    Scene scene;
    scene.start();
    for (int i = 0; i < 10'000; ++i) scene.tell(EventKind::unhealthy);
    EXPECT_EQ(scene.alerts->events_dropped(), 0u);
    EXPECT_TRUE(scene.alerts->facts().empty());
    scene.alerts->stop();
}

TEST(alerts, a_configuration_that_is_loaded_anew_changes_receivers_and_keeps_counts) {
    Receiver first;
    Receiver second;
    Scene scene;
    scene.config.alerts.escalate_after = milliseconds(200);
    scene.add("stays", first.url());
    scene.add("goes", first.url());
    scene.start();
    scene.tell(EventKind::ejected, 7);
    ASSERT_TRUE(eventually([&] { return scene.facts(0).sent >= 1 && scene.facts(1).sent >= 1; }));
    config::Config next = scene.config;
    next.pools[0].upstreams.resize(7);  // the one that was ejected is gone
    next.alerts.webhooks.pop_back();
    next.alerts.webhooks[0].url = second.url();
    next.alerts.webhooks.push_back(next.alerts.webhooks[0]);
    next.alerts.webhooks[1].name = "comes";
    next.alerts.escalate_after = minutes(10);
    scene.alerts->adopt(next);
    ASSERT_TRUE(eventually([&] { return scene.facts(1).name == "comes"; }));
    const std::uint64_t sent = scene.facts(0).sent;
    EXPECT_GE(sent, 1u);
    scene.tell(EventKind::unhealthy, 1);
    ASSERT_TRUE(eventually([&] { return scene.facts(0).sent > sent && scene.facts(1).sent == 1; }));
    const auto is_new = [](const std::string& request) {
        return has(request, "\"upstream\":\"b\"");
    };
    ASSERT_TRUE(eventually([&] { return std::ranges::count_if(second.requests(), is_new) == 2; }));
    EXPECT_EQ(std::ranges::count_if(first.requests(), is_new), 0);
    EXPECT_EQ(scene.alerts->facts().size(), 2u);
}

TEST(alerts, what_an_older_process_told_is_ended_here_and_not_told_again) {
    Receiver receiver;
    Scene scene;
    scene.add("ops", receiver.url());
    observe::Event event;
    event.kind = EventKind::unhealthy;
    event.upstream = 0;
    event.at = read_clocks().now;
    const observe::Told told = observe::told_of(event, scene.config);
    scene.alerts.emplace(scene.config.alerts, scene.log);
    scene.alerts->inherit({told}, scene.config);
    scene.alerts->start();
    scene.tell(EventKind::recovered);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    EXPECT_TRUE(has(receiver.requests().at(0), "\"status\":\"resolved\""))
        << receiver.requests()[0];
    scene.alerts->stop();
    EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST(alerts, what_waits_goes_out_once_another_process_tells_and_nothing_else) {
    Receiver receiver([](std::size_t n) { return Receiver::status(n < 3 ? 500 : 204); });
    Scene scene;
    scene.config.alerts.escalate_after = seconds(2);
    scene.add("ops", receiver.url()).backoff_min = milliseconds(50);
    scene.start();
    scene.tell(EventKind::degraded);
    ASSERT_TRUE(eventually([&] { return !receiver.requests().empty(); }));
    scene.alerts->pass_on();
    scene.tell(EventKind::unhealthy, 1);
    ASSERT_TRUE(eventually([&] { return scene.facts().sent == 1; }));
    std::this_thread::sleep_for(milliseconds(2500));  // it would have escalated
    EXPECT_EQ(receiver.requests().size(), 4u);
    EXPECT_EQ(receiver.requests().front(), receiver.requests().back());
}

}  // namespace
}  // namespace ringway::control
