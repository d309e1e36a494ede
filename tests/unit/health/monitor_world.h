// Shards with a Monitor each, on hand-driven rings, one board, and upstreams that behave as told:
// time goes in steps of a millisecond.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../ring/fake_ring.h"
#include "ringway/base/published.h"
#include "ringway/failover/board.h"
#include "ringway/health/monitor.h"

namespace ringway::health {

using cluster::Place;
using cluster::PoolIndex;
using cluster::Reason;
using cluster::UpstreamIndex;
using cluster::UpstreamState;
using observe::EventKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// How an upstream behaves.
struct Conduct {
    enum class Connect : std::uint8_t { accept, refuse, drop };
    Connect connect = Connect::accept;
    bool silent = false;  // takes requests and answers nothing
    bool resets = false;  // answers by RST
    base::Duration delay{1'000'000};
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
};

struct TestShard {
    explicit TestShard(const config::Config& config, base::Instant now)
        : ring(now), fine(now, base::TimerWheel::kFineTick), counters(config) {}
    ring::FakeRing ring;
    base::TimerWheel fine;
    observe::ShardCounters counters;
    std::unique_ptr<Monitor> monitor;
    bool stalled = false;                              // does nothing
    std::map<ring::Descriptor, std::size_t> answered;  // bytes of `sent` that were
    std::map<ring::Descriptor, base::Instant> due;     // of the answer
};

class MonitorWorld {
 public:
    MonitorWorld() {
        config.pools.resize(1);
        config.pools[0].name = "api";
        config.pools[0].health.app_name = "api";
    }
    ~MonitorWorld() {
        for (const auto& shard : shards) shard->monitor->stop();
        for (int i = 0; i < 3; ++i) {
            for (const auto& shard : shards) shard->ring.dispatch();
        }
        for (const auto& shard : shards) {
            RW_ASSERT(shard->monitor->over());
            RW_ASSERT(shard->ring.open_count() == 0);
        }
    }

    config::Pool& pool() { return config.pools[0]; }
    config::HealthCheck& add_check() {
        config::HealthCheck check;
        check.name = "http /";
        check.jitter_percent = 0;
        pool().health.checks.push_back(check);
        return pool().health.checks.back();
    }
    CheckReport check_report(std::uint16_t pool, std::uint16_t upstream, std::size_t check) const {
        return stats->read({{pool}, {upstream}}, config.pools[pool].health.checks[check].name);
    }
    void begin(std::size_t upstream_count, std::size_t shard_count = 1) {
        for (std::size_t i = 0; i < upstream_count; ++i) {
            config::Upstream upstream;
            upstream.name = std::string(1, static_cast<char>('a' + i));
            upstream.address = "10.0.0.1:" + std::to_string(1000 + i);
            upstream.literal = base::SocketAddress::parse(upstream.address);
            pool().upstreams.push_back(upstream);
        }
        config.shards.resize(shard_count);
        conduct.resize(upstream_count);
        reached.resize(upstream_count);
        failover::Addresses addresses(1);
        for (const auto& upstream : pool().upstreams) addresses[0].push_back({*upstream.literal});
        if (two_addresses) {
            pool().upstreams[0].literal.reset();
            addresses[0][0].push_back(addresses[0][1][0]);
        }
        board = std::make_unique<failover::Board>(failover::first_view(config, addresses, now));
        stats = std::make_unique<CheckStats>();
        std::vector<const observe::ShardCounters*> all;
        for (std::size_t i = 0; i < shard_count; ++i) {
            shards.push_back(std::make_unique<TestShard>(config, now));
            all.push_back(&shards.back()->counters);
        }
        for (std::size_t i = 0; i < shard_count; ++i) {
            TestShard& shard = *shards[i];
            shard.monitor =
                std::make_unique<Monitor>(MonitorParts{.shard_index = static_cast<std::uint16_t>(i),
                                                       .ring = shard.ring,
                                                       .fine = shard.fine,
                                                       .board = *board,
                                                       .counters = shard.counters,
                                                       .all_counters = all,
                                                       .stats = *stats,
                                                       .instance_id = "i",
                                                       .seed = 1});
        }
        for (const auto& shard : shards) shard->monitor->start();
    }

    void pass(base::Duration time) {
        for (const base::Instant end = now + time; now < end;) {
            now += milliseconds(1);
            for (const auto& shard : shards) {
                shard->ring.advance(milliseconds(1));
                if (!shard->stalled) turn(*shard);
            }
            collect();
        }
    }
    /// Until the upstream is in that state; the time that it took, at most 60 s.
    base::Duration until(std::uint16_t upstream, UpstreamState state) {
        const base::Instant from = now;
        while (view(upstream).state != state && now - from < seconds(60)) pass(milliseconds(1));
        return now - from;
    }

    static Place place(std::uint16_t upstream) { return {PoolIndex{0}, UpstreamIndex{upstream}}; }
    const cluster::UpstreamView& view(std::uint16_t upstream) {
        return board->read()->upstream(place(upstream));
    }
    Monitor& monitor(std::size_t shard = 0) { return *shards[shard]->monitor; }
    const observe::UpstreamCounters& counters(std::uint16_t upstream, std::size_t shard = 0) {
        return shards[shard]->counters.upstreams[0][upstream];
    }
    std::vector<observe::Event> events_of(EventKind kind) {
        collect();
        std::vector<observe::Event> found;
        std::ranges::copy_if(events, std::back_inserter(found),
                             [kind](const observe::Event& event) { return event.kind == kind; });
        return found;
    }

    base::RcuReader reader;
    base::Instant now{seconds(1000)};
    config::Config config;
    bool two_addresses = false;  // the first upstream has the second one's too
    std::vector<Conduct> conduct;
    std::vector<int> reached;  // requests, or connects where none follows
    std::unique_ptr<failover::Board> board;
    std::unique_ptr<CheckStats> stats;
    std::vector<std::unique_ptr<TestShard>> shards;
    std::vector<observe::Event> events;

 private:
    void turn(TestShard& shard) {
        shard.monitor->look_at(*board->read());
        serve(shard);
        shard.ring.dispatch();
        shard.fine.expire(shard.ring.now());
        shard.monitor->look_at(*board->read());
    }
    void serve(TestShard& shard) {
        for (ring::Descriptor socket = 100; socket <= shard.ring.newest(); ++socket) {
            auto& file = shard.ring.file(socket);
            if (!file.open) continue;
            const auto number = static_cast<std::size_t>(file.peer.port() - 1000);
            if (number >= conduct.size()) continue;
            const Conduct& how = conduct[number];
            if (file.send != nullptr) {
                if (how.connect == Conduct::Connect::drop) continue;
                if (file.send->canceling()) continue;
                const bool refuse = how.connect == Conduct::Connect::refuse;
                if (!refuse && pool().health.checks.empty()) ++reached[number];
                shard.ring.connected(socket, refuse ? ring::Error::refused : ring::Error::none);
                continue;
            }
            answer(shard, socket, number);
        }
    }
    void answer(TestShard& shard, ring::Descriptor socket, std::size_t number) {
        auto& file = shard.ring.file(socket);
        const Conduct& how = conduct[number];
        std::size_t& done = shard.answered[socket];
        if (file.sent.size() == done || file.receive == nullptr || file.fin) return;
        if (!shard.due.contains(socket)) {
            shard.due[socket] = shard.ring.now() + how.delay;
            ++reached[number];
        }
        if (how.silent || how.connect == Conduct::Connect::drop ||
            shard.ring.now() < shard.due[socket]) {
            return;
        }
        done = file.sent.size();
        shard.due.erase(socket);
        if (how.resets) {
            shard.ring.end(socket, ring::Error::reset);
        } else {
            shard.ring.deliver(socket, how.answer);
        }
    }
    void collect() {
        if (!board) return;
        for (std::uint16_t i = 0; i <= board->shard_count(); ++i) {
            observe::Event event;
            while (board->events(i).pop(event)) events.push_back(event);
        }
    }
};

}  // namespace ringway::health
