// The standard admin endpoints. Admin server's thread.
#include "ringway/control/endpoints.h"

#include <algorithm>
#include <memory>

#include "endpoint_reads.h"
#include "event_stream.h"
#include "openapi.h"
#include "operation_endpoints.h"
#include "ringway/control/config_json.h"
#include "ringway/control/process_status.h"
#include "ringway/control/traffic_rates.h"
#include "route_explain.h"
#include "upstream_changes.h"

namespace ringway::control {
namespace {

AdminReply readyz(const EndpointSources& sources) {
    const auto reason = with_view(sources, [&](const cluster::View& view) {
        return unready_reason(sources.phase.load(std::memory_order_relaxed), view);
    });
    if (reason) return text_reply(503, "not ready: " + *reason + "\n");
    return text_reply(200, "ready\n");
}

/// The checks of all upstreams, as the metrics page shows them. Names are views of the
/// configuration's.
std::vector<observe::CheckFacts> read_checks(const EndpointSources& sources,
                                             const config::Config& config) {
    std::vector<observe::CheckFacts> all;
    for (const cluster::Place& place : config::upstreams_in_use(config)) {
        for (const config::HealthCheck& check : config.pools[place.pool.value].health.checks) {
            if (!check.enabled) continue;
            const auto report = sources.checks.read(place, check.name);
            all.push_back({.place = place,
                           .check = check.name,
                           .passed = report.passed,
                           .failed = report.failed,
                           .rate_limited = report.rate_limited,
                           .credentials = report.credentials,
                           .ewma = report.ewma,
                           .p95 = report.p95});
        }
    }
    return all;
}

std::vector<observe::EventCounts> read_control_events(const EndpointSources& sources,
                                                      const config::Config& config) {
    std::vector<observe::EventCounts> pools(config.pools.size());
    for (std::size_t pool = 0; pool < pools.size(); ++pool) {
        for (std::size_t kind = 0; kind < observe::kEventKinds; ++kind) {
            pools[pool][kind] = sources.chronicle.control_events(
                {static_cast<std::uint16_t>(pool)}, static_cast<observe::EventKind>(kind));
        }
    }
    return pools;
}

observe::ProcessFacts read_facts(const EndpointSources& sources) {
    observe::ProcessFacts facts = read_process_facts();
    facts.draining = sources.phase.load(std::memory_order_relaxed) == Phase::draining;
    if (sources.operations.reload_facts) facts.reload = sources.operations.reload_facts();
    const LogWriter::Counts log = sources.access_log.counts();
    facts.access_lines = log.lines;
    facts.access_lines_lost = log.lines_lost;
    facts.access_write_failures = log.write_failures;
    const Resolver::Counts names = sources.resolver.counts();
    facts.name_lookups = names.lookups;
    facts.name_lookup_failures = names.failures;
    facts.admin_requests = sources.server.requests();
    facts.events_lost = sources.board.events_lost();
    if (sources.log != nullptr) {
        const Log::Counts lines = sources.log->counts();
        facts.log_lines = lines.lines;
        facts.log_lines_lost = lines.lost;
        facts.log_lines_held_back = lines.held_back;
    }
    if (sources.alerts != nullptr) facts.alert_events_dropped = sources.alerts->events_dropped();
    return facts;
}

AdminReply metrics(const EndpointSources& sources) {
    const observe::ProcessFacts facts = read_facts(sources);
    std::vector<observe::WebhookFacts> webhooks;
    if (sources.alerts != nullptr) webhooks = sources.alerts->facts();
    AdminReply reply;
    reply.content_type = observe::kExpositionType;
    reply.body = with_view(sources, [&](const cluster::View& view) {
        const auto checks = read_checks(sources, *view.config);
        const auto control_events = read_control_events(sources, *view.config);
        return observe::exposition_text(
            {*view.config, sources.shards, view, facts, checks, control_events, webhooks});
    });
    return reply;
}

AdminReply one_upstream(const EndpointSources& sources, std::string_view path) {
    path.remove_prefix(std::string_view("/upstreams/").size());
    AdminReply reply = status_reply(sources, [&](const Status& status) {
        const auto place = place_of_path(status.config, path);
        return place ? upstream_json(status, *place) : std::string();
    });
    if (reply.body.empty())
        return error_reply(404, "no_such_upstream", "there is no such upstream");
    return reply;
}

AdminReply one_pool(const EndpointSources& sources, std::string_view path) {
    path.remove_prefix(std::string_view("/pools/").size());
    AdminReply reply = status_reply(sources, [&](const Status& status) {
        const auto pool = pool_of_path(status.config, path);
        return pool ? pool_json(status, *pool) : std::string();
    });
    if (reply.body.empty()) return error_reply(404, "no_such_pool", "there is no such pool");
    return reply;
}

/// A page of process_status.h.
template <class Page>
AdminReply process_reply(const EndpointSources& sources, const TrafficRates& rates, Page page) {
    const observe::ProcessFacts facts = read_facts(sources);
    const TrafficTotals totals = sum_of_traffic(sources.shards);
    const Operations& operations = sources.operations;
    return status_reply(sources, [&](const Status& status) {
        return page(ProcessStatus{
            .status = status,
            .phase = sources.phase.load(std::memory_order_relaxed),
            .facts = facts,
            .totals = totals,
            .rate = rates.read(status.moment.now, totals),
            .last_event_id = newest_event(sources),
            .drain_left = operations.drain_left ? operations.drain_left() : std::nullopt});
    });
}

AdminReply shards(const EndpointSources& sources) {
    const auto cpu_times = read_shard_cpu_times(sources.shards.size());
    return status_reply(sources,
                        [&](const Status& status) { return shards_json(status, cpu_times); });
}

AdminReply drain(const EndpointSources& sources, const TrafficRates& rates, bool begin) {
    if (begin) {
        if (!sources.operations.drain) {
            return error_reply(501, "not_available", "this process cannot do that");
        }
        if (!change_unless_handing_over(sources, sources.operations.drain))
            return handing_over_reply();
    }
    return process_reply(sources, rates, drain_json);
}

AdminReply json_reply(std::string body) {
    AdminReply reply;
    reply.body = std::move(body);
    return reply;
}

std::vector<AdminEndpoint> state_endpoints(const EndpointSources& sources,
                                           const std::shared_ptr<TrafficRates>& rates) {
    std::vector<AdminEndpoint> endpoints;
    const auto add = [&](const char* path, const auto& reply) {
        endpoints.push_back(
            read_endpoint(path, [reply](const AdminRequest& request) { return reply(request); }));
    };
    const auto add_below = [&](const char* path, const auto& reply) {
        endpoints.push_back(read_endpoint(
            path, [reply](const AdminRequest& request) { return reply(request.path); }, true));
    };
    using Request = const AdminRequest&;
    add("/healthz", [](Request) { return text_reply(200, "ok\n"); });
    add("/readyz", [sources](Request) { return readyz(sources); });
    add("/metrics", [sources](Request) { return metrics(sources); });
    add("/openapi.json", [](Request) { return json_reply(std::string(kOpenApi)); });
    add("/config", [sources](Request) { return json_reply(config_json(*sources.board.config())); });
    add("/status",
        [sources, rates](Request) { return process_reply(sources, *rates, status_json); });
    add("/shards", [sources](Request) { return shards(sources); });
    add("/pools", [sources](Request) { return status_reply(sources, pools_json); });
    add_below("/pools/", [sources](std::string_view path) { return one_pool(sources, path); });
    add("/upstreams", [sources](Request) { return status_reply(sources, upstreams_json); });
    add_below("/upstreams/",
              [sources](std::string_view path) { return one_upstream(sources, path); });
    add("/breakers", [sources](Request) { return status_reply(sources, breakers_json); });
    add("/events", [sources](Request request) { return events_reply(sources, request); });
    add("/routes/explain", [sources](Request request) {
        return explain_reply(*sources.board.config(), request.query);
    });
    endpoints.push_back({.path = "/drain",
                         .methods = {http::Method::get, http::Method::post},
                         .handler = [sources, rates](Request request) {
                             return drain(sources, *rates, request.method == http::Method::post);
                         }});
    return endpoints;
}

}  // namespace

std::optional<std::string> unready_reason(Phase phase, const cluster::View& view) {
    switch (phase) {
        case Phase::starting:
            return "starting";
        case Phase::draining:
            return "draining";
        case Phase::accepting:
            break;
    }
    for (const std::uint16_t pool : config::places_in_use(view.config->pools)) {
        const auto& upstreams = view.pools[pool]->upstreams;
        if (std::ranges::none_of(upstreams, &cluster::UpstreamView::eligible)) {
            return "pool " + view.config->pools[pool].name + " has no eligible upstream";
        }
    }
    return {};
}

std::vector<AdminEndpoint> standard_endpoints(const EndpointSources& sources,
                                              const std::shared_ptr<TrafficRates>& rates) {
    std::vector<AdminEndpoint> all = state_endpoints(sources, rates);
    for (auto& endpoint : change_endpoints(sources)) all.push_back(std::move(endpoint));
    for (auto& endpoint : operation_endpoints(sources)) all.push_back(std::move(endpoint));
    return all;
}

void add_standard_endpoints(AdminServer& server, const EndpointSources& sources) {
    const auto rates = std::make_shared<TrafficRates>();
    const auto tick = [rates, shards = sources.shards] {
        rates->tick(read_clocks().now, sum_of_traffic(shards));
    };
    tick();
    server.every_second(tick);
    server.add(standard_endpoints(sources, rates));
}

}  // namespace ringway::control
