// A pool as one would write it down: each rule of failover/merge.h once more, on plain values,
// everything worked out anew for each question. Events are what differs between before and after.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ringway/failover/merge.h"

namespace ringway::failover {

using cluster::BreakerPhase;
using cluster::UpstreamState;

struct NaiveUpstream {
    bool backup = false;
    std::uint32_t tier = 0;
    bool literal = true, has_address = true;
    UpstreamState state = UpstreamState::healthy;
    Reason reason = Reason::started;
    std::optional<Instant> ejected_until, readmitted_at, cooling_until;
    int ejections = 0;
    bool fault = false;
    int percent = 100;
    std::optional<std::uint32_t> weight;  // by hand
    BreakerPhase phase = BreakerPhase::closed;
    int trials = 0, passed = 0, openings = 0;
    Instant breaker_until{};

    bool good() const {
        return state == UpstreamState::healthy || state == UpstreamState::degraded;
    }
    bool by_choice() const {
        return state == UpstreamState::draining || state == UpstreamState::maintenance;
    }
    bool missing() const {
        return state == UpstreamState::unhealthy && reason == Reason::probe_missed;
    }
    bool open_to_requests(const config::Pool& rules) const {
        if (!has_address || cooling_until || percent == 0 || weight == 0u) return false;
        if (phase == BreakerPhase::open) return false;
        return phase == BreakerPhase::closed ||
               trials < static_cast<int>(rules.breaker.max_trial_requests);
    }
    bool usable(const config::Pool& rules) const {
        return good() && !ejected_until && open_to_requests(rules);
    }
    void half_open() {
        phase = BreakerPhase::half_open;
        trials = passed = 0;
    }
    void readmit(Instant now) {
        ejected_until.reset();
        readmitted_at = now;
    }
    std::vector<Instant> dues() const {
        std::vector<Instant> all;
        if (ejected_until) all.push_back(*ejected_until);
        if (cooling_until) all.push_back(*cooling_until);
        if (phase == BreakerPhase::open) all.push_back(breaker_until);
        if (phase == BreakerPhase::half_open && trials > passed) all.push_back(breaker_until);
        return all;
    }
};

struct NaivePool {
    config::Pool rules;
    std::vector<NaiveUpstream> upstreams;

    std::size_t usable_count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            upstreams, [this](const NaiveUpstream& one) { return one.usable(rules); }));
    }
    bool panics() const {
        const auto meant = std::ranges::count_if(
            upstreams, [](const NaiveUpstream& one) { return !one.by_choice(); });
        const auto usable = std::ranges::count_if(
            upstreams, [this](const NaiveUpstream& one) { return untried(one).usable(rules); });
        const bool few = static_cast<double>(usable) <
                         static_cast<double>(meant) * rules.health.panic_percent / 100.0 - 1e-9;
        return few && std::ranges::any_of(upstreams, [this](NaiveUpstream one) {
                   if (!one.ejected_until) return false;
                   one.ejected_until.reset();
                   return untried(one).usable(rules);
               });
    }
    /// As if none of its trials was taken.
    static NaiveUpstream untried(NaiveUpstream one) {
        if (one.phase == BreakerPhase::half_open) one.phase = BreakerPhase::closed;
        return one;
    }
    bool eligible(std::size_t i) const {
        NaiveUpstream one = upstreams[i];
        if (one.usable(rules)) return true;
        if (one.state == UpstreamState::unknown && usable_count() == 0) {
            one.state = UpstreamState::healthy;
            return one.usable(rules);
        }
        if (!panics()) return false;
        one.ejected_until.reset();
        return one.usable(rules);
    }
    std::optional<std::uint64_t> serving() const {
        std::set<std::uint64_t> tiers;
        for (std::size_t i = 0; i < upstreams.size(); ++i) {
            NaiveUpstream one = untried(upstreams[i]);
            if (panics()) one.ejected_until.reset();
            const bool serves =
                eligible(i) || (one.phase != upstreams[i].phase && one.usable(rules));
            if (serves) tiers.insert(one.backup ? 5'000'000'000u : one.tier);
        }
        return tiers.empty() ? std::nullopt : std::optional(*tiers.begin());
    }
    std::optional<Instant> due() const {
        std::optional<Instant> first;
        for (const NaiveUpstream& one : upstreams) {
            for (const Instant at : one.dues()) first = std::min(first.value_or(at), at);
        }
        return first;
    }

    // -- the steps: true exactly when there is news --

    bool set_state(std::size_t i, UpstreamState state, Reason reason, Instant now) {
        NaiveUpstream& one = upstreams[i];
        if (one.state == state) return false;
        if (one.by_choice() && reason != Reason::by_hand &&
            (reason != Reason::agent_asked || one.reason == Reason::by_hand)) {
            return false;
        }
        one.state = state;
        one.reason = reason;
        if (state == UpstreamState::healthy) {
            if (one.ejected_until) one.readmit(now);
            if (one.phase == BreakerPhase::open) one.half_open();
        }
        return true;
    }
    bool set_missing(std::size_t i, Instant now) {
        std::size_t others = 0, missing = 0;
        for (std::size_t k = 0; k < upstreams.size(); ++k) {
            others += k != i && eligible(k) ? 1u : 0u;
            missing += upstreams[k].missing() ? 1u : 0u;
        }
        if (eligible(i) && others == 0) return false;
        if (missing > 0 &&
            static_cast<double>(missing + 1) >
                static_cast<double>(upstreams.size()) * rules.suspicion.max_out_percent / 100.0 +
                    1e-9) {
            return false;
        }
        return set_state(i, UpstreamState::unhealthy, Reason::probe_missed, now);
    }
    bool eject(std::size_t i, Instant now) {
        NaiveUpstream& one = upstreams[i];
        const auto ejected = std::ranges::count_if(
            upstreams, [](const NaiveUpstream& other) { return other.ejected_until.has_value(); });
        const double share = rules.outlier.max_ejected_percent / 100.0;
        if (one.ejected_until || share == 0) return false;
        if (ejected > 0 && static_cast<double>(ejected + 1) >
                               static_cast<double>(upstreams.size()) * share + 1e-9) {
            return false;
        }
        if (one.readmitted_at && now - *one.readmitted_at > rules.outlier.ejection_max) {
            one.ejections = 0;
        }
        ++one.ejections;
        one.ejected_until =
            now + std::min(rules.outlier.ejection_time * one.ejections, rules.outlier.ejection_max);
        return true;
    }
    bool cool_down(std::size_t i, Instant until, Instant now) {
        if (until <= now) return false;
        const std::int64_t step = 100'000'000;
        const Instant rounded(
            Duration((until.time_since_epoch().count() + step - 1) / step * step));
        NaiveUpstream& one = upstreams[i];
        if (one.cooling_until && *one.cooling_until >= until) return false;
        one.cooling_until = rounded;
        return true;
    }
    bool set_fault(std::size_t i, bool fault) {
        return std::exchange(upstreams[i].fault, fault) != fault;
    }
    bool set_percent(std::size_t i, int percent) {
        return std::exchange(upstreams[i].percent, percent) != percent;
    }
    bool set_weight(std::size_t i, std::optional<std::uint32_t> weight) {
        return std::exchange(upstreams[i].weight, weight) != weight;
    }
    bool set_address(std::size_t i, bool has) {
        if (upstreams[i].literal) return false;
        return std::exchange(upstreams[i].has_address, has) != has;
    }
    bool open(std::size_t i, Reason reason, Instant now) {
        NaiveUpstream& one = upstreams[i];
        if (one.phase == BreakerPhase::open) return false;
        if (reason == Reason::trial_failed && one.phase == BreakerPhase::closed) return false;
        one.phase = BreakerPhase::open;
        one.trials = one.passed = 0;
        Duration wait = rules.breaker.recovery_timeout;
        for (int k = 0; k < one.openings && wait < rules.breaker.recovery_max; ++k) wait *= 2;
        ++one.openings;
        one.breaker_until = now + std::min(wait, rules.breaker.recovery_max);
        return true;
    }
    bool take_trial(std::size_t i, Instant now) {
        NaiveUpstream& one = upstreams[i];
        if (one.phase != BreakerPhase::half_open) return false;
        if (one.trials >= static_cast<int>(rules.breaker.max_trial_requests)) return false;
        ++one.trials;
        one.breaker_until = now + rules.breaker.recovery_timeout;
        return true;
    }
    bool pass_trial(std::size_t i) {
        NaiveUpstream& one = upstreams[i];
        if (one.phase != BreakerPhase::half_open) return false;
        ++one.passed;
        one.trials = std::max(one.trials, one.passed);
        if (one.passed < static_cast<int>(rules.breaker.success_threshold)) return true;
        one.phase = BreakerPhase::closed;
        one.trials = one.passed = one.openings = 0;
        return true;
    }
    bool return_trial(std::size_t i) {
        NaiveUpstream& one = upstreams[i];
        if (one.phase != BreakerPhase::half_open || one.trials <= one.passed) return false;
        --one.trials;
        return true;
    }
    bool pass_time(Instant now) {
        bool news = false;
        for (NaiveUpstream& one : upstreams) {
            const auto dues = one.dues();
            if (std::ranges::none_of(dues, [&](Instant at) { return at <= now; })) continue;
            news = true;
            if (one.ejected_until && *one.ejected_until <= now) one.readmit(now);
            if (one.cooling_until && *one.cooling_until <= now) one.cooling_until.reset();
            if (one.breaker_until > now) continue;
            if (one.phase == BreakerPhase::open) one.half_open();
            if (one.phase == BreakerPhase::half_open) one.trials = one.passed;
        }
        return news;
    }
};

/// The transitions between two pictures of one pool, as "kind upstream", sorted.
inline std::vector<std::string> differences(const NaivePool& was, const NaivePool& is) {
    std::vector<std::string> all;
    const auto add = [&](const char* kind, std::size_t i) {
        all.push_back(kind + (" " + std::to_string(i)));
    };
    for (std::size_t i = 0; i < is.upstreams.size(); ++i) {
        const NaiveUpstream& a = was.upstreams[i];
        const NaiveUpstream& b = is.upstreams[i];
        if (a.state != b.state && b.state == UpstreamState::healthy) {
            add(a.state == UpstreamState::unknown ? "healthy" : "recovered", i);
        } else if (a.state != b.state && b.state != UpstreamState::unknown) {
            add(cluster::name_of(b.state), i);
        }
        if (!a.ejected_until && b.ejected_until) add("ejected", i);
        if (a.ejected_until && !b.ejected_until) add("readmitted", i);
        if (!a.cooling_until && b.cooling_until) add("rate_limited", i);
        if (a.cooling_until && !b.cooling_until) add("rate_limit_over", i);
        if (a.fault != b.fault) add(b.fault ? "credentials_refused" : "credentials_accepted", i);
        if (a.weight != b.weight) add("weight_set", i);
        if (a.phase == b.phase) continue;
        add((std::string("breaker_") + cluster::name_of(b.phase)).c_str(), i);
    }
    if (was.panics() != is.panics()) all.push_back(is.panics() ? "panic" : "panic_over");
    const auto before = was.serving(), after = is.serving();
    if (before != after) {
        all.push_back(!before ? "total_recovery" : !after ? "total_failure" : "failover");
    }
    std::ranges::sort(all);
    return all;
}

}  // namespace ringway::failover
