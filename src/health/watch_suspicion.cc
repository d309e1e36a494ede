// The suspicion of one upstream: probe it at once, and take it out when it stays silent.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "watch.h"

namespace ringway::health {

using cluster::Reason;
using cluster::UpstreamState;
using cluster::UpstreamView;
using cluster::View;

namespace {

base::Duration twice(base::Duration duration) {
    return duration > Patience::kEndless / 2 ? Patience::kEndless : duration * 2;
}

}  // namespace

base::Duration Watch::probe_deadline() const {
    return prober_ == nullptr ? base::Duration(0) : prober_->patience().answer;
}

bool Watch::may_be_suspected() const {
    const UpstreamView& upstream = desk_.view().upstream(place_);
    return upstream.state == UpstreamState::unknown || upstream.state == UpstreamState::healthy ||
           upstream.state == UpstreamState::degraded;
}

void Watch::suspect(base::Instant first_sign, Sign sign) {
    if (stopped_ || !desk_.pool(place_).suspicion.enabled || !may_be_suspected()) return;
    first_sign_ = suspected_ ? std::min(first_sign_, first_sign) : first_sign;
    const bool is_news = !std::exchange(suspected_, true);
    (sign == Sign::failure ? by_failure_ : by_overdue_) = true;
    if (probing_) {
        // It may have outlasted its patience while nobody waited for it.
        if (is_news) prober_->set_patience(patience_);
        return;
    }
    const base::Instant quiet_until =
        sign == Sign::failure ? quiet_until_ : std::max(quiet_until_, quiet_overdue_until_);
    if (desk_.now() < quiet_until) {
        if (quiet_until < again_.deadline()) desk_.parts.fine.set(again_, quiet_until);
        return;
    }
    probe();
}

void Watch::on_again() {
    if (suspected_ && !probing_) probe();
}

void Watch::probe() {
    make_checks();
    desk_.parts.fine.clear(again_);
    patience_ = prober_->patience();
    probing_ = prober_->probe_now(patience_);
    if (!probing_) return;
    took_out_ = false;
    desk_.counters(place_).probes.add();
    // Its connection is warm, this shard's is only where it has probed before.
    if (!owned_) desk_.suspects.ask_owner(place_, first_sign_);
}

void Watch::unsuspect() {
    by_overdue_ = false;
    suspicion_.settle();
    if (by_failure_ || !suspected_) return;
    suspected_ = false;
    desk_.parts.fine.clear(again_);
}

/// False: what else is silent, or how many are out, forbids it.
bool Watch::take_out_for_silence() {
    if (!desk_.suspects.silence_counts(place_)) return false;
    const std::string evidence =
        fmt::format("probe {}: silent for {:.3g} ms", prober_->rules().name,
                    static_cast<double>(prober_->waited().count()) / 1e6);
    took_out_ = desk_.publish(evidence, first_sign_, [&](const View& view, base::Instant now) {
        return failover::set_missing(view, place_, now);
    });
    if (took_out_) desk_.counters(place_).probes_missed.add();
    return took_out_;
}

void Watch::on_check_overdue(ActiveCheck& check) {
    if (&check != prober_ || !probing_ || !suspected_) return;
    follow(desk_.view());
    if (!may_be_suspected()) return;  // out already
    if (take_out_for_silence()) return;
    patience_ = {.connect = twice(patience_.connect), .answer = twice(patience_.answer)};
    prober_->set_patience(patience_);
}

void Watch::end_suspicion(const ProbeResult& result) {
    probing_ = false;
    suspected_ = false;
    const bool by_overdue = std::exchange(by_overdue_, false);
    by_failure_ = false;
    const bool took_out = std::exchange(took_out_, false);
    switch (result.end) {
        case ProbeEnd::passed:
        case ProbeEnd::rate_limited:
        case ProbeEnd::credentials:
        case ProbeEnd::malformed:
        case ProbeEnd::bad_status:
        case ProbeEnd::bad_content:
            if (took_out) {
                take_back(result);
                break;
            }
            desk_.counters(place_).probes_answered.add();
            if (by_overdue) suspicion_.found_alive();
            break;
        case ProbeEnd::refused:
        case ProbeEnd::reset:
        case ProbeEnd::unreachable: {
            if (!may_be_suspected()) break;
            const std::string evidence =
                fmt::format("probe {}: {}", prober_->rules().name, result.detail);
            desk_.publish(evidence, first_sign_, [&](const View& view, base::Instant now) {
                return failover::set_state(view, place_, UpstreamState::unhealthy,
                                           Reason::probe_refused, now);
            });
            break;
        }
        case ProbeEnd::timed_out:  // a failed check, where silence alone did not count
        case ProbeEnd::local_fault:
            break;
    }
    quiet_until_ = desk_.now() + patience_.answer;
    quiet_overdue_until_ = desk_.now() + suspicion_.overdue_after();
}

/// Its silence had taken it out, and now it answered: slow, not dead.
void Watch::take_back(const ProbeResult& result) {
    const bool sound = result.end == ProbeEnd::passed || result.end == ProbeEnd::rate_limited ||
                       result.end == ProbeEnd::credentials;
    const UpstreamView& upstream = desk_.view().upstream(place_);
    const bool is_out =
        upstream.state == UpstreamState::unhealthy && upstream.reason == Reason::probe_missed;
    if (!sound || !is_out) return;
    const std::string evidence =
        fmt::format("probe {}: answered after {:.3g} ms", prober_->rules().name,
                    static_cast<double>((desk_.now() - result.started).count()) / 1e6);
    desk_.publish(evidence, {}, [&](const View& view, base::Instant now) {
        return failover::set_state(view, place_, UpstreamState::healthy, Reason::probe_answered,
                                   now);
    });
}

}  // namespace ringway::health
