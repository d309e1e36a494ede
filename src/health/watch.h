// One upstream as one shard watches over it: its active checks where the shard owns it, and the
// probe of a suspicion anywhere. Turns their results into verdicts and publishes those. Owned by
// the Monitor, on the shard's thread.
//
//   suspicion | event                                   -> next
//   ----------+------------------------------------------------------------
//   none      | suspect(), not long after the last      -> waiting
//             | suspect()                               -> probing
//   waiting   | that is long enough ago                 -> probing
//             | unsuspect() and no failure              -> none
//   probing   | probe overdue, silence counts           -> probing, upstream taken out
//             | probe overdue, else                     -> probing, twice as patient
//             | answer of whatever kind                 -> none, put back if taken out
//             | refused, reset, unreachable             -> none, upstream taken out
//             | deadline                                -> none
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "active_check.h"
#include "desk.h"

namespace ringway::health {

class Watch final : public CheckOwner {
 public:
    Watch(Desk& desk, cluster::Place place, Suspicion& suspicion);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// The shard owns the upstream from now on, or does not any more. The first checks come
    /// `delay` after the initial delay of each.
    void own(base::Duration delay);
    void disown();
    bool is_owned() const { return owned_; }
    /// Looks whether others changed the upstream's state, and follows.
    void follow(const cluster::View& view);

    /// What makes it suspect: a request that waits, or one that failed.
    enum class Sign : std::uint8_t { overdue, failure };
    void suspect(base::Instant first_sign, Sign sign);
    /// No request waits overdue on it any more.
    void unsuspect();
    bool is_suspected() const { return suspected_; }

    cluster::Place place() const { return place_; }
    /// Its checks and whom they ask are the same under the configuration in force.
    bool fits() const;
    /// How long a probe may be silent now; 0 where none was ever needed.
    base::Duration probe_deadline() const;

    void stop();
    bool at_rest() const;

 private:
    void make_checks();
    // -- verdicts --
    void on_checked(ActiveCheck& check, const ProbeResult& result, bool turned) override;
    void take_credentials(ActiveCheck& check, const ProbeResult& result);
    void take_agent(const ProbeResult& result);
    void take_verdict(ActiveCheck& check, const ProbeResult& result, bool turned);
    cluster::UpstreamState wanted_state();
    bool publish_state(cluster::UpstreamState state, cluster::Reason reason,
                       std::string_view evidence, base::Instant first_sign);
    void force(bool up);
    std::string describe(ActiveCheck& check, const ProbeResult& result) const;
    // -- suspicion --
    void probe();
    void on_again();
    void on_check_overdue(ActiveCheck& check) override;
    bool take_out_for_silence();
    void end_suspicion(const ProbeResult& result);
    void take_back(const ProbeResult& result);
    bool may_be_suspected() const;

    Desk& desk_;
    const cluster::Place place_;
    const std::shared_ptr<const config::Pool> pool_;  // its checks are of this one
    Suspicion& suspicion_;
    std::vector<std::unique_ptr<ActiveCheck>> checks_;  // the enabled ones; made when first needed
    std::unique_ptr<ActiveCheck> plain_;                // where none of them can be a probe
    ActiveCheck* prober_ = nullptr;                     // of those, the one that suspicion uses
    bool owned_ = false;
    bool stopped_ = false;
    bool agent_says_down_ = false;
    // the state that this watch has published or followed
    cluster::UpstreamState seen_state_ = cluster::UpstreamState::unknown;
    base::Instant seen_since_{};

    bool suspected_ = false;
    bool by_failure_ = false;  // not, or not only, by a request that waits
    bool by_overdue_ = false;
    bool probing_ = false;   // the prober's present probe is about the suspicion
    bool took_out_ = false;  // and it has taken the upstream out
    base::Instant first_sign_{};
    Patience patience_;                    // of the probe
    base::Instant quiet_until_{};          // no probe for a failure before
    base::Instant quiet_overdue_until_{};  // nor for a request that waits
    base::TimerOf<&Watch::on_again> again_{*this};
};

}  // namespace ringway::health
