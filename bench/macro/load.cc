// load: one client of known cost for bench/macro/compare. Closed loop, or open loop at a given
// rate; prints one JSON object. It reads the costs of the processes under test itself, at the very
// ends of the measured time.
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "load_client.h"
#include "process_sample.h"
#include "ringway/ring/kernel_ring.h"

namespace {

using ringway::base::Duration;
using ringway::base::Instant;

constexpr Duration kPatience = std::chrono::seconds(20);

struct Arguments {
    std::string connect;
    bench::LoadSettings load;
    double seconds = 2;
    double warm_up_seconds = 0.5;
    std::uint64_t requests_min = 0;
    int cpu = -1;
    std::vector<pid_t> watch_pids;
    int watch_cpu = -1;
};

int fail(const std::string& message) {
    fmt::print(stderr, "load: {}\n", message);
    return 1;
}

Duration duration_of(double seconds) { return Duration(static_cast<std::int64_t>(seconds * 1e9)); }

bool pin(int cpu) {
    if (cpu < 0) return true;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}

void run_until(bench::LoadClient& client, ringway::ring::Ring& ring, Instant end) {
    while (ring.now() < end) client.turn(end);
}

void print(const Arguments& arguments, const bench::LoadCounts& counts, Duration time,
           const bench::ProcessSample& before, const bench::ProcessSample& after,
           std::uint64_t answer_bytes) {
    ringway::observe::HistogramSum latency;
    latency.add(*counts.latency);
    const double seconds = static_cast<double>(time.count()) / 1e9;
    const auto us = [&](double q) { return static_cast<double>(latency.quantile_ns(q)) / 1e3; };
    const auto each = [&](std::int64_t total) {
        return counts.requests > 0
                   ? static_cast<double>(total) / static_cast<double>(counts.requests)
                   : 0.0;
    };
    fmt::print(
        "{{\"path\":\"{}\",\"connections\":{},\"seconds\":{:.4f},\"requests\":{},\"errors\":{},"
        "\"refused\":{},\"broken\":{},\"cut\":{},\"wrong\":{},"
        "\"connects\":{},\"bytes\":{},"
        "\"answer_bytes\":{},\"rps\":{:.1f},\"p50_us\":{:.1f},\"p90_us\":{:.1f},\"p99_us\":{:.1f},"
        "\"p999_us\":{:.1f},"
        "\"queue_max\":{},\"lag_max_us\":{:.1f},",
        arguments.load.path, arguments.load.connections, seconds, counts.requests, counts.errors(),
        counts.refused, counts.broken, counts.cut, counts.wrong, counts.connects, counts.bytes,
        answer_bytes, static_cast<double>(counts.requests) / seconds, us(0.5), us(0.9), us(0.99),
        us(0.999), counts.queue_max, static_cast<double>(counts.lag_max.count()) / 1e3);
    fmt::print(
        "\"process_us\":{:.4f},\"core_us\":{:.4f},\"core_busy\":{:.4f},\"core_steal\":{:.4f},"
        "\"switches\":{:.4f}}}\n",
        each(after.cpu_ns - before.cpu_ns) / 1e3,
        each(after.core_busy_ns - before.core_busy_ns) / 1e3,
        static_cast<double>(after.core_busy_ns - before.core_busy_ns) /
            static_cast<double>(time.count()),
        static_cast<double>(after.core_steal_ns - before.core_steal_ns) /
            static_cast<double>(time.count()),
        each(after.switches - before.switches));
}

int run(const Arguments& arguments) {
    const auto features = ringway::ring::probe_kernel_features();
    if (!features) return fail(features.error());
    ringway::ring::KernelRingSettings settings;
    settings.buffer_count = 512;
    settings.features = *features;
    auto made = ringway::ring::KernelRing::make(settings);
    if (!made) return fail(made.error());
    ringway::ring::KernelRing& ring = **made;

    bench::LoadClient client(arguments.load, ring);
    if (!client.learn())
        return fail(fmt::format("no answer with status 200 and a Content-Length from {}",
                                arguments.connect));
    client.start();
    run_until(client, ring, ring.now() + duration_of(arguments.warm_up_seconds));
    client.reset_counts();
    const Instant begin = ringway::ring::read_clock();
    const bench::ProcessSample before =
        bench::sample_processes(arguments.watch_pids, arguments.watch_cpu);
    run_until(client, ring, begin + duration_of(arguments.seconds));
    const Instant patience_ends = ring.now() + kPatience;
    while (client.counts().requests < arguments.requests_min && ring.now() < patience_ends) {
        run_until(client, ring, ring.now() + duration_of(arguments.seconds));
    }
    const Duration time = ringway::ring::read_clock() - begin;
    const bench::ProcessSample after =
        bench::sample_processes(arguments.watch_pids, arguments.watch_cpu);
    print(arguments, client.counts(), time, before, after, client.answer_bytes());
    client.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{"load: the client of bench/macro/compare"};
    app.add_option("--connect", arguments.connect, "127.0.0.1:8080, [::1]:8080 or unix:/path")
        ->required();
    app.add_option("--path", arguments.load.path, "of the request")->capture_default_str();
    app.add_option("--connections", arguments.load.connections, "at a time")
        ->check(CLI::Range(1, 60000))
        ->capture_default_str();
    app.add_flag("--new-connection", arguments.load.new_connection, "for each request");
    app.add_option("--rate", arguments.load.rate,
                   "open loop: requests a second; latency counts from the intended time");
    app.add_option("--duration", arguments.seconds, "measured seconds")->capture_default_str();
    app.add_option("--warm-up", arguments.warm_up_seconds, "seconds before")->capture_default_str();
    app.add_option("--requests-min", arguments.requests_min,
                   "measure on until so many are answered, for 20 s at most")
        ->capture_default_str();
    app.add_option("--cpu", arguments.cpu, "to run on");
    app.add_option("--watch-pid", arguments.watch_pids,
                   "a process whose costs are counted; may be repeated");
    app.add_option("--watch-cpu", arguments.watch_cpu, "a core whose costs are counted");
    CLI11_PARSE(app, argc, argv);

    const auto address = ringway::base::SocketAddress::parse(arguments.connect);
    if (!address) return fail(fmt::format("--connect {}: not an address", arguments.connect));
    arguments.load.connect = *address;
    if (arguments.load.rate > 0 && arguments.load.new_connection)
        return fail("--rate and --new-connection exclude each other");
    if (!pin(arguments.cpu)) return fail(fmt::format("cannot run on CPU {}", arguments.cpu));
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return run(arguments);
}
