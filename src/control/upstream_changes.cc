// Changes by hand, published as any other news is. Admin server's thread.
#include "upstream_changes.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "endpoint_reads.h"
#include "ringway/control/clock.h"
#include "ringway/control/status.h"
#include "ringway/failover/by_hand.h"

namespace ringway::control {
namespace {

using base::Instant;
using cluster::Place;
using cluster::UpstreamState;
using failover::Step;

constexpr std::string_view kUpstreams = "/upstreams/";
constexpr std::string_view kBreakers = "/breakers/";

constexpr std::string_view kAsked = "asked through the admin API";

/// Publishes step(view, now) as the control plane's news; false when a successor would not know.
template <class MakeStep>
bool publish(const EndpointSources& sources, std::string_view evidence, MakeStep step) {
    return change_unless_handing_over(sources, [&] {
        const Instant now = read_clocks().now;
        const failover::Teller teller{
            .shard = sources.board.shard_count(), .now = now, .evidence = evidence};
        const base::RcuReader reader;
        sources.board.change(teller, [&](const cluster::View& view) { return step(view, now); });
    });
}

/// The upstream that a path with a verb behind it means.
std::optional<Place> place_before(const EndpointSources& sources, std::string_view path,
                                  std::string_view prefix) {
    path.remove_prefix(prefix.size());
    return place_of_path(*sources.board.config(), path.substr(0, path.rfind('/')));
}

AdminReply no_such_upstream() {
    return error_reply(404, "no_such_upstream", "there is no such upstream");
}

AdminReply set_state(const EndpointSources& sources, const AdminRequest& request,
                     UpstreamState state) {
    const auto place = place_before(sources, request.path, kUpstreams);
    if (!place) return no_such_upstream();
    const auto step = [&](const cluster::View& view, Instant now) {
        return failover::set_state_by_hand(view, *place, state, now);
    };
    if (!publish(sources, kAsked, step)) return handing_over_reply();
    return status_reply(sources,
                        [&](const Status& status) { return upstream_json(status, *place); });
}

/// {"weight": N}, and nothing else.
std::expected<std::uint32_t, std::string> read_weight(std::string_view body) {
    const std::string wanted =
        fmt::format("the body has to be {{\"weight\": N}} with a whole number from 0 to {}",
                    cluster::kWeightMax);
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    // The parser reads beyond the end: a copy has the padding for it.
    if (parser.parse(simdjson::padded_string(body)).get(object) != simdjson::SUCCESS)
        return std::unexpected(wanted);
    std::uint64_t weight = 0;
    if (object.size() != 1 || object["weight"].get(weight) != simdjson::SUCCESS ||
        weight > cluster::kWeightMax) {
        return std::unexpected(wanted);
    }
    return static_cast<std::uint32_t>(weight);
}

AdminReply set_weight(const EndpointSources& sources, const AdminRequest& request) {
    const auto place = place_before(sources, request.path, kUpstreams);
    if (!place) return no_such_upstream();
    std::optional<std::uint32_t> weight;
    if (request.method == http::Method::put) {
        const auto read = read_weight(request.body);
        if (!read) return error_reply(400, "bad_weight", read.error());
        weight = *read;
    }
    const std::string evidence = weight ? fmt::format("{}: {}", kAsked, *weight)
                                        : fmt::format("{}: that of the configuration", kAsked);
    const auto step = [&](const cluster::View& view, Instant now) {
        return failover::set_weight_by_hand(view, *place, weight, now);
    };
    if (!publish(sources, evidence, step)) return handing_over_reply();
    return status_reply(sources,
                        [&](const Status& status) { return upstream_json(status, *place); });
}

using BreakerStep = Step (*)(const cluster::View&, Place, Instant);

AdminReply set_breaker(const EndpointSources& sources, const AdminRequest& request,
                       BreakerStep step) {
    const auto place = place_before(sources, request.path, kBreakers);
    if (!place) return no_such_upstream();
    const config::Pool& pool = sources.board.config()->pools[place->pool.value];
    if (!pool.breaker.enabled) {
        return error_reply(409, "breaker_disabled",
                           fmt::format("the breakers of pool `{}` are off: set [pool.breaker] "
                                       "enabled = true",
                                       pool.name));
    }
    const auto next = [&](const cluster::View& view, Instant now) {
        return step(view, *place, now);
    };
    if (!publish(sources, kAsked, next)) return handing_over_reply();
    return status_reply(sources,
                        [&](const Status& status) { return breaker_json(status, *place); });
}

}  // namespace

bool change_unless_handing_over(const EndpointSources& sources,
                                const std::function<void()>& change) {
    if (sources.tenure != nullptr) return sources.tenure->change(change);
    change();
    return true;
}

AdminReply handing_over_reply() {
    return error_reply(409, "upgrading",
                       "a new process is taking over, and would not know of this change; ask "
                       "again in a moment, on a new connection");
}

std::vector<AdminEndpoint> change_endpoints(const EndpointSources& sources) {
    std::vector<AdminEndpoint> endpoints;
    const auto add = [&](std::string_view prefix, const char* verb,
                         std::function<AdminReply(const AdminRequest&)> handler) {
        endpoints.push_back({.path = std::string(prefix),
                             .methods = {http::Method::post},
                             .handler = std::move(handler),
                             .below = true,
                             .suffix = verb});
    };
    const auto add_state = [&](const char* verb, UpstreamState state) {
        add(kUpstreams, verb, [sources, state](const AdminRequest& request) {
            return set_state(sources, request, state);
        });
    };
    const auto add_breaker = [&](const char* verb, BreakerStep step) {
        add(kBreakers, verb, [sources, step](const AdminRequest& request) {
            return set_breaker(sources, request, step);
        });
    };
    add_state("/drain", UpstreamState::draining);
    add_state("/maintenance", UpstreamState::maintenance);
    add_state("/ready", UpstreamState::healthy);
    add_breaker("/open", failover::open_breaker_by_hand);
    add_breaker("/close", failover::close_breaker_by_hand);
    add_breaker("/reset", failover::reset_breaker);
    endpoints.push_back(
        {.path = std::string(kUpstreams),
         .methods = {http::Method::put, http::Method::delete_},
         .handler = [sources](const AdminRequest& request) { return set_weight(sources, request); },
         .below = true,
         .suffix = "/weight",
         .body = AdminBody::json});
    return endpoints;
}

}  // namespace ringway::control
