#include "ringway/control/endpoints.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "../observe/exposition_checker.h"
#include "ringway/control/clock.h"
#include "ringway/failover/merge.h"

namespace ringway::control {
namespace {

config::Config two_pools() {
    config::Config config;
    config.shards.resize(1);
    config.pools.resize(2);
    for (std::size_t i = 0; i < 2; ++i) {
        config.pools[i].name = i == 0 ? "api" : "files";
        config.pools[i].upstreams.resize(2);
        for (auto& upstream : config.pools[i].upstreams) {
            upstream.name = &upstream == &config.pools[i].upstreams[0] ? "a" : "b";
            upstream.literal = base::SocketAddress::parse("127.0.0.1:1");
        }
    }
    config.pools[0].health.checks.resize(1);
    config.pools[0].health.checks[0].name = "http /";
    return config;
}

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
    EXPECT_EQ(unready_reason(Phase::accepting, view),
              "pool files has no eligible upstream");
}

/// The standard endpoints over a board with one shard, asked by calling their handlers.
struct Scene {
    AdminReply ask(const std::string& path, const std::string& query = "") {
        const http::RequestHead head;
        const AdminEndpoint* const endpoint = endpoint_of(endpoints, path);
        if (endpoint == nullptr) return error_reply(404, "no endpoint");
        return endpoint->handler({http::Method::get, path, query, head});
    }
    void set_state(std::uint16_t pool, std::uint16_t upstream, cluster::UpstreamState state,
                   cluster::Reason reason) {
        const base::RcuReader reader;
        const auto now = read_clocks().now;
        EXPECT_TRUE(board.change(
            {.shard = 0, .now = now, .counters = &counters}, [&](const cluster::View& view) {
                return failover::set_state(view, {{pool}, {upstream}}, state, reason, now);
            }));
    }
    config::Config config = two_pools();
    Log log{LogLevel::error, -1};
    std::atomic<Phase> phase{Phase::starting};
    Resolver resolver{config::borrow(config), log};
    failover::Board board{resolver.first_view(std::chrono::seconds(0))};
    LogWriter writer{config::borrow(config), {}, log};
    AdminServer server{config.admin, log};
    observe::ShardCounters counters{config};
    health::CheckStats checks;
    Chronicle chronicle{board, {&counters}, log};
    std::vector<AdminEndpoint> endpoints = standard_endpoints(
        {phase, board, {&counters}, checks, chronicle, writer, resolver, server});
};

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
    scene.checks.record({{0}, {1}}, scene.config.pools[0].health.checks[0].name)->change([](health::CheckReport& report) { report.failed = 2; });
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
        EXPECT_EQ(reply.body, "{\"error\":\"there is no such upstream\"}\n");
    }
    EXPECT_EQ(scene.ask("/upstreams/").body, "{\"error\":\"no endpoint\"}\n");
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
