// What health costs a request: one answer recorded, and the question whether one is overdue.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/health/suspicion.h"

namespace ringway::health {
namespace {

/// Answers around `typical`, spread over some octaves as real ones are, so that no branch is
/// learned.
std::vector<base::Duration> latencies(base::Duration typical) {
    base::Prng prng(1);
    std::vector<base::Duration> drawn(4096);
    for (base::Duration& latency : drawn) {
        const double factor = std::pow(2.0, 4 * prng.unit() * prng.unit());
        latency = base::Duration(
            static_cast<std::int64_t>(static_cast<double>(typical.count()) * factor));
    }
    return drawn;
}

void sketch_record(benchmark::State& state) {
    const auto drawn = latencies(std::chrono::microseconds(state.range(0)));
    LatencySketch sketch;
    std::size_t next = 0;
    for (auto _ : state) sketch.record(drawn[next++ % drawn.size()]);
    benchmark::DoNotOptimize(sketch.samples());
}

void sketch_quantile(benchmark::State& state) {
    LatencySketch sketch;
    for (const base::Duration latency : latencies(std::chrono::milliseconds(1)))
        sketch.record(latency);
    for (auto _ : state) benchmark::DoNotOptimize(sketch.quantile(0.99));
}

/// The sketch with the quantile each 64 samples, and the look at overdue_after() of each request.
void suspicion_record(benchmark::State& state) {
    const auto drawn = latencies(std::chrono::microseconds(state.range(0)));
    const config::Suspicion rules;
    Suspicion suspicion(rules);
    std::size_t next = 0;
    for (auto _ : state) {
        suspicion.record(drawn[next++ % drawn.size()]);
        benchmark::DoNotOptimize(suspicion.overdue_after());
    }
}

/// As before, for many upstreams in turn: their sketches are not all in the first cache.
void suspicion_record_of_many(benchmark::State& state) {
    const auto drawn = latencies(std::chrono::milliseconds(1));
    const config::Suspicion rules;
    std::vector<Suspicion> upstreams(static_cast<std::size_t>(state.range(0)), Suspicion(rules));
    std::size_t next = 0;
    for (auto _ : state) {
        Suspicion& suspicion = upstreams[next % upstreams.size()];
        suspicion.record(drawn[next++ % drawn.size()]);
        benchmark::DoNotOptimize(suspicion.overdue_after());
    }
}

/// What a hedge asks for with each request.
void suspicion_quantile(benchmark::State& state) {
    const config::Suspicion rules;
    Suspicion suspicion(rules);
    for (const base::Duration latency : latencies(std::chrono::milliseconds(1)))
        suspicion.record(latency);
    for (auto _ : state) benchmark::DoNotOptimize(suspicion.quantile(0.95));
}

BENCHMARK(sketch_record)->Arg(100)->Arg(100'000);
BENCHMARK(sketch_quantile);
BENCHMARK(suspicion_record)->Arg(100)->Arg(100'000);
BENCHMARK(suspicion_record_of_many)->Arg(8)->Arg(256);
BENCHMARK(suspicion_quantile);

}  // namespace
}  // namespace ringway::health
