// Two shards and upstreams that break down and come back: each request is answered once, none is
// repeated that may not be, every transition is told once, and verdicts and breakers are what a
// naive model makes of it. seeds.h has how to see a run again.
#include <gtest/gtest.h>

#include "seeds.h"

namespace ringway::sim {
namespace {

class FaultSim : public SeedTest {
 protected:
    void run(const Mode& mode, std::uint64_t seeds) {
        run_seeds(mode, make_shards, seeds);
        std::printf("  %s: %llu sends, %llu events\n", mode.name,
                    static_cast<unsigned long long>(sends_),
                    static_cast<unsigned long long>(events_));
    }
    std::uint64_t count(observe::EventKind kind) const {
        return events_of_kind_[static_cast<std::size_t>(kind)];
    }
};

using enum observe::EventKind;

const std::vector<Fault> kAllFaults = {Fault::refuses, Fault::silent,        Fault::stopped,
                                       Fault::killed,  Fault::unavailable,   Fault::rate_limits,
                                       Fault::slow,    Fault::bad_credential};

Mode fault_mode(const char* name, std::vector<Fault> faults) {
    Mode mode;
    mode.name = name;
    mode.shards = 2;
    mode.lossless = false;
    mode.faults.faults = std::move(faults);
    return mode;
}

constexpr std::uint64_t kSeeds = 600;  // of a mode; more than 10,000 of all

TEST_F(FaultSim, Refusing) { run(fault_mode("refusing", {Fault::refuses}), kSeeds); }

TEST_F(FaultSim, Silent) { run(fault_mode("silent", {Fault::silent}), kSeeds); }

TEST_F(FaultSim, Stopped) { run(fault_mode("stopped", {Fault::stopped}), kSeeds); }

TEST_F(FaultSim, Killed) { run(fault_mode("killed", {Fault::killed}), kSeeds); }

TEST_F(FaultSim, Unavailable) { run(fault_mode("unavailable", {Fault::unavailable}), kSeeds); }

TEST_F(FaultSim, RateLimits) {
    run(fault_mode("rate limits", {Fault::rate_limits}), kSeeds);
    EXPECT_GT(count(rate_limited), 0u);
}

TEST_F(FaultSim, Slow) { run(fault_mode("slow", {Fault::slow}), kSeeds); }

TEST_F(FaultSim, BadCredentials) {
    run(fault_mode("bad credentials", {Fault::bad_credential}), kSeeds);
    EXPECT_GT(count(credentials_refused), 0u);
}

TEST_F(FaultSim, AllFaults) { run(fault_mode("all faults", kAllFaults), 2 * kSeeds); }

TEST_F(FaultSim, AllFaultsWithHedges) {
    Mode mode = fault_mode("all faults, hedges", kAllFaults);
    mode.faults.hedges = true;
    run(mode, kSeeds);
}

TEST_F(FaultSim, AllFaultsOnAKernelWithEveryFreedom) {
    Mode mode = fault_mode("all faults, every freedom", kAllFaults);
    mode.partial_io = mode.starve = mode.late = mode.cancel_races = true;
    run(mode, kSeeds);
}

TEST_F(FaultSim, AllFaultsAndClientsThatLeave) {
    Mode mode = fault_mode("all faults, clients leave", kAllFaults);
    mode.leave_percent = 40;
    mode.faults.hedges = true;
    run(mode, kSeeds);
}

TEST_F(FaultSim, NobodyIsThereAndClientsLeave) {
    Mode mode = fault_mode("nobody there, clients leave", {Fault::unavailable});
    mode.leave_percent = 60;
    mode.faults.by_chance = false;
    mode.faults.nobody_there = true;
    run(mode, kSeeds);
}

TEST_F(FaultSim, OneUpstreamThatStaysWellAnswersAll) {
    Mode mode = fault_mode("one stays well", kAllFaults);
    mode.faults.one_stays_well = true;
    run(mode, 2 * kSeeds);
}

TEST_F(FaultSim, OneUpstreamThatStaysWellAnswersAllWithHedges) {
    Mode mode = fault_mode("one stays well, hedges", kAllFaults);
    mode.faults.one_stays_well = true;
    mode.faults.hedges = true;
    run(mode, kSeeds);
}

TEST_F(FaultSim, BreakersAreWhatOutcomesMakeThem) {
    Mode mode = fault_mode("breakers", {Fault::unavailable});
    mode.faults.tells_breakers = true;
    run(mode, 2 * kSeeds);
    EXPECT_GT(count(breaker_open), 0u);
    EXPECT_GT(count(breaker_half_open), 0u);
    EXPECT_GT(count(breaker_closed), 0u);
}

}  // namespace
}  // namespace ringway::sim
