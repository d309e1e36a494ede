// The chronicle's thread. The board's rings have this thread as their one reader.
#include "ringway/control/chronicle.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "ringway/base/assert.h"
#include "ringway/control/clock.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

constexpr int kTicksOfASecond = std::chrono::seconds(1) / Chronicle::kTick;

LogLevel level_of(observe::EventKind kind) {
    const std::string_view severity = observe::severity_of(kind);
    if (severity == "critical") return LogLevel::error;
    return severity == "warning" ? LogLevel::warn : LogLevel::info;
}

bool comes_before(const observe::Event& a, const observe::Event& b) {
    return std::tie(a.version, a.part) < std::tie(b.version, b.part);
}

}  // namespace

Chronicle::Chronicle(failover::Board& board, std::vector<const observe::ShardCounters*> shards,
                     Log& log)
    : board_(board), log_(log), latency_(std::move(shards)) {
    adopt(*board.config());
}

void Chronicle::adopt(const config::Config& next) {
    latency_.adopt(next);
    const std::size_t known = control_events_.size();
    control_events_.grow(next.pools.size());
    const auto before = board_.config();
    // Nothing is told any more of a pool whose place another takes.
    for (std::size_t i = 0; i < std::min(known, before->pools.size()); ++i) {
        if (before->pools[i].name == next.pools[i].name) continue;
        for (observe::Counter& counter : control_events_[i]) counter.clear();
    }
}

Chronicle::~Chronicle() { stop(); }

void Chronicle::start(std::uint64_t last_id, std::vector<observe::Told> before) {
    RW_ASSERT(!thread_.joinable());
    ids_ = last_id;
    const std::size_t kept = std::min(before.size(), kKept);
    kept_.insert(kept_.end(), std::make_move_iterator(before.end() - static_cast<long>(kept)),
                 std::make_move_iterator(before.end()));
    thread_ = std::thread([this] { run(); });
}

void Chronicle::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
    stopping_ = false;
}

void Chronicle::run() {
    set_up_thread("rw-chronicle");
    std::unique_lock lock(mutex_);
    int ticks = 0;
    bool stopping = false;
    while (!stopping) {
        wake_.wait_for(lock, kTick, [this] { return stopping_; });
        stopping = stopping_;
        lock.unlock();
        // What the last visit brought is complete by now: its publishers had a tick to finish.
        const std::uint64_t settled = held_.empty() ? 0 : held_.back().version;
        collect();
        tell_up_to(stopping ? UINT64_MAX : settled);
        ++visits_;
        report_lost();
        board_.reclaim();
        if (++ticks % kTicksOfASecond == 0) {
            latency_.tick();
            log_.sum_up();
        }
        lock.lock();
    }
}

void Chronicle::collect() {
    const std::size_t before = held_.size();
    for (std::size_t i = 0; i <= board_.shard_count(); ++i) {
        observe::EventRing& ring = board_.events(static_cast<std::uint16_t>(i));
        for (observe::Event event; ring.pop(event);) held_.push_back(event);
    }
    if (held_.size() > before) std::ranges::sort(held_, comes_before);
}

void Chronicle::tell_up_to(std::uint64_t version) {
    const auto end = std::ranges::upper_bound(held_, version, {}, &observe::Event::version);
    std::for_each(held_.begin(), end, [this](const observe::Event& event) { tell(event); });
    held_.erase(held_.begin(), end);
}

void Chronicle::tell(const observe::Event& event) {
    if (event.shard == board_.shard_count()) {
        control_events_[event.pool][static_cast<std::size_t>(event.kind)].add();
    }
    observe::Told told = observe::told_of(event, *board_.config());
    told.unix_ns = read_clocks().unix_ns_of(event.at);
    if (passed_on_) return write(told);
    {
        const std::lock_guard lock(mutex_);
        if (kept_.size() == kKept) kept_.pop_front();
        told.id = ++ids_;
        kept_.push_back(told);
    }
    write(told);
    if (listener_) listener_(told);
}

/// To the process log.
void Chronicle::write(const observe::Told& told) {
    const observe::Event& event = told.event;
    const LogLevel level = level_of(event.kind);
    if (!log_.wants(level)) return;
    std::vector<LogField> fields;
    if (told.id != 0) fields.push_back({.key = "event", .value = told.id});
    fields.push_back({.key = "kind", .value = observe::name_of(event.kind), .told = true});
    fields.push_back({.key = "pool", .value = told.pool, .names = true, .told = true});
    if (event.upstream != observe::Event::kWholePool) {
        fields.push_back({.key = "upstream", .value = told.upstream, .names = true, .told = true});
        fields.push_back({.key = "from", .value = cluster::name_of(event.from)});
        fields.push_back({.key = "to", .value = cluster::name_of(event.to)});
    }
    if (event.reason != cluster::Reason::none) {
        const std::string_view reason = cluster::name_of(event.reason);
        fields.push_back({.key = "reason", .value = reason, .told = true});
    }
    if (event.evidence_size > 0) {
        fields.push_back({.key = "evidence", .value = event.evidence_text(), .told = true});
    }
    if (event.took >= base::Duration::zero()) {
        fields.push_back({.key = "took_ms", .value = event.took, .told = true});
    }
    log_.line(level, "health", observe::event_sentence(told), fields);
}

void Chronicle::report_lost() {
    const std::uint64_t lost = board_.events_lost();
    if (lost == lost_told_) return;
    log_.warn("health", fmt::format("{} events were lost: more happened than could be told; the "
                                    "upstreams' states are right all the same",
                                    lost - lost_told_));
    lost_told_ = lost;
}

std::vector<observe::Told> Chronicle::events_after(std::uint64_t after, std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    const auto begin = std::ranges::upper_bound(kept_, after, {}, &observe::Told::id);
    const auto left = static_cast<std::size_t>(kept_.end() - begin);
    return {begin, begin + static_cast<std::ptrdiff_t>(std::min(left, limit))};
}

std::vector<observe::Told> Chronicle::events_last(std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    const std::size_t size = std::min(kept_.size(), limit);
    return {kept_.end() - static_cast<std::ptrdiff_t>(size), kept_.end()};
}

std::uint64_t Chronicle::last_id() const {
    const std::lock_guard lock(mutex_);
    return ids_;
}

std::uint64_t Chronicle::control_events(cluster::PoolIndex pool, observe::EventKind kind) const {
    return control_events_[pool.value][static_cast<std::size_t>(kind)].get();
}

}  // namespace ringway::control
