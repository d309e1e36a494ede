// What a change of the view costs its publisher, by pool size, and how long it takes until another
// thread sees it: one that sleeps in its ring, and one that looks all the time.
#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>

#include "ringway/failover/board.h"
#include "ringway/ring/kernel_ring.h"

namespace ringway::failover {
namespace {

config::Config config_of(std::size_t upstreams, std::size_t shards) {
    config::Config config;
    config.shards.resize(shards);
    config.pools.resize(4);
    for (config::Pool& pool : config.pools) {
        pool.upstreams.resize(upstreams);
        for (config::Upstream& upstream : pool.upstreams) {
            upstream.literal = base::SocketAddress::parse("10.0.0.1:80");
        }
    }
    return config;
}

std::unique_ptr<const View> view_of(const config::Config& config) {
    Addresses addresses;
    for (const config::Pool& pool : config.pools) addresses.emplace_back(pool.upstreams.size());
    return first_view(config, addresses, ring::read_clock());
}

/// The other verdict on the first upstream than the one that stands.
void change_one(Board& board, std::uint16_t shard) {
    const base::Instant now = ring::read_clock();
    board.change({.shard = shard, .now = now}, [&](const View& view) {
        const Place place{};
        const bool up = view.upstream(place).state == cluster::UpstreamState::healthy;
        return set_state(view, place,
                         up ? cluster::UpstreamState::unhealthy : cluster::UpstreamState::healthy,
                         up ? Reason::check_failed : Reason::check_passed, now);
    });
}

void drain(Board& board, std::uint16_t shard) {
    observe::Event event;
    while (board.events(shard).pop(event)) {
    }
}

void change(benchmark::State& state) {
    const config::Config config = config_of(static_cast<std::size_t>(state.range(0)), 1);
    Board board(view_of(config));
    std::int64_t changes = 0;
    for (auto _ : state) {
        {
            const base::RcuReader reader;
            change_one(board, 0);
        }
        if (++changes % 128 != 0) continue;
        state.PauseTiming();
        drain(board, 0);
        board.reclaim();
        state.ResumeTiming();
    }
}
BENCHMARK(change)->Arg(3)->Arg(64)->Arg(256);

/// Another shard, until it is told to end.
class Watcher {
 public:
    Watcher(Board& board, bool sleeps)
        : board_(board), thread_([this, sleeps] { sleeps ? sleep() : spin(); }) {
        while (!ready_.load()) std::this_thread::yield();
    }
    ~Watcher() {
        ended_.store(true);
        if (awake_ != nullptr) awake_->wake();
        left_.store(true);
        thread_.join();
    }
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
    base::Instant seen_at() const { return seen_at_; }

 private:
    bool look() {
        const std::uint64_t version = board_.read()->version;
        if (version == version_.load(std::memory_order_relaxed)) return false;
        seen_at_ = ring::read_clock();
        version_.store(version, std::memory_order_release);
        return true;
    }
    void sleep() {
        const base::RcuReader reader;
        const auto ring = ring::KernelRing::make(
            {.entries = 64, .completion_entries = 256, .buffer_count = 16, .buffer_bytes = 4096});
        if (!ring) std::abort();
        board_.attach(0, **ring);
        awake_ = ring->get();
        ready_.store(true);
        while (!ended_.load()) {
            look();
            base::RcuReader::leave();
            (*ring)->wait(base::kNever);
            base::RcuReader::enter();
            (*ring)->dispatch();
        }
        board_.detach(0);
        while (!left_.load()) std::this_thread::yield();  // the last wake is over
    }
    void spin() {
        const base::RcuReader reader;
        ready_.store(true);
        while (!ended_.load()) {
            look();
            base::RcuReader::quiescent();
        }
    }

    Board& board_;
    std::atomic<bool> ready_{false}, ended_{false}, left_{false};
    std::atomic<std::uint64_t> version_{1};
    base::Instant seen_at_{};
    ring::Ring* awake_ = nullptr;
    std::thread thread_;
};

/// From the news to its being seen; the pause between two lets the watcher fall asleep.
void publish_to_seen(benchmark::State& state, bool sleeps) {
    const config::Config config = config_of(3, 2);
    Board board(view_of(config));
    {
        const Watcher watcher(board, sleeps);
        std::uint64_t version = watcher.version();
        for (auto _ : state) {
            std::this_thread::sleep_for(std::chrono::microseconds(300));
            const base::Instant begin = ring::read_clock();
            {
                const base::RcuReader reader;
                change_one(board, 1);
            }
            ++version;
            while (watcher.version() < version) std::this_thread::yield();
            state.SetIterationTime(
                std::chrono::duration<double>(watcher.seen_at() - begin).count());
            drain(board, 1);
            board.reclaim();
        }
    }
}
BENCHMARK_CAPTURE(publish_to_seen, sleeping, true)->UseManualTime();
BENCHMARK_CAPTURE(publish_to_seen, spinning, false)->UseManualTime();

}  // namespace
}  // namespace ringway::failover
