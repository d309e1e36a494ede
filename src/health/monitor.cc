// The life of a Monitor: start, the tick, views, the end. What requests tell it is in
// monitor_requests.cc.
#include "ringway/health/monitor.h"

#include <algorithm>

#include "monitor_machine.h"

namespace ringway::health {

using cluster::Place;
using cluster::PoolIndex;
using cluster::UpstreamIndex;
using cluster::View;

namespace {

constexpr base::Duration kTick = std::chrono::seconds(1);
// First checks of a pool's upstreams follow each other so closely, within a second.
constexpr base::Duration kStep = std::chrono::milliseconds(100);
constexpr base::Duration kSpread = std::chrono::seconds(1);

}  // namespace

Monitor::Machine::Machine(const MonitorParts& parts, std::vector<Upstream>& upstreams_in,
                          const std::vector<std::size_t>& first_of_pool_in)
    : desk(parts, *this, *this),
      upstreams(upstreams_in),
      first_of_pool(first_of_pool_in),
      seen(upstreams_in.size()),
      seen_versions(parts.config.pools.size(), ~std::uint64_t{0}),
      steward(desk) {
    watches.reserve(upstreams.size());
    for (std::size_t pool = 0; pool < parts.config.pools.size(); ++pool) {
        for (std::size_t i = 0; i < parts.config.pools[pool].upstreams.size(); ++i) {
            const Place place{PoolIndex{static_cast<std::uint16_t>(pool)},
                              UpstreamIndex{static_cast<std::uint16_t>(i)}};
            watches.push_back(
                std::make_unique<Watch>(desk, place, upstreams[watches.size()].suspicion));
        }
    }
}

void Monitor::Machine::start() {
    RW_ASSERT(!started);
    started = true;
    desk.parts.board.beat(desk.parts.shard_index, desk.now());
    share_out();
    look_at(desk.view());
    desk.parts.fine.set(tick_timer, desk.now() + kTick);
}

/// The shard that the upstream or pool of this number falls to, or the next living one. A shard
/// knows that it lives itself.
std::uint16_t Monitor::Machine::owner_of(std::size_t number) const {
    const std::uint16_t count = desk.parts.board.shard_count();
    const auto first = static_cast<std::uint16_t>(number % count);
    for (std::uint16_t step = 0; step < count; ++step) {
        const auto shard = static_cast<std::uint16_t>((first + step) % count);
        if (shard == desk.parts.shard_index) return shard;
        if (!desk.parts.board.is_stalled(shard, desk.now())) return shard;
    }
    return first;
}

void Monitor::Machine::share_out() {
    std::size_t number = 0;
    for (const config::Pool& pool : desk.parts.config.pools) {
        for (std::size_t i = 0; i < pool.upstreams.size(); ++i, ++number) {
            const bool mine = owner_of(number) == desk.parts.shard_index;
            Watch& watch = *watches[number];
            if (mine == watch.is_owned()) continue;
            if (!mine) {
                watch.disown();
                continue;
            }
            base::Duration delay = kStep * static_cast<std::int64_t>(i);
            if (delay > kSpread) {
                delay = base::Duration(static_cast<std::int64_t>(
                    desk.prng.unit() * static_cast<double>(kSpread.count())));
            }
            watch.own(delay);
        }
    }
}

void Monitor::Machine::on_tick() {
    desk.parts.fine.set(tick_timer, desk.now() + kTick);
    desk.parts.board.beat(desk.parts.shard_index, desk.now());
    share_out();
    for (std::size_t number = 0; number < watches.size(); ++number) {
        const Watch& watch = *watches[number];
        observe::UpstreamCounters& counters = desk.counters(watch.place());
        const auto overdue = upstreams[number].suspicion.overdue_after();
        counters.overdue_ns.set(static_cast<std::uint64_t>(overdue.count()));
        counters.probe_deadline_ns.set(static_cast<std::uint64_t>(watch.probe_deadline().count()));
    }
    std::vector<bool> is_mine(desk.parts.config.pools.size());
    for (std::size_t pool = 0; pool < is_mine.size(); ++pool) {
        is_mine[pool] = owner_of(pool) == desk.parts.shard_index;
    }
    steward.tick(is_mine);
}

void Monitor::Machine::serve_asked() {
    const std::uint64_t count = desk.parts.board.asked_count(desk.parts.shard_index);
    if (count == asked_served) return;
    asked_served = count;
    for (std::size_t number = 0; number < watches.size(); ++number) {
        if (!watches[number]->is_owned()) continue;
        const base::Instant first_sign = desk.parts.board.take_asked(number);
        if (first_sign != base::Instant{})
            watches[number]->suspect(first_sign, Watch::Sign::failure);
    }
}

void Monitor::Machine::ask_owner(Place place, base::Instant first_sign) const {
    const std::size_t number = flat(place);
    const std::uint16_t owner = owner_of(number);
    if (owner != desk.parts.shard_index) desk.parts.board.ask_probe(owner, number, first_sign);
}

// -- views --

void Monitor::Machine::look_at(const View& view) {
    if (!started || stopped) return;
    for (std::size_t pool = 0; pool < view.pools.size(); ++pool) {
        if (view.pools[pool]->version == seen_versions[pool]) continue;
        seen_versions[pool] = view.pools[pool]->version;
        note_changes(view, pool);
    }
    desk.parts.fine.set(due_timer, failover::next_due(desk.parts.config, view));
}

void Monitor::Machine::note_changes(const View& view, std::size_t pool) {
    const auto& now = view.pools[pool]->upstreams;
    for (std::size_t i = 0; i < now.size(); ++i) {
        const std::size_t number = first_of_pool[pool] + i;
        watches[number]->follow(view);
        Seen& before = seen[number];
        if (before.ejected_until != now[i].ejected_until || before.phase != now[i].breaker.phase ||
            before.breaker_resets != now[i].breaker_resets) {
            // What led to the last verdict must not lead to the next.
            upstreams[number].failures_in_row->set(0);
        }
        if (now[i].credentials_fault && !before.credentials_fault)
            before.credentials_refused_at = desk.now();
        before.ejected_until = now[i].ejected_until;
        before.phase = now[i].breaker.phase;
        before.breaker_resets = now[i].breaker_resets;
        before.credentials_fault = now[i].credentials_fault;
    }
}

void Monitor::Machine::on_due() {
    const bool changed = desk.publish({}, {}, [this](const View& current, base::Instant now) {
        return failover::pass_time(desk.parts.config, current, now);
    });
    if (!changed) look_at(desk.view());
}

bool Monitor::Machine::silence_counts(Place place) const {
    std::uint32_t eligible = 0;
    std::uint32_t suspected = 0;
    const auto& pool = desk.view().pool(place.pool).upstreams;
    for (std::size_t i = 0; i < pool.size(); ++i) {
        if (i == place.upstream.value || !pool[i].eligible) continue;
        ++eligible;
        if (watches[first_of_pool[place.pool.value] + i]->is_suspected()) ++suspected;
    }
    return health::silence_counts(eligible, suspected);
}

void Monitor::Machine::stop() {
    stopped = true;
    desk.parts.fine.clear(tick_timer);
    desk.parts.fine.clear(due_timer);
    for (const auto& watch : watches) watch->stop();
}

// -- the door --

Monitor::Monitor(const MonitorParts& parts) {
    std::size_t count = 0;
    for (const config::Pool& pool : parts.config.pools) {
        first_of_pool_.push_back(count);
        count += pool.upstreams.size();
    }
    upstreams_.reserve(count);
    for (std::size_t pool = 0; pool < parts.config.pools.size(); ++pool) {
        for (observe::UpstreamCounters& counters : parts.counters.upstreams[pool]) {
            upstreams_.push_back({.suspicion = Suspicion(parts.config.pools[pool].suspicion),
                                  .failures_in_row = &counters.failures_in_row});
        }
    }
    machine_ = std::make_unique<Machine>(parts, upstreams_, first_of_pool_);
}

Monitor::~Monitor() { RW_ASSERT(over()); }

void Monitor::start() { machine_->start(); }

void Monitor::look_at(const View& view) { machine_->look_at(view); }

void Monitor::serve_asked() { machine_->serve_asked(); }

void Monitor::stop() { machine_->stop(); }

bool Monitor::over() const {
    return std::ranges::all_of(machine_->watches,
                               [](const auto& watch) { return watch->at_rest(); });
}

}  // namespace ringway::health
