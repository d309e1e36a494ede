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

const config::Upstream* upstream_of(const Event& event, const config::Config& config) {
    if (event.upstream == Event::kWholePool) return nullptr;
    return &config.pools[event.pool].upstreams[event.upstream];
}

}  // namespace

std::string event_sentence(const Event& event, const config::Config& config) {
    std::string text = "pool " + config.pools[event.pool].name;
    if (const auto* upstream = upstream_of(event, config)) text += " upstream " + upstream->name;
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
    const config::Config& config = *told.config;
    const config::Upstream* const upstream = upstream_of(event, config);
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
    json.key("pool").text(config.pools[event.pool].name);
    put("upstream", upstream != nullptr, upstream != nullptr ? upstream->name : "");
    put("reason", event.reason != cluster::Reason::none, cluster::name_of(event.reason));
    put("from", upstream != nullptr, cluster::name_of(event.from));
    put("to", upstream != nullptr, cluster::name_of(event.to));
    json.key("took_ms").milliseconds(event.took);
    put("evidence", event.evidence_size > 0, event.evidence_text());
    json.key("shard");
    if (event.shard < config.shards.size()) {
        json.number(event.shard);
    } else {
        json.null();
    }
    json.key("version").number(event.version);
    json.close_object();
}

}  // namespace ringway::observe
