// The book of alerts. No state but its own.
#include "ringway/control/alert_book.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ringway::control {
namespace {

using observe::EventKind;

enum class Ending : std::uint8_t {
    none,
    over,
    superseded,  // by something worse, which is told itself
};

/// What an event of kind `now` does to a trouble that an event of kind `then` began.
Ending ending_of(EventKind then, EventKind now) {
    const auto over_when = [now](auto... kinds) {
        return ((now == kinds) || ...) ? Ending::over : Ending::none;
    };
    switch (then) {
        case EventKind::unhealthy:
            // an operator who takes it off knows of it
            return over_when(EventKind::healthy, EventKind::recovered, EventKind::degraded,
                             EventKind::draining, EventKind::maintenance);
        case EventKind::degraded:
            if (now == EventKind::unhealthy) return Ending::superseded;
            return over_when(EventKind::healthy, EventKind::recovered, EventKind::draining,
                             EventKind::maintenance);
        case EventKind::ejected:
            return over_when(EventKind::readmitted);
        case EventKind::rate_limited:
            return over_when(EventKind::rate_limit_over);
        case EventKind::credentials_refused:
            return over_when(EventKind::credentials_accepted);
        case EventKind::breaker_open:
            return over_when(EventKind::breaker_closed);
        case EventKind::panic:
            return over_when(EventKind::panic_over);
        case EventKind::total_failure:
            return over_when(EventKind::total_recovery);
        case EventKind::healthy:
        case EventKind::recovered:
        case EventKind::draining:
        case EventKind::maintenance:
        case EventKind::readmitted:
        case EventKind::rate_limit_over:
        case EventKind::credentials_accepted:
        case EventKind::breaker_half_open:
        case EventKind::breaker_closed:
        case EventKind::weight_set:
        case EventKind::failover:
        case EventKind::panic_over:
        case EventKind::total_recovery:
            return Ending::none;
    }
    return Ending::none;
}

/// Something ends it.
bool lasts(EventKind kind) {
    for (std::size_t other = 0; other < observe::kEventKinds; ++other) {
        if (ending_of(kind, static_cast<EventKind>(other)) == Ending::over) return true;
    }
    return false;
}

Severity grade_of(EventKind kind) {
    const std::string_view name = observe::severity_of(kind);
    if (name == "critical") return Severity::critical;
    return name == "warning" ? Severity::warning : Severity::info;
}

Severity above(Severity severity) {
    return severity == Severity::info ? Severity::warning : Severity::critical;
}

}  // namespace

const char* name_of(Severity severity) {
    constexpr const char* kNames[] = {"info", "warning", "critical"};
    return kNames[static_cast<std::size_t>(severity)];
}

Notice AlertBook::notice_of(const Entry& entry) {
    const auto& [key, trouble] = entry;
    auto status = Notice::Status::event;
    if (lasts(key.kind)) {
        status = trouble.stands ? Notice::Status::firing : Notice::Status::resolved;
    }
    return {.status = status,
            .severity = trouble.severity,
            .kind = key.kind,
            .event = trouble.newest,
            .since_unix_ns = trouble.since_unix_ns,
            .repeats = trouble.repeats,
            .escalations = trouble.escalations};
}

void AlertBook::take(const AlertEvent& event, base::Instant now, std::vector<News>& out) {
    const bool has_ended = end_others(event, out);
    if (has_ended && !lasts(event.told.event.kind)) return;  // what it ended says it
    raise(event, now, out);
}

void AlertBook::remember(std::span<const AlertEvent> events, base::Instant now) {
    std::vector<News> told;
    const auto pass_until = [&](base::Instant at) {
        for (auto due = next_due(); due && *due <= at; due = next_due()) tick(*due, told);
    };
    for (const AlertEvent& event : events) {
        pass_until(event.told.event.at);
        take(event, event.told.event.at, told);
    }
    pass_until(now);
}

/// True when something was over, and that is told, or would be if it were no repeat.
bool AlertBook::end_others(const AlertEvent& event, std::vector<News>& out) {
    bool has_ended = false;
    const Key first{.pool = event.pool, .upstream = event.upstream, .kind = {}};
    for (auto at = troubles_.lower_bound(first);
         at != troubles_.end() && at->first.pool == event.pool &&
         at->first.upstream == event.upstream;
         ++at) {
        Trouble& trouble = at->second;
        const Ending ending = ending_of(at->first.kind, event.told.event.kind);
        if (!trouble.stands || ending == Ending::none) continue;
        trouble.stands = false;
        trouble.newest = event;
        const bool known = std::exchange(trouble.told_standing, false);
        if (ending == Ending::superseded || !settings_.resolve_notices) continue;
        out.push_back({.notice = notice_of(*at), .repeat = !known});
        if (known) trouble.repeats = 0;
        has_ended = true;
    }
    return has_ended;
}

void AlertBook::raise(const AlertEvent& event, base::Instant now, std::vector<News>& out) {
    const EventKind kind = event.told.event.kind;
    const auto [at, is_new] = troubles_.try_emplace({event.pool, event.upstream, kind});
    Trouble& trouble = at->second;
    if (is_new || !trouble.stands) {
        trouble.severity = grade_of(kind);
        trouble.since_unix_ns = event.told.unix_ns;
        trouble.escalations = 0;
        trouble.escalate_at.reset();
        if (lasts(kind) && settings_.escalate_after > base::Duration::zero())
            trouble.escalate_at = now + settings_.escalate_after;
    }
    trouble.stands = lasts(kind);
    trouble.newest = event;
    if (trouble.window_end && now < *trouble.window_end) {
        ++trouble.repeats;
        out.push_back({.notice = notice_of(*at), .repeat = true});
        return;
    }
    tell(*at, now, out);
}

void AlertBook::tell(Entry& entry, base::Instant now, std::vector<News>& out) {
    Trouble& trouble = entry.second;
    out.push_back({.notice = notice_of(entry), .repeat = false});
    trouble.told_standing = trouble.stands;
    trouble.repeats = 0;
    trouble.window_end = now + settings_.dedup_window;
}

void AlertBook::tick(base::Instant now, std::vector<News>& out) {
    for (Entry& entry : troubles_) {
        Trouble& trouble = entry.second;
        if (trouble.window_end && now >= *trouble.window_end) {
            trouble.window_end.reset();
            const bool news = trouble.repeats > 0 || trouble.stands != trouble.told_standing;
            const bool silent =
                lasts(entry.first.kind) && !trouble.stands && !settings_.resolve_notices;
            if (news && !silent) tell(entry, now, out);
        }
        if (trouble.stands && trouble.told_standing && trouble.escalate_at &&
            now >= *trouble.escalate_at) {
            trouble.severity = above(trouble.severity);
            ++trouble.escalations;
            trouble.escalate_at = now + settings_.escalate_after;
            tell(entry, now, out);
        }
    }
    std::erase_if(troubles_, [](const Entry& entry) {
        return !entry.second.stands && !entry.second.window_end;
    });
}

std::optional<base::Instant> AlertBook::next_due() const {
    std::optional<base::Instant> soonest;
    const auto consider = [&](const std::optional<base::Instant>& at) {
        if (at && (!soonest || *at < *soonest)) soonest = at;
    };
    for (const auto& [key, trouble] : troubles_) {
        consider(trouble.window_end);
        if (trouble.stands && trouble.told_standing) consider(trouble.escalate_at);
    }
    return soonest;
}

}  // namespace ringway::control
