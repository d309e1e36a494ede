// Telling of a change: events to the control plane, counts, and the wake of the other shards. On
// the publisher's thread.
#include "ringway/failover/board.h"

#include <algorithm>
#include <utility>

#include "draft.h"
#include "ringway/base/assert.h"
#include "ringway/ring/ring.h"

namespace ringway::failover {

using cluster::UpstreamState;
using observe::Event;
using observe::EventKind;

namespace {

bool is_by_choice(UpstreamState state) {
    return state == UpstreamState::draining || state == UpstreamState::maintenance;
}

/// Failures only: neither what the upstream asked for (429) nor what an operator did.
bool is_outage(const Event& event) {
    if (event.took < Duration(0) || is_by_choice(event.from) || is_by_choice(event.to)) {
        return false;
    }
    return event.kind != EventKind::rate_limited && event.kind != EventKind::rate_limit_over;
}

void count(observe::PoolCounters& counters, const Event& event) {
    counters.events[static_cast<std::size_t>(event.kind)].add();
    if (!is_outage(event)) return;
    auto& times = takes_out(event.kind) ? counters.time_to_detect : counters.time_to_recover;
    times.record(static_cast<std::uint64_t>(base::to_ns(event.took)));
}

}  // namespace

Board::Board(std::unique_ptr<const cluster::View> first)
    : shard_count_(static_cast<std::uint16_t>(first->config->shards.size())),
      view_(std::move(first)),
      beats_(shard_count_),
      asked_(shard_count_),
      rings_(shard_count_, nullptr) {
    make_room(*config());
    for (std::size_t i = 0; i <= shard_count_; ++i) {
        events_.push_back(std::make_unique<observe::EventRing>());
    }
}

void Board::make_room(const config::Config& config) {
    asked_for_ns_.grow(config.pools.size());
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        asked_for_ns_[i].grow(config.pools[i].upstreams.size());
}

std::shared_ptr<const config::Config> Board::config() const {
    const base::RcuReader reader;
    return read()->config;
}

void Board::adopt(const std::shared_ptr<const config::Config>& next, const Addresses& resolved,
                  Instant now) {
    make_room(*next);
    change({.shard = shard_count_, .now = now, .evidence = "configuration reloaded"},
           [&](const cluster::View& view) { return failover::adopt(view, next, resolved, now); });
}

Board::~Board() {
    for (const ring::Ring* ring : rings_) RW_ASSERT(ring == nullptr);
}

void Board::attach(std::uint16_t shard, ring::Ring& ring) {
    const std::lock_guard lock(rings_mutex_);
    RW_ASSERT(rings_[shard] == nullptr);
    rings_[shard] = &ring;
}

void Board::detach(std::uint16_t shard) {
    const std::lock_guard lock(rings_mutex_);
    rings_[shard] = nullptr;
}

void Board::announce(const Teller& teller, std::vector<Event>& events) {
    // First of all the others: what follows is bookkeeping.
    wake_others(teller.shard);
    std::unique_lock lock(control_mutex_, std::defer_lock);
    if (teller.shard == shard_count_) lock.lock();
    const Instant first_sign = teller.first_sign == Instant{} ? teller.now : teller.first_sign;
    for (Event& event : events) {
        event.shard = teller.shard;
        event.set_evidence(teller.evidence);
        if (takes_out(event.kind) && event.took == Duration(0)) {
            event.took = std::max(teller.now - first_sign, Duration(0));
        }
        if (!events_[teller.shard]->push(event)) {
            events_lost_.fetch_add(1, std::memory_order_relaxed);
        }
        if (teller.counters != nullptr) count(teller.counters->pools[event.pool], event);
    }
}

void Board::ask_probe(std::uint16_t shard, cluster::Place upstream, Instant first_sign) {
    const std::int64_t sign = std::max<std::int64_t>(first_sign.time_since_epoch().count(), 1);
    asked_for_ns_[upstream.pool.value][upstream.upstream.value].store(sign,
                                                                      std::memory_order_relaxed);
    asked_[shard].count.fetch_add(1, std::memory_order_release);
    wake(shard);
}

Instant Board::take_asked(cluster::Place upstream) {
    auto& asked = asked_for_ns_[upstream.pool.value][upstream.upstream.value];
    return Instant(Duration(asked.exchange(0, std::memory_order_relaxed)));
}

void Board::wake(std::uint16_t shard) {
    const std::lock_guard lock(rings_mutex_);
    if (rings_[shard] != nullptr) rings_[shard]->wake();
}

void Board::wake_others(std::uint16_t shard) {
    const std::lock_guard lock(rings_mutex_);
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        if (i != shard && rings_[i] != nullptr) rings_[i]->wake();
    }
}

}  // namespace ringway::failover
