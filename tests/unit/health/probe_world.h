// One Probe on the hand-driven ring, and what its owner hears.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../ring/fake_ring.h"
#include "ringway/health/probe.h"

namespace ringway::health {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A ProbeResult with its text.
struct Told {
    ProbeResult result;
    std::string detail;
    std::string body;
};

class ProbeWorld : public ProbeOwner {
 public:
    ProbeWorld() {
        upstream.name = "a";
        upstream.address = "10.0.0.1:8080";
        identity = {.instance_id = "i-1", .app_name = "app"};
    }
    virtual ~ProbeWorld() {
        if (!probe) return;
        probe->stop();
        ring.dispatch();
        RW_ASSERT(probe->at_rest());
        RW_ASSERT(ring.open_count() == 0);
    }

    void start(const Patience& patience = {}, base::Duration timeout = seconds(2)) {
        if (!probe) {
            probe = std::make_unique<Probe>(ring, fine, check, upstream, identity, *this);
        }
        probe->start(to, ring.now() + timeout, patience);
    }
    /// Up to the request, on a new connection.
    ring::Descriptor ask() {
        start();
        ring.connected(ring.newest());
        return ring.newest();
    }
    void pass(base::Duration time) {
        ring.advance(time);
        fine.expire(ring.now());
    }
    void on_probe_ended(Probe&, const ProbeResult& result) override {
        told.push_back({result, std::string(result.detail), std::string(result.body)});
        if (then) then();
    }
    void on_probe_overdue(Probe&) override { ++overdue_count; }

    /// The one result; fails when there is none or another.
    const Told& only() const {
        RW_ASSERT(told.size() == 1);
        return told.front();
    }

    ring::FakeRing ring{base::Instant(seconds(100))};
    base::TimerWheel fine{ring.now(), base::TimerWheel::kFineTick};
    config::HealthCheck check;
    config::Upstream upstream;
    ProbeIdentity identity;
    base::SocketAddress to = *base::SocketAddress::parse("10.0.0.1:8080");
    std::unique_ptr<Probe> probe;
    std::vector<Told> told;
    int overdue_count = 0;
    std::function<void()> then;
};

}  // namespace ringway::health
