// What observing costs a request: its counters, one histogram record, one access record, and, off
// the shard, its line.
#include "ringway/observe/histogram.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "ringway/base/prng.h"
#include "ringway/observe/access_line.h"
#include "ringway/observe/access_record.h"
#include "ringway/observe/counters.h"

namespace ringway::observe {
namespace {

void histogram_record(benchmark::State& state) {
    auto histogram = std::make_unique<Histogram>();
    base::Prng prng(1);
    std::uint64_t values[1024];
    for (auto& value : values) value = 20'000 + prng.below(2'000'000);
    std::size_t i = 0;
    for (auto _ : state) histogram->record(values[i++ & 1023]);
    benchmark::DoNotOptimize(histogram->sum_ns());
}
BENCHMARK(histogram_record);

void histogram_sum_of_one_shard(benchmark::State& state) {
    auto histogram = std::make_unique<Histogram>();
    for (std::uint64_t i = 0; i < 10'000; ++i) histogram->record(i * 1000);
    for (auto _ : state) {
        HistogramSum sum;
        sum.add(*histogram);
        benchmark::DoNotOptimize(sum.quantile_ns(0.99));
    }
}
BENCHMARK(histogram_sum_of_one_shard);

/// Everything that a forwarded request on kept connections counts (forward/), in its order. Of many
/// requests at once a part is in the cache only; here all of it is.
void counters_of_a_request(benchmark::State& state) {
    config::Config config;
    config.listeners.resize(1);
    config.routes.resize(1);
    config.pools.resize(1);
    config.pools[0].upstreams.resize(3);
    ShardCounters counters(config);
    base::Prng prng(1);
    std::uint64_t ns[1024];
    for (auto& value : ns) value = 20'000 + prng.below(2'000'000);
    std::size_t i = 0;
    for (auto _ : state) {
        const std::uint64_t took = ns[i & 1023];
        ListenerCounters& listener = counters.listeners[0];
        RouteCounters& route = counters.routes[0];
        PoolCounters& pool = counters.pools[0];
        UpstreamCounters& upstream = counters.upstreams[0][i++ % 3];
        listener.bytes_in.add(200);
        listener.requests.add();
        counters.exchanges.add();
        counters.exchanges_active.add();
        pool.requests.add();
        upstream.connections_idle.sub();
        upstream.connects_reused.add();
        upstream.requests.add();
        upstream.in_flight.add();
        upstream.bytes_sent.add(300);
        upstream.bytes_received.add(250);
        upstream.responses_by_class[2].add();
        upstream.first_byte.record(took);
        upstream.in_flight.sub();
        upstream.connections_idle.add();
        listener.bytes_out.add(240);
        route.responses_by_class[2].add();
        route.latency.record(took + 2000);
        pool.responses_by_class[2].add();
        pool.latency.record(took + 2000);
        counters.exchanges_active.sub();
        benchmark::ClobberMemory();
    }
}
BENCHMARK(counters_of_a_request);

AccessRecord usual_record() {
    AccessRecord record;
    record.started_unix_ns = 1'767'323'045'678'999'999;
    record.queue = record.connect = base::Duration(0);
    record.first_byte = base::Duration(240'000);
    record.total = base::Duration(260'000);
    record.response_body_bytes = 128;
    record.status = 200;
    record.route = record.pool = record.upstream = 0;
    record.client = base::PeerAddress::of(*base::SocketAddress::parse("192.0.2.10:40000"));
    record.method = "GET";
    record.target = "/api/v1/items?page=2";
    record.host = "api.example.org";
    record.request_id = "0123456789abcdef0123456789abcdef";
    record.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    return record;
}

void access_ring_push(benchmark::State& state) {
    AccessRing ring(1 << 20);
    const AccessRecord record = usual_record();
    for (auto _ : state) {
        if (!ring.push(record)) {
            state.PauseTiming();
            ring.drain([](void*, const AccessRecord&) {}, nullptr);
            state.ResumeTiming();
        }
    }
}
BENCHMARK(access_ring_push);

void access_ring_push_and_drain(benchmark::State& state) {
    AccessRing ring(1 << 16);
    const AccessRecord record = usual_record();
    for (auto _ : state) {
        benchmark::DoNotOptimize(ring.push(record));
        ring.drain([](void*, const AccessRecord& out) { benchmark::DoNotOptimize(&out); }, nullptr);
    }
}
BENCHMARK(access_ring_push_and_drain);

void access_line(benchmark::State& state) {
    config::Config config;
    config.listeners.resize(1);
    config.listeners[0].name = "main";
    config.routes.resize(1);
    config.routes[0].name = "api";
    config.pools.resize(1);
    config.pools[0].name = "api";
    config.pools[0].upstreams.resize(1);
    config.pools[0].upstreams[0].name = "a";
    const AccessRecord record = usual_record();
    std::string line;
    for (auto _ : state) {
        line.clear();
        append_access_line(line, record, config);
        benchmark::DoNotOptimize(line.data());
    }
}
BENCHMARK(access_line);

void access_line_combined(benchmark::State& state) {
    const AccessRecord record = usual_record();
    std::string line;
    for (auto _ : state) {
        line.clear();
        append_combined_line(line, record);
        benchmark::DoNotOptimize(line.data());
    }
}
BENCHMARK(access_line_combined);

}  // namespace
}  // namespace ringway::observe
