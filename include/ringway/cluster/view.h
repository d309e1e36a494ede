// The shared vocabulary of pools and upstreams, and the View: the immutable picture of who may be
// picked, which control publishes and shards read.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"

namespace ringway::cluster {

/// Place of a pool in Config::pools and View::pools.
struct PoolIndex {
    std::uint16_t value = 0;
    auto operator<=>(const PoolIndex&) const = default;
};

/// Place of an upstream within its pool.
struct UpstreamIndex {
    std::uint16_t value = 0;
    auto operator<=>(const UpstreamIndex&) const = default;
};

/// Which upstream, of which pool.
struct Place {
    PoolIndex pool;
    UpstreamIndex upstream;
    auto operator<=>(const Place&) const = default;
};

enum class UpstreamState : std::uint8_t {
    unknown,  // not yet probed; takes traffic only if nothing healthy exists
    healthy,
    degraded,     // answers, but slower than expected: takes traffic at reduced weight
    unhealthy,    // takes none
    draining,     // finishes what it has (control only)
    maintenance,  // taken out by hand (control only)
};
inline constexpr std::size_t kUpstreamStates = 6;
const char* name_of(UpstreamState state);

/// Why something about an upstream changed.
enum class Reason : std::uint8_t {
    none,
    started,
    check_passed,
    check_failed,      // answered, though not as it should
    check_unanswered,  // refused, reset, unreachable or timed out
    check_slow,
    probe_missed,          // suspicion: silent past the deadline
    probe_refused,         // suspicion: refused, reset or unreachable
    probe_answered,        // alive after all
    consecutive_failures,  // of requests
    error_rate,
    relative_latency,
    rate_limited,         // 429 on traffic
    credentials_refused,  // 401 or 403 to a credential of ours
    credentials_accepted,
    trial_failed,
    trials_passed,
    time_passed,  // an ejection, a cooling or a recovery time-out is over
    agent_asked,
    by_hand,
};
inline constexpr std::size_t kReasons = 20;
const char* name_of(Reason reason);

enum class BreakerPhase : std::uint8_t { closed, open, half_open };
const char* name_of(BreakerPhase phase);

/// The state of one upstream's breaker; breaker/breaker.h has its rules.
struct BreakerView {
    BreakerPhase phase = BreakerPhase::closed;
    std::uint16_t trials = 0;     // let through in this half-open phase
    std::uint16_t successes = 0;  // of those
    std::uint16_t openings = 0;   // in a row: doubles the recovery time-out
    // open: when it becomes half open, kNever when it was opened by hand; half open: see breaker.h
    base::Instant until{};
    bool operator==(const BreakerView&) const = default;
};

struct UpstreamView {
    // -- from the configuration and its name --
    bool backup = false;              // picked only when no other upstream of the pool is eligible
    std::uint32_t weight_config = 1;  // 1..kWeightMax; relative within the pool
    // priority: the lowest number with an eligible upstream is used first
    std::uint32_t tier = 0;
    // where to connect; empty until a name was resolved (then not eligible)
    std::vector<base::SocketAddress> addresses;

    // -- what was observed; changed by failover/ only --
    UpstreamState state = UpstreamState::healthy;
    Reason reason = Reason::none;  // of that state
    base::Instant state_since{};
    // finished stays; the running one is now - state_since
    std::array<base::Duration, kUpstreamStates> time_in_state{};
    base::Instant out_since{};      // since when not eligible; the epoch: it is, or always was not
    base::Instant ejected_until{};  // the epoch: not ejected
    std::uint16_t ejections = 0;    // in a row: lengthens the next
    base::Instant readmitted_at{};  // end of the last ejection; the epoch: none ended
    Reason ejected_for = Reason::none;
    base::Instant cooling_until{};  // rate limited; the epoch: not
    bool credentials_fault = false;
    std::uint8_t agent_percent = 100;  // of its weight, as its agent asked
    BreakerView breaker;
    std::optional<std::uint32_t> weight_by_hand;  // 0..kWeightMax instead of weight_config; 0: none
    std::uint16_t breaker_resets = 0;  // by hand; each makes the shards forget what they counted

    // -- what follows from all of that; failover::settle() --
    bool eligible = true;      // may be picked now
    std::uint32_t weight = 1;  // 1..kWeightMax; what balancers use
    bool operator==(const UpstreamView&) const = default;
};

inline constexpr std::uint32_t kWeightMax = 1000;

struct PoolView {
    // differs from the last one exactly when an upstream of this pool changed
    std::uint64_t version = 0;
    bool panic = false;  // ejections are overlooked: too few upstreams are left
    std::vector<UpstreamView> upstreams;
};

/// Pools that did not change are shared with the views before.
struct View {
    std::uint64_t version = 0;  // one more with each publish
    std::vector<std::shared_ptr<const PoolView>> pools;

    const PoolView& pool(PoolIndex index) const { return *pools[index.value]; }
    const UpstreamView& upstream(Place place) const {
        return pools[place.pool.value]->upstreams[place.upstream.value];
    }
};

}  // namespace ringway::cluster
