#include "watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ringway/health/content.h"

namespace ringway::health {

using cluster::Reason;
using cluster::UpstreamState;
using cluster::UpstreamView;
using cluster::View;

namespace {

/// Why a failed check took an upstream out.
Reason reason_of(ProbeEnd end) {
    switch (end) {
        case ProbeEnd::refused:
        case ProbeEnd::reset:
        case ProbeEnd::unreachable:
        case ProbeEnd::timed_out:
            return Reason::check_unanswered;
        case ProbeEnd::passed:
        case ProbeEnd::malformed:
        case ProbeEnd::bad_status:
        case ProbeEnd::bad_content:
        case ProbeEnd::rate_limited:
        case ProbeEnd::credentials:
        case ProbeEnd::local_fault:
            return Reason::check_failed;
    }
    return Reason::check_failed;
}

}  // namespace

Watch::Watch(Desk& desk, cluster::Place place, Suspicion& suspicion)
    : desk_(desk),
      place_(place),
      pool_(desk.config->pools.share(place.pool.value)),
      suspicion_(suspicion) {}

bool Watch::fits() const {
    const config::Pool& now = desk_.pool(place_);
    const config::Upstream& upstream = pool_->upstreams[place_.upstream.value];
    return &now == pool_.get() || (now.health == pool_->health && now.name == pool_->name &&
                                   now.upstreams[place_.upstream.value] == upstream);
}

void Watch::make_checks() {
    if (prober_ != nullptr) return;
    const config::Upstream& upstream = pool_->upstreams[place_.upstream.value];
    for (const config::HealthCheck& rules : pool_->health.checks) {
        if (!rules.enabled) continue;
        checks_.push_back(std::make_unique<ActiveCheck>(
            desk_, place_, upstream, rules, desk_.parts.stats.record(place_, rules.name),
            suspicion_, *this));
    }
    for (const config::CheckKind kind : {config::CheckKind::http, config::CheckKind::tcp}) {
        const auto found = std::ranges::find_if(
            checks_, [kind](const auto& check) { return check->rules().kind == kind; });
        if (found == checks_.end()) continue;
        prober_ = found->get();
        return;
    }
    plain_ = std::make_unique<ActiveCheck>(desk_, place_, upstream, desk_.plain, nullptr,
                                           suspicion_, *this);
    prober_ = plain_.get();
}

// -- who owns it, and what others found --

void Watch::own(base::Duration delay) {
    const View& view = desk_.view();
    owned_ = true;
    make_checks();
    const UpstreamView& upstream = view.upstream(place_);
    seen_state_ = upstream.state;
    seen_since_ = upstream.state_since;
    agent_says_down_ =
        upstream.state == UpstreamState::unhealthy && upstream.reason == Reason::agent_asked;
    for (const auto& check : checks_) {
        check->restart(upstream.state);
        check->schedule(desk_.now() + check->rules().initial_delay + delay);
    }
    if (plain_ != nullptr && upstream.state == UpstreamState::unhealthy && !agent_says_down_) {
        plain_->verdict().force_down();
        plain_->schedule(desk_.now() + delay);
    }
}

void Watch::disown() {
    owned_ = false;
    for (const auto& check : checks_) check->unschedule();
    if (plain_ != nullptr) plain_->unschedule();
}

void Watch::follow(const View& view) {
    const UpstreamView& upstream = view.upstream(place_);
    if (upstream.state == seen_state_ && upstream.state_since == seen_since_) return;
    seen_state_ = upstream.state;
    seen_since_ = upstream.state_since;
    switch (upstream.state) {
        case UpstreamState::healthy:
        case UpstreamState::degraded:
            force(true);
            return;
        case UpstreamState::unhealthy:
            if (upstream.reason != Reason::agent_asked) force(false);
            return;
        case UpstreamState::unknown:
        case UpstreamState::draining:
        case UpstreamState::maintenance:
            return;
    }
}

void Watch::force(bool up) {
    for (const auto& check : checks_) {
        if (check->is_agent()) continue;
        if (!up) {
            check->verdict().force_down();
            check->look_sooner();
        } else if (check->verdict().standing() == Verdict::Standing::down) {
            check->verdict().force_up();
        }
    }
    if (up) {
        if (plain_ != nullptr) plain_->unschedule();
    } else if (owned_) {
        make_checks();
        if (plain_ == nullptr) return;
        plain_->verdict().force_down();
        plain_->schedule(desk_.now() + plain_->rules().interval);
    }
}

// -- what checks find --

void Watch::on_checked(ActiveCheck& check, const ProbeResult& result, bool turned) {
    follow(desk_.view());
    if (&check == prober_ && probing_) {
        end_suspicion(result);
        follow(desk_.view());  // another shard may have been the first to say so
    }
    take_credentials(check, result);
    if (!check.is_agent()) {
        take_verdict(check, result, turned);
    } else if (result.end == ProbeEnd::passed) {
        take_agent(result);
    }
}

std::string Watch::describe(ActiveCheck& check, const ProbeResult& result) const {
    const std::string_view what = result.detail.empty() ? name_of(result.end) : result.detail;
    const std::uint32_t failures = check.verdict().failures_in_row();
    if (failures > 1) {
        return fmt::format("check {}: {}, {} in a row", check.rules().name, what, failures);
    }
    return fmt::format("check {}: {}", check.rules().name, what);
}

void Watch::take_credentials(ActiveCheck& check, const ProbeResult& result) {
    const bool refused = result.end == ProbeEnd::credentials;
    if (!refused && (result.end != ProbeEnd::passed || !check.credentials_refused())) return;
    check.credentials_refused() = refused;
    desk_.publish(describe(check, result), {}, [&](const View& view, base::Instant now) {
        return failover::set_credentials_fault(view, place_, refused, now);
    });
}

/// What all checks together say, and the plain connect while it stands for them.
UpstreamState Watch::wanted_state() {
    std::vector<Verdict::Standing> standings;
    for (const auto& check : checks_) {
        if (!check->is_agent()) standings.push_back(check->verdict().standing());
    }
    if (plain_ != nullptr && plain_->verdict().standing() == Verdict::Standing::down) {
        standings.push_back(Verdict::Standing::down);
    }
    return state_of(standings);
}

void Watch::take_verdict(ActiveCheck& check, const ProbeResult& result, bool turned) {
    const UpstreamView& upstream = desk_.view().upstream(place_);
    UpstreamState wanted = wanted_state();
    if (!owned_) {
        // Others' checks are not known here: bad news is told, good news is the owner's.
        if (!turned || check.verdict().standing() != Verdict::Standing::down) return;
        wanted = UpstreamState::unhealthy;
    }
    if (wanted == UpstreamState::unknown || wanted == upstream.state) return;
    if (upstream.state == UpstreamState::draining || upstream.state == UpstreamState::maintenance) {
        return;
    }
    switch (wanted) {
        case UpstreamState::unhealthy:
            publish_state(wanted, reason_of(result.end), describe(check, result),
                          check.failing_since());
            if (&check == plain_.get() && owned_) {
                check.schedule(desk_.now() + check.rules().interval);
            }
            return;
        case UpstreamState::degraded:
            if (agent_says_down_) return;
            publish_state(wanted, Reason::check_slow, describe(check, result), {});
            return;
        case UpstreamState::healthy:
            if (agent_says_down_) return;
            publish_state(wanted, Reason::check_passed, describe(check, result), {});
            if (plain_ != nullptr) plain_->unschedule();
            return;
        case UpstreamState::unknown:
        case UpstreamState::draining:
        case UpstreamState::maintenance:
            return;
    }
}

bool Watch::publish_state(UpstreamState state, Reason reason, std::string_view evidence,
                          base::Instant first_sign) {
    // Own news is not to be followed.
    const UpstreamState state_before = std::exchange(seen_state_, state);
    const base::Instant since_before = std::exchange(seen_since_, desk_.now());
    const bool is_good_news = state == UpstreamState::healthy || state == UpstreamState::degraded;
    const bool changed =
        desk_.publish(evidence, first_sign, [&](const View& view, base::Instant now) {
            // Good news must not undo bad news that came in between.
            const UpstreamView& upstream = view.upstream(place_);
            const bool is_known =
                upstream.state == state_before && upstream.state_since == since_before;
            if (is_good_news && !is_known) return failover::Step{};
            return failover::set_state(view, place_, state, reason, now);
        });
    if (!changed) {
        seen_state_ = state_before;
        seen_since_ = since_before;
        follow(desk_.view());
    }
    return changed;
}

void Watch::take_agent(const ProbeResult& result) {
    const auto report = parse_agent_report(result.body);
    if (!report || !owned_) return;
    const std::string evidence =
        fmt::format("agent: {}", result.body.substr(0, result.body.find_first_of("\r\n")));
    desk_.publish(evidence, {}, [&](const View& view, base::Instant now) {
        return failover::set_agent_percent(view, place_, report->percent, now);
    });
    const UpstreamView upstream = desk_.view().upstream(place_);
    bool said_down = false;
    switch (report->wish) {
        case AgentReport::Wish::drain:
            publish_state(UpstreamState::draining, Reason::agent_asked, evidence, {});
            return;
        case AgentReport::Wish::maintenance:
            publish_state(UpstreamState::maintenance, Reason::agent_asked, evidence, {});
            return;
        case AgentReport::Wish::down:
            agent_says_down_ = true;
            publish_state(UpstreamState::unhealthy, Reason::agent_asked, evidence, {});
            return;
        case AgentReport::Wish::up:
            said_down = std::exchange(agent_says_down_, false);
            break;
        case AgentReport::Wish::none:
            break;
    }
    // An agent that answers is the only sign of life where there is no other check.
    const bool is_asked_out = report->wish == AgentReport::Wish::up &&
                              (upstream.reason == Reason::agent_asked || said_down) &&
                              upstream.state != UpstreamState::healthy;
    if (!is_asked_out && upstream.state != UpstreamState::unknown) return;
    const UpstreamState wanted = wanted_state();
    if (wanted == UpstreamState::unknown && !is_asked_out) return;
    const UpstreamState state = wanted == UpstreamState::unknown ? UpstreamState::healthy : wanted;
    publish_state(state, Reason::agent_asked, evidence, {});
}

// -- the end --

void Watch::stop() {
    stopped_ = true;
    suspected_ = false;
    probing_ = false;
    desk_.parts.fine.clear(again_);
    for (const auto& check : checks_) check->stop();
    if (plain_ != nullptr) plain_->stop();
}

bool Watch::at_rest() const {
    return std::ranges::all_of(checks_, [](const auto& check) { return check->at_rest(); }) &&
           (plain_ == nullptr || plain_->at_rest());
}

}  // namespace ringway::health
