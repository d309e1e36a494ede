// A plane on a hand-driven ring: one listener, one route, one pool with one upstream.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "../ring/fake_ring.h"
#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

inline base::SocketAddress address(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

class PlaneWorld {
 public:
    /// `change` is given the configuration before the plane is made of it.
    template <class Change>
    explicit PlaneWorld(Change&& change) {
        config.shards.resize(1);
        config.listeners.resize(1);
        config.listeners[0].address = address("127.0.0.1:8080");
        config.pools.resize(1);
        config.pools[0].upstreams.resize(1);
        config.pools[0].upstreams[0].address = "10.0.0.1:80";
        config.routes.resize(1);
        config.routes[0].to_pool = cluster::PoolIndex{0};
        config.pools[0].upstreams[0].literal = address("10.0.0.1:80");
        config.pools[0].suspicion.enabled = false;  // every socket is a request's
        change(config);
        static thread_local const base::RcuReader reader;
        counters = std::make_unique<observe::ShardCounters>(config);
        failover::Addresses addresses;
        for (const config::Pool& pool : config.pools) {
            auto& of_pool = addresses.emplace_back();
            for (const config::Upstream& upstream : pool.upstreams)
                of_pool.push_back({address(upstream.address)});
        }
        board =
            std::make_unique<failover::Board>(failover::first_view(config, addresses, ring.now()));
        check_stats = std::make_unique<health::CheckStats>();
        plane = std::make_unique<Plane>(
            PlaneParts{.ring = ring,
                       .counters = *counters,
                       .board = *board,
                       .check_stats = *check_stats,
                       .all_counters = {counters.get()},
                       .access_log = config.log.access_path.empty() ? nullptr : &access_log,
                       .seed = 1});
        plane->monitor.start();
        plane->act_on_view();
    }
    PlaneWorld() : PlaneWorld([](config::Config&) {}) {}
    ~PlaneWorld() {
        plane->stop();
        settle();
        plane->monitor.stop();
        settle();
        EXPECT_TRUE(plane->empty());
        EXPECT_TRUE(plane->monitor.over());
        plane = nullptr;
        board->reclaim();
        EXPECT_EQ(ring.buffers().held_count(), 0u);
    }

    /// Lets everything that was begun come home, as turns of the loop do.
    void settle() {
        std::size_t worked = 1;
        while (worked > 0) {
            plane->wheel.expire(ring.now());
            plane->fine.expire(ring.now());
            worked = ring.dispatch() + (plane->end_turn() ? 1 : 0) + (plane->act_on_view() ? 1 : 0);
        }
    }

    ring::Descriptor connect_client() {
        const base::SocketAddress peer = address("192.0.2.7:4000");
        const ring::Descriptor client = ring.add_socket(peer);
        plane->admit(client, 0, peer);
        return client;
    }
    /// A client sends a request; the upstream socket opened for it, or kNoDescriptor: none was.
    ring::Descriptor request(ring::Descriptor client) {
        const ring::Descriptor before = ring.newest();
        ring.deliver(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        settle();
        if (ring.newest() == before) return ring::kNoDescriptor;
        return ring.newest();
    }
    ring::Descriptor request_connected(ring::Descriptor client) {
        const ring::Descriptor upstream = request(client);
        ring.connected(upstream);
        settle();
        return upstream;
    }
    void respond(ring::Descriptor upstream) {
        ring.deliver(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        settle();
    }
    /// Requests that reached this upstream socket.
    std::size_t requests_on(ring::Descriptor upstream) {
        const std::string& sent = ring.file(upstream).sent;
        std::size_t count = 0;
        for (std::size_t at = sent.find("GET /"); at != std::string::npos;
             at = sent.find("GET /", at + 1))
            ++count;
        return count;
    }
    const observe::UpstreamCounters& upstream_counters() const { return counters->upstreams[0][0]; }

    config::Config config;
    observe::AccessRing access_log{64 * 1024};
    ring::FakeRing ring{base::Instant(std::chrono::hours(1))};
    std::unique_ptr<observe::ShardCounters> counters;
    std::unique_ptr<failover::Board> board;
    std::unique_ptr<health::CheckStats> check_stats;
    std::unique_ptr<Plane> plane;
};

}  // namespace ringway::forward
