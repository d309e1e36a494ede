#include "active_check.h"

#include <algorithm>
#include <utility>

namespace ringway::health {

namespace {

constexpr base::Duration kPauseMin = std::chrono::milliseconds(1);

bool is_failure(ProbeEnd end) {
    switch (end) {
        case ProbeEnd::refused:
        case ProbeEnd::reset:
        case ProbeEnd::unreachable:
        case ProbeEnd::timed_out:
        case ProbeEnd::malformed:
        case ProbeEnd::bad_status:
        case ProbeEnd::bad_content:
            return true;
        case ProbeEnd::passed:
        case ProbeEnd::rate_limited:
        case ProbeEnd::credentials:
        case ProbeEnd::local_fault:
            return false;
    }
    return false;
}

}  // namespace

ActiveCheck::ActiveCheck(Desk& desk, cluster::Place place, const config::Upstream& upstream,
                         const config::HealthCheck& rules, std::shared_ptr<CheckRecord> record,
                         Suspicion& suspicion, CheckOwner& owner)
    : desk_(desk),
      place_(place),
      record_(std::move(record)),
      rules_(rules),
      suspicion_(suspicion),
      owner_(owner),
      probe_(desk.parts.ring, desk.parts.fine, rules, upstream, desk.identities[place.pool.value],
             *this),
      verdict_(rules, desk.view().upstream(place).state) {}

void ActiveCheck::restart(cluster::UpstreamState state) {
    verdict_ = Verdict(rules_, state);
    failing_since_ = {};
    if (record_ == nullptr) return;
    const CheckReport report = record_->read();
    credentials_refused_ = report.total > 0 && report.last_end == ProbeEnd::credentials;
}

// -- when --

void ActiveCheck::schedule(base::Instant first) {
    scheduled_ = true;
    attempt_ = 0;
    if (!probe_.running()) desk_.parts.fine.set(due_, first);
}

void ActiveCheck::unschedule() {
    scheduled_ = false;
    desk_.parts.fine.clear(due_);
    if (probe_.running() && !joined_) probe_.stop();
}

void ActiveCheck::look_sooner() {
    if (!scheduled_ || probe_.running()) return;
    const base::Instant soon = desk_.now() + pause();
    if (soon < due_.deadline()) desk_.parts.fine.set(due_, soon);
}

void ActiveCheck::on_due() {
    if (probe_.running()) return;  // what is under way counts
    if (address() == nullptr) {
        desk_.parts.fine.set(due_, desk_.now() + pause());
        return;
    }
    begin({});
}

void ActiveCheck::begin(const Patience& patience) {
    if (attempt_ == 0) started_ = desk_.now();
    desk_.parts.fine.clear(due_);
    probe_.start(*address(), desk_.now() + rules_.timeout, patience);
}

bool ActiveCheck::probe_now(const Patience& patience) {
    if (!probe_.running()) {
        if (address() == nullptr) return false;
        attempt_ = 0;
        begin(patience);
    } else {
        probe_.set_patience(patience);
    }
    joined_ = true;
    return true;
}

void ActiveCheck::set_patience(const Patience& patience) {
    if (probe_.running()) probe_.set_patience(patience);
}

/// The network's round trip, of which traffic gives many samples, and on top of it the time that
/// the upstream thinks about a check, of which there are few.
Patience ActiveCheck::patience() const {
    const config::Suspicion& bounds = desk_.pool(place_).suspicion;
    const RoundTripEstimator& network = suspicion_.round_trip();
    base::Duration srtt = thinking_.srtt();
    base::Duration rttvar = thinking_.rttvar();
    bool known = !thinking_.empty();
    if (!known && record_ != nullptr) {
        const CheckReport report = record_->read();
        srtt = report.thinking_srtt;
        rttvar = report.thinking_rttvar;
        known = report.passed > 0;
    }
    // Silence is to be heard before the time-out makes a mere failed check of it.
    const base::Duration longest = rules_.timeout * 3 / 4;
    const base::Duration connect = std::min(suspicion_.probe_deadline(), longest);
    base::Duration answer = bounds.probe_max;
    if (known && !network.empty()) {
        answer = std::clamp(network.srtt() + 4 * network.rttvar() + srtt + 4 * rttvar,
                            bounds.probe_min, bounds.probe_max);
    }
    return {.connect = connect, .answer = std::min(answer, longest)};
}

const base::SocketAddress* ActiveCheck::address() const {
    const auto& addresses = desk_.view().upstream(place_).addresses;
    return addresses.empty() ? nullptr : &addresses[next_address_ % addresses.size()];
}

// -- what came of it --

void ActiveCheck::on_probe_overdue(Probe&) { owner_.on_check_overdue(*this); }

void ActiveCheck::on_probe_ended(Probe&, const ProbeResult& result) {
    measure(result);
    const bool failed = is_failure(result.end);
    if (failed) ++next_address_;
    if (failed && scheduled_ && !joined_ && attempt_ < rules_.retries) {
        desk_.parts.fine.set(due_,
                             desk_.now() + rules_.retry_delay * (std::int64_t{1} << attempt_));
        ++attempt_;
        return;
    }
    joined_ = false;
    attempt_ = 0;
    if (failed && failing_since_ == base::Instant{}) failing_since_ = started_;
    if (result.end == ProbeEnd::passed) failing_since_ = {};
    const bool turned = !is_agent() && verdict_.add(outcome_of(result));
    if (scheduled_) {
        note(result);
        arm_next(result);
    }
    owner_.on_checked(*this, result, turned);
}

void ActiveCheck::measure(const ProbeResult& result) {
    if (result.round_trip >= base::Duration(0)) suspicion_.add_round_trip(result.round_trip);
    if (result.answered < base::Duration(0)) return;
    const base::Duration network = suspicion_.round_trip().srtt();
    thinking_.add(std::max(result.answered - network, base::Duration(0)));
}

CheckOutcome ActiveCheck::outcome_of(const ProbeResult& result) const {
    if (is_failure(result.end)) return CheckOutcome::failed;
    if (result.end != ProbeEnd::passed) return CheckOutcome::neither;
    const bool slow =
        rules_.expected_latency > base::Duration(0) && result.latency > rules_.expected_latency;
    return slow ? CheckOutcome::slow : CheckOutcome::passed;
}

void ActiveCheck::arm_next(const ProbeResult& result) {
    const base::Instant now = desk_.now();
    if (result.end == ProbeEnd::rate_limited) {
        desk_.parts.fine.set(due_, now + std::max(result.retry_after, kPauseMin));
        return;
    }
    // From beginning to beginning; a check that took that long or longer is not followed at once.
    const base::Duration wait = pause();
    desk_.parts.fine.set(due_, std::max(started_ + wait, now + std::max(wait / 4, kPauseMin)));
}

base::Duration ActiveCheck::pause() const {
    const bool fast = !is_agent() && verdict_.turning();
    return jittered(fast ? std::min(rules_.fast_interval, rules_.interval) : rules_.interval);
}

base::Duration ActiveCheck::jittered(base::Duration base) const {
    const double share = static_cast<double>(rules_.jitter_percent) / 100;
    const double factor = 1 + share * (2 * desk_.prng.unit() - 1);
    return base::Duration(static_cast<std::int64_t>(static_cast<double>(base.count()) * factor));
}

void ActiveCheck::note(const ProbeResult& result) {
    if (record_ == nullptr || result.end == ProbeEnd::local_fault) return;
    const bool passed = result.end == ProbeEnd::passed;
    if (passed) latency_.add(result.latency);
    record_->change([&](CheckReport& report) {
        report.shard = desk_.parts.shard_index;
        ++report.total;
        report.passed += passed ? 1u : 0u;
        report.failed += is_failure(result.end) ? 1u : 0u;
        report.rate_limited += result.end == ProbeEnd::rate_limited ? 1u : 0u;
        report.credentials += result.end == ProbeEnd::credentials ? 1u : 0u;
        report.ewma = latency_.ewma();
        report.p95 = latency_.p95();
        report.last_latency = result.latency;
        report.thinking_srtt = thinking_.srtt();
        report.thinking_rttvar = thinking_.rttvar();
        report.last_status = result.status;
        report.last_end = result.end;
        report.last_at = desk_.now();
        report.failures_in_row = verdict_.failures_in_row();
        report.successes_in_row = verdict_.successes_in_row();
        const auto last = static_cast<std::size_t>(result.layer);
        for (std::size_t layer = 0; layer <= last; ++layer) {
            const bool sound = passed || layer < last;
            if (!sound && !is_failure(result.end)) break;  // says nothing of this layer
            report.layers[layer] = {.known = true,
                                    .passed = sound,
                                    .at = desk_.now(),
                                    .detail = std::string(sound ? "" : result.detail)};
        }
    });
}

void ActiveCheck::stop() {
    scheduled_ = false;
    joined_ = false;
    desk_.parts.fine.clear(due_);
    probe_.stop();
}

}  // namespace ringway::health
