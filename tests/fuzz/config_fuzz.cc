// Any text is a configuration or a list of errors: parse() neither crashes nor throws nor leaks,
// what it accepts holds the bounds that the data plane relies on, and its errors are printable
// lines in order.
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "ringway/base/assert.h"
#include "ringway/config/load.h"

namespace {

using namespace ringway;

void check_errors(const std::vector<config::Error>& errors) {
    RW_ASSERT(!errors.empty());
    const config::Error* last = nullptr;
    for (const config::Error& error : errors) {
        RW_ASSERT(!error.message.empty());
        for (const char c : error.text()) {
            RW_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
        }
        if (last != nullptr) {
            RW_ASSERT(std::tie(last->line, last->column, last->message) <
                      std::tie(error.line, error.column, error.message));
        }
        last = &error;
    }
}

void check_edits(const std::vector<config::HeaderEdit>& edits) {
    for (const config::HeaderEdit& edit : edits) {
        RW_ASSERT(!edit.name.empty());
        RW_ASSERT(edit.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
}

void check_route(const config::Config& config, const config::Route& route) {
    RW_ASSERT(route.to_pool.has_value() + route.split.has_value() + route.redirect.has_value() +
                  route.respond.has_value() ==
              1);
    for (const std::uint16_t listener : route.listeners)
        RW_ASSERT(listener < config.listeners.size());
    if (route.to_pool) RW_ASSERT(route.to_pool->value < config.pools.size());
    if (route.split) {
        std::uint64_t total = 0;
        for (const auto& [pool, weight] : route.split->targets) {
            RW_ASSERT(pool.value < config.pools.size());
            total += weight;
        }
        RW_ASSERT(total > 0);
    }
    check_edits(route.request_headers);
    check_edits(route.response_headers);
}

void check_health_check(const config::HealthCheck& check) {
    RW_ASSERT(!check.name.empty());
    RW_ASSERT(check.timeout > base::Duration(0) && check.timeout <= check.interval);
    RW_ASSERT(check.fast_interval > base::Duration(0) && check.fast_interval <= check.interval);
    RW_ASSERT(check.fall >= 1 && check.rise >= 1 && check.retries <= 10);
    RW_ASSERT(check.path.find_first_of(std::string_view("\r\n\0 ", 4)) == std::string::npos);
    RW_ASSERT(check.path.starts_with('/') || check.kind == config::CheckKind::agent);
    RW_ASSERT(check.body.empty() || check.method == "POST" || check.method == "PUT");
    RW_ASSERT(!check.expected_statuses.empty() && check.max_body > 0);
    for (const config::StatusRange& range : check.expected_statuses)
        RW_ASSERT(range.first >= 200 && range.first <= range.last && range.last <= 599);
    for (const config::ContentRule& rule : check.content)
        RW_ASSERT(rule.pointer.empty() || rule.pointer.starts_with('/'));
    check_edits(check.headers);
}

void check_failover(const config::Pool& pool) {
    constexpr base::Duration kSecond = std::chrono::seconds(1);
    RW_ASSERT(pool.idle_connections_min <= pool.idle_connections_max);
    RW_ASSERT(pool.retry.attempts_max >= 1 && pool.retry.backoff_min <= pool.retry.backoff_max);
    RW_ASSERT(pool.hedge.quantile == 0 || pool.hedge.quantile >= 0.5);
    RW_ASSERT(pool.hedge.quantile <= 0.999 && pool.suspicion.quantile <= 0.999);
    RW_ASSERT(pool.suspicion.overdue_min <= pool.suspicion.overdue_max);
    RW_ASSERT(pool.suspicion.probe_min <= pool.suspicion.probe_max);
    RW_ASSERT(pool.suspicion.factor >= 1);
    RW_ASSERT(pool.outlier.ejection_time <= pool.outlier.ejection_max);
    RW_ASSERT(pool.outlier.latency_factor == 0 || pool.outlier.latency_factor >= 1.5);
    RW_ASSERT(pool.breaker.success_threshold <= pool.breaker.max_trial_requests);
    RW_ASSERT(pool.breaker.recovery_timeout <= pool.breaker.recovery_max);
    for (const base::Duration window : {pool.outlier.window, pool.breaker.window})
        RW_ASSERT(window >= kSecond && window <= 60 * kSecond && window % kSecond == window.zero());
    RW_ASSERT(pool.health.checks.size() <= base::kChecksPerPoolMax);
    for (const config::HealthCheck& check : pool.health.checks) check_health_check(check);
}

void check_config(const config::Config& config) {
    RW_ASSERT(!config.shards.empty() && !config.listeners.empty() && !config.routes.empty());
    for (const config::Shard& shard : config.shards) {
        RW_ASSERT(shard.completion_entries >= 2 * shard.ring_entries);
        RW_ASSERT(shard.buffer_count <= 32768);
    }
    for (const config::Listener& listener : config.listeners) {
        RW_ASSERT(listener.address.raw_size() > 0);
        RW_ASSERT(listener.head.target_bytes_max <= listener.head.bytes_max);
        RW_ASSERT(listener.head.fields_max <= base::kFieldsMax);
    }
    for (const config::Route& route : config.routes) check_route(config, route);
    for (const config::Pool& pool : config.pools) {
        RW_ASSERT(!pool.upstreams.empty() && !pool.name.empty());
        check_failover(pool);
        for (const config::Upstream& upstream : pool.upstreams) {
            RW_ASSERT(upstream.literal.has_value() ||
                      (!upstream.host.empty() && upstream.port > 0));
            RW_ASSERT(upstream.weight > 0);
            check_edits(upstream.request_headers);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    setenv("RINGWAY_FUZZ_SECRET", "s", 1);
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto config = config::parse(text, "f", {{0, 1}});
    if (config) {
        check_config(*config);
    } else {
        check_errors(config.error());
    }
    return 0;
}
