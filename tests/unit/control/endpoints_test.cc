#include "ringway/control/endpoints.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "../observe/exposition_checker.h"

namespace ringway::control {
namespace {

config::Config two_pools() {
    config::Config config;
    config.pools.resize(2);
    for (std::size_t i = 0; i < 2; ++i) {
        config.pools[i].name = i == 0 ? "api" : "files";
        config.pools[i].upstreams.resize(2);
        for (auto& upstream : config.pools[i].upstreams) {
            upstream.name = &upstream == &config.pools[i].upstreams[0] ? "a" : "b";
            upstream.literal = base::SocketAddress::parse("127.0.0.1:1");
        }
    }
    return config;
}

TEST(unready_reason, follows_the_phase_and_the_pools) {
    const config::Config config = two_pools();
    cluster::View view;
    const auto api = std::make_shared<cluster::PoolView>();
    const auto files = std::make_shared<cluster::PoolView>();
    view.pools = {api, files};
    api->upstreams.resize(2);
    files->upstreams.resize(2);
    EXPECT_EQ(unready_reason(Phase::accepting, config, view), std::nullopt);
    EXPECT_EQ(unready_reason(Phase::starting, config, view), "starting");
    EXPECT_EQ(unready_reason(Phase::draining, config, view), "draining");
    files->upstreams[0].eligible = false;
    EXPECT_EQ(unready_reason(Phase::accepting, config, view), std::nullopt);
    files->upstreams[1].eligible = false;
    EXPECT_EQ(unready_reason(Phase::accepting, config, view),
              "pool files has no eligible upstream");
}

/// A server with the standard endpoints, asked by calling its handlers.
struct Scene {
    AdminReply ask(const std::string& path) {
        const http::RequestHead head;
        for (const AdminEndpoint& endpoint : endpoints) {
            if (endpoint.path == path) return endpoint.handler({http::Method::get, path, "", head});
        }
        return error_reply(404, "");
    }
    config::Config config = two_pools();
    Log log{LogLevel::error};
    std::atomic<Phase> phase{Phase::starting};
    Resolver resolver{config, log};
    base::Published<cluster::View> view{resolver.first_view(std::chrono::seconds(0))};
    LogWriter writer{config, {}, log};
    AdminServer server{config.admin, log};
    observe::ShardCounters counters{config};
    std::vector<AdminEndpoint> endpoints =
        standard_endpoints({config, phase, view, {&counters}, writer, resolver, server});
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
    auto next = std::make_unique<cluster::View>(*scene.view.read());
    auto api = std::make_shared<cluster::PoolView>(*next->pools[0]);
    for (auto& upstream : api->upstreams) upstream.eligible = false;
    next->pools[0] = api;
    scene.view.publish(std::move(next));
    EXPECT_EQ(scene.ask("/readyz").status, 503);
    EXPECT_EQ(scene.ask("/readyz").body, "not ready: pool api has no eligible upstream\n");
    scene.phase = Phase::draining;
    EXPECT_EQ(scene.ask("/readyz").body, "not ready: draining\n");
}

TEST(endpoints, metrics_is_a_well_formed_page_of_this_process) {
    Scene scene;
    scene.phase = Phase::draining;
    scene.counters.upstreams[0][1].requests.add(3);
    const AdminReply reply = scene.ask("/metrics");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const auto page = observe::check_exposition(reply.body);
    ASSERT_FALSE(page.error) << *page.error;
    using Value = std::optional<double>;
    EXPECT_EQ(page.value("ringway_upstream_requests_total", {{"pool", "api"}, {"upstream", "b"}}),
              Value(3));
    EXPECT_EQ(page.value("ringway_draining", {}), Value(1));
    EXPECT_EQ(page.value("ringway_build_info", {{"version", RINGWAY_VERSION}}), Value(1));
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
