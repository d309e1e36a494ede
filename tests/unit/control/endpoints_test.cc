#include <fcntl.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "../observe/exposition_checker.h"
#include "endpoint_scene.h"

namespace ringway::control {
namespace {

TEST(unready_reason, follows_the_phase_and_the_pools) {
    const config::Config config = two_pools();
    cluster::View view;
    const auto api = std::make_shared<cluster::PoolView>();
    const auto files = std::make_shared<cluster::PoolView>();
    view.config = config::borrow(config);
    view.pools = {api, files};
    api->upstreams.resize(2);
    files->upstreams.resize(2);
    EXPECT_EQ(unready_reason(Phase::accepting, view), std::nullopt);
    EXPECT_EQ(unready_reason(Phase::starting, view), "starting");
    EXPECT_EQ(unready_reason(Phase::draining, view), "draining");
    files->upstreams[0].eligible = false;
    EXPECT_EQ(unready_reason(Phase::accepting, view), std::nullopt);
    files->upstreams[1].eligible = false;
    EXPECT_EQ(unready_reason(Phase::accepting, view), "pool files has no eligible upstream");
}

TEST(endpoints, healthz_is_ok_in_every_phase) {
    Scene scene;
    for (const Phase phase : {Phase::starting, Phase::accepting, Phase::draining}) {
        scene.phase = phase;
        EXPECT_EQ(scene.ask("/healthz").status, 200);
        EXPECT_EQ(scene.ask("/healthz").body, "ok\n");
    }
}

TEST(endpoints, readyz_turns_with_the_phase_and_the_published_view) {
    Scene scene;
    EXPECT_EQ(scene.ask("/readyz").status, 503);
    scene.phase = Phase::accepting;
    EXPECT_EQ(scene.ask("/readyz").status, 200);
    for (const std::uint16_t upstream : std::initializer_list<std::uint16_t>{0, 1}) {
        scene.set_state(0, upstream, cluster::UpstreamState::unhealthy,
                        cluster::Reason::check_failed);
    }
    EXPECT_EQ(scene.ask("/readyz").status, 503);
    EXPECT_EQ(scene.ask("/readyz").body, "not ready: pool api has no eligible upstream\n");
    scene.phase = Phase::draining;
    EXPECT_EQ(scene.ask("/readyz").body, "not ready: draining\n");
}

TEST(endpoints, metrics_is_a_well_formed_page_of_this_process) {
    Scene scene;
    scene.phase = Phase::draining;
    scene.counters.upstreams[0][1].requests.add(3);
    scene.checks.record({{0}, {1}}, scene.config.pools[0].health.checks[0].name)
        ->change([](health::CheckReport& report) { report.failed = 2; });
    const AdminReply reply = scene.ask("/metrics");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const auto page = observe::check_exposition(reply.body);
    ASSERT_FALSE(page.error) << *page.error;
    using Value = std::optional<double>;
    EXPECT_EQ(page.value("ringway_upstream_requests_total", {{"pool", "api"}, {"upstream", "b"}}),
              Value(3));
    EXPECT_EQ(
        page.value("ringway_upstream_checks_total",
                   {{"pool", "api"}, {"upstream", "b"}, {"check", "http /"}, {"result", "failed"}}),
        Value(2));
    EXPECT_EQ(page.value("ringway_events_lost_total", {}), Value(0));
    EXPECT_EQ(page.value("ringway_draining", {}), Value(1));
    EXPECT_EQ(page.value("ringway_build_info", {{"version", RINGWAY_VERSION}}), Value(1));
}

TEST(endpoints, upstreams_pools_and_breakers_are_json_of_the_current_view) {
    Scene scene;
    simdjson::dom::parser parser;
    const auto state_of = [&](const std::string& path, const char* pointer) {
        const AdminReply reply = scene.ask(path);
        EXPECT_EQ(reply.status, 200) << path;
        EXPECT_EQ(reply.content_type, "application/json");
        return std::string(parser.parse(reply.body).at_pointer(pointer).get_string().value());
    };
    EXPECT_EQ(state_of("/upstreams", "/3/state"), "healthy");
    scene.set_state(1, 1, cluster::UpstreamState::unhealthy, cluster::Reason::probe_missed);
    EXPECT_EQ(state_of("/upstreams", "/3/state"), "unhealthy");
    EXPECT_EQ(state_of("/upstreams/files/b", "/reason"), "probe_missed");
    EXPECT_EQ(state_of("/upstreams/files/a", "/state"), "healthy");
    EXPECT_EQ(state_of("/pools", "/1/name"), "files");
    EXPECT_EQ(state_of("/breakers", "/3/breaker/phase"), "closed");
}

TEST(endpoints, an_upstream_that_does_not_exist_is_404_in_json) {
    Scene scene;
    for (const char* path : {"/upstreams/files/c", "/upstreams/nothing/a", "/upstreams/files"}) {
        const AdminReply reply = scene.ask(path);
        EXPECT_EQ(reply.status, 404) << path;
        EXPECT_EQ(reply.body,
                  "{\"error\":{\"code\":\"no_such_upstream\",\"message\":\"there is no such "
                  "upstream\"}}\n");
    }
    EXPECT_EQ(scene.ask("/upstreams/").body,
              "{\"error\":{\"code\":\"not_found\",\"message\":\"no endpoint\"}}\n");
}

TEST(endpoints, events_are_read_from_an_id_on) {
    Scene scene;
    for (const std::uint16_t upstream : std::initializer_list<std::uint16_t>{0, 1}) {
        scene.set_state(1, upstream, cluster::UpstreamState::unhealthy,
                        cluster::Reason::check_failed);
    }
    scene.chronicle.start();
    scene.chronicle.stop();
    simdjson::dom::parser parser;
    const auto kinds = [&](const std::string& query) {
        const AdminReply reply = scene.ask("/events", query);
        EXPECT_EQ(reply.status, 200) << reply.body;
        std::string text;
        for (const auto event : parser.parse(reply.body).get_array()) {
            text += std::string(event["kind"].get_string().value()) + " ";
        }
        return text;
    };
    EXPECT_EQ(kinds(""), "unhealthy unhealthy total_failure ");
    EXPECT_EQ(kinds("limit=1"), "total_failure ");
    EXPECT_EQ(kinds("after=1"), "unhealthy total_failure ");
    EXPECT_EQ(kinds("x=9&after=0&limit=2"), "unhealthy unhealthy ");
    EXPECT_EQ(kinds("after=3"), "");
    EXPECT_EQ(kinds("after=18446744073709551615&limit=18446744073709551615"), "");
    for (const char* bad : {"after=", "after", "after=-1", "limit=x", "limit=1x",
                            "after=1&limit=", "limit=18446744073709551616"}) {
        EXPECT_EQ(scene.ask("/events", bad).status, 400) << bad;
    }
}

TEST(changes, drain_maintenance_and_ready_are_set_by_hand_and_stay) {
    Scene scene;
    const AdminReply drained = scene.change("/upstreams/files/b/drain");
    EXPECT_EQ(drained.status, 200);
    EXPECT_EQ(text_of(drained.body, "/state"), "\"draining\"");
    EXPECT_EQ(text_of(drained.body, "/set_by_hand"), "[\"state\"]");
    EXPECT_EQ(scene.view_of(1, 1).reason, cluster::Reason::by_hand);
    EXPECT_FALSE(scene.view_of(1, 1).eligible);
    const std::uint64_t version = [&] {
        const base::RcuReader reader;
        return scene.board.read()->version;
    }();
    EXPECT_EQ(scene.change("/upstreams/files/b/drain").status, 200);  // again: nothing new
    {
        const base::RcuReader reader;
        EXPECT_EQ(scene.board.read()->version, version);
    }
    EXPECT_EQ(text_of(scene.change("/upstreams/files/b/maintenance").body, "/state"),
              "\"maintenance\"");
    const AdminReply ready = scene.change("/upstreams/files/b/ready");
    EXPECT_EQ(text_of(ready.body, "/state"), "\"healthy\"");
    EXPECT_EQ(text_of(ready.body, "/set_by_hand"), "[]");
    EXPECT_TRUE(scene.view_of(1, 1).eligible);
    EXPECT_EQ(scene.change("/upstreams/files/c/drain").status, 404);
}

TEST(changes, a_weight_is_a_whole_number_up_to_1000_and_nothing_else) {
    Scene scene;
    const auto put = [&](const std::string& body) {
        return scene.change("/upstreams/api/a/weight", http::Method::put, body);
    };
    EXPECT_EQ(text_of(put("{\"weight\": 7}").body, "/weight_by_hand"), "7");
    EXPECT_EQ(scene.view_of(0, 0).weight, 7u);
    for (const char* bad :
         {"", "7", "{}", "{\"weight\":-1}", "{\"weight\":1001}", "{\"weight\":1.5}",
          "{\"weight\":\"7\"}", "{\"weight\":7,\"x\":1}", "{\"weight\":7}x", "[7]"}) {
        EXPECT_EQ(put(bad).status, 400) << bad;
    }
    EXPECT_EQ(scene.view_of(0, 0).weight_by_hand, 7u);
    EXPECT_EQ(put("{\"weight\":0}").status, 200);
    EXPECT_FALSE(scene.view_of(0, 0).eligible);
    const AdminReply back = scene.change("/upstreams/api/a/weight", http::Method::delete_);
    EXPECT_EQ(text_of(back.body, "/weight_by_hand"), "null");
    EXPECT_TRUE(scene.view_of(0, 0).eligible);
}

TEST(changes, breakers_open_close_and_reset) {
    Scene scene;
    const AdminReply opened = scene.change("/breakers/api/a/open");
    EXPECT_EQ(text_of(opened.body, "/breaker/phase"), "\"open\"");
    EXPECT_EQ(text_of(opened.body, "/breaker/until_seconds"), "null");
    EXPECT_EQ(text_of(opened.body, "/set_by_hand"), "true");
    EXPECT_EQ(text_of(scene.change("/breakers/api/a/close").body, "/breaker/phase"), "\"closed\"");
    EXPECT_EQ(scene.change("/breakers/api/a/reset").status, 200);
    EXPECT_EQ(scene.view_of(0, 0).breaker_resets, 1u);
    EXPECT_EQ(scene.change("/breakers/api/x/open").status, 404);
    scene.config.pools[0].breaker.enabled = false;
    const AdminReply off = scene.change("/breakers/api/a/open");
    EXPECT_EQ(off.status, 409);
    EXPECT_EQ(text_of(off.body, "/error/code"), "\"breaker_disabled\"");
}

TEST(operations, what_main_does_not_give_is_501) {
    Scene scene;
    for (const char* path :
         {"/reload", "/config/apply", "/config/confirm", "/config/revert", "/upgrade", "/drain"}) {
        EXPECT_EQ(scene.change(path).status, 501) << path;
    }
    EXPECT_EQ(scene.ask("/config/pending").status, 501);
}

TEST(operations, a_reload_tells_what_changed_or_every_error) {
    Scene scene;
    scene.operations.reload = [] {
        return Reloaded{.generation = 7, .changed = {"pool `api`"}, .needs_restart = {"shards"}};
    };
    const AdminReply reloaded = scene.change("/reload");
    EXPECT_EQ(reloaded.status, 200);
    EXPECT_EQ(reloaded.body,
              "{\"generation\":7,\"changed\":[\"pool `api`\"],\"needs_restart\":[\"shards\"]}\n");
    scene.operations.reload = []() -> Outcome<Reloaded> {
        return std::unexpected(OperationError{.status = 422,
                                              .code = "invalid_config",
                                              .message = "the file has errors",
                                              .details = {"f:1:1: a", "f:2:1: b"}});
    };
    const AdminReply refused = scene.change("/reload");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(text_of(refused.body, "/error/code"), "\"invalid_config\"");
    EXPECT_EQ(text_of(refused.body, "/error/errors"), "[\"f:1:1: a\",\"f:2:1: b\"]");
}

TEST(operations, apply_takes_a_time_and_a_bound) {
    Scene scene;
    ApplyOrder seen;
    scene.operations.apply = [&](const ApplyOrder& order) {
        seen = order;
        return Applied{.reloaded = {.generation = 2}, .confirm_by_unix_ns = 1'000'000'000};
    };
    const auto apply = [&](const std::string& query) {
        return scene.change("/config/apply", http::Method::post, "text", query);
    };
    const AdminReply reply = apply("confirm=90s&abort_if=errors%3E1.5%25");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(seen.toml, "text");
    EXPECT_EQ(seen.confirm, std::chrono::seconds(90));
    EXPECT_EQ(seen.abort_if, 0.015);
    EXPECT_EQ(text_of(reply.body, "/confirm_by"), "\"1970-01-01T00:00:01.000Z\"");
    EXPECT_EQ(text_of(reply.body, "/abort_if"), "\"errors>1.5%\"");
    EXPECT_EQ(apply("").status, 200);
    EXPECT_EQ(seen.confirm, std::chrono::seconds(60));
    EXPECT_EQ(seen.abort_if, std::nullopt);
    EXPECT_EQ(seen.name, "");
    EXPECT_EQ(apply("name=a+b.toml").status, 200);
    EXPECT_EQ(seen.name, "a b.toml");
    for (const char* bad : {"confirm=0s", "confirm=25h", "confirm=60", "abort_if=errors",
                            "abort_if=errors>1", "abort_if=errors>x%25", "abort_if=errors>100%25",
                            "abort_if=errors>-1%25", "abort_if=latency>1%25"}) {
        EXPECT_EQ(apply(bad).status, 400) << bad;
    }
}

TEST(endpoints, status_tells_of_the_process_and_of_pools_in_trouble) {
    Scene scene;
    scene.phase = Phase::accepting;
    scene.operations.reload_facts = [] {
        return observe::ReloadFacts{.last_success = false, .generation = 5};
    };
    const auto then = read_clocks().now - std::chrono::seconds(5);
    scene.rates->tick(then, {});
    scene.counters.exchanges.add(50);
    std::string body = scene.ask("/status").body;
    EXPECT_EQ(text_of(body, "/phase"), "\"accepting\"");
    EXPECT_EQ(text_of(body, "/generation"), "5");
    EXPECT_EQ(text_of(body, "/last_reload_success"), "false");
    EXPECT_EQ(text_of(body, "/totals/requests"), "50");
    EXPECT_NEAR(std::stod(text_of(body, "/rates/requests")), 10, 2);
    EXPECT_EQ(text_of(body, "/trouble"), "[]");
    scene.change("/upstreams/api/a/drain");  // on purpose, and another is left
    EXPECT_EQ(text_of(scene.ask("/status").body, "/trouble"), "[]");
    scene.set_state(1, 0, cluster::UpstreamState::unhealthy, cluster::Reason::check_failed);
    body = scene.ask("/status").body;
    EXPECT_EQ(text_of(body, "/trouble/0/problem"), "\"upstreams_out\"");
    EXPECT_EQ(text_of(body, "/trouble/0/upstreams_out"), "[\"a\"]");
    scene.set_state(1, 1, cluster::UpstreamState::unhealthy, cluster::Reason::check_failed);
    EXPECT_EQ(text_of(scene.ask("/status").body, "/trouble/0/problem"), "\"no_eligible_upstream\"");
}

TEST(endpoints, one_pool_and_what_drains) {
    Scene scene;
    EXPECT_EQ(text_of(scene.ask("/pools/files").body, "/name"), "\"files\"");
    EXPECT_EQ(scene.ask("/pools/x").status, 404);
    scene.counters.upstreams[0][1].in_flight.add(3);
    scene.change("/upstreams/api/b/maintenance");
    const std::string body = scene.ask("/drain").body;
    EXPECT_EQ(text_of(body, "/draining"), "false");
    EXPECT_EQ(text_of(body, "/upstreams/0/name"), "\"b\"");
    EXPECT_EQ(text_of(body, "/upstreams/0/in_flight"), "3");
    scene.operations.drain = [&] { scene.phase = Phase::draining; };
    scene.operations.drain_left = [] { return std::chrono::milliseconds(1500); };
    const AdminReply begun = scene.change("/drain");
    EXPECT_EQ(text_of(begun.body, "/draining"), "true");
    EXPECT_EQ(text_of(begun.body, "/seconds_left"), "1.5");
}

TEST(endpoint_of, one_with_a_suffix_comes_before_one_without) {
    std::vector<AdminEndpoint> endpoints(3);
    endpoints[0] = {"/a/", {}, {}, true};
    endpoints[1] = {"/a/", {}, {}, true, "/drain"};
    endpoints[2] = {"/a/b", {}, {}};
    const auto index = [&](const char* path) {
        const AdminEndpoint* const found = endpoint_of(endpoints, path);
        return found == nullptr ? -1 : static_cast<int>(found - endpoints.data());
    };
    EXPECT_EQ(index("/a/x/drain"), 1);
    EXPECT_EQ(index("/a/x/y/drain"), 1);
    EXPECT_EQ(index("/a//drain"), 0);
    EXPECT_EQ(index("/a/drain"), 0);
    EXPECT_EQ(index("/a/x/drains"), 0);
    EXPECT_EQ(index("/a/b"), 2);
}

TEST(endpoint_of, takes_the_exact_path_else_the_longest_that_it_lies_below) {
    std::vector<AdminEndpoint> endpoints(4);
    endpoints[0] = {"/a/", {}, {}, true};
    endpoints[1] = {"/a", {}, {}};
    endpoints[2] = {"/a/b/", {}, {}, true};
    endpoints[3] = {"/a/b/c", {}, {}};
    const auto index = [&](const char* path) {
        const AdminEndpoint* const found = endpoint_of(endpoints, path);
        return found == nullptr ? -1 : static_cast<int>(found - endpoints.data());
    };
    EXPECT_EQ(index("/a"), 1);
    EXPECT_EQ(index("/a/x"), 0);
    EXPECT_EQ(index("/a/b"), 0);
    EXPECT_EQ(index("/a/b/x"), 2);
    EXPECT_EQ(index("/a/b/c"), 3);
    EXPECT_EQ(index("/a/b/c/d"), 2);
    EXPECT_EQ(index("/a/"), -1);
    EXPECT_EQ(index("/ab"), -1);
    EXPECT_EQ(index(""), -1);
}

TEST(process_facts, agree_with_the_kernel) {
    const auto now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const observe::ProcessFacts before = read_process_facts();
    EXPECT_LE(before.started_unix_seconds, now + 0.1);
    EXPECT_GT(before.started_unix_seconds, now - 3600);
    EXPECT_GT(before.resident_bytes, 1'000'000u);
    EXPECT_GE(before.open_descriptors, 3u);
    EXPECT_GE(before.descriptors_max, before.open_descriptors);
    const int descriptor = open("/dev/null", O_RDONLY);
    EXPECT_EQ(read_process_facts().open_descriptors, before.open_descriptors + 1);
    close(descriptor);
    EXPECT_EQ(read_process_facts().open_descriptors, before.open_descriptors);
    EXPECT_EQ(read_process_facts().started_unix_seconds, before.started_unix_seconds);
}

}  // namespace
}  // namespace ringway::control
