// A plane with three upstreams, and the words of the tests about where a request goes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plane_world.h"

namespace ringway::forward {

using cluster::Reason;
using cluster::UpstreamState;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size()))
        ++found;
    return found;
}

/// A pool of three, without checks and suspicion, so that every socket is a request's.
class Attempts : public testing::Test {
 protected:
    template <class Change>
    void make(Change&& change) {
        world_ = std::make_unique<PlaneWorld>([&](config::Config& config) {
            config::Pool& pool = config.pools[0];
            pool.upstreams.clear();
            for (int i = 1; i <= 3; ++i) {
                config::Upstream& upstream = pool.upstreams.emplace_back();
                upstream.name = "u" + std::to_string(i);
                upstream.address = "10.0.0." + std::to_string(i) + ":80";
                upstream.literal = address(upstream.address);
            }
            pool.balance = config::Balance::round_robin;
            change(pool);
            if (logs_) config.log.access_path = "on";
        });
    }
    void make() {
        make([](config::Pool&) {});
    }

    ring::FakeRing& ring() { return world_->ring; }
    ring::Descriptor client() { return world_->connect_client(); }
    /// Sends a request; the upstream sockets that were opened since.
    std::vector<ring::Descriptor> ask(ring::Descriptor client, std::string_view head) {
        const ring::Descriptor before = ring().newest();
        ring().deliver(client, head);
        world_->settle();
        return opened_since(before);
    }
    std::vector<ring::Descriptor> get(ring::Descriptor client) {
        return ask(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    std::vector<ring::Descriptor> post(ring::Descriptor client) {
        return ask(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    }
    std::vector<ring::Descriptor> opened_since(ring::Descriptor before) {
        std::vector<ring::Descriptor> opened;
        for (ring::Descriptor d = std::max(before + 1, ring::FakeRing::kFirst);
             d <= ring().newest(); ++d)
            opened.push_back(d);
        return opened;
    }
    std::vector<ring::Descriptor> after(base::Duration time) {
        const ring::Descriptor before = ring().newest();
        ring().advance(time);
        world_->settle();
        return opened_since(before);
    }
    ring::Descriptor connected(ring::Descriptor upstream) {
        ring().connected(upstream);
        world_->settle();
        return upstream;
    }
    void answer(ring::Descriptor upstream, std::string_view bytes) {
        ring().deliver(upstream, bytes);
        world_->settle();
    }
    void cut(ring::Descriptor upstream) {
        ring().end(upstream, ring::Error::reset);
        world_->settle();
    }
    /// Which of the three a socket goes to, from 0.
    std::uint16_t upstream_of(ring::Descriptor socket) {
        return static_cast<std::uint16_t>(ring().file(socket).peer.text()[7] - '1');
    }
    const std::string& got(ring::Descriptor socket) { return ring().file(socket).sent; }
    bool asked(ring::Descriptor upstream) {
        return got(upstream).find(" / HTTP/1.1\r\n") != std::string::npos;
    }
    template <class Step>
    void publish(Step&& step) {
        ASSERT_TRUE(world_->board->change(
            {.shard = 0, .now = ring().now(), .counters = world_->counters.get()}, step));
        world_->settle();
    }
    void set_state(std::uint16_t upstream, UpstreamState state, Reason reason) {
        publish([&](const cluster::View& view) {
            return failover::set_state(view, {{0}, {upstream}}, state, reason, ring().now());
        });
    }
    void all_out() {
        for (std::uint16_t i = 0; i < 3; ++i)
            set_state(i, UpstreamState::unhealthy, Reason::check_failed);
    }
    const observe::PoolCounters& counters() { return world_->counters->pools[0]; }
    const cluster::UpstreamView& seen(std::uint16_t upstream) {
        return world_->plane->view().upstream({{0}, {upstream}});
    }

    bool logs_ = false;  // to world_->access_log, when set before make()
    std::unique_ptr<PlaneWorld> world_;
};

}  // namespace ringway::forward
