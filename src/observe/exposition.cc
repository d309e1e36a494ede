// The metrics page. Each family is a row of a table that names the counter it reads, so that a new
// counter is one line here and one in docs/metrics.md. Control thread; no state.
#include "ringway/observe/exposition.h"

#include <utility>

#include "metrics_page.h"
#include "upstream_families.h"

namespace ringway::observe {
namespace {

constexpr Row<ShardCounters> kShardRows[] = {
    {{"ringway_shard_turns_total", Type::counter, "Passes of the shard's event loop."},
     &ShardCounters::turns},
    {{"ringway_shard_completions_total", Type::counter, "Kernel completions handled."},
     &ShardCounters::completions},
    {{"ringway_shard_exchanges_total", Type::counter,
      "Requests taken up, whatever became of them."},
     &ShardCounters::exchanges},
    {{"ringway_shard_exchanges_active", Type::gauge, "Requests being served now."},
     &ShardCounters::exchanges_active},
    {{"ringway_shard_clients_open", Type::gauge, "Client connections open now."},
     &ShardCounters::clients_open},
    {{"ringway_shard_streams_open", Type::gauge,
      "Responses of unknown length (chunked, SSE) being sent now."},
     &ShardCounters::streams_open},
    {{"ringway_shard_tunnels_open", Type::gauge, "Upgraded connections (WebSocket) open now."},
     &ShardCounters::tunnels_open},
    {{"ringway_shard_pipelined_requests_total", Type::counter,
      "Requests that arrived behind an unanswered one on the same connection."},
     &ShardCounters::pipelined_requests},
    {{"ringway_shard_upgrades_total", Type::counter,
      "Exchanges that became a tunnel (WebSocket and other Upgrade)."},
     &ShardCounters::upgrades},
    {{"ringway_shard_spliced_bytes_total", Type::counter,
      "Body bytes moved inside the kernel, never in user space."},
     &ShardCounters::spliced_bytes},
    {{"ringway_shard_buffers_exhausted_total", Type::counter,
      "Receives that had to wait because every receive buffer was in use."},
     &ShardCounters::buffers_exhausted},
    {{"ringway_shard_partial_sends_total", Type::counter,
      "Sends of which the kernel took only a part."},
     &ShardCounters::sends_partial},
    {{"ringway_shard_client_aborts_total", Type::counter,
      "Exchanges whose client left before the response was whole."},
     &ShardCounters::client_aborts},
    {{"ringway_shard_access_records_total", Type::counter,
      "Access log records handed to the log writer."},
     &ShardCounters::access_records},
    {{"ringway_shard_access_records_dropped_total", Type::counter,
      "Access log records dropped because the log writer was behind."},
     &ShardCounters::access_records_dropped},
};

constexpr Row<ListenerCounters> kListenerRows[] = {
    {{"ringway_listener_connections_accepted_total", Type::counter, "Client connections accepted."},
     &ListenerCounters::connections_accepted},
    {{"ringway_listener_connections_refused_total", Type::counter,
      "Client connections closed at once by a connection limit."},
     &ListenerCounters::connections_refused},
    {{"ringway_listener_connections_open", Type::gauge, "Client connections open now."},
     &ListenerCounters::connections_open},
    {{"ringway_listener_requests_total", Type::counter, "Requests received."},
     &ListenerCounters::requests},
    {{"ringway_listener_received_bytes_total", Type::counter, "Bytes received from clients."},
     &ListenerCounters::bytes_in},
    {{"ringway_listener_sent_bytes_total", Type::counter, "Bytes sent to clients."},
     &ListenerCounters::bytes_out},
};

void process_families(Page& page, const ProcessFacts& facts) {
    page.family({"ringway_build_info", Type::gauge, "Always 1; the label tells the version."});
    page.sample(fmt::format("version=\"{}\"", escaped(facts.version)), 1);
    page.single({"ringway_draining", Type::gauge,
                 "1 while the process ends and takes no new connections, else 0."},
                facts.draining ? 1 : 0);
    page.single({"ringway_config_last_reload_success", Type::gauge,
                 "1 when the last configuration that was loaded took effect, else 0."},
                facts.reload.last_success ? 1 : 0);
    page.single({"ringway_config_last_reload_success_timestamp_seconds", Type::gauge,
                 "When a configuration last took effect, in seconds since the Unix epoch."},
                facts.reload.last_success_unix_seconds);
    page.single({"ringway_config_generation", Type::gauge,
                 "Number of the configuration in use; 1 at the start of the process."},
                facts.reload.generation);
    page.single({"process_start_time_seconds", Type::gauge,
                 "Start of the process, in seconds since the Unix epoch."},
                facts.started_unix_seconds);
    page.single({"process_cpu_seconds_total", Type::counter, "CPU time used, user and system."},
                facts.cpu_seconds);
    page.single({"process_resident_memory_bytes", Type::gauge, "Memory of the process in RAM."},
                facts.resident_bytes);
    page.single({"process_open_fds", Type::gauge,
                 "Open file descriptors (direct descriptors of the rings are not among them)."},
                facts.open_descriptors);
    page.single({"process_max_fds", Type::gauge, "Limit of open file descriptors."},
                facts.descriptors_max);
    page.single({"ringway_access_log_lines_total", Type::counter, "Access log lines written."},
                facts.access_lines);
    page.single({"ringway_access_log_lines_lost_total", Type::counter,
                 "Access log lines that could not be written."},
                facts.access_lines_lost);
    page.single({"ringway_access_log_write_failures_total", Type::counter,
                 "Failed writes to the access log."},
                facts.access_write_failures);
    page.single({"ringway_name_lookups_total", Type::counter,
                 "Look-ups of upstream names, failed ones included."},
                facts.name_lookups);
    page.single({"ringway_name_lookup_failures_total", Type::counter,
                 "Look-ups of upstream names that failed; the last good answer stays in use."},
                facts.name_lookup_failures);
    page.single(
        {"ringway_admin_requests_total", Type::counter, "Requests answered by the admin listener."},
        facts.admin_requests);
    page.single({"ringway_events_lost_total", Type::counter,
                 "Events that were neither logged nor kept, because too many came at once."},
                facts.events_lost);
    page.single({"ringway_log_lines_total", Type::counter, "Lines of the process log written."},
                facts.log_lines);
    page.single({"ringway_log_lines_lost_total", Type::counter,
                 "Lines of the process log for which there was no room."},
                facts.log_lines_lost);
    page.single({"ringway_log_lines_held_back_total", Type::counter,
                 "Lines of the process log summed up because there were many like them."},
                facts.log_lines_held_back);
    page.single({"ringway_alert_events_dropped_total", Type::counter,
                 "Events of which no alert could be made, because too many came at once."},
                facts.alert_events_dropped);
}

struct WebhookRow {
    Family family;
    std::uint64_t WebhookFacts::* number;
};

constexpr WebhookRow kWebhookRows[] = {
    {{"ringway_alerts_deduplicated_total", Type::counter,
      "Alerts that were not sent because the same was told within alerts.dedup_window."},
     &WebhookFacts::deduplicated},
    {{"ringway_alerts_dropped_total", Type::counter,
      "Alerts that found the webhook's queue full, or were left in it at the end."},
     &WebhookFacts::dropped},
    {{"ringway_alerts_failed_total", Type::counter,
      "Alerts given up after every attempt had failed."},
     &WebhookFacts::failed},
    {{"ringway_alerts_queued", Type::gauge, "Alerts that wait for the webhook now."},
     &WebhookFacts::queued},
    {{"ringway_alerts_retried_total", Type::counter,
      "Further attempts at an alert after one had failed."},
     &WebhookFacts::retried},
    {{"ringway_alerts_sent_total", Type::counter, "Alerts that the webhook took (2xx)."},
     &WebhookFacts::sent},
};

void webhook_families(Page& page, std::span<const WebhookFacts> webhooks) {
    const auto labels = labels_of("webhook", webhooks);
    for (const WebhookRow& row : kWebhookRows) {
        page.family(row.family);
        for (std::size_t i = 0; i < webhooks.size(); ++i)
            page.sample(labels[i], webhooks[i].*row.number);
    }
}

void shard_families(Page& page, Shards shards) {
    for (const auto& row : kShardRows) {
        page.family(row.family);
        for (std::size_t i = 0; i < shards.size(); ++i) {
            page.sample(fmt::format("shard=\"{}\"", i), (shards[i]->*row.counter).get());
        }
    }
    page.family({"ringway_copied_bytes_total", Type::counter,
                 "Message bytes copied in user space, by reason."});
    for (std::size_t reason = 0; reason < kCopyReasons; ++reason) {
        std::uint64_t sum = 0;
        for (const ShardCounters* shard : shards) sum += shard->copied_bytes[reason].get();
        const char* name = name_of(static_cast<CopyReason>(reason));
        page.sample(fmt::format("reason=\"{}\"", name), sum);
    }
    page.family({"ringway_refused_total", Type::counter,
                 "Requests and connections refused or cut by ringway itself, by reason."});
    for (std::size_t reason = 0; reason < kRefusals; ++reason) {
        std::uint64_t sum = 0;
        for (const ShardCounters* shard : shards) sum += shard->refusals[reason].get();
        const char* name = name_of(static_cast<Refusal>(reason));
        page.sample(fmt::format("reason=\"{}\"", name), sum);
    }
}

void listener_and_route_families(Page& page, const Exposition& sources) {
    const auto listening = config::places_in_use(sources.config.listeners);
    const auto listeners = labels_of("listener", sources.config.listeners, listening);
    summed<ListenerCounters>(page, sources.shards, listeners,
                             [&](const ShardCounters& shard, std::size_t i) -> const auto& {
                                 return shard.listeners[listening[i]];
                             })
        .counters(kListenerRows);

    const auto taken = config::places_in_use(sources.config.routes);
    const auto routes = labels_of("route", sources.config.routes, taken);
    auto of_routes =
        summed<RouteCounters>(page, sources.shards, routes,
                              [&](const ShardCounters& shard, std::size_t i) -> const auto& {
                                  return shard.routes[taken[i]];
                              });
    of_routes.responses({"ringway_route_responses_total", Type::counter,
                         "Responses of the route by class; none: no response could be sent."});
    of_routes.histogram({"ringway_route_request_duration_seconds", Type::histogram,
                         "From the whole request head to the last byte of the response."},
                        &RouteCounters::latency);
}

}  // namespace

std::string exposition_text(const Exposition& sources) {
    Page page;
    process_families(page, sources.process);
    webhook_families(page, sources.webhooks);
    shard_families(page, sources.shards);
    listener_and_route_families(page, sources);
    pool_families(page, sources);
    upstream_families(page, sources);
    return page.take();
}

}  // namespace ringway::observe
