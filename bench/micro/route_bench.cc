// What it costs to find the route of a request: a single catch-all, and a table of twenty routes on
// three hosts.
#include <benchmark/benchmark.h>

#include <string>

#include "ringway/route/table.h"

namespace ringway::route {
namespace {

config::Config catch_all() {
    config::Config config;
    config.listeners.resize(1);
    config.routes.resize(1);
    return config;
}

config::Config twenty() {
    config::Config config;
    config.listeners.resize(1);
    for (int i = 0; i < 12; ++i) {
        config.routes.push_back(
            {.hosts = {"www.example.com"}, .path_prefix = "/service/number-" + std::to_string(i)});
    }
    for (int i = 0; i < 4; ++i) {
        config.routes.push_back(
            {.hosts = {"www.example.com"}, .path = "/exact/number-" + std::to_string(i)});
    }
    config.routes.push_back(
        {.hosts = {"api.example.com"}, .path_prefix = "/v1", .methods = {"GET", "POST"}});
    config.routes.push_back({.hosts = {"*.example.com"}, .path_prefix = "/"});
    config.routes.push_back({.headers = {{.name = "x-canary", .value = "1"}}});
    config.routes.push_back({});
    return config;
}

void match(benchmark::State& state, const config::Config& config, std::string_view host,
           std::string_view path) {
    const Table table(config);
    http::RequestHead head{};
    head.method_text = "GET";
    head.authority = host;
    head.path = path;
    for (const std::string_view name :
         {"user-agent", "accept", "accept-encoding", "cookie", "x-request-id"}) {
        head.fields.at[head.fields.count++] = {.name = name, .value = "something"};
    }
    for (auto _ : state) benchmark::DoNotOptimize(table.match(0, head));
}

BENCHMARK_CAPTURE(match, catch_all, catch_all(), "www.example.com", "/service/number-7/items/42");
BENCHMARK_CAPTURE(match, twenty_prefix, twenty(), "www.example.com", "/service/number-7/items/42");
BENCHMARK_CAPTURE(match, twenty_exact, twenty(), "www.example.com", "/exact/number-2");
BENCHMARK_CAPTURE(match, twenty_method, twenty(), "api.example.com:8080", "/v1/chat/completions");
BENCHMARK_CAPTURE(match, twenty_wildcard, twenty(), "a.b.example.com", "/index.html");
BENCHMARK_CAPTURE(match, twenty_fallback, twenty(), "other.example.org", "/index.html");

void match_regex(benchmark::State& state) {
    config::Config config = catch_all();
    config.routes[0].path_regex = "/users/([0-9]+)/.*";
    match(state, config, "www.example.com", "/users/4711/items/42");
}
BENCHMARK(match_regex);

void rewrite_prefix(benchmark::State& state) {
    const config::Route route{.path_prefix = "/api", .strip_prefix = true};
    http::RequestHead head{};
    head.path = "/api/v1/chat/completions";
    for (auto _ : state) benchmark::DoNotOptimize(rewritten_target(route, head));
}
BENCHMARK(rewrite_prefix);

}  // namespace
}  // namespace ringway::route
