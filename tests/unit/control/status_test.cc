#include "ringway/control/status.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>

namespace ringway::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
namespace dom = simdjson::dom;

constexpr base::Instant kNow{seconds(1000)};
constexpr std::int64_t kUnixNs = 1'767'323'045'678'000'000;  // 2026-01-02T03:04:05.678Z

config::Config sample_config() {
    config::Config config;
    config.pools.resize(2);
    config.pools[0].name = "api";
    config.pools[0].upstreams.resize(2);
    config.pools[0].upstreams[0].name = "a";
    config.pools[0].upstreams[1].name = "unix:/run/b \"2\"";
    config.pools[0].health.checks.resize(2);
    config.pools[0].health.checks[0].name = "off";
    config.pools[0].health.checks[0].enabled = false;
    config.pools[0].health.checks[1].name = "http /health";
    config.pools[1].name = "files/x";
    config.pools[1].upstreams.resize(2);
    config.pools[1].upstreams[0].name = "a";
    config.pools[1].upstreams[1].name = "spare";
    config.pools[1].breaker.enabled = false;
    return config;
}

/// Two shards, two pools; pages are parsed by simdjson, which refuses what is no JSON.
struct Scene {
    Scene() {
        api->upstreams.resize(2);
        files->upstreams.resize(2);
        view.pools = {api, files};
        for (auto& pool : {api, files}) {
            for (auto& upstream : pool->upstreams) upstream.state_since = kNow - seconds(30);
        }
    }
    Status status() {
        return {config, view, shards, checks, {kNow, kUnixNs}, [](cluster::Place place) {
                    return place.upstream.value == 0 ? milliseconds(5) : milliseconds(0);
                }};
    }
    dom::element parsed(const std::string& text) {
        EXPECT_TRUE(text.ends_with("\n"));
        dom::element element;
        const auto error = parser.parse(text).get(element);
        EXPECT_EQ(error, simdjson::SUCCESS) << text;
        return element;
    }
    dom::element upstream(std::uint16_t pool, std::uint16_t index) {
        return parsed(upstream_json(status(), {{pool}, {index}}));
    }

    config::Config config = sample_config();
    std::shared_ptr<cluster::PoolView> api = std::make_shared<cluster::PoolView>();
    std::shared_ptr<cluster::PoolView> files = std::make_shared<cluster::PoolView>();
    cluster::View view;
    observe::ShardCounters first{config}, second{config};
    std::vector<const observe::ShardCounters*> shards{&first, &second};
    health::CheckStats checks;
    dom::parser parser;
};

std::string text_at(dom::element element, const char* pointer) {
    std::string_view text;
    if (element.at_pointer(pointer).get(text) == simdjson::SUCCESS) return std::string(text);
    dom::element found;
    if (element.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(missing)";
    return simdjson::minify(found);
}
double number_at(dom::element element, const char* pointer) {
    double number = -1;
    EXPECT_EQ(element.at_pointer(pointer).get(number), simdjson::SUCCESS) << pointer;
    return number;
}

TEST(Status, an_upstream_shows_what_the_view_says_of_it) {
    Scene scene;
    cluster::UpstreamView& view = scene.api->upstreams[1];
    view.addresses = {*base::SocketAddress::parse("127.0.0.1:80"),
                      *base::SocketAddress::parse("[::1]:80")};
    view.state = cluster::UpstreamState::degraded;
    view.reason = cluster::Reason::check_slow;
    view.eligible = false;
    view.weight_config = 8;
    view.weight = 2;
    view.tier = 3;
    view.backup = true;
    view.agent_percent = 50;
    view.credentials_fault = true;
    view.breaker.until = kNow;            // of the last opening
    view.time_in_state[1] = seconds(70);  // healthy
    view.time_in_state[2] = seconds(2);   // degraded, before
    const auto json = scene.upstream(0, 1);
    EXPECT_EQ(text_at(json, "/pool"), "api");
    EXPECT_EQ(text_at(json, "/name"), "unix:/run/b \"2\"");
    EXPECT_EQ(text_at(json, "/addresses"), R"(["127.0.0.1:80","[::1]:80"])");
    EXPECT_EQ(text_at(json, "/state"), "degraded");
    EXPECT_EQ(text_at(json, "/reason"), "check_slow");
    EXPECT_EQ(text_at(json, "/eligible"), "false");
    EXPECT_EQ(text_at(json, "/weight_config"), "8");
    EXPECT_EQ(text_at(json, "/weight"), "2");
    EXPECT_EQ(text_at(json, "/tier"), "3");
    EXPECT_EQ(text_at(json, "/backup"), "true");
    EXPECT_EQ(text_at(json, "/agent_percent"), "50");
    EXPECT_EQ(text_at(json, "/credentials_fault"), "true");
    EXPECT_EQ(text_at(json, "/since"), "2026-01-02T03:03:35.678Z");  // 30 s ago
    EXPECT_EQ(number_at(json, "/time_in_state/healthy"), 70);
    EXPECT_EQ(number_at(json, "/time_in_state/degraded"), 32);  // the running time included
    EXPECT_EQ(number_at(json, "/time_in_state/unhealthy"), 0);
    EXPECT_EQ(text_at(json, "/ejected"), "null");
    EXPECT_EQ(text_at(json, "/cooling_seconds"), "null");
    EXPECT_EQ(text_at(json, "/breaker/phase"), "closed");
    EXPECT_EQ(text_at(json, "/breaker/until_seconds"), "null");
}

TEST(Status, times_to_come_are_seconds_from_now_and_never_negative) {
    Scene scene;
    cluster::UpstreamView& view = scene.api->upstreams[0];
    view.ejected_until = kNow + milliseconds(12'500);
    view.ejected_for = cluster::Reason::error_rate;
    view.ejections = 2;
    view.cooling_until = kNow - seconds(1);
    view.breaker = {
        .phase = cluster::BreakerPhase::open, .openings = 3, .until = kNow + seconds(4)};
    const auto json = scene.upstream(0, 0);
    EXPECT_EQ(text_at(json, "/ejected/for"), "error_rate");
    EXPECT_EQ(text_at(json, "/ejected/until"), "2026-01-02T03:04:18.178Z");
    EXPECT_EQ(number_at(json, "/ejected/seconds"), 12.5);
    EXPECT_EQ(number_at(json, "/ejected/in_row"), 2);
    EXPECT_EQ(number_at(json, "/cooling_seconds"), 0);
    EXPECT_EQ(text_at(json, "/breaker/phase"), "open");
    EXPECT_EQ(number_at(json, "/breaker/openings"), 3);
    EXPECT_EQ(number_at(json, "/breaker/until_seconds"), 4);
}

TEST(Status, traffic_is_summed_over_the_shards) {
    Scene scene;
    scene.first.upstreams[0][0].requests.add(3);
    scene.second.upstreams[0][0].requests.add(4);
    scene.second.upstreams[0][0].failures.add(2);
    scene.first.upstreams[0][0].in_flight.add(1);
    scene.second.upstreams[0][0].connections_open.add(5);
    scene.second.upstreams[0][0].probes_missed.add(1);
    scene.first.upstreams[0][1].requests.add(99);
    for (int i = 0; i < 99; ++i) scene.first.upstreams[0][0].first_byte.record(1'000'000);
    scene.second.upstreams[0][0].first_byte.record(500'000'000);
    const auto json = scene.upstream(0, 0);
    EXPECT_EQ(number_at(json, "/requests"), 7);
    EXPECT_EQ(number_at(json, "/failures"), 2);
    EXPECT_EQ(number_at(json, "/in_flight"), 1);
    EXPECT_EQ(number_at(json, "/connections"), 5);
    EXPECT_EQ(number_at(json, "/probes/missed"), 1);
    EXPECT_EQ(number_at(json, "/latency/ewma_ms"), 5);
    EXPECT_NEAR(number_at(json, "/latency/p95_ms"), 1.0, 0.04);
    const auto quiet = scene.upstream(0, 1);
    EXPECT_EQ(text_at(quiet, "/latency/ewma_ms"), "null");
    EXPECT_EQ(text_at(quiet, "/latency/p95_ms"), "null");
}

TEST(Status, checks_show_their_counts_their_last_word_and_each_layer) {
    Scene scene;
    EXPECT_EQ(text_at(scene.upstream(0, 1), "/checks/0/last"), "null");
    EXPECT_EQ(text_at(scene.upstream(0, 1), "/checks/0/ewma_ms"), "null");
    scene.checks.record({{0}, {1}}, scene.config.pools[0].health.checks[1].name)
        ->change([](health::CheckReport& report) {
            report.shard = 1;
            report.total = 10;
            report.passed = 6;
            report.failed = 3;
            report.rate_limited = 1;
            report.ewma = milliseconds(8);
            report.p95 = milliseconds(20);
            report.last_latency = milliseconds(9);
            report.last_status = 503;
            report.last_end = health::ProbeEnd::bad_status;
            report.last_at = kNow - seconds(2);
            report.layers[0] = {true, true, kNow - seconds(2), ""};
            report.layers[1] = {true, false, kNow - seconds(2), "status 503"};
        });
    const auto json = scene.upstream(0, 1);
    EXPECT_EQ(text_at(json, "/checks/1"), "(missing)");  // the other one is not enabled
    EXPECT_EQ(text_at(json, "/checks/0/name"), "http /health");
    EXPECT_EQ(number_at(json, "/checks/0/shard"), 1);
    EXPECT_EQ(number_at(json, "/checks/0/total"), 10);
    EXPECT_EQ(number_at(json, "/checks/0/ok"), 6);
    EXPECT_EQ(number_at(json, "/checks/0/failed"), 3);
    EXPECT_EQ(number_at(json, "/checks/0/rate_limited"), 1);
    EXPECT_EQ(number_at(json, "/checks/0/credentials"), 0);
    EXPECT_EQ(number_at(json, "/checks/0/ewma_ms"), 8);
    EXPECT_EQ(number_at(json, "/checks/0/p95_ms"), 20);
    EXPECT_EQ(text_at(json, "/checks/0/last/at"), "2026-01-02T03:04:03.678Z");
    EXPECT_EQ(text_at(json, "/checks/0/last/end"), "bad_status");
    EXPECT_EQ(number_at(json, "/checks/0/last/status"), 503);
    EXPECT_EQ(number_at(json, "/checks/0/last/latency_ms"), 9);
    EXPECT_EQ(text_at(json, "/checks/0/layers/network/ok"), "true");
    EXPECT_EQ(text_at(json, "/checks/0/layers/network/detail"), "null");
    EXPECT_EQ(text_at(json, "/checks/0/layers/http/ok"), "false");
    EXPECT_EQ(text_at(json, "/checks/0/layers/http/detail"), "status 503");
    EXPECT_EQ(text_at(json, "/checks/0/layers/content"), "null");
}

TEST(Status, all_upstreams_come_in_the_order_of_the_configuration) {
    Scene scene;
    const auto json = scene.parsed(upstreams_json(scene.status()));
    EXPECT_EQ(json.get_array().size(), 4u);
    EXPECT_EQ(text_at(json, "/0/name"), "a");
    EXPECT_EQ(text_at(json, "/1/pool"), "api");
    EXPECT_EQ(text_at(json, "/2/pool"), "files/x");
    EXPECT_EQ(text_at(json, "/3/name"), "spare");
}

TEST(Status, a_pool_shows_who_serves_it_its_queue_and_its_times) {
    Scene scene;
    scene.api->panic = true;
    scene.files->upstreams[0].tier = 2;
    scene.files->upstreams[1].backup = true;
    scene.first.pools[0].queue_length.add(2);
    scene.second.pools[0].queue_length.add(1);
    scene.second.pools[0].retries.add(6);
    scene.first.pools[0].time_to_detect.record(10'000'000);
    scene.second.pools[0].time_to_detect.record(40'000'000);
    const auto json = scene.parsed(pools_json(scene.status()));
    EXPECT_EQ(text_at(json, "/0/name"), "api");
    EXPECT_EQ(number_at(json, "/0/upstreams"), 2);
    EXPECT_EQ(number_at(json, "/0/eligible"), 2);
    EXPECT_EQ(text_at(json, "/0/panic"), "true");
    EXPECT_EQ(number_at(json, "/0/queue/length"), 3);
    EXPECT_EQ(number_at(json, "/0/retries"), 6);
    EXPECT_EQ(number_at(json, "/0/time_to_detect/count"), 2);
    EXPECT_NEAR(number_at(json, "/0/time_to_detect/p50_ms"), 10, 0.35);
    EXPECT_NEAR(number_at(json, "/0/time_to_detect/max_ms"), 40, 1.3);
    EXPECT_EQ(text_at(json, "/0/time_to_recover/max_ms"), "null");
    EXPECT_EQ(text_at(json, "/1/panic"), "false");
}

TEST(Status, the_lowest_tier_with_an_eligible_upstream_serves_and_backups_come_last) {
    Scene scene;
    scene.files->upstreams[0].tier = 2;
    scene.files->upstreams[1].backup = true;  // of tier 0
    const auto shown = [&] {
        const auto json = scene.parsed(pools_json(scene.status()));
        return text_at(json, "/1/serving_tier") + " " + text_at(json, "/1/serving_backup");
    };
    EXPECT_EQ(shown(), "2 false");
    scene.files->upstreams[0].eligible = false;
    EXPECT_EQ(shown(), "0 true");
    scene.files->upstreams[1].eligible = false;
    EXPECT_EQ(shown(), "null false");
}

TEST(Status, breakers_show_phase_and_failures_in_a_row) {
    Scene scene;
    scene.api->upstreams[1].breaker = {
        .phase = cluster::BreakerPhase::half_open, .trials = 2, .successes = 1, .until = kNow};
    scene.first.upstreams[0][1].failures_in_row.set(2);
    scene.second.upstreams[0][1].failures_in_row.set(3);
    const auto json = scene.parsed(breakers_json(scene.status()));
    EXPECT_EQ(json.get_array().size(), 4u);
    EXPECT_EQ(text_at(json, "/1/pool"), "api");
    EXPECT_EQ(text_at(json, "/1/upstream"), "unix:/run/b \"2\"");
    EXPECT_EQ(text_at(json, "/1/enabled"), "true");
    EXPECT_EQ(text_at(json, "/1/breaker/phase"), "half_open");
    EXPECT_EQ(number_at(json, "/1/breaker/trials"), 2);
    EXPECT_EQ(number_at(json, "/1/breaker/successes"), 1);
    EXPECT_EQ(number_at(json, "/1/failures_in_row"), 5);
    EXPECT_EQ(text_at(json, "/3/enabled"), "false");
}

TEST(PlaceOfPath, takes_percent_encoding_off_and_leaves_slashes_of_the_name) {
    const config::Config config = sample_config();
    using Found = std::optional<cluster::Place>;
    EXPECT_EQ(place_of_path(config, "api/a"), (Found{{{0}, {0}}}));
    EXPECT_EQ(place_of_path(config, "api/unix:/run/b%20%222%22"), (Found{{{0}, {1}}}));
    EXPECT_EQ(place_of_path(config, "api/unix%3A%2frun%2Fb%20%222%22"), (Found{{{0}, {1}}}));
    EXPECT_EQ(place_of_path(config, "files%2Fx/spare"), (Found{{{1}, {1}}}));
    for (const char* nobody : {"", "api", "api/", "/a", "api/b", "files/x/spare", "nothing/a",
                               "api/a/", "api/a%", "api/a%0", "api/a%zz"}) {
        EXPECT_EQ(place_of_path(config, nobody), Found{}) << nobody;
    }
}

}  // namespace
}  // namespace ringway::control
