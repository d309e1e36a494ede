// The threads of the data plane: one pinned thread for each configured shard, with its own ring.
// Owned by main; its verbs are called by the main thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ringway/accept/acceptor.h"
#include "ringway/accept/listen_sockets.h"
#include "ringway/config/config.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/access_record.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/kernel_features.h"
#include "ringway/shard/shard.h"

namespace ringway::shard {

class Crew {
 public:
    /// All referred to objects outlive it. `access_logs` has one ring a shard, or none.
    Crew(const config::Config& config, const ring::KernelFeatures& features, failover::Board& board,
         health::CheckStats& check_stats,
         const std::vector<std::unique_ptr<observe::ShardCounters>>& counters,
         const std::vector<observe::AccessRing*>& access_logs);
    ~Crew();

    /// Starts every thread, which checks upstreams, and waits until all are ready to accept; a
    /// sentence for a human when one cannot be.
    std::expected<void, std::string> start();
    /// Every shard accepts for the listener on its part of the sockets; a sentence when descriptors
    /// run out.
    std::expected<void, std::string> listen(std::uint16_t listener,
                                            const accept::ListenSockets& sockets);
    /// Room for the listeners of this configuration. Before the board adopts it.
    void adopt(const config::Config& next) { connection_counts_.grow(next.listeners.size()); }
    /// Every shard stops accepting for the listener.
    void close_listener(std::uint16_t listener);
    /// What all shards together have learned; those that do not answer within `patience` are left
    /// out.
    ShardMemory memory(base::Duration patience);
    /// Every shard goes on from its part of it.
    void restore(const ShardMemory& memory);
    /// Every shard drains, cut at `bound` from now; `idle_grace` as in Shard::request_drain().
    void drain(base::Duration bound, base::Duration idle_grace = {});
    /// Every shard ends now.
    void stop();
    /// True when every thread has ended.
    bool ended() const;
    /// True when no shard that still runs is stalled (Board::is_stalled). Any thread.
    bool alive() const;
    void join();

    /// Called on a shard's thread when it has ended, for the main thread to wake up.
    void (*on_ended)() = nullptr;

 private:
    struct Member {
        std::thread thread;
        Shard* shard = nullptr;  // valid between start and end of its thread's loop
        bool reported = false;
        bool ended = false;
        std::string error;
    };

    void run(std::uint16_t index);
    std::expected<void, std::string> run_shard(std::uint16_t index);
    void report(std::uint16_t index, Shard* shard);
    template <class Ask>
    void ask_all(Ask&& ask);

    const config::Config& config_;
    const ring::KernelFeatures features_;
    failover::Board& board_;
    health::CheckStats& check_stats_;
    const std::string instance_id_;
    const std::vector<std::unique_ptr<observe::ShardCounters>>& counters_;
    const std::vector<observe::AccessRing*>& access_logs_;
    accept::ConnectionCounts connection_counts_;

    mutable std::mutex mutex_;  // of the members
    std::condition_variable reported_;
    std::vector<Member> members_;
};

}  // namespace ringway::shard
