// Exchanges on a simulated kernel, thousands of ways: each mode runs many seeds; seeds.h has how to
// see a run again.
#include <gtest/gtest.h>

#include <memory>

#include "relay.h"
#include "seeds.h"
#include "world.h"

namespace ringway::sim {
namespace {

class ExchangeSim : public SeedTest {};

MakeProxy relay_with(Defect defect) {
    return [defect](SimNet&, const std::vector<SimRing*>& rings, const config::Config& config,
                    BoardWatcher*) {
        return std::make_unique<Relay>(*rings[0], config.listeners[0].address,
                                       *config.pools[0].upstreams[0].literal, defect);
    };
}

Mode kernel_mode(const char* name) {
    Mode mode;
    mode.name = name;
    mode.slow_percent = 20;
    return mode;
}

Mode peers_mode(const char* name) {
    Mode mode = kernel_mode(name);
    mode.lossless = false;
    return mode;
}

Mode with_every_kernel_freedom(Mode mode) {
    mode.partial_io = mode.starve = mode.late = mode.cancel_races = true;
    return mode;
}

// -- the simulation itself, shown on the relay --

class RelaySim : public SeedTest {};

TEST_F(RelaySim, CarriesEverythingOnAnIdealKernel) {
    Mode mode = kernel_mode("ideal");
    mode.bytes_only = true;
    run_seeds(mode, relay_with(Defect::none), 100);
    EXPECT_EQ(complete_, requests_);
}

TEST_F(RelaySim, CarriesEverythingWithEveryFreedomOfTheKernel) {
    Mode mode = with_every_kernel_freedom(kernel_mode("every freedom"));
    mode.bytes_only = true;
    run_seeds(mode, relay_with(Defect::none), 100);
    EXPECT_EQ(complete_, requests_);
}

TEST_F(RelaySim, PassesOnWhatPeersDo) {
    Mode mode = with_every_kernel_freedom(peers_mode("peers"));
    mode.bytes_only = true;
    mode.leave_percent = 30;
    mode.refuse_percent = 20;
    mode.origin_reset_percent = mode.origin_truncate_percent = 10;
    mode.origin_idle_closes = true;
    run_seeds(mode, relay_with(Defect::none), 100);
    EXPECT_LT(complete_, requests_);
}

TEST_F(RelaySim, EveryDefectIsSeen) {
    struct Case {
        Defect defect;
        const char* what;
    };
    constexpr Case kCases[] = {
        {Defect::changes_a_byte, ""},
        {Defect::loses_a_piece, ""},
        {Defect::forgets_a_descriptor, "left open"},
        {Defect::keeps_a_buffer, "buffers are still held"},
        {Defect::closes_under_an_op, "under its receive"},
        {Defect::forgets_to_send, "is stuck"},
        {Defect::ends_a_cut_stream, "although the origin's was cut"},
    };
    for (const Case& each : kCases) {
        Mode mode = peers_mode("defect");
        mode.bytes_only = true;
        mode.origin_reset_percent = each.defect == Defect::ends_a_cut_stream ? 60 : 0;
        bool seen = false;
        for (std::uint64_t seed = 1; seed <= 500 && !seen; ++seed) {
            for (const std::string& violation : run_seed(seed, mode, relay_with(each.defect))) {
                seen = seen || violation.find(each.what) != std::string::npos;
            }
        }
        EXPECT_TRUE(seen) << "defect " << static_cast<int>(each.defect);
    }
}

// -- the data plane --

TEST_F(ExchangeSim, AnswersEverythingOnAnIdealKernel) {
    Mode mode = kernel_mode("ideal");
    mode.slow_percent = 0;
    run_seeds(mode, make_shards, 200);
}

TEST_F(ExchangeSim, AnswersEverythingToSlowPeers) {
    Mode mode = kernel_mode("slow peers");
    mode.slow_percent = 60;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, AnswersEverythingWithPartialIo) {
    Mode mode = kernel_mode("partial I/O");
    mode.partial_io = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, AnswersEverythingWithFewBuffers) {
    Mode mode = kernel_mode("few buffers");
    mode.starve = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, AnswersEverythingWithLateCompletionsAndCancelRaces) {
    Mode mode = kernel_mode("late");
    mode.late = mode.cancel_races = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, AnswersEverythingWithEveryFreedomOfTheKernel) {
    Mode mode = with_every_kernel_freedom(kernel_mode("every freedom"));
    run_seeds(mode, make_shards, 200);
}

TEST_F(ExchangeSim, AnswersEverythingOnTwoShards) {
    Mode mode = kernel_mode("two shards");
    mode.shards = 2;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, AnswersEverythingOnTwoShardsWithEveryFreedomOfTheKernel) {
    Mode mode = with_every_kernel_freedom(kernel_mode("two shards, every freedom"));
    mode.shards = 2;
    run_seeds(mode, make_shards, 200);
}

TEST_F(ExchangeSim, DrainsTwoShardsOnAKernelWithEveryFreedom) {
    Mode mode = with_every_kernel_freedom(kernel_mode("drain, two shards, every freedom"));
    mode.shards = 2;
    mode.drains = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, DrainsBehindTheRequestsInFlight) {
    Mode mode = kernel_mode("drain");
    mode.drains = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, DrainsOnAKernelWithEveryFreedom) {
    Mode mode = with_every_kernel_freedom(kernel_mode("drain, every freedom"));
    mode.drains = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, SurvivesClientsThatLeave) {
    Mode mode = peers_mode("clients leave");
    mode.leave_percent = 60;
    mode.slow_answers = true;
    run_seeds(mode, make_shards, 150);
}

TEST_F(ExchangeSim, RefusesMalformedRequests) {
    Mode mode = peers_mode("malformed requests");
    mode.malformed_percent = 25;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, SurvivesUpstreamsThatReset) {
    Mode mode = peers_mode("upstreams reset");
    mode.origin_reset_percent = 25;
    mode.origin_truncate_percent = 10;
    run_seeds(mode, make_shards, 150);
}

TEST_F(ExchangeSim, SurvivesUpstreamsThatCloseIdleConnections) {
    Mode mode = kernel_mode("upstreams close when idle");
    mode.may_repeat = true;
    mode.origin_idle_closes = true;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, SurvivesUpstreamsThatCannotBeReached) {
    Mode mode = peers_mode("upstreams away");
    mode.refuse_percent = 100;
    run_seeds(mode, make_shards, 100);
}

TEST_F(ExchangeSim, SurvivesUpstreamsThatAnswerWrongly) {
    Mode mode = peers_mode("upstreams answer wrongly");
    mode.origin_malformed_percent = 20;
    mode.origin_stall_percent = 5;
    mode.origin_early_percent = 20;
    run_seeds(mode, make_shards, 100);
}

Mode everything_mode(const char* name) {
    Mode mode = with_every_kernel_freedom(peers_mode(name));
    mode.slow_percent = 30;
    mode.leave_percent = 20;
    mode.malformed_percent = 5;
    mode.refuse_percent = 20;
    mode.origin_reset_percent = 8;
    mode.origin_truncate_percent = 5;
    mode.origin_stall_percent = 3;
    mode.origin_malformed_percent = 4;
    mode.origin_early_percent = 10;
    mode.origin_idle_closes = true;
    mode.accept_failures = true;
    return mode;
}

TEST_F(ExchangeSim, SurvivesEverythingTogether) {
    run_seeds(everything_mode("everything"), make_shards, 300);
}

TEST_F(ExchangeSim, SurvivesEverythingTogetherOnTwoShards) {
    Mode mode = everything_mode("everything, two shards");
    mode.shards = 2;
    run_seeds(mode, make_shards, 300);
}

}  // namespace
}  // namespace ringway::sim
