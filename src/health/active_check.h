// One check of one upstream on one shard: when it is made, how often it is tried again, what its
// results add up to, and what is noted of them. Owned by the upstream's Watch.
//
// On the shard that owns the upstream it is made again and again (schedule()); elsewhere only when
// the upstream is suspected (probe_now()).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "desk.h"
#include "ringway/health/estimator.h"
#include "ringway/health/probe.h"
#include "ringway/health/verdict.h"

namespace ringway::health {

class ActiveCheck;

class CheckOwner {
 public:
    /// A check is over, its retries included; it counts in the verdict already, which `turned` says
    /// that it changed.
    virtual void on_checked(ActiveCheck& check, const ProbeResult& result, bool turned) = 0;
    virtual void on_check_overdue(ActiveCheck& check) = 0;

 protected:
    ~CheckOwner() = default;
};

class ActiveCheck final : ProbeOwner {
 public:
    /// `record`: where its figures go; none for the plain connect. All referred to objects outlive
    /// it.
    ActiveCheck(Desk& desk, cluster::Place place, const config::Upstream& upstream,
                const config::HealthCheck& rules, std::shared_ptr<CheckRecord> record,
                Suspicion& suspicion, CheckOwner& owner);
    ActiveCheck(const ActiveCheck&) = delete;
    ActiveCheck& operator=(const ActiveCheck&) = delete;

    /// To be made at `first` and from then on.
    void schedule(base::Instant first);
    bool is_scheduled() const { return scheduled_; }
    /// Not made any more; one that is under way is broken off unless a suspicion waits for it.
    void unschedule();
    /// The verdict was turned from outside: the next one comes at fast_interval, or sooner.
    void look_sooner();

    /// Asks at once, or joins the one under way; its answer counts at once, without retries. False
    /// when the upstream has no address.
    bool probe_now(const Patience& patience);
    void set_patience(const Patience& patience);
    /// For how long the one under way has waited for the upstream, suspected or not.
    base::Duration waited() const { return probe_.waited(); }
    /// What this upstream has needed until now, as this shard or the one that owns it measured.
    Patience patience() const;

    const config::HealthCheck& rules() const { return rules_; }
    bool is_agent() const { return rules_.kind == config::CheckKind::agent; }
    Verdict& verdict() { return verdict_; }
    /// As after construction, from the view as it is: the shard takes the upstream over.
    void restart(cluster::UpstreamState state);
    /// When the failures in a row began; the epoch: there is none.
    base::Instant failing_since() const { return failing_since_; }
    /// True exactly when its last word was 401 or 403.
    bool& credentials_refused() { return credentials_refused_; }
    /// When it last began.
    base::Instant started() const { return started_; }

    void stop();
    bool at_rest() const { return probe_.at_rest(); }

 private:
    void on_due();
    void begin(const Patience& patience);
    void on_probe_ended(Probe& probe, const ProbeResult& result) override;
    void on_probe_overdue(Probe& probe) override;
    void measure(const ProbeResult& result);
    CheckOutcome outcome_of(const ProbeResult& result) const;
    void arm_next(const ProbeResult& result);
    base::Duration pause() const;
    base::Duration jittered(base::Duration base) const;
    void note(const ProbeResult& result);
    const base::SocketAddress* address() const;

    Desk& desk_;
    const cluster::Place place_;
    const std::shared_ptr<CheckRecord> record_;
    const config::HealthCheck& rules_;
    Suspicion& suspicion_;
    CheckOwner& owner_;
    Probe probe_;
    Verdict verdict_;
    CheckLatency latency_;
    RoundTripEstimator thinking_;  // answers, less the network's round trip
    base::TimerOf<&ActiveCheck::on_due> due_{*this};
    bool scheduled_ = false;
    bool joined_ = false;  // a suspicion waits for the probe under way
    bool credentials_refused_ = false;
    std::uint32_t attempt_ = 0;
    std::uint32_t next_address_ = 0;
    base::Instant started_{};
    base::Instant failing_since_{};
};

}  // namespace ringway::health
