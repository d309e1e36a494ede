// From the state to the document.
#include "ringway/control/state_image.h"

#include <fmt/format.h>

#include "ringway/base/hash.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using cluster::UpstreamState;
using observe::JsonWriter;

void write_ns(JsonWriter& json, std::string_view name, base::Duration value) {
    if (value <= base::Duration::zero()) return;
    json.key(name).number(static_cast<std::uint64_t>(base::to_ns(value)));
}

void write_ns(JsonWriter& json, std::string_view name, base::Instant at) {
    write_ns(json, name, at.time_since_epoch());
}

void write_count(JsonWriter& json, std::string_view name, std::uint64_t value) {
    if (value != 0) json.key(name).number(value);
}

void write_breaker(JsonWriter& json, const cluster::BreakerView& breaker) {
    json.key("breaker").open_object();
    json.key("phase").text(cluster::name_of(breaker.phase));
    write_count(json, "trials", breaker.trials);
    write_count(json, "successes", breaker.successes);
    write_count(json, "openings", breaker.openings);
    write_ns(json, "until", breaker.until);
    json.close_object();
}

void write_latency(JsonWriter& json, const health::LatencyMemory& latency) {
    if (latency.empty()) return;
    json.key("latency").open_object();
    if (latency.srtt >= base::Duration::zero()) {
        json.key("srtt").number(static_cast<std::uint64_t>(base::to_ns(latency.srtt)));
        write_ns(json, "rttvar", latency.rttvar);
    }
    json.key("counts").open_array();
    for (const std::uint32_t count : latency.counts) json.number(count);
    json.close_array();
    json.close_object();
}

void write_times(JsonWriter& json, const cluster::UpstreamView& view) {
    json.key("time_in_state").open_object();
    for (std::size_t i = 0; i < cluster::kUpstreamStates; ++i) {
        write_ns(json, cluster::name_of(static_cast<UpstreamState>(i)), view.time_in_state[i]);
    }
    json.close_object();
}

void write_upstream(JsonWriter& json, const config::Upstream& config,
                    const cluster::UpstreamView& view, const health::LatencyMemory* latency) {
    json.open_object();
    json.key("name").text(config.name);
    json.key("address").text(config.address);
    json.key("addresses").open_array();
    for (const base::SocketAddress& address : view.addresses) json.text(address.text());
    json.close_array();
    json.key("state").text(cluster::name_of(view.state));
    json.key("reason").text(cluster::name_of(view.reason));
    write_ns(json, "state_since", view.state_since);
    write_times(json, view);
    write_ns(json, "out_since", view.out_since);
    write_ns(json, "ejected_until", view.ejected_until);
    write_count(json, "ejections", view.ejections);
    write_ns(json, "readmitted_at", view.readmitted_at);
    json.key("ejected_for").text(cluster::name_of(view.ejected_for));
    write_ns(json, "cooling_until", view.cooling_until);
    json.key("credentials_fault").boolean(view.credentials_fault);
    json.key("agent_percent").number(std::uint64_t{view.agent_percent});
    if (view.weight_by_hand) json.key("weight_by_hand").number(*view.weight_by_hand);
    write_breaker(json, view.breaker);
    if (latency != nullptr) write_latency(json, *latency);
    json.close_object();
}

}  // namespace

std::uint64_t digest_of(const config::Health& health) {
    base::Fnv1a64 digest;
    const auto add = [&digest](std::string_view text) {
        digest.add(fmt::format("{}:", text.size()));
        digest.add(text);
    };
    for (const config::HealthCheck& check : health.checks) {
        if (!check.enabled) continue;
        for (const std::string* text : {&check.name, &check.send, &check.expect, &check.path,
                                        &check.method, &check.host, &check.body}) {
            add(*text);
        }
        add(fmt::format("{} {} {} {}", static_cast<int>(check.kind), check.port, check.fall,
                        check.rise));
        for (const config::StatusRange& range : check.expected_statuses)
            add(fmt::format("{}-{}", range.first, range.last));
    }
    return digest.value();
}

std::string write_state(const cluster::View& view, const shard::ShardMemory& memory) {
    const config::Config& config = *view.config;
    std::string document;
    JsonWriter json(document);
    json.open_object();
    json.key("version").number(1u);
    json.key("pools").open_array();
    for (const std::uint16_t i : config::places_in_use(config.pools)) {
        const config::Pool& pool = config.pools[i];
        json.open_object();
        json.key("name").text(pool.name);
        json.key("checks").text(fmt::format("{:016x}", digest_of(pool.health)));
        if (i < memory.retry_budgets.size()) {
            json.key("budget").open_object();
            json.key("requests").number(memory.retry_budgets[i].requests);
            json.key("retries").number(memory.retry_budgets[i].retries);
            json.close_object();
        }
        json.key("upstreams").open_array();
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            if (pool.upstreams[k].retired) continue;
            const bool known = i < memory.latencies.size() && k < memory.latencies[i].size();
            write_upstream(json, pool.upstreams[k], view.pools[i]->upstreams[k],
                           known ? &memory.latencies[i][k] : nullptr);
        }
        json.close_array();
        json.close_object();
    }
    json.close_array();
    json.close_object();
    return document;
}

}  // namespace ringway::control
