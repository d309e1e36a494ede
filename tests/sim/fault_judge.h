// Faults of upstreams, when they come and go, and what they excuse: no request is sent to whom all
// shards know to be out, none is repeated that may not be, and those that may be find the upstream
// that is well. Owned by a World; one thread.
#pragma once

#include <memory>
#include <vector>

#include "board_judge.h"
#include "ledger.h"
#include "ringway/config/config.h"
#include "scripted_origin.h"
#include "upstream_tap.h"

namespace ringway::sim {

/// Which faults there are in a run, and how they are looked for.
struct FaultPlan {
    std::vector<Fault> faults;    // drawn from for each upstream; empty: none of this
    bool one_stays_well = false;  // and then every request that may be repeated must be answered
    bool nobody_there = false;    // all break down at once, so that requests queue up
    bool tells_breakers = false;  // only answers move breakers, so that outcomes predict them
    bool hedges = false;          // requests
    bool by_chance = true;        // checks, suspicion, breakers and ejection are drawn; else all on
    Duration during = std::chrono::seconds(4);
};

class FaultJudge {
 public:
    FaultJudge(SimNet& net, Ledger& ledger, base::Prng& prng, const FaultPlan& plan,
               const config::Config& config, std::vector<std::unique_ptr<ScriptedOrigin>>& origins,
               bool kernel_is_late);

    BoardJudge& board() { return board_; }
    /// At the end.
    void judge();

    /// What a pool of this plan goes by.
    static void draw_rules(base::Prng& prng, const FaultPlan& plan, config::Pool& pool);

 private:
    struct Period {
        Fault fault;
        Instant from, to;
    };
    void schedule(std::size_t upstream);
    void on_send(Entry& entry);
    void on_answer(Entry& entry, std::size_t send, std::size_t shard, const WireHead& head);
    void on_turned_away(const Entry& entry);
    void on_dead(std::size_t upstream);
    bool waits_on(const Entry& entry, std::size_t upstream) const;
    bool another_is_well(const Entry& entry) const;
    void judge_repetition(const Entry& entry);
    void judge_choice(const Entry& entry);
    void judge_entry(const Entry& entry);
    bool is_well(std::size_t upstream, Instant from, Instant to) const;
    bool is_excused(const Entry& entry) const;

    SimNet& net_;
    Ledger& ledger_;
    base::Prng& prng_;
    const FaultPlan& plan_;
    const config::Pool& rules_;
    std::vector<std::unique_ptr<ScriptedOrigin>>& origins_;
    BoardJudge board_;
    UpstreamTap tap_;
    Duration slack_;  // from a verdict to the last request that was on its way then
    std::vector<std::vector<Period>> periods_;  // of each upstream
    std::vector<Instant> cools_from_, cools_until_;
};

}  // namespace ringway::sim
