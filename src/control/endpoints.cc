// The standard admin endpoints. Admin server's thread.
#include "ringway/control/endpoints.h"

#include <algorithm>

namespace ringway::control {
namespace {

AdminReply readyz(const EndpointSources& sources) {
    std::optional<std::string> reason;
    {
        // Registered for the length of the reading only, so that the thread never holds up a
        // publish while it waits.
        const base::RcuReader reader;
        reason = unready_reason(sources.phase.load(std::memory_order_relaxed), sources.config,
                                *sources.view.read());
    }
    if (reason) return text_reply(503, "not ready: " + *reason + "\n");
    return text_reply(200, "ready\n");
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

    AdminReply reply;
    reply.content_type = observe::kExpositionType;
    const base::RcuReader reader;
    reply.body =
        observe::exposition_text({sources.config, sources.shards, *sources.view.read(), facts});
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
    };
}

}  // namespace ringway::control
