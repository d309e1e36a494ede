#include "shard_proxy.h"

#include <algorithm>

#include "ringway/base/assert.h"
#include "ringway/failover/merge.h"

namespace ringway::sim {

namespace {

// From the start of a turn to what it does.
constexpr Duration kRiseTime = std::chrono::microseconds(50);
constexpr std::uint64_t kTurnsBetweenReclaims = 64;
constexpr std::int64_t kUnixOffset_ns = 1'700'000'000'000'000'000;

failover::Addresses literal_addresses(const config::Config& config) {
    failover::Addresses addresses;
    for (const config::Pool& pool : config.pools) {
        auto& of_pool = addresses.emplace_back();
        for (const config::Upstream& upstream : pool.upstreams)
            of_pool.push_back({*upstream.literal});
    }
    return addresses;
}

}  // namespace

ShardProxy::ShardProxy(SimNet& net, const std::vector<SimRing*>& rings,
                       const config::Config& config, BoardWatcher* watcher)
    : net_(net),
      board_(failover::first_view(config, literal_addresses(config), net.now())),
      connection_counts_(config.listeners.size()),
      watcher_(watcher) {
    if (watcher_ != nullptr) watcher_->attach(board_);
    std::vector<const observe::ShardCounters*> all_counters;
    for (SimRing* ring : rings) {
        ring->share();
        members_.push_back({.ring = *ring,
                            .counters = std::make_unique<observe::ShardCounters>(config),
                            .shard = nullptr});
        all_counters.push_back(members_.back().counters.get());
    }
    for (std::size_t i = 0; i < members_.size(); ++i) {
        Member& member = members_[i];
        member.shard =
            std::make_unique<shard::Shard>(shard::Parts{.index = static_cast<std::uint16_t>(i),
                                                        .ring = member.ring,
                                                        .board = board_,
                                                        .check_stats = check_stats_,
                                                        .counters = *member.counters,
                                                        .all_counters = all_counters,
                                                        .instance_id = "sim",
                                                        .unix_offset_ns = kUnixOffset_ns,
                                                        .seed = net.prng().next(),
                                                        .connection_counts = &connection_counts_});
        member.shard->start();
        listen(config, i);
    }
}

/// As ListenSockets would hand them out.
void ShardProxy::listen(const config::Config& config, std::size_t index) {
    Member& member = members_[index];
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const config::Listener& listener = config.listeners[i];
        if (!listener.address.is_ip() && index != 0) continue;
        ring::SocketOptions options;
        options.reuse_port = true;
        options.backlog = static_cast<int>(listener.backlog);
        const auto socket = member.ring.open_listener(listener.address, options);
        RW_ASSERT(socket.has_value());
        member.shard->listen(static_cast<std::uint16_t>(i), {&*socket, 1});
    }
}

bool ShardProxy::turn() {
    for (Member& member : members_) fall_asleep(member);
    std::vector<Member*> due;
    for (Member& member : members_) {
        if (is_due(member)) due.push_back(&member);
    }
    if (due.empty()) {
        pass_time();
    } else {
        const auto count = static_cast<std::uint32_t>(due.size());
        go_on(*due[count > 1 ? net_.prng().below(count) : 0]);
    }
    return !std::ranges::all_of(members_, &Member::ended);
}

bool ShardProxy::is_due(const Member& member) const {
    if (member.ended) return false;
    if (member.works_at != base::kNever) return member.works_at <= net_.now();
    return !member.ring.asleep() || member.ring.ready();
}

void ShardProxy::fall_asleep(Member& member) {
    if (member.ended || member.ring.asleep() || member.works_at != base::kNever) return;
    member.shard->wait();
}

void ShardProxy::go_on(Member& member) {
    if (member.ring.asleep()) {
        member.ring.rise();
        member.risen_at = member.works_at = net_.now();
        if (members_.size() > 1) member.works_at += net_.random_duration(kRiseTime);
        if (member.works_at > net_.now()) return;
    }
    member.works_at = base::kNever;
    member.ended = !member.shard->work();
    if (watcher_ != nullptr) {
        watcher_->look_at(board_, static_cast<std::size_t>(&member - members_.data()),
                          member.risen_at);
    }
    if (++turns_ % kTurnsBetweenReclaims == 0) reclaim();
}

// To the next moment at which something happens.
void ShardProxy::pass_time() {
    Instant next = base::kNever;
    for (const Member& member : members_) {
        if (member.ended) continue;
        next =
            std::min(next, member.works_at != base::kNever ? member.works_at : member.ring.alarm());
    }
    if (net_.next_event() <= next) {
        RW_ASSERT(net_.next_event() != base::kNever);  // each shard has its tick
        net_.run_next();
    } else {
        net_.advance_to(next);
    }
    for (Member& member : members_) {
        if (member.ring.asleep()) member.ring.look();
    }
}

// No reference into a view is held between turns.
void ShardProxy::reclaim() {
    base::RcuReader::leave();
    board_.reclaim();
    base::RcuReader::enter();
}

void ShardProxy::drain(base::Instant deadline) {
    for (Member& member : members_) member.shard->drain(deadline);
}

std::string ShardProxy::held() const {
    shard::Shard::Slots sum;
    std::uint64_t queued = 0;
    for (const Member& member : members_) {
        const shard::Shard::Slots slots = member.shard->slots();
        sum.clients += slots.clients;
        sum.exchanges += slots.exchanges;
        sum.upstreams += slots.upstreams;
        for (const auto& pool : member.counters->pools) queued += pool.queue_length.get();
    }
    if (sum.clients + sum.exchanges + sum.upstreams + queued == 0) return "";
    return std::to_string(sum.clients) + " clients, " + std::to_string(sum.exchanges) +
           " exchanges, " + std::to_string(sum.upstreams) + " upstream connections, " +
           std::to_string(queued) + " in queues";
}

}  // namespace ringway::sim
