// The families of pools and upstreams: what shards counted, what the view says, and what checks
// came to. Control thread; no state.
#include "upstream_families.h"

#include <algorithm>
#include <array>

namespace ringway::observe {
namespace {

constexpr Row<PoolCounters> kPoolRows[] = {
    {{"ringway_pool_requests_total", Type::counter,
      "Requests routed to the pool, each counted once whatever its retries."},
     &PoolCounters::requests},
    {{"ringway_pool_retries_total", Type::counter, "Repeated sends of a request."},
     &PoolCounters::retries},
    {{"ringway_pool_retries_exhausted_total", Type::counter,
      "Requests that failed with no attempt or budget left."},
     &PoolCounters::retries_exhausted},
    {{"ringway_pool_no_upstream_total", Type::counter,
      "Requests for which no upstream was eligible."},
     &PoolCounters::no_upstream},
    {{"ringway_pool_moved_requests_total", Type::counter,
      "Waiting requests taken from an upstream that was found dead."},
     &PoolCounters::moved},
    {{"ringway_pool_hedges_total", Type::counter,
      "Requests asked of a second upstream because the first was late."},
     &PoolCounters::hedges},
    {{"ringway_pool_hedges_won_total", Type::counter, "Hedges that gave the answer."},
     &PoolCounters::hedges_won},
    {{"ringway_pool_connect_hedges_total", Type::counter,
      "Second upstreams dialled because a connect was late."},
     &PoolCounters::connect_hedges},
    {{"ringway_pool_connect_hedges_won_total", Type::counter,
      "Connect hedges that were connected first."},
     &PoolCounters::connect_hedges_won},
    {{"ringway_pool_queued_total", Type::counter, "Requests that waited for an upstream."},
     &PoolCounters::queued},
    {{"ringway_pool_queue_timeouts_total", Type::counter,
      "Requests refused after they had waited for queue.wait_max."},
     &PoolCounters::queue_timeouts},
    {{"ringway_pool_queue_full_total", Type::counter,
      "Requests refused because the queue was full."},
     &PoolCounters::queue_full},
    {{"ringway_pool_queue_length", Type::gauge, "Requests that wait for an upstream now."},
     &PoolCounters::queue_length},
    {{"ringway_pool_all_rate_limited_total", Type::counter,
      "Requests answered 429 because every upstream was cooling."},
     &PoolCounters::all_rate_limited},
};

constexpr Row<UpstreamCounters> kUpstreamRows[] = {
    {{"ringway_upstream_requests_total", Type::counter, "Requests sent, retries included."},
     &UpstreamCounters::requests},
    {{"ringway_upstream_requests_in_flight", Type::gauge, "Requests waiting for their response."},
     &UpstreamCounters::in_flight},
    {{"ringway_upstream_connections_open", Type::gauge,
      "Connections open now, idle ones included."},
     &UpstreamCounters::connections_open},
    {{"ringway_upstream_connections_idle", Type::gauge, "Connections waiting for a request."},
     &UpstreamCounters::connections_idle},
    {{"ringway_upstream_connects_total", Type::counter, "Connections asked for."},
     &UpstreamCounters::connects},
    {{"ringway_upstream_connect_failures_total", Type::counter,
      "Connections refused, unreachable or too slow."},
     &UpstreamCounters::connect_failures},
    {{"ringway_upstream_connections_reused_total", Type::counter,
      "Requests sent on a connection that had served another."},
     &UpstreamCounters::connects_reused},
    {{"ringway_upstream_resets_total", Type::counter,
      "Connections that the upstream broke during a request."},
     &UpstreamCounters::resets},
    {{"ringway_upstream_timeouts_total", Type::counter, "Requests that the upstream left waiting."},
     &UpstreamCounters::timeouts},
    {{"ringway_upstream_malformed_total", Type::counter,
      "Responses refused because they break the protocol."},
     &UpstreamCounters::malformed},
    {{"ringway_upstream_idle_closed_total", Type::counter,
      "Idle connections that the upstream closed."},
     &UpstreamCounters::idle_closed},
    {{"ringway_upstream_sent_bytes_total", Type::counter, "Bytes sent to the upstream."},
     &UpstreamCounters::bytes_sent},
    {{"ringway_upstream_received_bytes_total", Type::counter, "Bytes received from the upstream."},
     &UpstreamCounters::bytes_received},
    {{"ringway_upstream_failures_total", Type::counter,
      "Requests without an answer, with a malformed one, or with 502, 503 or 504."},
     &UpstreamCounters::failures},
    {{"ringway_upstream_failures_in_row", Type::gauge,
      "Failures since the last good answer, summed over the shards."},
     &UpstreamCounters::failures_in_row},
    {{"ringway_upstream_rate_limited_total", Type::counter, "Requests answered with 429."},
     &UpstreamCounters::rate_limited},
    {{"ringway_upstream_credentials_refused_total", Type::counter,
      "Requests answered with 401 or 403 to a credential of the configuration."},
     &UpstreamCounters::credentials_refused},
    {{"ringway_upstream_probes_total", Type::counter, "Probes sent because of a suspicion."},
     &UpstreamCounters::probes},
    {{"ringway_upstream_probes_missed_total", Type::counter,
      "Probes of a suspicion that were not answered."},
     &UpstreamCounters::probes_missed},
    {{"ringway_upstream_probes_answered_total", Type::counter,
      "Probes of a suspicion that were answered."},
     &UpstreamCounters::probes_answered},
};

using cluster::BreakerPhase;
using cluster::UpstreamState;
constexpr std::array kStates = {UpstreamState::unknown,  UpstreamState::healthy,
                                UpstreamState::degraded, UpstreamState::unhealthy,
                                UpstreamState::draining, UpstreamState::maintenance};
static_assert(kStates.size() == cluster::kUpstreamStates);
constexpr std::array kPhases = {BreakerPhase::closed, BreakerPhase::open, BreakerPhase::half_open};

void events(Page& page, const Exposition& sources, const std::vector<std::string>& pools,
            const std::vector<std::uint16_t>& places) {
    page.family({"ringway_events_total", Type::counter,
                 "Transitions of the pool and its upstreams, by kind."});
    for (std::size_t i = 0; i < pools.size(); ++i) {
        for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
            std::uint64_t sum =
                sources.control_events.empty() ? 0 : sources.control_events[places[i]][kind];
            for (const ShardCounters* shard : sources.shards) {
                sum += shard->pools[places[i]].events[kind].get();
            }
            page.sample(
                fmt::format("{},kind=\"{}\"", pools[i], name_of(static_cast<EventKind>(kind))),
                sum);
        }
    }
}

/// The upstreams of all pools, with their labels.
struct Upstreams {
    explicit Upstreams(const config::Config& config) {
        for (const cluster::Place& place : config::upstreams_in_use(config)) {
            labels.push_back(label_of(config, place.pool.value, place.upstream.value));
            places.emplace_back(place.pool.value, place.upstream.value);
        }
    }
    static std::string label_of(const config::Config& config, std::size_t pool,
                                std::size_t upstream) {
        const auto& owner = config.pools[pool];
        return fmt::format("pool=\"{}\",upstream=\"{}\"", escaped(owner.name),
                           escaped(owner.upstreams[upstream].name));
    }
    std::vector<std::string> labels;
    std::vector<std::pair<std::size_t, std::size_t>> places;
};

void upstream_counters(Page& page, const Exposition& sources, const Upstreams& upstreams) {
    auto of_upstreams = summed<UpstreamCounters>(
        page, sources.shards, upstreams.labels,
        [&upstreams](const ShardCounters& shard, std::size_t i) -> const auto& {
            return shard.upstreams[upstreams.places[i].first][upstreams.places[i].second];
        });
    of_upstreams.counters(kUpstreamRows);
    of_upstreams.responses(
        {"ringway_upstream_responses_total", Type::counter,
         "Responses of the upstream by class; none: the request failed without one."});
    of_upstreams.histogram({"ringway_upstream_first_byte_seconds", Type::histogram,
                            "From the request handed to the kernel to the head of the response."},
                           &UpstreamCounters::first_byte);
}

/// What the view says of each upstream.
void upstream_states(Page& page, const cluster::View& view, const Upstreams& upstreams) {
    const auto view_of = [&](std::size_t i) -> const cluster::UpstreamView& {
        return view.pools[upstreams.places[i].first]->upstreams[upstreams.places[i].second];
    };
    const auto gauge = [&](const Family& family, auto value) {
        page.family(family);
        for (std::size_t i = 0; i < upstreams.labels.size(); ++i) {
            page.sample(upstreams.labels[i], value(view_of(i)));
        }
    };
    // one sample for each value that the member may have, 1 at the one that it has
    const auto one_of = [&](const Family& family, const char* label, auto values, auto member) {
        page.family(family);
        for (std::size_t i = 0; i < upstreams.labels.size(); ++i) {
            for (const auto value : values) {
                page.sample(fmt::format("{},{}=\"{}\"", upstreams.labels[i], label, name_of(value)),
                            member(view_of(i)) == value ? 1 : 0);
            }
        }
    };
    using View = const cluster::UpstreamView&;
    gauge({"ringway_upstream_eligible", Type::gauge,
           "1 when the upstream may be picked now, else 0."},
          [](View of) { return of.eligible ? 1 : 0; });
    gauge({"ringway_upstream_weight", Type::gauge, "Relative weight within the pool."},
          [](View of) { return of.weight; });
    gauge({"ringway_upstream_addresses", Type::gauge,
           "Addresses known; 0 until its name was resolved."},
          [](View of) { return of.addresses.size(); });
    one_of(
        {"ringway_upstream_state", Type::gauge, "1 for the state that the upstream is in, else 0."},
        "state", kStates, [](View of) { return of.state; });
    one_of({"ringway_upstream_breaker_phase", Type::gauge,
            "1 for the phase that the upstream's breaker is in, else 0."},
           "phase", kPhases, [](View of) { return of.breaker.phase; });
    gauge({"ringway_upstream_ejected", Type::gauge,
           "1 while the upstream is ejected because it does worse than its peers, else 0."},
          [](View of) { return of.ejected_until != base::Instant{} ? 1 : 0; });
    gauge({"ringway_upstream_cooling", Type::gauge,
           "1 while the upstream is left alone because it answered 429, else 0."},
          [](View of) { return of.cooling_until != base::Instant{} ? 1 : 0; });
    gauge({"ringway_upstream_credentials_fault", Type::gauge,
           "1 while the upstream refuses a credential of the configuration, else 0."},
          [](View of) { return of.credentials_fault ? 1 : 0; });
}

void check_families(Page& page, const Exposition& sources) {
    const auto label_of = [&](const CheckFacts& facts) {
        return fmt::format(
            "{},check=\"{}\"",
            Upstreams::label_of(sources.config, facts.place.pool.value, facts.place.upstream.value),
            escaped(facts.check));
    };
    page.family({"ringway_upstream_checks_total", Type::counter, "Active checks, by result."});
    for (const CheckFacts& facts : sources.checks) {
        const std::string label = label_of(facts);
        page.sample(label + ",result=\"passed\"", facts.passed);
        page.sample(label + ",result=\"failed\"", facts.failed);
        page.sample(label + ",result=\"rate_limited\"", facts.rate_limited);
        page.sample(label + ",result=\"credentials\"", facts.credentials);
    }
    const auto latency = [&](const Family& family, base::Duration CheckFacts::* member) {
        page.family(family);
        for (const CheckFacts& facts : sources.checks) {
            page.sample(label_of(facts), static_cast<double>(base::to_ns(facts.*member)) / 1e9);
        }
    };
    latency({"ringway_upstream_check_latency_ewma_seconds", Type::gauge,
             "Latency of the check, smoothed (0.7 old + 0.3 new)."},
            &CheckFacts::ewma);
    latency({"ringway_upstream_check_latency_p95_seconds", Type::gauge,
             "95th percentile of the latency of the last 100 checks."},
            &CheckFacts::p95);
}

}  // namespace

void pool_families(Page& page, const Exposition& sources) {
    const auto places = config::places_in_use(sources.config.pools);
    const auto pools = labels_of("pool", sources.config.pools, places);
    auto of_pools = summed<PoolCounters>(
        page, sources.shards, pools, [&](const ShardCounters& shard, std::size_t i) -> const auto& {
            return shard.pools[places[i]];
        });
    of_pools.counters(kPoolRows);
    of_pools.responses({"ringway_pool_responses_total", Type::counter,
                        "Responses to clients by class; none: no response could be sent."});
    of_pools.histogram(
        {"ringway_pool_request_duration_seconds", Type::histogram,
         "From the whole request head to the last byte of the response, retries included."},
        &PoolCounters::latency);
    of_pools.histogram({"ringway_pool_queue_wait_seconds", Type::histogram,
                        "How long requests waited for an upstream."},
                       &PoolCounters::queue_wait);
    of_pools.histogram({"ringway_pool_time_to_detect_seconds", Type::histogram,
                        "From the first sign of a failure to the verdict that took the upstream "
                        "out."},
                       &PoolCounters::time_to_detect);
    of_pools.histogram({"ringway_pool_time_to_recover_seconds", Type::histogram,
                        "How long an upstream was out when it was taken back."},
                       &PoolCounters::time_to_recover);
    events(page, sources, pools, places);

    const auto gauge = [&](const Family& family, auto value) {
        page.family(family);
        for (std::size_t i = 0; i < pools.size(); ++i) {
            page.sample(pools[i], value(*sources.view.pools[places[i]]));
        }
    };
    gauge({"ringway_pool_eligible_upstreams", Type::gauge, "Upstreams that may be picked now."},
          [](const cluster::PoolView& view) {
              return std::ranges::count_if(view.upstreams, &cluster::UpstreamView::eligible);
          });
    gauge({"ringway_pool_panic", Type::gauge,
           "1 while ejections are overlooked because too few upstreams are left, else 0."},
          [](const cluster::PoolView& view) { return view.panic ? 1 : 0; });
}

void upstream_families(Page& page, const Exposition& sources) {
    const Upstreams upstreams(sources.config);
    upstream_counters(page, sources, upstreams);
    upstream_states(page, sources.view, upstreams);
    check_families(page, sources);
}

}  // namespace ringway::observe
