// pingpong: how long a cache line takes between two cores and back. On virtual machines that may
// change from minute to minute with where the machine below puts the cores; every number of a bench
// belongs to one such phase.
#include <fmt/format.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

bool pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    int cpu_a = 0, cpu_b = 1, rounds = 500, samples = 100;
    CLI::App app{
        "pingpong: nanoseconds of a cache line's way between two cores and back (median of the "
        "samples)"};
    app.add_option("--cpu-a", cpu_a, "one core")->capture_default_str();
    app.add_option("--cpu-b", cpu_b, "the other")->capture_default_str();
    app.add_option("--rounds", rounds, "in a sample")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--samples", samples, "taken")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    alignas(64) std::atomic<int> turn{0};
    const int total = rounds * samples;
    std::atomic<bool> good{true};
    std::thread answering([&] {
        if (!pin(cpu_b)) good = false;
        for (int i = 0; i < total; ++i) {
            while (turn.load(std::memory_order_acquire) != 2 * i + 1) {
            }
            turn.store(2 * i + 2, std::memory_order_release);
        }
    });
    if (!pin(cpu_a)) good = false;
    std::vector<double> ns;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < total; ++i) {
        turn.store(2 * i + 1, std::memory_order_release);
        while (turn.load(std::memory_order_acquire) != 2 * i + 2) {
        }
        if ((i + 1) % rounds != 0) continue;
        const auto end = std::chrono::steady_clock::now();
        ns.push_back(std::chrono::duration<double, std::nano>(end - begin).count() / rounds);
        begin = end;
    }
    answering.join();
    if (!good) {
        fmt::print(stderr, "pingpong: cannot run on CPU {} and {}\n", cpu_a, cpu_b);
        return 1;
    }
    // a sample in which one of the threads was off its core is an outlier, which the median leaves
    // out
    std::sort(ns.begin(), ns.end());
    fmt::print("{:.1f}\n", ns[ns.size() / 2]);
    return 0;
}
