// Pools and upstreams as JSON. Admin server's thread; no state.
#include "ringway/control/status.h"

#include <algorithm>

#include "query.h"
#include "ringway/failover/by_hand.h"
#include "ringway/observe/histogram.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using base::Duration;
using base::Instant;
using cluster::Place;
using cluster::UpstreamView;
using observe::Counter;
using observe::Histogram;
using observe::HistogramSum;
using observe::JsonWriter;
using observe::PoolCounters;
using observe::UpstreamCounters;

const UpstreamCounters& counters_at(const observe::ShardCounters& shard, Place place) {
    return shard.upstreams[place.pool.value][place.upstream.value];
}
const PoolCounters& counters_at(const observe::ShardCounters& shard, cluster::PoolIndex pool) {
    return shard.pools[pool.value];
}

/// Of a pool or an upstream, over the shards.
template <class Owner, class At>
std::uint64_t sum_of(const Status& status, At at, Counter Owner::* member) {
    std::uint64_t sum = 0;
    for (const auto* shard : status.shards) sum += (counters_at(*shard, at).*member).get();
    return sum;
}
template <class Owner, class At>
HistogramSum sum_of(const Status& status, At at, Histogram Owner::* member) {
    HistogramSum sum;
    for (const auto* shard : status.shards) sum.add(counters_at(*shard, at).*member);
    return sum;
}

Duration quantile(const HistogramSum& sum, double q) {
    return Duration(static_cast<std::int64_t>(sum.quantile_ns(q)));
}

/// The wall clock at `at`; null for the epoch, which stands for never.
void put_time(JsonWriter& json, const Status& status, Instant at) {
    if (at == Instant{}) return json.null();
    json.time(status.moment.unix_ns_of(at));
}

/// How long until then, 0 when it is over; null for the epoch, and for what does not end by time.
void put_until(JsonWriter& json, const Status& status, Instant until) {
    if (until == Instant{} || until == base::kNever) return json.null();
    json.seconds(std::max(until - status.moment.now, Duration{0}));
}

/// Count and quantiles of a histogram; null quantiles of an empty one.
void put_quantiles(JsonWriter& json, const HistogramSum& sum) {
    const auto put = [&](const char* key, double q) {
        json.key(key).milliseconds(sum.count() == 0 ? Duration{-1} : quantile(sum, q));
    };
    json.open_object();
    json.key("count").number(sum.count());
    put("p50_ms", 0.5);
    put("p99_ms", 0.99);
    put("max_ms", 1);
    json.close_object();
}

void put_breaker(JsonWriter& json, const Status& status, const UpstreamView& view) {
    const cluster::BreakerView& breaker = view.breaker;
    json.open_object();
    json.key("phase").text(name_of(breaker.phase));
    json.key("openings").number(breaker.openings);
    json.key("trials").number(breaker.trials);
    json.key("successes").number(breaker.successes);
    put_until(json.key("until_seconds"), status,
              breaker.phase == cluster::BreakerPhase::closed ? Instant{} : breaker.until);
    json.close_object();
}

void put_ejection(JsonWriter& json, const Status& status, const UpstreamView& view) {
    if (view.ejected_until == Instant{}) return json.null();
    json.open_object();
    json.key("for").text(name_of(view.ejected_for));
    json.key("until").time(status.moment.unix_ns_of(view.ejected_until));
    put_until(json.key("seconds"), status, view.ejected_until);
    json.key("in_row").number(view.ejections);
    json.close_object();
}

/// What of it an operator has set, and only an operator changes.
void put_by_hand(JsonWriter& json, const UpstreamView& view) {
    const failover::ByHand by_hand = failover::set_by_hand(view);
    json.open_array();
    if (by_hand.state) json.text("state");
    if (by_hand.weight) json.text("weight");
    if (by_hand.breaker) json.text("breaker");
    json.close_array();
}

/// Seconds in each state since the start, the running one included.
void put_time_in_state(JsonWriter& json, const Status& status, const UpstreamView& view) {
    json.open_object();
    for (std::size_t i = 0; i < cluster::kUpstreamStates; ++i) {
        const auto state = static_cast<cluster::UpstreamState>(i);
        Duration time = view.time_in_state[i];
        if (state == view.state) {
            time += std::max(status.moment.now - view.state_since, Duration{0});
        }
        json.key(name_of(state)).seconds(time);
    }
    json.close_object();
}

void put_last_check(JsonWriter& json, const Status& status, const health::CheckReport& report) {
    if (report.last_at == Instant{}) return json.null();
    json.open_object();
    put_time(json.key("at"), status, report.last_at);
    json.key("end").text(name_of(report.last_end));
    json.key("status");
    if (report.last_status == 0) {
        json.null();
    } else {
        json.number(report.last_status);
    }
    json.key("latency_ms").milliseconds(report.last_latency);
    json.close_object();
}

void put_layers(JsonWriter& json, const Status& status, const health::CheckReport& report) {
    json.open_object();
    for (std::size_t i = 0; i < health::kLayers; ++i) {
        const health::LayerResult& layer = report.layers[i];
        json.key(name_of(static_cast<health::Layer>(i)));
        if (!layer.known) {
            json.null();
            continue;
        }
        json.open_object();
        json.key("ok").boolean(layer.passed);
        put_time(json.key("at"), status, layer.at);
        json.key("detail");
        if (layer.detail.empty()) {
            json.null();
        } else {
            json.text(layer.detail);
        }
        json.close_object();
    }
    json.close_object();
}

void put_checks(JsonWriter& json, const Status& status, Place place) {
    const auto& checks = status.config.pools[place.pool.value].health.checks;
    json.open_array();
    for (std::size_t i = 0; i < checks.size(); ++i) {
        if (!checks[i].enabled) continue;
        const auto report = status.checks.read(place.pool.value, place.upstream.value, i);
        json.open_object();
        json.key("name").text(checks[i].name);
        json.key("shard").number(report.shard);
        json.key("total").number(report.total);
        json.key("ok").number(report.passed);
        json.key("failed").number(report.failed);
        json.key("rate_limited").number(report.rate_limited);
        json.key("credentials").number(report.credentials);
        json.key("failures_in_row").number(report.failures_in_row);
        json.key("successes_in_row").number(report.successes_in_row);
        const bool timed = report.ewma > Duration{0};
        json.key("ewma_ms").milliseconds(timed ? report.ewma : Duration{-1});
        json.key("p95_ms").milliseconds(timed ? report.p95 : Duration{-1});
        put_last_check(json.key("last"), status, report);
        put_layers(json.key("layers"), status, report);
        json.close_object();
    }
    json.close_array();
}

/// Of all shards the most patient one's; negative: not yet known.
Duration longest_of(const Status& status, Place place, Counter UpstreamCounters::* gauge) {
    std::uint64_t longest = 0;
    for (const observe::ShardCounters* shard : status.shards) {
        const auto& counters = shard->upstreams[place.pool.value][place.upstream.value];
        longest = std::max(longest, (counters.*gauge).get());
    }
    return longest > 0 ? Duration(static_cast<std::int64_t>(longest)) : Duration{-1};
}

void put_latency(JsonWriter& json, const Status& status, Place place) {
    const HistogramSum sum = sum_of(status, place, &UpstreamCounters::first_byte);
    const Duration ewma = status.latency_ewma(place);
    const bool any = sum.count() > 0;
    json.open_object();
    json.key("ewma_ms").milliseconds(ewma > Duration{0} ? ewma : Duration{-1});
    json.key("p50_ms").milliseconds(any ? quantile(sum, 0.5) : Duration{-1});
    json.key("p95_ms").milliseconds(any ? quantile(sum, 0.95) : Duration{-1});
    json.key("p99_ms").milliseconds(any ? quantile(sum, 0.99) : Duration{-1});
    json.key("overdue_ms").milliseconds(longest_of(status, place, &UpstreamCounters::overdue_ns));
    json.key("probe_deadline_ms")
        .milliseconds(longest_of(status, place, &UpstreamCounters::probe_deadline_ns));
    json.close_object();
}

void put_traffic(JsonWriter& json, const Status& status, Place place) {
    const auto put = [&](const char* key, Counter UpstreamCounters::* member) {
        json.key(key).number(sum_of(status, place, member));
    };
    put("in_flight", &UpstreamCounters::in_flight);
    put("requests", &UpstreamCounters::requests);
    put("failures", &UpstreamCounters::failures);
    put("rate_limited", &UpstreamCounters::rate_limited);
    put("credentials_refused", &UpstreamCounters::credentials_refused);
    put("connections", &UpstreamCounters::connections_open);
    put("connections_idle", &UpstreamCounters::connections_idle);
    json.key("probes").open_object();
    put("sent", &UpstreamCounters::probes);
    put("answered", &UpstreamCounters::probes_answered);
    put("missed", &UpstreamCounters::probes_missed);
    json.close_object();
    put_latency(json.key("latency"), status, place);
}

void put_upstream(JsonWriter& json, const Status& status, Place place) {
    const config::Pool& pool = status.config.pools[place.pool.value];
    const UpstreamView& view = status.view.upstream(place);
    json.open_object();
    json.key("pool").text(pool.name);
    json.key("name").text(pool.upstreams[place.upstream.value].name);
    json.key("addresses").open_array();
    for (const base::SocketAddress& address : view.addresses) json.text(address.text());
    json.close_array();
    json.key("state").text(name_of(view.state));
    json.key("reason").text(name_of(view.reason));
    put_by_hand(json.key("set_by_hand"), view);
    json.key("eligible").boolean(view.eligible);
    json.key("weight_config").number(view.weight_config);
    json.key("weight_by_hand");
    if (view.weight_by_hand) {
        json.number(*view.weight_by_hand);
    } else {
        json.null();
    }
    json.key("weight").number(view.weight);
    json.key("tier").number(view.tier);
    json.key("backup").boolean(view.backup);
    put_time(json.key("since"), status, view.state_since);
    put_time_in_state(json.key("time_in_state"), status, view);
    put_breaker(json.key("breaker"), status, view);
    put_ejection(json.key("ejected"), status, view);
    put_until(json.key("cooling_seconds"), status, view.cooling_until);
    json.key("credentials_fault").boolean(view.credentials_fault);
    json.key("agent_percent").number(view.agent_percent);
    put_traffic(json, status, place);
    put_checks(json.key("checks"), status, place);
    json.close_object();
}

/// The lowest tier that has an eligible upstream, backups last; what serves the pool.
const UpstreamView* serving(const cluster::PoolView& pool) {
    const UpstreamView* best = nullptr;
    const auto rank = [](const UpstreamView& upstream) {
        return std::pair(upstream.backup, upstream.tier);
    };
    for (const UpstreamView& upstream : pool.upstreams) {
        if (upstream.eligible && (best == nullptr || rank(upstream) < rank(*best))) {
            best = &upstream;
        }
    }
    return best;
}

void put_pool_counters(JsonWriter& json, const Status& status, cluster::PoolIndex pool) {
    const auto put = [&](const char* key, Counter PoolCounters::* member) {
        json.key(key).number(sum_of(status, pool, member));
    };
    put("requests", &PoolCounters::requests);
    put("no_upstream", &PoolCounters::no_upstream);
    put("all_rate_limited", &PoolCounters::all_rate_limited);
    put("retries", &PoolCounters::retries);
    put("retries_exhausted", &PoolCounters::retries_exhausted);
    put("moved", &PoolCounters::moved);
    put("hedges", &PoolCounters::hedges);
    put("hedges_won", &PoolCounters::hedges_won);
    put("connect_hedges", &PoolCounters::connect_hedges);
    put("connect_hedges_won", &PoolCounters::connect_hedges_won);
    json.key("queue").open_object();
    put("length", &PoolCounters::queue_length);
    put("queued", &PoolCounters::queued);
    put("timeouts", &PoolCounters::queue_timeouts);
    put("full", &PoolCounters::queue_full);
    put_quantiles(json.key("wait"), sum_of(status, pool, &PoolCounters::queue_wait));
    json.close_object();
}

void put_pool(JsonWriter& json, const Status& status, cluster::PoolIndex index) {
    const cluster::PoolView& view = status.view.pool(index);
    const auto eligible = std::ranges::count_if(view.upstreams, &UpstreamView::eligible);
    const UpstreamView* const best = serving(view);
    json.open_object();
    json.key("name").text(status.config.pools[index.value].name);
    json.key("upstreams").number(view.upstreams.size());
    json.key("eligible").number(static_cast<std::uint64_t>(eligible));
    json.key("panic").boolean(view.panic);
    json.key("serving_tier");
    if (best == nullptr) {
        json.null();
    } else {
        json.number(best->tier);
    }
    json.key("serving_backup").boolean(best != nullptr && best->backup);
    put_pool_counters(json, status, index);
    const auto put = [&](const char* key, Histogram PoolCounters::* member) {
        put_quantiles(json.key(key), sum_of(status, index, member));
    };
    put("latency", &PoolCounters::latency);
    put("time_to_detect", &PoolCounters::time_to_detect);
    put("time_to_recover", &PoolCounters::time_to_recover);
    json.close_object();
}

/// Calls visit(Place) for every upstream.
template <class Visit>
void for_each_upstream(const config::Config& config, Visit visit) {
    for (std::size_t pool = 0; pool < config.pools.size(); ++pool) {
        for (std::size_t i = 0; i < config.pools[pool].upstreams.size(); ++i) {
            visit(Place{{static_cast<std::uint16_t>(pool)}, {static_cast<std::uint16_t>(i)}});
        }
    }
}

void put_breaker_of(JsonWriter& json, const Status& status, Place place) {
    const config::Pool& pool = status.config.pools[place.pool.value];
    const UpstreamView& view = status.view.upstream(place);
    json.open_object();
    json.key("pool").text(pool.name);
    json.key("upstream").text(pool.upstreams[place.upstream.value].name);
    json.key("enabled").boolean(pool.breaker.enabled);
    json.key("set_by_hand").boolean(failover::set_by_hand(view).breaker);
    put_breaker(json.key("breaker"), status, view);
    json.key("failures_in_row").number(sum_of(status, place, &UpstreamCounters::failures_in_row));
    json.close_object();
}

}  // namespace

std::string upstreams_json(const Status& status) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    for_each_upstream(status.config, [&](Place place) { put_upstream(json, status, place); });
    json.close_array();
    return out + '\n';
}

std::string upstream_json(const Status& status, Place place) {
    std::string out;
    JsonWriter json(out);
    put_upstream(json, status, place);
    return out + '\n';
}

std::string pool_json(const Status& status, cluster::PoolIndex pool) {
    std::string out;
    JsonWriter json(out);
    put_pool(json, status, pool);
    return out + '\n';
}

std::string pools_json(const Status& status) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    for (std::size_t i = 0; i < status.config.pools.size(); ++i) {
        put_pool(json, status, {static_cast<std::uint16_t>(i)});
    }
    json.close_array();
    return out + '\n';
}

std::string breaker_json(const Status& status, Place place) {
    std::string out;
    JsonWriter json(out);
    put_breaker_of(json, status, place);
    return out + '\n';
}

std::string breakers_json(const Status& status) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    for_each_upstream(status.config, [&](Place place) { put_breaker_of(json, status, place); });
    json.close_array();
    return out + '\n';
}

std::optional<Place> place_of_path(const config::Config& config, std::string_view path) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {};
    const std::string pool = percent_decoded(path.substr(0, slash));
    const std::string upstream = percent_decoded(path.substr(slash + 1));
    std::optional<Place> found;
    for_each_upstream(config, [&](Place place) {
        const config::Pool& owner = config.pools[place.pool.value];
        const bool named =
            owner.name == pool && owner.upstreams[place.upstream.value].name == upstream;
        if (named) found = place;
    });
    return found;
}

std::optional<cluster::PoolIndex> pool_of_path(const config::Config& config,
                                               std::string_view path) {
    const std::string name = percent_decoded(path);
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        if (config.pools[i].name == name) {
            return cluster::PoolIndex{static_cast<std::uint16_t>(i)};
        }
    }
    return std::nullopt;
}

}  // namespace ringway::control
