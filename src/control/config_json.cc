// The configuration as JSON: a line for each key, in the order of the reference.
#include "ringway/control/config_json.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "json_keys.h"

namespace ringway::control {
namespace {

using config::HeaderEdit;
using observe::JsonWriter;

constexpr std::string_view kHidden = "***";

void put_edits(Keys& keys, const std::vector<HeaderEdit>& edits, HeaderEdit::Kind kind) {
    for (const HeaderEdit& edit : edits) {
        if (edit.kind != kind) continue;
        if (kind == HeaderEdit::Kind::remove) {
            keys.json().text(edit.name);
            continue;
        }
        keys.json().open_object();
        keys.put("name", edit.name);
        keys.put("value", edit.is_credential() ? std::string(kHidden) : edit.value);
        keys.json().close_object();
    }
}

/// All of them set a header.
void put_headers(Keys& keys, const char* key, const std::vector<HeaderEdit>& edits) {
    keys.json().key(key).open_array();
    put_edits(keys, edits, HeaderEdit::Kind::set);
    keys.json().close_array();
}

void put_header_edits(Keys& keys, const char* key, const std::vector<HeaderEdit>& edits) {
    const auto put = [&](const char* name, HeaderEdit::Kind kind) {
        keys.json().key(name).open_array();
        put_edits(keys, edits, kind);
        keys.json().close_array();
    };
    keys.table(key, [&] {
        put("set", HeaderEdit::Kind::set);
        put("add", HeaderEdit::Kind::add);
        put("remove", HeaderEdit::Kind::remove);
    });
}

void put_matches(Keys& keys, const char* key, const std::vector<config::StringMatch>& matches) {
    using Kind = config::StringMatch::Kind;
    keys.tables(key, matches, [&](const config::StringMatch& match) {
        keys.put("name", match.name);
        switch (match.kind) {
            case Kind::exact:
                return keys.put("exact", match.value);
            case Kind::prefix:
                return keys.put("prefix", match.value);
            case Kind::regex:
                return keys.put("regex", match.value);
            case Kind::present:
                return keys.put("present", true);
        }
    });
}

void put_process(Keys& keys, const config::Process& process) {
    keys.put("user", process.user);
    keys.put("group", process.group);
    keys.put("pid_file", process.pid_file);
    keys.put("state_dir", process.state_dir);
    keys.put("graceful_timeout", process.graceful_timeout);
    keys.put("upgrade_timeout", process.upgrade_timeout);
    static constexpr const char* kFilters[] = {"on", "strict", "off"};
    keys.put("seccomp", kFilters[static_cast<std::size_t>(process.seccomp)]);
    keys.put("core_dumps", process.core_dumps);
}

void put_admin(Keys& keys, const config::Admin& admin) {
    keys.put_given("listen", admin.listen ? admin.listen->text() : "");
    keys.put_given("token_file", admin.token.empty() ? "" : std::string(kHidden));
}

void put_log(Keys& keys, const config::Log& log) {
    static constexpr const char* kLevels[] = {"error", "warn", "info", "debug"};
    keys.put("level", kLevels[static_cast<std::size_t>(log.level)]);
    keys.put("format", log.format == config::LogFormat::text ? "text" : "json");
    keys.put("path", log.path);
    keys.put("repeats_max", log.repeats_max);
    keys.put("repeats_window", log.repeats_window);
    keys.put("access_path", log.access_path);
    keys.put("access_format",
             log.access_format == config::AccessFormat::json ? "json" : "combined");
    keys.put("access_sampling", log.access_sampling);
    keys.put("access_errors_always", log.access_errors_always);
    keys.put("access_slow", log.access_slow);
}

/// The address as a whole is a secret: its path or query may be a token.
void put_webhook(Keys& keys, const config::Webhook& webhook) {
    static constexpr const char* kSeverities[] = {"info", "warning", "critical"};
    keys.put("name", webhook.name);
    keys.put("url", std::string(kHidden));
    keys.put("format", webhook.format == config::WebhookFormat::json ? "json" : "slack");
    keys.put("severity_min", kSeverities[static_cast<std::size_t>(webhook.severity_min)]);
    keys.put("events", webhook.events);
    keys.put("timeout", webhook.timeout);
    keys.put("retries_max", webhook.retries_max);
    keys.put("backoff_min", webhook.backoff_min);
    keys.put("backoff_max", webhook.backoff_max);
    put_headers(keys, "headers", webhook.headers);
    keys.put("ca_file", webhook.ca_file);
}

void put_alerts(Keys& keys, const config::Alerts& alerts) {
    keys.put("dedup_window", alerts.dedup_window);
    keys.put("escalate_after", alerts.escalate_after);
    keys.put("resolve_notices", alerts.resolve_notices);
    keys.put("queue_max", alerts.queue_max);
    keys.tables("webhook", alerts.webhooks,
                [&](const config::Webhook& webhook) { put_webhook(keys, webhook); });
}

/// What is not retired, in this order of places.
template <class T>
std::vector<T> in_use(const config::SharedVector<T>& all,
                      const std::vector<std::uint16_t>& places) {
    std::vector<T> found;
    for (const std::uint16_t place : places) found.push_back(all[place]);
    return found;
}

void put_shard(Keys& keys, const config::Shard& shard) {
    if (shard.cpu < 0) {
        keys.put_null("cpu");
    } else {
        keys.put("cpu", static_cast<unsigned>(shard.cpu));
    }
    keys.put("ring_entries", shard.ring_entries);
    keys.put("completion_entries", shard.completion_entries);
    keys.put("buffer_count", shard.buffer_count);
    keys.put("buffer_bytes", shard.buffer_bytes);
    keys.put("receive_credit_bytes", shard.receive_credit_bytes);
    keys.put("busy_poll", shard.busy_poll);
    keys.put("splice_min_bytes", shard.splice_min_bytes);
    keys.put("connections_max", shard.connections_max);
    keys.put("kernel_features_off", shard.kernel_features_off);
}

std::string text_of(const base::Network& network) {
    constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool is_v4 = network.prefix_bits >= 96 &&
                       std::equal(std::begin(kMapped), std::end(kMapped), network.address.bytes);
    char text[48];
    const std::size_t size = base::write_ip(network.address, !is_v4, text);
    return std::string(text, size) + "/" + std::to_string(network.prefix_bits - (is_v4 ? 96 : 0));
}

void put_listener(Keys& keys, const config::Listener& listener) {
    keys.put("name", listener.name);
    keys.put("address", listener.address.text());
    switch (listener.protocol) {
        case config::Protocol::http:
            keys.put("protocol", "http");
    }
    keys.put("backlog", listener.backlog);
    keys.list("trusted_proxies", listener.trusted_proxies,
              [&](const base::Network& network) { keys.json().text(text_of(network)); });
    keys.put("congestion_control", listener.congestion_control);
    keys.put("header_bytes_max", listener.head.bytes_max);
    keys.put("header_fields_max", listener.head.fields_max);
    keys.put("uri_bytes_max", listener.head.target_bytes_max);
    keys.put("body_bytes_max", listener.body_bytes_max);
    keys.put("connections_max", listener.connections_max);
    keys.put("connections_per_client_max", listener.connections_per_client_max);
    keys.put("pipeline_depth_max", listener.pipeline_depth_max);
    keys.put("requests_per_connection_max", listener.requests_per_connection_max);
    keys.put("header_timeout", listener.header_timeout);
    keys.put("body_timeout", listener.body_timeout);
    keys.put("idle_timeout", listener.idle_timeout);
    keys.put("send_timeout", listener.send_timeout);
    keys.put("linger_timeout", listener.linger_timeout);
    keys.put("request_timeout", listener.request_timeout);
    keys.put("tunnel_timeout", listener.tunnel_timeout);
}

void put_action(Keys& keys, const config::Config& config, const config::Route& route) {
    const auto name_of = [&](cluster::PoolIndex pool) { return config.pools[pool.value].name; };
    keys.put_given("pool", route.to_pool ? name_of(*route.to_pool) : "");
    if (!route.split) {
        keys.put_null("split");
    } else {
        keys.tables("split", route.split->targets, [&](const auto& target) {
            keys.put("pool", name_of(target.first));
            keys.put("weight", target.second);
        });
    }
    if (!route.redirect) {
        keys.put_null("redirect");
    } else {
        keys.table("redirect", [&] {
            keys.put("status", route.redirect->status);
            keys.put("scheme", route.redirect->scheme);
            keys.put("host", route.redirect->host);
            keys.put("path", route.redirect->path);
            keys.put("keep_query", route.redirect->keep_query);
        });
    }
    if (!route.respond) return keys.put_null("respond");
    keys.table("respond", [&] {
        keys.put("status", route.respond->status);
        keys.put("body", route.respond->body);
        keys.put("content_type", route.respond->content_type);
    });
}

void put_route(Keys& keys, const config::Config& config, const config::Route& route) {
    keys.put("name", route.name);
    keys.put_given("place", route.config_place);
    keys.list("listener", route.listeners,
              [&](std::uint16_t index) { keys.json().text(config.listeners[index].name); });
    keys.put("host", route.hosts);
    keys.put_given("path", route.path);
    keys.put_given("path_prefix", route.path_prefix);
    keys.put_given("path_regex", route.path_regex);
    keys.put("method", route.methods);
    put_matches(keys, "headers", route.headers);
    put_matches(keys, "query", route.queries);
    put_action(keys, config, route);
    keys.put("strip_prefix", route.strip_prefix);
    keys.put_given("rewrite", route.rewrite);
    put_header_edits(keys, "request_headers", route.request_headers);
    put_header_edits(keys, "response_headers", route.response_headers);
    keys.put("request_timeout", route.request_timeout);
}

void put_upstream(Keys& keys, const config::Upstream& upstream) {
    keys.put("name", upstream.name);
    keys.put("address", upstream.address);
    keys.put("weight", upstream.weight);
    keys.put("priority", upstream.priority);
    keys.put("backup", upstream.backup);
    keys.put("connections_max", upstream.connections_max);
    keys.put("in_flight_max", upstream.in_flight_max);
    put_headers(keys, "headers", upstream.request_headers);
    keys.put("host_header", upstream.host_header);
}

std::string hash_text(const config::HashKey& key) {
    using Kind = config::HashKey::Kind;
    switch (key.kind) {
        case Kind::client_address:
            break;
        case Kind::header:
            return "header:" + key.name;
        case Kind::cookie:
            return "cookie:" + key.name;
        case Kind::query:
            return "query:" + key.name;
        case Kind::path:
            return "path";
    }
    return "client_address";
}

void put_retry(Keys& keys, const config::Retry& retry) {
    keys.put("attempts_max", retry.attempts_max);
    keys.put("unsafe", retry.unsafe);
    keys.put("repeat_refused", retry.repeat_refused);
    keys.put("buffer_bytes", retry.buffer_bytes);
    keys.list("statuses", retry.statuses,
              [&](std::uint16_t status) { keys.json().number(status); });
    keys.put("budget_percent", retry.budget_percent);
    keys.put("budget_per_second", retry.budget_per_second);
    keys.put("backoff_min", retry.backoff_min);
    keys.put("backoff_max", retry.backoff_max);
}

void put_hedge(Keys& keys, const config::Hedge& hedge) {
    keys.put("quantile", hedge.quantile);
    keys.put("delay_min", hedge.delay_min);
    keys.put("percent_max", hedge.percent_max);
    keys.put("connect", hedge.connect);
    keys.put("connect_delay_min", hedge.connect_delay_min);
}

void put_breaker(Keys& keys, const config::Breaker& breaker) {
    keys.put("enabled", breaker.enabled);
    keys.put("failure_threshold", breaker.failure_threshold);
    keys.put("error_percent", breaker.error_percent);
    keys.put("window", breaker.window);
    keys.put("requests_min", breaker.requests_min);
    keys.put("recovery_timeout", breaker.recovery_timeout);
    keys.put("recovery_max", breaker.recovery_max);
    keys.put("max_trial_requests", breaker.max_trial_requests);
    keys.put("success_threshold", breaker.success_threshold);
}

void put_outlier(Keys& keys, const config::Outlier& outlier) {
    keys.put("enabled", outlier.enabled);
    keys.put("consecutive", outlier.consecutive);
    keys.put("error_percent", outlier.error_percent);
    keys.put("latency_factor", outlier.latency_factor);
    keys.put("latency_excess_min", outlier.latency_excess_min);
    keys.put("window", outlier.window);
    keys.put("requests_min", outlier.requests_min);
    keys.put("ejection_time", outlier.ejection_time);
    keys.put("ejection_max", outlier.ejection_max);
    keys.put("max_ejected_percent", outlier.max_ejected_percent);
}

void put_suspicion(Keys& keys, const config::Suspicion& suspicion) {
    keys.put("enabled", suspicion.enabled);
    keys.put("quantile", suspicion.quantile);
    keys.put("factor", suspicion.factor);
    keys.put("overdue_min", suspicion.overdue_min);
    keys.put("overdue_max", suspicion.overdue_max);
    keys.put("probe_min", suspicion.probe_min);
    keys.put("probe_max", suspicion.probe_max);
    keys.put("max_out_percent", suspicion.max_out_percent);
}

void put_content(Keys& keys, const config::ContentRule& rule) {
    using Kind = config::ContentRule::Kind;
    keys.put_given("pointer", rule.pointer);
    switch (rule.kind) {
        case Kind::contains:
            return keys.put("contains", rule.value);
        case Kind::exists:
            return keys.put("exists", true);
        case Kind::non_empty_array:
            return keys.put("non_empty_array", true);
        case Kind::equals:
            return keys.put("equals", rule.value);
        case Kind::matches:
            return keys.put("matches", rule.value);
    }
}

void put_check(Keys& keys, const config::HealthCheck& check) {
    static constexpr const char* kKinds[] = {"tcp", "http", "agent"};
    keys.put("name", check.name);
    keys.put("kind", kKinds[static_cast<std::size_t>(check.kind)]);
    keys.put("enabled", check.enabled);
    keys.put("initial_delay", check.initial_delay);
    keys.put("interval", check.interval);
    keys.put("fast_interval", check.fast_interval);
    keys.put("timeout", check.timeout);
    keys.put("fall", check.fall);
    keys.put("rise", check.rise);
    keys.put("expected_latency", check.expected_latency);
    keys.put("retries", check.retries);
    keys.put("retry_delay", check.retry_delay);
    keys.put("jitter_percent", check.jitter_percent);
    keys.put("port", check.port);
    keys.put("send", check.send);
    keys.put("expect", check.expect);
    keys.put("path", check.path);
    keys.put("method", check.method);
    keys.put("host", check.host);
    put_headers(keys, "headers", check.headers);
    keys.put("body", check.body);
    keys.list("expected_statuses", check.expected_statuses, [&](const config::StatusRange& range) {
        const std::string first = std::to_string(range.first);
        keys.json().text(range.first == range.last ? first
                                                   : first + "-" + std::to_string(range.last));
    });
    keys.put("follow_redirects", check.follow_redirects);
    keys.put("keep_alive", check.keep_alive);
    keys.put("max_body", check.max_body);
    keys.tables("content", check.content,
                [&](const config::ContentRule& rule) { put_content(keys, rule); });
}

void put_pool(Keys& keys, const config::Pool& pool) {
    static constexpr const char* kBalances[] = {"round_robin", "least_request", "p2c",
                                                "peak_ewma",   "maglev",        "random"};
    keys.put("name", pool.name);
    keys.put("balance", kBalances[static_cast<std::size_t>(pool.balance)]);
    keys.put("hash_on", hash_text(pool.hash_key));
    if (pool.affinity.cookie.empty()) {
        keys.put_null("affinity");
    } else {
        keys.table("affinity", [&] {
            keys.put("cookie", pool.affinity.cookie);
            keys.put("path", pool.affinity.path);
            keys.put("max_age", pool.affinity.max_age);
        });
    }
    keys.put("idle_connections_max", pool.idle_connections_max);
    keys.put("idle_connections_min", pool.idle_connections_min);
    keys.put("requests_per_connection_max", pool.requests_per_connection_max);
    keys.put("response_head_bytes_max", pool.response_head_bytes_max);
    keys.table("retry", [&] { put_retry(keys, pool.retry); });
    keys.table("hedge", [&] { put_hedge(keys, pool.hedge); });
    keys.table("queue", [&] {
        keys.put("length_max", pool.queue.length_max);
        keys.put("wait_max", pool.queue.wait_max);
    });
    keys.table("health", [&] {
        keys.put("degraded_weight_percent", pool.health.degraded_weight_percent);
        keys.put("panic_percent", pool.health.panic_percent);
        keys.put("app_name", pool.health.app_name);
        keys.tables("check", pool.health.checks,
                    [&](const config::HealthCheck& check) { put_check(keys, check); });
    });
    keys.table("suspicion", [&] { put_suspicion(keys, pool.suspicion); });
    keys.table("outlier", [&] { put_outlier(keys, pool.outlier); });
    keys.table("breaker", [&] { put_breaker(keys, pool.breaker); });
    keys.put("connect_timeout", pool.connect_timeout);
    keys.put("first_byte_timeout", pool.first_byte_timeout);
    keys.put("response_timeout", pool.response_timeout);
    keys.put("send_timeout", pool.send_timeout);
    keys.put("idle_timeout", pool.idle_timeout);
    keys.put("slow_start", pool.slow_start);
    keys.put("resolve_period", pool.resolve_period);
    std::vector<config::Upstream> upstreams = pool.upstreams;
    std::erase_if(upstreams, &config::Upstream::retired);
    keys.tables("upstream", upstreams,
                [&](const config::Upstream& upstream) { put_upstream(keys, upstream); });
}

}  // namespace

std::string config_json(const config::Config& config) {
    std::string out;
    JsonWriter json(out);
    Keys keys(json);
    json.open_object();
    keys.put("file", config.file);
    keys.table("process", [&] { put_process(keys, config.process); });
    keys.table("admin", [&] { put_admin(keys, config.admin); });
    keys.table("log", [&] { put_log(keys, config.log); });
    keys.table("alerts", [&] { put_alerts(keys, config.alerts); });
    keys.table("shards", [&] {
        keys.put("count", config.shards.size());
        keys.tables("cpu", config.shards,
                    [&](const config::Shard& shard) { put_shard(keys, shard); });
    });
    keys.tables("listener", in_use(config.listeners, config::places_in_use(config.listeners)),
                [&](const config::Listener& listener) { put_listener(keys, listener); });
    keys.tables("route", in_use(config.routes, config::route_order(config)),
                [&](const config::Route& route) { put_route(keys, config, route); });
    keys.tables("pool", in_use(config.pools, config::places_in_use(config.pools)),
                [&](const config::Pool& pool) { put_pool(keys, pool); });
    json.close_object();
    return out + '\n';
}

}  // namespace ringway::control
