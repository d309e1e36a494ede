// Events as text. Any thread; no state.
#include "ringway/observe/event_line.h"

#include <fmt/format.h>

#include <string_view>

namespace ringway::observe {
namespace {

/// Ends something bad, so that Event::took is how long that lasted.
bool brings_back(EventKind kind) {
    switch (kind) {
        case EventKind::healthy:
        case EventKind::recovered:
        case EventKind::readmitted:
        case EventKind::rate_limit_over:
        case EventKind::credentials_accepted:
        case EventKind::breaker_half_open:
        case EventKind::breaker_closed:
        case EventKind::panic_over:
        case EventKind::total_recovery:
            return true;
        case EventKind::unhealthy:
        case EventKind::degraded:
        case EventKind::draining:
        case EventKind::maintenance:
        case EventKind::ejected:
        case EventKind::rate_limited:
        case EventKind::credentials_refused:
        case EventKind::breaker_open:
        case EventKind::weight_set:
        case EventKind::failover:
        case EventKind::panic:
        case EventKind::total_failure:
            return false;
    }
    return false;
}

/// With the precision that a reader of logs wants: "0.4 ms", "12 ms", "8.3 s".
std::string rough(base::Duration time) {
    const double ms = static_cast<double>(base::to_us(time)) / 1000;
    if (ms < 10) return fmt::format("{:.1f} ms", ms);
    if (ms < 1000) return fmt::format("{:.0f} ms", ms);
    return fmt::format("{:.1f} s", ms / 1000);
}

bool is_of_upstream(const Event& event) { return event.upstream != Event::kWholePool; }

}  // namespace

Told told_of(const Event& event, const config::Config& config) {
    const config::Pool& pool = config.pools[event.pool];
    return {.id = 0,
            .unix_ns = 0,
            .event = event,
            .pool = pool.name,
            .upstream = is_of_upstream(event) ? pool.upstreams[event.upstream].name : "",
            .by_control = event.shard >= config.shards.size(),
            .inherited = false};
}

std::string event_sentence(const Told& told) {
    const Event& event = told.event;
    std::string text = "pool " + told.pool;
    if (is_of_upstream(event)) text += " upstream " + told.upstream;
    text += ": ";
    text += name_of(event.kind);
    if (event.reason != cluster::Reason::none) {
        text += fmt::format(" ({})", cluster::name_of(event.reason));
    }
    const std::string_view evidence = event.evidence_text();
    if (!evidence.empty()) text += fmt::format(": {}", evidence);
    if (event.took >= base::Duration::zero()) {
        text += brings_back(event.kind) ? ", out for " : ", after ";
        text += rough(event.took);
    }
    return text;
}

void put_event(JsonWriter& json, const Told& told) {
    const Event& event = told.event;
    const bool of_upstream = is_of_upstream(event);
    const auto put = [&json](const char* key, bool applies, std::string_view text) {
        json.key(key);
        if (applies) {
            json.text(text);
        } else {
            json.null();
        }
    };
    json.open_object();
    json.key("id").number(told.id);
    json.key("time").time(told.unix_ns);
    json.key("kind").text(name_of(event.kind));
    json.key("severity").text(severity_of(event.kind));
    json.key("pool").text(told.pool);
    put("upstream", of_upstream, told.upstream);
    put("reason", event.reason != cluster::Reason::none, cluster::name_of(event.reason));
    put("from", of_upstream, cluster::name_of(event.from));
    put("to", of_upstream, cluster::name_of(event.to));
    json.key("took_ms").milliseconds(event.took);
    put("evidence", event.evidence_size > 0, event.evidence_text());
    json.key("shard");
    if (told.by_control) {
        json.null();
    } else {
        json.number(event.shard);
    }
    json.key("version").number(event.version);
    json.close_object();
}

}  // namespace ringway::observe
