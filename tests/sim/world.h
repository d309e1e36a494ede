// One simulated run: a proxy between scripted clients and origins, everything drawn from a seed,
// and the judgement at its end. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fault_judge.h"
#include "ledger.h"
#include "proxy.h"
#include "ringway/config/config.h"
#include "scripted_client.h"
#include "scripted_origin.h"
#include "sim_net.h"
#include "sim_ring.h"

namespace ringway::sim {

/// What may happen in a run. Percentages are of clients, requests or answers.
struct Mode {
    const char* name = "";
    std::uint32_t shards = 1;
    /// Nothing that happens excuses the loss of a request: each must get its whole answer from an
    /// origin.
    bool lossless = true;
    /// With lossless: requests that may be repeated may reach origins more than once, and others
    /// may be lost.
    bool may_repeat = false;
    bool bytes_only = false;  // for a proxy that knows no HTTP: no pipelining, no hop-by-hop fields

    bool partial_io = false;
    bool starve = false;
    bool late = false;
    bool cancel_races = false;

    std::uint32_t slow_percent = 0;       // clients and origins that pause
    std::uint32_t leave_percent = 0;      // clients that leave at a random moment
    std::uint32_t malformed_percent = 0;  // requests
    std::uint32_t refuse_percent = 0;     // upstreams that refuse or do not answer for a while
    std::uint32_t origin_reset_percent = 0;
    std::uint32_t origin_truncate_percent = 0;
    std::uint32_t origin_stall_percent = 0;
    std::uint32_t origin_malformed_percent = 0;
    std::uint32_t origin_early_percent = 0;
    bool origin_idle_closes = false;
    bool accept_failures = false;
    bool drains = false;  // in the midst of it all; what an origin was asked must still be answered
    bool slow_answers = false;  // some take up to two seconds
    FaultPlan faults;
};

/// `rings`: one for each shard of the config.
/// `watcher`: or nullptr.
using MakeProxy =
    std::function<std::unique_ptr<Proxy>(SimNet& net, const std::vector<SimRing*>& rings,
                                         const config::Config& config, BoardWatcher* watcher)>;

class World {
 public:
    /// `trace`: the story of the run goes to stderr.
    World(std::uint64_t seed, const Mode& mode, bool trace);

    /// Runs to the end; what was wrong, one sentence each. After that the proxy may not survive its
    /// own destructor: it stays, and the World must too.
    std::vector<std::string> run(const MakeProxy& make_proxy);

    const Ledger& ledger() const { return ledger_; }
    const SimNet& net() const { return net_; }
    /// nullptr without faults.
    FaultJudge* faults() { return faults_.get(); }

 private:
    static NetOptions net_options(base::Prng& prng, const Mode& mode);
    static RingOptions ring_options(base::Prng& prng, const Mode& mode);
    config::Config make_config();
    void make_origins();
    void make_clients();
    Plan make_plan();
    std::uint64_t some_body_bytes();
    void trouble_upstreams();
    bool turn_until_clients_are_gone(Proxy& proxy);
    void start_drain(Proxy& proxy);
    void run_drain(Proxy& proxy);
    bool nothing_can_happen() const;
    bool has_faults() const { return !mode_.faults.faults.empty(); }
    void judge_entries();
    bool chance(std::uint32_t percent) { return prng_.chance(percent); }

    base::Prng prng_;
    Mode mode_;
    SimNet net_;
    std::vector<std::unique_ptr<SimRing>> rings_;  // of each shard
    Ledger ledger_;
    config::Config config_;
    std::vector<SocketAddress> upstreams_;
    std::vector<std::unique_ptr<ScriptedOrigin>> origins_;
    std::vector<std::unique_ptr<ScriptedClient>> clients_;
    std::unique_ptr<FaultJudge> faults_;
    std::uint64_t next_id_ = 1;
    std::uint64_t turns_ = 0;
    Instant drain_at_ = base::kNever;  // for Mode::drains
    Instant drain_deadline_ = base::kNever;
    bool ended_ = false;  // the proxy said so
    // not null exactly after a run that found something while its proxy lived
    Proxy* broken_proxy_ = nullptr;
};

}  // namespace ringway::sim
