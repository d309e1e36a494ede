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

ShardCounters::ShardCounters(const config::Config& config)
    : listeners(config.listeners.size()),
      routes(config.routes.size()),
      pools(config.pools.size()),
      upstreams(config.pools.size()) {
    for (std::size_t pool = 0; pool < upstreams.size(); ++pool) {
        // A vector of atomics cannot be resized, so that each is made at its final size and moved
        // in whole.
        upstreams[pool] = std::vector<UpstreamCounters>(config.pools[pool].upstreams.size());
    }
}

}  // namespace ringway::observe
