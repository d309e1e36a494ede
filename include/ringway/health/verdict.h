// What the results of one active check of one upstream add up to: rise and fall (as HAProxy and
// Envoy count them). Pure; owned by the Monitor of the shard that makes the check.
//
//   standing  | result                                  -> standing
//   ----------+------------------------------------------------------
//   unknown   | passed                                  -> up, or slow
//             | fall failures in a row                  -> down
//   up, slow  | fall failures in a row                  -> down
//   up        | rise results slower than expected       -> slow
//   slow      | rise results as fast as expected        -> up
//   down      | rise passes in a row                    -> up, or slow when all of those were
// A result that is neither (429, 401, 403) changes no count.
#pragma once

#include <cstdint>
#include <span>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::health {

enum class CheckOutcome : std::uint8_t {
    passed,
    slow,  // passed, but later than expected_latency
    failed,
    neither,  // rate limited, or refused for its credentials: says nothing of the upstream's health
};

class Verdict {
 public:
    enum class Standing : std::uint8_t { unknown, up, slow, down };

    /// `start`: as the view has the upstream, so that a shard which takes a check over goes on from
    /// there: healthy is up, degraded slow, unhealthy down, anything else unknown.
    Verdict(const config::HealthCheck& rules, cluster::UpstreamState start);

    /// True when the standing changed.
    bool add(CheckOutcome outcome);
    /// The upstream was taken out by other evidence (a missed probe): down, counts begin anew.
    void force_down();
    /// ... or found alive after all: up.
    void force_up();

    Standing standing() const { return standing_; }
    /// Results in a row stand against the standing, or it is down or unknown: to be asked at
    /// fast_interval.
    bool turning() const;
    std::uint32_t failures_in_row() const { return failures_; }
    std::uint32_t successes_in_row() const { return successes_; }

 private:
    bool add_failure();
    bool add_pass(bool slow);
    bool stand(Standing standing);
    void force(Standing standing);

    std::uint32_t fall_;
    std::uint32_t rise_;
    Standing standing_;
    std::uint32_t failures_ = 0;
    std::uint32_t successes_ = 0;
    // passes in a row that are slow while up or down, or fast while slow
    std::uint32_t pace_changes_ = 0;
};

/// The state of an upstream from the standings of all its checks: down, unknown, slow and up, the
/// worst counts. No check: healthy.
cluster::UpstreamState state_of(std::span<const Verdict::Standing> standings);

}  // namespace ringway::health
