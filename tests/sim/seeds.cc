#include "seeds.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "ringway/base/sanitizers.h"
#include "shard_proxy.h"

namespace {

// How to repeat the run that is under way; read by signal handlers, which may not allocate.
char g_repeat[400];
std::size_t g_repeat_size = 0;

void say_repeat() {
    if (g_repeat_size > 0) (void)!write(STDERR_FILENO, g_repeat, g_repeat_size);
}

void on_fatal(int signal_number) {
    say_repeat();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

}  // namespace

// Called by AddressSanitizer, when that is built in, before it reports.
extern "C" void __asan_on_error();
extern "C" void __asan_on_error() { say_repeat(); }

namespace ringway::sim {
namespace {

// A seed takes milliseconds; a loop within one turn would take for ever.
constexpr unsigned kSeedSecondsMax = 60;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string repeat_command(std::uint64_t seed) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string("seed ") + std::to_string(seed) +
           "; repeat with: RINGWAY_SIM_TRACE=1 RINGWAY_SIM_SEEDS=1 " +
           "RINGWAY_SIM_FIRST=" + std::to_string(seed) +
           " build/tests/sim/sim --gtest_filter=" + test->test_suite_name() + "." + test->name();
}

}  // namespace

void SeedTest::SetUpTestSuite() {
    for (const int number : {SIGABRT, SIGSEGV, SIGALRM}) signal(number, on_fatal);
}
void SeedTest::TearDown() {
    alarm(0);
    g_repeat_size = 0;
}

void SeedTest::run_seeds(const Mode& mode, const MakeProxy& make_proxy,
                         std::uint64_t seeds_by_default) {
    const std::uint64_t first = from_environment("RINGWAY_SIM_FIRST", 1);
    const std::uint64_t usual =
        base::kSanitized ? std::max<std::uint64_t>(15, seeds_by_default / 50) : seeds_by_default;
    const std::uint64_t count = from_environment("RINGWAY_SIM_SEEDS", usual);
    int bad = 0;
    for (std::uint64_t seed = first; seed < first + count && bad < 3; ++seed) {
        const auto violations = run_seed(seed, mode, make_proxy);
        if (violations.empty()) continue;
        ++bad;
        std::string text;
        for (const std::string& violation : violations) text += "\n  " + violation;
        ADD_FAILURE() << repeat_command(seed) << text;
    }
    RecordProperty("requests", static_cast<int>(requests_));
    std::printf("  %s: %llu requests, %llu of them whole, %llu turned away by the proxy\n",
                mode.name, static_cast<unsigned long long>(requests_),
                static_cast<unsigned long long>(complete_),
                static_cast<unsigned long long>(turned_away_));
}

std::vector<std::string> SeedTest::run_seed(std::uint64_t seed, const Mode& mode,
                                            const MakeProxy& make_proxy) {
    const std::string repeat = "while running " + repeat_command(seed) + "\n";
    g_repeat_size = std::min(repeat.size(), sizeof g_repeat);
    std::memcpy(g_repeat, repeat.data(), g_repeat_size);
    alarm(kSeedSecondsMax);
    const bool trace = from_environment("RINGWAY_SIM_TRACE", 0) != 0;
    auto world = std::make_unique<World>(seed, mode, trace);
    auto violations = world->run(make_proxy);
    for (const auto& [id, entry] : world->ledger().entries()) {
        ++requests_;
        sends_ += entry.sends.size();
        complete_ += entry.complete && entry.answered_by_origin ? 1 : 0;
        turned_away_ += entry.complete && !entry.answered_by_origin ? 1 : 0;
    }
    if (FaultJudge* faults = world->faults()) {
        events_ += faults->board().event_count();
        for (std::size_t i = 0; i < observe::kEventKinds; ++i)
            events_of_kind_[i] += faults->board().count(static_cast<observe::EventKind>(i));
    }
    static auto& broken_worlds = *new std::vector<std::unique_ptr<World>>;
    if (!violations.empty()) broken_worlds.push_back(std::move(world));
    return violations;
}

std::unique_ptr<Proxy> make_shards(SimNet& net, const std::vector<SimRing*>& rings,
                                   const config::Config& config, BoardWatcher* watcher) {
    return std::make_unique<ShardProxy>(net, rings, config, watcher);
}

}  // namespace ringway::sim
