// Where verdicts become the view of all shards: whoever has news makes the next view from the
// current one and swaps it in; the one that wins tells of it, once, and wakes the others. Shared by
// all shards and the control plane; made by main, outlives them all.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "ringway/base/published.h"
#include "ringway/base/stable_vector.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/failover/merge.h"
#include "ringway/observe/counters.h"
#include "ringway/observe/event.h"

namespace ringway::ring {
class Ring;
}

namespace ringway::failover {

/// Who publishes, and what the events are to say beside what the view shows.
struct Teller {
    std::uint16_t shard;  // the number of shards: control
    base::Instant now;
    observe::ShardCounters* counters = nullptr;  // the shard's own; nullptr: control
    std::string_view evidence;                   // cut at 127 bytes
    base::Instant first_sign{};                  // of what is told; the epoch: now
};

class Board {
 public:
    /// `first`: the view to start with, and the configuration in it.
    explicit Board(std::unique_ptr<const cluster::View> first);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;
    ~Board();

    std::uint16_t shard_count() const { return shard_count_; }

    /// Valid until the calling RcuReader's next quiescent state. RcuReader threads.
    const cluster::View* read() const { return view_.read(); }
    /// The newest view while it is one of that configuration; its reader has not adopted another
    /// one's. Kept in `seen`, which is given else. As read().
    const cluster::View& read_of(const std::shared_ptr<const config::Config>& config,
                                 const cluster::View*& seen) const {
        const cluster::View* const newest = read();
        if (newest->config == config) [[likely]]
            seen = newest;
        return *seen;
    }
    /// That of the newest view, which another may follow at any time. Any thread.
    std::shared_ptr<const config::Config> config() const;
    /// Makes the next configuration that of the view; every shard acts on it in its next turn.
    /// Control thread, an RcuReader, one at a time.
    void adopt(const std::shared_ptr<const config::Config>& next, const Addresses& resolved,
               base::Instant now);

    /// Publishes what `step` (const View& -> Step) makes of the current view, again from the newer
    /// view when another publisher was faster; then tells the events, counts them, and wakes the
    /// other shards. False when step() gave nothing: there is nothing new. RcuReader threads, one
    /// for each shard and any for control. No lock on the way of a shard, but for the waking.
    template <class StepMaker>
    bool change(const Teller& teller, StepMaker&& step) {
        for (;;) {
            const cluster::View* current = view_.read();
            Step next = step(*current);
            if (!next) return false;
            if (!view_.replace(current, next->view)) continue;
            announce(teller, next->events);
            return true;
        }
    }

    /// The shard's ring, woken when another publishes; to be taken back before the ring ends.
    void attach(std::uint16_t shard, ring::Ring& ring);
    void detach(std::uint16_t shard);

    /// The events of one publisher, for the control plane to read. One that finds no room is
    /// counted and lost; the view is what counts.
    observe::EventRing& events(std::uint16_t shard) { return *events_[shard]; }
    std::uint64_t events_lost() const { return events_lost_.load(std::memory_order_relaxed); }

    /// A shard's sign of life, once a second, and whether it was missing for kStalledAfter. A shard
    /// that never gave one has not begun yet, which is not stalled.
    void beat(std::uint16_t shard, base::Instant now) {
        beats_[shard].at_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    }
    bool is_stalled(std::uint16_t shard, base::Instant now) const {
        const std::int64_t at = beats_[shard].at_ns.load(std::memory_order_relaxed);
        return at != 0 && now.time_since_epoch().count() - at > kStalledAfter.count();
    }
    static constexpr base::Duration kStalledAfter = std::chrono::seconds(3);

    /// Asks the shard that checks the upstream to probe it at once: it has a warm connection to it.
    /// Any shard.
    void ask_probe(std::uint16_t shard, cluster::Place upstream, base::Instant first_sign);
    /// How often this shard was asked, in all.
    std::uint64_t asked_count(std::uint16_t shard) const {
        return asked_[shard].count.load(std::memory_order_acquire);
    }
    /// The first sign that it was asked with, once; the epoch: it was not asked.
    base::Instant take_asked(cluster::Place upstream);

    /// Frees views that were replaced, once no reader can hold them. Control thread, regularly; not
    /// by an online RcuReader.
    void reclaim() { view_.reclaim(); }

 private:
    struct alignas(64) Beat {
        std::atomic<std::int64_t> at_ns{0};
    };
    struct alignas(64) Asked {
        std::atomic<std::uint64_t> count{0};
    };
    void make_room(const config::Config& config);
    void wake(std::uint16_t shard);
    void announce(const Teller& teller, std::vector<observe::Event>& events);
    void wake_others(std::uint16_t shard);

    const std::uint16_t shard_count_;
    base::Published<cluster::View> view_;
    std::vector<std::unique_ptr<observe::EventRing>> events_;  // of each shard, then control
    std::vector<Beat> beats_;
    std::vector<Asked> asked_;  // of each shard
    // [pool][upstream]; 0: not asked
    base::StableVector<base::StableVector<std::atomic<std::int64_t>>> asked_for_ns_;
    std::atomic<std::uint64_t> events_lost_{0};
    std::mutex control_mutex_;  // of the telling end of control's event ring
    std::mutex rings_mutex_;
    std::vector<ring::Ring*> rings_;
};

}  // namespace ringway::failover
