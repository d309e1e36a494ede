#include "ringway/observe/exposition.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "exposition_checker.h"
#include "source_root.h"

namespace ringway::observe {
namespace {

/// Two shards with something counted in each family.
struct Scene {
    Scene() {
        config.listeners.resize(2);
        config.listeners[0].name = "main";
        config.listeners[1].name = "odd \"name\"\\ \n";
        config.routes.resize(1);
        config.routes[0].name = "api";
        config.pools.resize(2);
        config.pools[0].name = "api";
        config.pools[0].upstreams.resize(2);
        config.pools[0].upstreams[0].name = "a";
        config.pools[0].upstreams[1].name = "b";
        config.pools[1].name = "files";
        config.pools[1].upstreams.resize(1);
        config.pools[1].upstreams[0].name = "a";
        auto api = std::make_shared<cluster::PoolView>();
        api->upstreams.resize(2);
        api->upstreams[1].eligible = false;
        api->upstreams[1].weight = 7;
        auto files = std::make_shared<cluster::PoolView>();
        files->upstreams.resize(1);
        files->upstreams[0].addresses.resize(3);
        view.pools = {api, files};
        for (int i = 0; i < 2; ++i) shards.push_back(std::make_unique<ShardCounters>(config));
        control_events.resize(2);
        checks = {{.place = {{0}, {1}},
                   .check = "http /health",
                   .passed = 7,
                   .failed = 2,
                   .rate_limited = 1,
                   .ewma = std::chrono::microseconds(1'500),
                   .p95 = std::chrono::milliseconds(4)}};
        facts.version = "1.2.3";
        facts.started_unix_seconds = 1'700'000'000.25;
    }

    std::string text() const {
        const WebhookFacts webhooks[] = {{.name = "ops",
                                          .sent = 5,
                                          .failed = 1,
                                          .retried = 3,
                                          .dropped = 2,
                                          .deduplicated = 7,
                                          .queued = 4}};
        std::vector<const ShardCounters*> pointers;
        for (const auto& shard : shards) pointers.push_back(shard.get());
        return exposition_text({config, pointers, view, facts, checks, control_events, webhooks});
    }

    config::Config config;
    cluster::View view;
    std::vector<std::unique_ptr<ShardCounters>> shards;
    ProcessFacts facts;
    std::vector<CheckFacts> checks;
    std::vector<EventCounts> control_events;
};

TEST(exposition, is_strictly_well_formed_and_sums_the_shards) {
    Scene scene;
    scene.shards[0]->turns.add(5);
    scene.shards[1]->turns.add(7);
    scene.shards[0]->listeners[1].requests.add(1);
    scene.shards[1]->listeners[1].requests.add(2);
    scene.shards[0]->upstreams[0][1].requests.add(10);
    scene.shards[1]->upstreams[0][1].requests.add(20);
    scene.shards[1]->upstreams[1][0].in_flight.add(3);
    scene.shards[1]->upstreams[1][0].in_flight.sub(1);
    scene.shards[0]->refusals[static_cast<std::size_t>(Refusal::client_gone)].add(4);
    scene.shards[1]->copied_bytes[static_cast<std::size_t>(CopyReason::replay)].add(99);
    scene.shards[0]->routes[0].responses_by_class[0].add(1);
    scene.shards[1]->routes[0].responses_by_class[5].add(2);

    const CheckedExposition page = check_exposition(scene.text());
    ASSERT_FALSE(page.error) << *page.error;
    using Value = std::optional<double>;
    EXPECT_EQ(page.value("ringway_build_info", {{"version", "1.2.3"}}), Value(1));
    EXPECT_EQ(page.value("process_start_time_seconds", {}), Value(1'700'000'000.25));
    EXPECT_EQ(page.value("ringway_shard_turns_total", {{"shard", "0"}}), Value(5));
    EXPECT_EQ(page.value("ringway_shard_turns_total", {{"shard", "1"}}), Value(7));
    EXPECT_EQ(page.value("ringway_listener_requests_total", {{"listener", "odd \"name\"\\ \n"}}),
              Value(3));
    EXPECT_EQ(page.value("ringway_upstream_requests_total", {{"pool", "api"}, {"upstream", "b"}}),
              Value(30));
    EXPECT_EQ(page.value("ringway_upstream_requests_total", {{"pool", "files"}, {"upstream", "a"}}),
              Value(0));
    EXPECT_EQ(
        page.value("ringway_upstream_requests_in_flight", {{"pool", "files"}, {"upstream", "a"}}),
        Value(2));
    EXPECT_EQ(page.value("ringway_upstream_eligible", {{"pool", "api"}, {"upstream", "a"}}),
              Value(1));
    EXPECT_EQ(page.value("ringway_upstream_eligible", {{"pool", "api"}, {"upstream", "b"}}),
              Value(0));
    EXPECT_EQ(page.value("ringway_upstream_weight", {{"pool", "api"}, {"upstream", "b"}}),
              Value(7));
    EXPECT_EQ(page.value("ringway_upstream_addresses", {{"pool", "files"}, {"upstream", "a"}}),
              Value(3));
    EXPECT_EQ(page.value("ringway_refused_total", {{"reason", "client_gone"}}), Value(4));
    EXPECT_EQ(page.value("ringway_alerts_sent_total", {{"webhook", "ops"}}), Value(5));
    EXPECT_EQ(page.value("ringway_alerts_queued", {{"webhook", "ops"}}), Value(4));
    EXPECT_EQ(page.value("ringway_copied_bytes_total", {{"reason", "replay"}}), Value(99));
    EXPECT_EQ(page.value("ringway_route_responses_total", {{"route", "api"}, {"class", "none"}}),
              Value(1));
    EXPECT_EQ(page.value("ringway_route_responses_total", {{"route", "api"}, {"class", "5xx"}}),
              Value(2));
}

TEST(exposition, shows_the_state_of_each_upstream_and_its_breaker) {
    Scene scene;
    auto api = std::make_shared<cluster::PoolView>(*scene.view.pools[0]);
    api->panic = true;
    cluster::UpstreamView& out = api->upstreams[1];
    out.state = cluster::UpstreamState::unhealthy;
    out.breaker.phase = cluster::BreakerPhase::half_open;
    out.ejected_until = base::Instant(std::chrono::seconds(9));
    out.cooling_until = base::Instant(std::chrono::seconds(9));
    out.credentials_fault = true;
    scene.view.pools[0] = api;
    const CheckedExposition page = check_exposition(scene.text());
    ASSERT_FALSE(page.error) << *page.error;
    const auto value = [&](const std::string& family, std::map<std::string, std::string> labels,
                           const char* upstream) {
        labels["pool"] = "api";
        labels["upstream"] = upstream;
        return page.value("ringway_upstream_" + family, labels).value_or(-1);
    };
    for (const char* state :
         {"unknown", "healthy", "degraded", "unhealthy", "draining", "maintenance"}) {
        const std::string text = state;
        EXPECT_EQ(value("state", {{"state", text}}, "a"), text == "healthy" ? 1 : 0) << text;
        EXPECT_EQ(value("state", {{"state", text}}, "b"), text == "unhealthy" ? 1 : 0) << text;
    }
    for (const char* phase : {"closed", "open", "half_open"}) {
        const std::string text = phase;
        EXPECT_EQ(value("breaker_phase", {{"phase", text}}, "a"), text == "closed" ? 1 : 0);
        EXPECT_EQ(value("breaker_phase", {{"phase", text}}, "b"), text == "half_open" ? 1 : 0);
    }
    for (const char* mark : {"ejected", "cooling", "credentials_fault"}) {
        EXPECT_EQ(value(mark, {}, "a"), 0) << mark;
        EXPECT_EQ(value(mark, {}, "b"), 1) << mark;
    }
    EXPECT_EQ(page.value("ringway_pool_panic", {{"pool", "api"}}), 1);
    EXPECT_EQ(page.value("ringway_pool_panic", {{"pool", "files"}}), 0);
    EXPECT_EQ(page.value("ringway_pool_eligible_upstreams", {{"pool", "api"}}), 1);
}

TEST(exposition, shows_checks_and_sums_events_of_shards_and_of_control) {
    Scene scene;
    constexpr auto kPanic = static_cast<std::size_t>(EventKind::panic);
    scene.shards[0]->pools[1].events[kPanic].add(1);
    scene.shards[1]->pools[1].events[kPanic].add(2);
    scene.control_events[1][kPanic] = 4;
    scene.facts.events_lost = 5;
    const CheckedExposition page = check_exposition(scene.text());
    ASSERT_FALSE(page.error) << *page.error;
    EXPECT_EQ(page.value("ringway_events_total", {{"pool", "files"}, {"kind", "panic"}}), 7);
    EXPECT_EQ(page.value("ringway_events_total", {{"pool", "api"}, {"kind", "panic"}}), 0);
    EXPECT_EQ(page.value("ringway_events_lost_total", {}), 5);
    const auto of_check = [&](const std::string& family,
                              std::map<std::string, std::string> labels) {
        labels.insert({{"pool", "api"}, {"upstream", "b"}, {"check", "http /health"}});
        return page.value("ringway_upstream_" + family, labels).value_or(-1);
    };
    EXPECT_EQ(of_check("checks_total", {{"result", "passed"}}), 7);
    EXPECT_EQ(of_check("checks_total", {{"result", "failed"}}), 2);
    EXPECT_EQ(of_check("checks_total", {{"result", "rate_limited"}}), 1);
    EXPECT_EQ(of_check("checks_total", {{"result", "credentials"}}), 0);
    EXPECT_EQ(of_check("check_latency_ewma_seconds", {}), 0.0015);
    EXPECT_EQ(of_check("check_latency_p95_seconds", {}), 0.004);
}

TEST(exposition, histogram_buckets_are_cumulative_over_the_shards) {
    Scene scene;
    scene.shards[0]->pools[0].latency.record(400'000);          // below 0.5 ms
    scene.shards[1]->pools[0].latency.record(90'000'000);       // below 0.1 s
    scene.shards[1]->pools[0].latency.record(120'000'000'000);  // beyond all bounds
    const std::string text = scene.text();
    const auto has = [&](const std::string& line) {
        return text.find(line + "\n") != std::string::npos;
    };
    const std::string name = "ringway_pool_request_duration_seconds";
    EXPECT_TRUE(has(name + "_bucket{pool=\"api\",le=\"0.0005\"} 1"));
    EXPECT_TRUE(has(name + "_bucket{pool=\"api\",le=\"0.05\"} 1"));
    EXPECT_TRUE(has(name + "_bucket{pool=\"api\",le=\"0.1\"} 2"));
    EXPECT_TRUE(has(name + "_bucket{pool=\"api\",le=\"60\"} 2"));
    EXPECT_TRUE(has(name + "_bucket{pool=\"api\",le=\"+Inf\"} 3"));
    EXPECT_TRUE(has(name + "_sum{pool=\"api\"} 120.0904"));
    EXPECT_TRUE(has(name + "_count{pool=\"api\"} 3"));
    EXPECT_TRUE(has(name + "_count{pool=\"files\"} 0"));
}

TEST(exposition, a_configuration_without_pools_is_well_formed_too) {
    Scene scene;
    scene.config.pools.clear();
    scene.config.routes.clear();
    scene.view.pools.clear();
    scene.checks.clear();
    scene.control_events.clear();
    scene.shards.clear();
    scene.shards.push_back(std::make_unique<ShardCounters>(scene.config));
    const CheckedExposition page = check_exposition(scene.text());
    EXPECT_FALSE(page.error) << *page.error;
}

TEST(exposition, every_reason_has_its_own_name) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kRefusals; ++i) names.insert(name_of(static_cast<Refusal>(i)));
    EXPECT_EQ(names.size(), kRefusals);
    names.clear();
    for (std::size_t i = 0; i < kCopyReasons; ++i)
        names.insert(name_of(static_cast<CopyReason>(i)));
    EXPECT_EQ(names.size(), kCopyReasons);
}

TEST(exposition, promtool_finds_nothing_to_say) {
    ASSERT_EQ(std::system("command -v promtool >/dev/null 2>&1"), 0)
        << "promtool is not installed; run tools/setup";
    char path[] = "/tmp/ringway-metrics-XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    const std::string text = Scene().text();
    ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(fd);
    std::FILE* pipe =
        popen(("promtool check metrics <" + std::string(path) + " 2>&1").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string said;
    char piece[512];
    while (std::fgets(piece, sizeof(piece), pipe) != nullptr) said += piece;
    const int status = pclose(pipe);
    unlink(path);
    EXPECT_EQ(status, 0) << said;
    EXPECT_EQ(said, "");
}

/// name -> {type, labels, meaning} of the table rows "| `name` | type | labels | meaning |" of
/// docs/metrics.md.
std::map<std::string, std::array<std::string, 3>> documented_families() {
    std::map<std::string, std::array<std::string, 3>> rows;
    std::ifstream page(std::string(kSourceRoot) + "/docs/metrics.md");
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("| `")) continue;
        std::vector<std::string> cells;
        std::stringstream rest(line.substr(2));
        for (std::string cell; std::getline(rest, cell, '|');) {
            if (!cell.empty() && cell.front() == ' ') cell.erase(0, 1);
            if (!cell.empty() && cell.back() == ' ') cell.pop_back();
            cells.push_back(cell);
        }
        if (cells.size() < 4) continue;
        rows[cells[0].substr(1, cells[0].size() - 2)] = {cells[1], cells[2], cells[3]};
    }
    return rows;
}

TEST(exposition, docs_metrics_md_lists_exactly_the_families_that_exist) {
    const CheckedExposition page = check_exposition(Scene().text());
    ASSERT_FALSE(page.error) << *page.error;
    std::map<std::string, std::array<std::string, 3>> existing;
    for (const auto& [name, family] : page.families) {
        std::string labels;
        for (const std::string& label : family.label_names) {
            labels += (labels.empty() ? "`" : ", `") + label + "`";
        }
        existing[name] = {family.type, labels, family.help};
    }
    const auto documented = documented_families();
    for (const auto& [name, row] : existing) {
        const auto found = documented.find(name);
        const std::string wanted =
            "| `" + name + "` | " + row[0] + " | " + row[1] + " | " + row[2] + " |";
        EXPECT_TRUE(found != documented.end() && found->second == row) << "docs/metrics.md needs\n"
                                                                       << wanted;
    }
    for (const auto& [name, row] : documented) {
        EXPECT_TRUE(existing.contains(name)) << name << " is documented and does not exist";
    }
}

TEST(exposition_checker, refuses_what_the_format_forbids) {
    const std::string good = "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"1\"} 1\n";
    EXPECT_FALSE(check_exposition(good).error);
    for (const char* bad : {
             "a_total 1\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total 1",
             "# HELP a Help.\n# TYPE a counter\na 1\n",
             "# HELP a_total Help.\n# TYPE a_total gauge\na_total 1\n",
             "# HELP a_total \n# TYPE a_total counter\na_total 1\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total 1\na_total 2\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"a\"b\"} 1\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"\\q\"} 1\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total -1\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total one\n",
             "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{y=\"1\"} "
             "1\n",
             "# HELP a H.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
             "# HELP a H.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} "
             "1\na_sum 1\n"
             "a_count 1\n",
             "# HELP a H.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
             "# HELP a H.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n",
         }) {
        EXPECT_TRUE(check_exposition(bad).error) << bad;
    }
}

}  // namespace
}  // namespace ringway::observe
