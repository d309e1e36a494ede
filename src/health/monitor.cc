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

Monitor::Machine::Machine(const MonitorParts& parts, Upstreams& upstreams_in)
    : desk(parts, *this, *this), upstreams(upstreams_in), steward(desk) {
    adopt(desk.view());
}

namespace {

bool is_retired(const config::Config& config, Place place) {
    const config::Pool& pool = config.pools[place.pool.value];
    return pool.retired || pool.upstreams[place.upstream.value].retired;
}

/// Where the upstream of this place was; empty: nowhere.
std::string address_in(const config::Config& config, Place place) {
    if (place.pool.value >= config.pools.size()) return {};
    const auto& upstreams = config.pools[place.pool.value].upstreams;
    if (place.upstream.value >= upstreams.size() || is_retired(config, place)) return {};
    return upstreams[place.upstream.value].address;
}

}  // namespace

void Monitor::Machine::adopt(const View& view) {
    const std::shared_ptr<const config::Config> before = desk.config;
    desk.adopt(view);
    const config::Config& config = *desk.config;
    slots.resize(config.pools.size());
    upstreams.resize(config.pools.size());
    seen_versions.resize(config.pools.size(), ~std::uint64_t{0});
    for (std::size_t pool = 0; pool < config.pools.size(); ++pool) {
        slots[pool].resize(config.pools[pool].upstreams.size());
        upstreams[pool].resize(config.pools[pool].upstreams.size());
        for (std::size_t i = 0; i < slots[pool].size(); ++i) {
            const Place place{PoolIndex{static_cast<std::uint16_t>(pool)},
                              UpstreamIndex{static_cast<std::uint16_t>(i)}};
            make_room(place, address_in(*before, place));
        }
    }
    if (started) share_out();
}

/// One place in the configuration that was adopted.
void Monitor::Machine::make_room(Place place, const std::string& address_before) {
    const config::Pool& rules = desk.pool(place);
    std::unique_ptr<Upstream>& upstream = upstreams[place.pool.value][place.upstream.value];
    Slot& slot = slots[place.pool.value][place.upstream.value];
    const bool goes_on =
        slot.watch != nullptr && !is_retired(*desk.config, place) && slot.watch->fits();
    if (slot.watch != nullptr && !goes_on) {
        slot.watch->stop();
        replaced.push_back(std::move(slot.watch));
    }
    if (upstream == nullptr) {
        upstream = std::make_unique<Upstream>(
            Upstream{.suspicion = Suspicion(rules.suspicion),
                     .failures_in_row = &desk.counters(place).failures_in_row});
    } else if (address_before != rules.upstreams[place.upstream.value].address) {
        upstream->suspicion = Suspicion(rules.suspicion);
        slot.seen = {};
    } else {
        upstream->suspicion.set_rules(rules.suspicion);
    }
    if (goes_on || is_retired(*desk.config, place)) return;
    slot.watch = std::make_unique<Watch>(desk, place, upstream->suspicion);
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
    for_each([this](Place place, Slot& slot) {
        const bool mine = owner_of(place) == desk.parts.shard_index;
        if (mine == slot.watch->is_owned()) return;
        if (!mine) {
            slot.watch->disown();
            return;
        }
        base::Duration delay = kStep * static_cast<std::int64_t>(place.upstream.value);
        if (delay > kSpread) {
            delay = base::Duration(
                static_cast<std::int64_t>(desk.prng.unit() * static_cast<double>(kSpread.count())));
        }
        slot.watch->own(delay);
    });
}

void Monitor::Machine::on_tick() {
    desk.parts.fine.set(tick_timer, desk.now() + kTick);
    desk.parts.board.beat(desk.parts.shard_index, desk.now());
    std::erase_if(replaced, [](const auto& watch) { return watch->at_rest(); });
    share_out();
    for_each([this](Place place, const Slot& slot) {
        observe::UpstreamCounters& counters = desk.counters(place);
        const Suspicion& suspicion = upstreams[place.pool.value][place.upstream.value]->suspicion;
        counters.overdue_ns.set(static_cast<std::uint64_t>(suspicion.overdue_after().count()));
        counters.probe_deadline_ns.set(
            static_cast<std::uint64_t>(slot.watch->probe_deadline().count()));
    });
    std::vector<bool> is_mine(desk.config->pools.size());
    for (std::size_t pool = 0; pool < is_mine.size(); ++pool) {
        is_mine[pool] =
            !desk.config->pools[pool].retired && owner_of(pool) == desk.parts.shard_index;
    }
    steward.tick(is_mine);
}

void Monitor::Machine::serve_asked() {
    const std::uint64_t count = desk.parts.board.asked_count(desk.parts.shard_index);
    if (count == asked_served) return;
    asked_served = count;
    for_each([this](Place place, Slot& slot) {
        if (!slot.watch->is_owned()) return;
        const base::Instant first_sign = desk.parts.board.take_asked(place);
        if (first_sign != base::Instant{}) slot.watch->suspect(first_sign, Watch::Sign::failure);
    });
}

void Monitor::Machine::ask_owner(Place place, base::Instant first_sign) const {
    const std::uint16_t owner = owner_of(place);
    if (owner != desk.parts.shard_index) desk.parts.board.ask_probe(owner, place, first_sign);
}

// -- views --

void Monitor::Machine::look_at(const View& view) {
    if (!started || stopped) return;
    if (view.config != desk.config) adopt(view);
    desk.seen = &view;  // the one before may be freed after this turn
    for (std::size_t pool = 0; pool < view.pools.size(); ++pool) {
        if (view.pools[pool]->version == seen_versions[pool]) continue;
        seen_versions[pool] = view.pools[pool]->version;
        note_changes(view, pool);
    }
    desk.parts.fine.set(due_timer, failover::next_due(view));
}

void Monitor::Machine::note_changes(const View& view, std::size_t pool) {
    const auto& now = view.pools[pool]->upstreams;
    for (std::size_t i = 0; i < now.size(); ++i) {
        Slot& slot = slots[pool][i];
        if (slot.watch == nullptr) continue;
        slot.watch->follow(view);
        Seen& before = slot.seen;
        if (before.ejected_until != now[i].ejected_until || before.phase != now[i].breaker.phase ||
            before.breaker_resets != now[i].breaker_resets) {
            // What led to the last verdict must not lead to the next.
            upstreams[pool][i]->failures_in_row->set(0);
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
    const bool changed = desk.publish({}, {}, [](const View& current, base::Instant now) {
        return failover::pass_time(current, now);
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
        const auto& watch = slots[place.pool.value][i].watch;
        if (watch != nullptr && watch->is_suspected()) ++suspected;
    }
    return health::silence_counts(eligible, suspected);
}

void Monitor::Machine::stop() {
    stopped = true;
    desk.parts.fine.clear(tick_timer);
    desk.parts.fine.clear(due_timer);
    for_each([](Place, Slot& slot) { slot.watch->stop(); });
}

bool Monitor::Machine::over() const {
    const auto at_rest = [](const auto& watch) { return watch->at_rest(); };
    const auto all_at_rest = [](const auto& pool) {
        return std::ranges::all_of(
            pool, [](const Slot& slot) { return slot.watch == nullptr || slot.watch->at_rest(); });
    };
    return std::ranges::all_of(replaced, at_rest) && std::ranges::all_of(slots, all_at_rest);
}

// -- the door --

Monitor::Monitor(const MonitorParts& parts)
    : machine_(std::make_unique<Machine>(parts, upstreams_)) {}

Monitor::~Monitor() { RW_ASSERT(over()); }

void Monitor::start() { machine_->start(); }

void Monitor::look_at(const View& view) { machine_->look_at(view); }

void Monitor::serve_asked() { machine_->serve_asked(); }

void Monitor::stop() { machine_->stop(); }

bool Monitor::over() const { return machine_->over(); }

}  // namespace ringway::health
