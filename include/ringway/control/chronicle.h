// What happens to upstreams, in one order: takes the events of all publishers from their rings,
// writes each to the process log, hands it to whoever alerts, and remembers the last ones for the
// admin API. Also the one that frees views out of use, and that smooths each upstream's latency for
// the same API.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "ringway/base/stable_vector.h"
#include "ringway/cluster/view.h"
#include "ringway/control/log.h"
#include "ringway/control/traffic_latency.h"
#include "ringway/failover/board.h"
#include "ringway/observe/counters.h"
#include "ringway/observe/event.h"
#include "ringway/observe/event_line.h"

namespace ringway::control {

/// Has a thread of its own, which visits the rings every kTick. Events are told by (version, part):
/// each is held for one visit, so that one with a lower version which is still on its way from
/// another shard comes first. One that is later than that is told when it comes. None is told
/// twice, and none is missing but those that Board::events_lost() counts.
class Chronicle {
 public:
    static constexpr base::Duration kTick = std::chrono::milliseconds(20);
    static constexpr std::size_t kKept = 1024;

    /// The board, counters (of every shard) and log outlive it.
    Chronicle(failover::Board& board, std::vector<const observe::ShardCounters*> shards, Log& log);
    Chronicle(const Chronicle&) = delete;
    Chronicle& operator=(const Chronicle&) = delete;
    ~Chronicle();

    /// Called with each event once it was told, on the chronicle's thread, which waits for it.
    /// Before start().
    void on_told(std::function<void(const observe::Told&)> listener) {
        listener_ = std::move(listener);
    }

    /// The first event is number `last_id` + 1; those in `before` were told by an older process,
    /// and are kept as its own are.
    void start(std::uint64_t last_id = 0, std::vector<observe::Told> before = {});
    /// Another process tells of what happens from now on: here it is only logged, without an id.
    /// Any thread.
    void pass_on() { passed_on_ = true; }
    /// Of the last event that was told. Any thread.
    std::uint64_t last_id() const;

    /// How many times the thread has visited the rings. Any thread.
    std::uint64_t visits() const { return visits_; }

    /// Tells everything that was published before the call and ends the thread. After the shards
    /// and the resolver have ended; not to be called by an online RcuReader.
    void stop();

    /// Room for all that this configuration has. Before the board adopts it.
    void adopt(const config::Config& next);

    /// The events with an id above `after`, the oldest first, at most `limit`. Of the last kKept;
    /// a gap between `after` and the first one's id are events that were forgotten. Any thread.
    std::vector<observe::Told> events_after(std::uint64_t after, std::size_t limit) const;
    /// The last `limit` ones, the oldest first. Any thread.
    std::vector<observe::Told> events_last(std::size_t limit) const;

    /// Of a pool, those that control published (shards count their own, PoolCounters::events). Any
    /// thread.
    std::uint64_t control_events(cluster::PoolIndex pool, observe::EventKind kind) const;

    /// Smoothed time to the head of the response; 0 before the first one. Any thread.
    base::Duration latency_ewma(cluster::Place place) const { return latency_.ewma(place); }

 private:
    using KindCounts = std::array<observe::Counter, observe::kEventKinds>;

    void run();
    void collect();
    void tell_up_to(std::uint64_t version);
    void tell(const observe::Event& event);
    void write(const observe::Told& told);
    void report_lost();

    failover::Board& board_;
    Log& log_;
    TrafficLatency latency_;
    std::function<void(const observe::Told&)> listener_;
    base::StableVector<KindCounts> control_events_;  // of each pool

    // The thread's, once it runs.
    std::vector<observe::Event> held_;  // by (version, part)
    std::uint64_t lost_told_ = 0;       // Board::events_lost() as the log knows it
    std::atomic<std::uint64_t> visits_{0};
    std::atomic<bool> passed_on_{false};

    mutable std::mutex mutex_;  // of what follows
    std::condition_variable wake_;
    std::deque<observe::Told> kept_;
    std::uint64_t ids_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ringway::control
