// The standard admin endpoints. Admin server's thread.
#include "ringway/control/endpoints.h"

#include <algorithm>
#include <charconv>
#include <expected>

#include "ringway/control/status.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

constexpr std::string_view kUpstreamPath = "/upstreams/";

/// Calls read(view). The thread is registered as a reader for the length of the call only, so that
/// it never holds up a publish while it waits.
template <class Read>
auto with_view(const EndpointSources& sources, Read read) {
    const base::RcuReader reader;
    return read(*sources.board.read());
}

AdminReply readyz(const EndpointSources& sources) {
    const auto reason = with_view(sources, [&](const cluster::View& view) {
        return unready_reason(sources.phase.load(std::memory_order_relaxed), sources.config, view);
    });
    if (reason) return text_reply(503, "not ready: " + *reason + "\n");
    return text_reply(200, "ready\n");
}

/// The checks of all upstreams, as the metrics page shows them. Names are views of the
/// configuration's.
std::vector<observe::CheckFacts> read_checks(const EndpointSources& sources) {
    std::vector<observe::CheckFacts> all;
    for (std::size_t pool = 0; pool < sources.config.pools.size(); ++pool) {
        const config::Pool& owner = sources.config.pools[pool];
        for (std::size_t upstream = 0; upstream < owner.upstreams.size(); ++upstream) {
            for (std::size_t check = 0; check < owner.health.checks.size(); ++check) {
                if (!owner.health.checks[check].enabled) continue;
                const auto report = sources.checks.read(pool, upstream, check);
                all.push_back({.place = {{static_cast<std::uint16_t>(pool)},
                                         {static_cast<std::uint16_t>(upstream)}},
                               .check = owner.health.checks[check].name,
                               .passed = report.passed,
                               .failed = report.failed,
                               .rate_limited = report.rate_limited,
                               .credentials = report.credentials,
                               .ewma = report.ewma,
                               .p95 = report.p95});
            }
        }
    }
    return all;
}

std::vector<observe::EventCounts> read_control_events(const EndpointSources& sources) {
    std::vector<observe::EventCounts> pools(sources.config.pools.size());
    for (std::size_t pool = 0; pool < pools.size(); ++pool) {
        for (std::size_t kind = 0; kind < observe::kEventKinds; ++kind) {
            pools[pool][kind] = sources.chronicle.control_events(
                {static_cast<std::uint16_t>(pool)}, static_cast<observe::EventKind>(kind));
        }
    }
    return pools;
}

AdminReply metrics(const EndpointSources& sources) {
    observe::ProcessFacts facts = read_process_facts();
    facts.draining = sources.phase.load(std::memory_order_relaxed) == Phase::draining;
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
    std::vector<observe::WebhookFacts> webhooks;
    if (sources.alerts != nullptr) {
        webhooks = sources.alerts->facts();
        facts.alert_events_dropped = sources.alerts->events_dropped();
    }

    const auto checks = read_checks(sources);
    const auto control_events = read_control_events(sources);
    AdminReply reply;
    reply.content_type = observe::kExpositionType;
    reply.body = with_view(sources, [&](const cluster::View& view) {
        return observe::exposition_text(
            {sources.config, sources.shards, view, facts, checks, control_events, webhooks});
    });
    return reply;
}

/// A page of status.h as a reply.
template <class Page>
AdminReply status_reply(const EndpointSources& sources, Page page) {
    AdminReply reply;
    reply.body = with_view(sources, [&](const cluster::View& view) {
        return page(
            Status{sources.config, view, sources.shards, sources.checks, read_clocks(),
                   [&](cluster::Place place) { return sources.chronicle.latency_ewma(place); }});
    });
    return reply;
}

AdminReply one_upstream(const EndpointSources& sources, std::string_view path) {
    path.remove_prefix(kUpstreamPath.size());
    const auto place = place_of_path(sources.config, path);
    if (!place) return error_reply(404, "there is no such upstream");
    return status_reply(sources,
                        [&](const Status& status) { return upstream_json(status, *place); });
}

/// A member of a query as a whole number: nothing when it is not there, an error when it is none.
std::expected<std::optional<std::uint64_t>, std::string> number_in(std::string_view query,
                                                                   std::string_view name) {
    while (!query.empty()) {
        const std::string_view member = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(member.size() + 1, query.size()));
        if (member.substr(0, member.find('=')) != name) continue;
        const std::string_view value =
            member.size() > name.size() ? member.substr(name.size() + 1) : "";
        std::uint64_t number = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{} || end != value.data() + value.size()) {
            return std::unexpected("`" + std::string(name) + "` is not a whole number");
        }
        return number;
    }
    return std::nullopt;
}

AdminReply events(const EndpointSources& sources, std::string_view query) {
    const auto after = number_in(query, "after");
    if (!after) return error_reply(400, after.error());
    const auto limit = number_in(query, "limit");
    if (!limit) return error_reply(400, limit.error());
    const std::size_t most =
        std::min<std::uint64_t>(limit->value_or(Chronicle::kKept), Chronicle::kKept);
    AdminReply reply;
    observe::JsonWriter json(reply.body);
    json.open_array();
    const auto told = after->has_value() ? sources.chronicle.events_after(**after, most)
                                         : sources.chronicle.events_last(most);
    for (const observe::Told& event : told) observe::put_event(json, event, sources.config);
    json.close_array();
    reply.body += '\n';
    return reply;
}

}  // namespace

std::optional<std::string> unready_reason(Phase phase, const config::Config& config,
                                          const cluster::View& view) {
    switch (phase) {
        case Phase::starting:
            return "starting";
        case Phase::draining:
            return "draining";
        case Phase::accepting:
            break;
    }
    for (std::size_t i = 0; i < view.pools.size(); ++i) {
        const auto& upstreams = view.pools[i]->upstreams;
        if (std::ranges::none_of(upstreams, &cluster::UpstreamView::eligible)) {
            return "pool " + config.pools[i].name + " has no eligible upstream";
        }
    }
    return {};
}

std::vector<AdminEndpoint> standard_endpoints(const EndpointSources& sources) {
    const std::vector<http::Method> get = {http::Method::get};
    return {
        {"/healthz", get, [](const AdminRequest&) { return text_reply(200, "ok\n"); }},
        {"/readyz", get, [sources](const AdminRequest&) { return readyz(sources); }},
        {"/metrics", get, [sources](const AdminRequest&) { return metrics(sources); }},
        {"/upstreams", get,
         [sources](const AdminRequest&) { return status_reply(sources, upstreams_json); }},
        {std::string(kUpstreamPath), get,
         [sources](const AdminRequest& request) { return one_upstream(sources, request.path); },
         true},
        {"/pools", get,
         [sources](const AdminRequest&) { return status_reply(sources, pools_json); }},
        {"/breakers", get,
         [sources](const AdminRequest&) { return status_reply(sources, breakers_json); }},
        {"/events", get,
         [sources](const AdminRequest& request) { return events(sources, request.query); }},
    };
}

}  // namespace ringway::control
