// The real data plane as the simulation drives it: a Shard on each SimRing of one net, with the
// board, the counters and the check results that their threads would share. One thread.
//
// A shard's turn is in two steps, so that turns of several overlap as those of threads do: it rises
// (its clock is read, its completions are fetched) and, perhaps a little later, it works.
#pragma once

#include <memory>
#include <vector>

#include "proxy.h"
#include "ringway/accept/acceptor.h"
#include "ringway/base/published.h"
#include "ringway/config/config.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/counters.h"
#include "ringway/shard/shard.h"
#include "sim_ring.h"

namespace ringway::sim {

/// Told between turns, when something may have changed.
class BoardWatcher {
 public:
    /// Before the first turn.
    virtual void attach(const failover::Board& board) = 0;
    /// `shard` has worked, on what had come by `risen_at`.
    virtual void look_at(failover::Board& board, std::size_t shard, Instant risen_at) = 0;

 protected:
    ~BoardWatcher() = default;
};

class ShardProxy final : public Proxy {
 public:
    /// `watcher`: or nullptr.
    ShardProxy(SimNet& net, const std::vector<SimRing*>& rings, const config::Config& config,
               BoardWatcher* watcher);

    bool turn() override;
    void drain(base::Instant deadline) override;
    std::string held() const override;

 private:
    struct Member {
        SimRing& ring;
        std::unique_ptr<observe::ShardCounters> counters;
        std::unique_ptr<shard::Shard> shard;
        Instant risen_at{};
        Instant works_at = base::kNever;  // risen, and will work then
        bool ended = false;
    };
    void listen(const config::Config& config, std::size_t index);
    bool is_due(const Member& member) const;
    void fall_asleep(Member& member);
    void go_on(Member& member);
    void pass_time();
    void reclaim();

    SimNet& net_;
    base::RcuReader reader_;  // of the thread
    failover::Board board_;
    health::CheckStats check_stats_;
    accept::ConnectionCounts connection_counts_;
    std::vector<Member> members_;
    BoardWatcher* watcher_;
    std::uint64_t turns_ = 0;
};

}  // namespace ringway::sim
