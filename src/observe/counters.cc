// Names of the counted reasons, and the sizing of a shard's counters. Any thread; no state.
#include "ringway/observe/counters.h"

#include "ringway/base/assert.h"

namespace ringway::observe {

const char* name_of(CopyReason reason) {
    switch (reason) {
        case CopyReason::partial_head:
            return "partial_head";
        case CopyReason::pipelined:
            return "pipelined";
        case CopyReason::replay:
            return "replay";
        case CopyReason::backpressure:
            return "backpressure";
    }
    RW_ASSERT(false);
}

const char* name_of(Refusal reason) {
    switch (reason) {
        case Refusal::bad_request:
            return "bad_request";
        case Refusal::header_too_large:
            return "header_too_large";
        case Refusal::uri_too_long:
            return "uri_too_long";
        case Refusal::body_too_large:
            return "body_too_large";
        case Refusal::header_timeout:
            return "header_timeout";
        case Refusal::body_timeout:
            return "body_timeout";
        case Refusal::no_route:
            return "no_route";
        case Refusal::no_upstream:
            return "no_upstream";
        case Refusal::upstream_connect_failed:
            return "upstream_connect_failed";
        case Refusal::upstream_timeout:
            return "upstream_timeout";
        case Refusal::upstream_reset:
            return "upstream_reset";
        case Refusal::upstream_malformed:
            return "upstream_malformed";
        case Refusal::upstream_truncated:
            return "upstream_truncated";
        case Refusal::request_timeout:
            return "request_timeout";
        case Refusal::client_gone:
            return "client_gone";
        case Refusal::client_stalled:
            return "client_stalled";
        case Refusal::unsupported:
            return "unsupported";
        case Refusal::connection_limit:
            return "connection_limit";
        case Refusal::client_limit:
            return "client_limit";
        case Refusal::out_of_memory:
            return "out_of_memory";
        case Refusal::draining:
            return "draining";
        case Refusal::rate_limited:
            return "rate_limited";
    }
    RW_ASSERT(false);
}

namespace {

template <class... Cleared>
void clear_all(Cleared&... cleared) {
    (cleared.clear(), ...);
}

template <std::size_t size>
void clear_each(std::array<Counter, size>& counters) {
    for (Counter& counter : counters) counter.clear();
}

}  // namespace

void ListenerCounters::clear() {
    clear_all(connections_accepted, connections_refused, connections_open, requests, bytes_in,
              bytes_out);
}

void RouteCounters::clear() {
    clear_each(responses_by_class);
    latency.clear();
}

void PoolCounters::clear() {
    clear_all(requests, retries, retries_exhausted, no_upstream, moved, hedges, hedges_won,
              connect_hedges, connect_hedges_won, queued, queue_timeouts, queue_full, queue_length,
              all_rate_limited, queue_wait, time_to_detect, time_to_recover, latency);
    clear_each(events);
    clear_each(responses_by_class);
}

void UpstreamCounters::clear() {
    clear_all(failures, failures_in_row, overdue_ns, probe_deadline_ns, rate_limited,
              credentials_refused, probes, probes_missed, probes_answered, requests, in_flight,
              connections_open, connections_idle, connects, connect_failures, connects_reused,
              resets, timeouts, malformed, idle_closed, bytes_sent, bytes_received, first_byte);
    clear_each(responses_by_class);
}

ShardCounters::ShardCounters(const config::Config& config) { grow(config); }

void ShardCounters::grow(const config::Config& config) {
    listeners.grow(config.listeners.size());
    routes.grow(config.routes.size());
    pools.grow(config.pools.size());
    upstreams.grow(config.pools.size());
    for (std::size_t pool = 0; pool < config.pools.size(); ++pool)
        upstreams[pool].grow(config.pools[pool].upstreams.size());
}

}  // namespace ringway::observe
