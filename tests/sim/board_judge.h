// Watches the board that the shards share: the events that are told, in their order, against a
// naive model of each upstream, and the model against the view. Owned by a World; one thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ledger.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/observe/event.h"
#include "shard_proxy.h"
#include "sim_net.h"

namespace ringway::sim {

class BoardJudge final : public BoardWatcher {
 public:
    BoardJudge(const SimNet& net, Ledger& ledger, const config::Config& config);

    void attach(const failover::Board& board) override { board_ = &board; }
    void look_at(failover::Board& board, std::size_t shard, Instant risen_at) override;

    /// Of the upstream as the view has it since the last turn.
    struct Standing {
        bool eligible = true;
        Instant since{};  // that, or the last event about it, which may have been both in one turn
        cluster::UpstreamView view;
    };
    const Standing& standing(std::size_t upstream) const { return standings_[upstream]; }
    /// As the view has it now, within a turn.
    const cluster::UpstreamView& upstream(std::size_t upstream) const {
        return board_->read()->pools[0]->upstreams[upstream];
    }
    /// Something was published in this turn.
    bool is_turning() const { return board_->read()->version != version_; }
    std::uint64_t event_count() const { return event_count_; }
    std::uint64_t count(observe::EventKind kind) const {
        return counts_[static_cast<std::size_t>(kind)];
    }

    /// An answer was read that tells whether the upstream is well; see keeps_breakers.
    void note_outcome(std::size_t upstream, std::size_t shard, bool failed, bool trial);
    /// A request that takes a trial was sent.
    void note_trial(std::size_t upstream);
    /// The breakers are compared with ones that are computed from the outcomes alone. Only where
    /// those are all that can move a breaker.
    bool keeps_breakers = false;
    /// From a publish to the next turn of the other shard, at most.
    Duration wake_slack = std::chrono::milliseconds(1);
    /// A probe has found the upstream dead.
    std::function<void(std::size_t upstream)> on_dead;

 private:
    struct Model {
        cluster::UpstreamState state = cluster::UpstreamState::unknown;
        bool ejected = false;
        bool cooling = false;
        bool credentials_fault = false;
        cluster::BreakerPhase phase = cluster::BreakerPhase::closed;
        Instant until{};  // of an open breaker
        int openings = 0;
    };
    struct Outcome {
        Instant at;
        std::size_t upstream;
        bool failed;
        bool trial;
    };
    /// A breaker from outcomes.
    struct Kept {
        cluster::BreakerPhase phase = cluster::BreakerPhase::closed;
        std::uint64_t changes = 0;
        std::uint64_t in_row[2] = {};
        std::uint64_t seen[2] = {};  // changes
        std::uint32_t trials = 0;    // sent while half open, and not given anew
        Instant trial_at{};          // the last one
        std::uint32_t successes = 0;
        int openings = 0;
        Instant until{};
    };
    void judge_wake(const cluster::View& view, std::size_t shard, Instant risen_at);
    void take_events(failover::Board& board);
    void take(const observe::Event& event);
    void take_state(const observe::Event& event, Model& model);
    void take_breaker(const observe::Event& event, Model& model);
    void take_of_pool(const observe::Event& event);
    void compare(const cluster::View& view);
    void keep_breakers(const cluster::View& view, std::size_t shard, Instant risen_at);
    void open(Kept& kept, std::size_t shard, Instant at);
    void change(Kept& kept, cluster::BreakerPhase phase, std::size_t shard);
    Duration time_open(int openings) const;
    void violation(const observe::Event& event, const std::string& what);

    const SimNet& net_;
    Ledger& ledger_;
    const config::Pool& rules_;
    const failover::Board* board_ = nullptr;
    std::uint64_t version_ = 1;
    Instant unseen_since_[2] = {base::kNever, base::kNever};  // a version, by each shard
    std::vector<Model> models_;
    std::vector<Standing> standings_;
    std::vector<Kept> kept_;
    std::vector<Outcome> outcomes_[2];  // of each shard, read and perhaps not handled yet
    bool panic_ = false;
    bool total_failure_ = false;
    std::uint64_t event_count_ = 0;
    std::uint64_t counts_[observe::kEventKinds] = {};
};

}  // namespace ringway::sim
