// What one pick costs, by policy and pool size: all eligible, nothing tried, some requests in
// flight.
#include <benchmark/benchmark.h>

#include <string>

#include "ringway/balance/balance.h"

namespace ringway::balance {
namespace {

struct Scene {
    Scene(config::Balance balance, std::size_t count, std::uint32_t weight_step) {
        pool.balance = balance;
        base::Prng prng(1);
        for (std::size_t i = 0; i < count; ++i) {
            config::Upstream upstream;
            upstream.name = "upstream-" + std::to_string(i);
            pool.upstreams.push_back(upstream);
            cluster::UpstreamView seen;
            seen.weight = 1 + static_cast<std::uint32_t>(i) * weight_step;
            view.upstreams.push_back(seen);
            loads.push_back({.in_flight = prng.below(16), .in_flight_max = 4096});
        }
        balancer = make_balancer(pool);
        for (std::size_t i = 0; i < count; ++i) {
            balancer->observe(cluster::UpstreamIndex{static_cast<std::uint16_t>(i)},
                              std::chrono::microseconds(100 + prng.below(900)), now);
        }
    }

    config::Pool pool;
    cluster::PoolView view;
    std::vector<Load> loads;
    std::unique_ptr<Balancer> balancer;
    base::Instant now{std::chrono::hours(1)};
};

void pick(benchmark::State& state, config::Balance balance, std::uint32_t weight_step) {
    Scene scene(balance, static_cast<std::size_t>(state.range(0)), weight_step);
    base::Prng prng(2);
    Request request;
    std::uint64_t key = 0;
    for (auto _ : state) {
        request.key = ++key;
        benchmark::DoNotOptimize(
            scene.balancer->pick(scene.view, scene.loads, request, scene.now, prng));
    }
}

void pick_with_one_tried(benchmark::State& state) {
    Scene scene(config::Balance::p2c, static_cast<std::size_t>(state.range(0)), 0);
    base::Prng prng(2);
    Request request;
    request.tried.add(cluster::UpstreamIndex{0});
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            scene.balancer->pick(scene.view, scene.loads, request, scene.now, prng));
    }
}

void maglev_table(benchmark::State& state) {
    Scene scene(config::Balance::maglev, static_cast<std::size_t>(state.range(0)), 0);
    base::Prng prng(2);
    Request request;
    request.key = 1;
    for (auto _ : state) {
        ++scene.view.version;
        scene.view.upstreams[0].weight ^= 2;
        benchmark::DoNotOptimize(
            scene.balancer->pick(scene.view, scene.loads, request, scene.now, prng));
    }
}

BENCHMARK_CAPTURE(pick, p2c, config::Balance::p2c, 0)->Arg(1)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, p2c_weighted, config::Balance::p2c, 1)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, round_robin, config::Balance::round_robin, 0)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, least_request, config::Balance::least_request, 0)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, peak_ewma, config::Balance::peak_ewma, 0)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, maglev, config::Balance::maglev, 0)->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(pick, random, config::Balance::random, 0)->Arg(8)->Arg(256);
BENCHMARK(pick_with_one_tried)->Arg(8)->Arg(256);
BENCHMARK(maglev_table)->Arg(8)->Arg(256);

}  // namespace
}  // namespace ringway::balance
