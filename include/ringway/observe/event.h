// What happened to an upstream or a pool: one event for each transition, made by whoever published
// the view in which it shows, handed to the control plane through a ring of its own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ringway/base/spsc_ring.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"

namespace ringway::observe {

enum class EventKind : std::uint8_t {
    // an upstream's state
    healthy,    // first found healthy, from unknown
    unhealthy,  // out
    degraded,
    recovered,  // healthy again, from unhealthy or degraded
    draining,
    maintenance,
    // beside its state
    ejected,
    readmitted,
    rate_limited,
    rate_limit_over,
    credentials_refused,  // an alert, not an outage
    credentials_accepted,
    breaker_open,
    breaker_half_open,
    breaker_closed,
    weight_set,  // by hand, or back to that of the configuration
    // a pool
    failover,  // another tier serves
    panic,     // ejections are overlooked
    panic_over,
    total_failure,   // no upstream is left
    total_recovery,  // one is back
};
inline constexpr std::size_t kEventKinds = 21;
const char* name_of(EventKind kind);
/// "info", "warning" or "critical".
const char* severity_of(EventKind kind);

/// Trivially copyable, so that it crosses threads by bytes.
struct Event {
    static constexpr std::uint16_t kWholePool = 0xffff;

    std::uint64_t version = 0;  // of the View that the transition made
    std::uint16_t part = 0;     // place among the events of that version
    EventKind kind = EventKind::healthy;
    cluster::Reason reason = cluster::Reason::none;
    cluster::UpstreamState from = cluster::UpstreamState::unknown;
    cluster::UpstreamState to = cluster::UpstreamState::unknown;
    std::uint16_t pool = 0;
    std::uint16_t upstream = kWholePool;
    std::uint16_t shard = 0;  // that published it; the number of shards: control
    base::Instant at{};
    base::Duration took{-1};  // out: first sign to verdict; back in: time out; else negative
    std::uint8_t evidence_size = 0;
    std::array<char, 127> evidence{};

    void set_evidence(std::string_view text);  // cut where it does not fit
    std::string_view evidence_text() const { return {evidence.data(), evidence_size}; }
};

/// From one publisher to the control plane. 512 events: more than all upstreams of a pool at once.
using EventRing = base::SpscRing<Event, 512>;

}  // namespace ringway::observe
