// How endpoints read the view. Internal to control/.
#pragma once

#include "ringway/base/published.h"
#include "ringway/control/clock.h"
#include "ringway/control/endpoints.h"
#include "ringway/control/status.h"

namespace ringway::control {

/// Calls read(view). The thread is registered as a reader for the length of the call only, so that
/// it never holds up a publish while it waits.
template <class Read>
auto with_view(const EndpointSources& sources, Read read) {
    const base::RcuReader reader;
    return read(*sources.board.read());
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

/// GET alone.
inline AdminEndpoint read_endpoint(std::string path,
                                   std::function<AdminReply(const AdminRequest&)> handler,
                                   bool below = false) {
    return {.path = std::move(path),
            .methods = {http::Method::get},
            .handler = std::move(handler),
            .below = below};
}

}  // namespace ringway::control
