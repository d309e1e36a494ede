// Runs a mode with many seeds, and a failure says which one and how to see it again.
// RINGWAY_SIM_SEEDS: seeds of each mode. RINGWAY_SIM_FIRST: the first one. RINGWAY_SIM_TRACE=1:
// what happens.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "world.h"

namespace ringway::sim {

class SeedTest : public testing::Test {
 protected:
    static void SetUpTestSuite();
    void TearDown() override;

    /// Runs the mode with every seed, of which sanitizers see enough in a few, 15 at least;
    /// stops at the third bad one.
    void run_seeds(const Mode& mode, const MakeProxy& make_proxy, std::uint64_t seeds_by_default);
    std::vector<std::string> run_seed(std::uint64_t seed, const Mode& mode,
                                      const MakeProxy& make_proxy);

    // so far
    std::uint64_t requests_ = 0, complete_ = 0, turned_away_ = 0;
    std::uint64_t sends_ = 0, events_ = 0;
    std::uint64_t events_of_kind_[observe::kEventKinds] = {};
};

/// The real data plane, a shard on each ring.
std::unique_ptr<Proxy> make_shards(SimNet& net, const std::vector<SimRing*>& rings,
                                   const config::Config& config, BoardWatcher* watcher);

}  // namespace ringway::sim
