#include "steward.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringway::health {

using cluster::BreakerPhase;
using cluster::Place;
using cluster::PoolIndex;
using cluster::Reason;
using cluster::UpstreamIndex;
using cluster::UpstreamView;
using cluster::View;

namespace {

std::uint32_t seconds_of(base::Duration window) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(window).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, Window::kSecondsMax));
}

double mean_ms(const Totals& grown) {
    return static_cast<double>(grown.latency_us) / static_cast<double>(grown.answers) / 1e3;
}

}  // namespace

Steward::Steward(Desk& desk) : desk_(desk) {}

void Steward::tick(const std::vector<bool>& is_mine) {
    records_.resize(is_mine.size());
    for (std::size_t pool = 0; pool < records_.size(); ++pool) {
        if (!is_mine[pool]) {
            records_[pool].clear();
            continue;
        }
        records_[pool].resize(desk_.config->pools[pool].upstreams.size());
        weigh(static_cast<std::uint16_t>(pool), records_[pool]);
    }
}

/// Of all shards. A request in flight has not ended; the two counters are not read at one moment.
Totals Steward::sum(Place place) const {
    Totals totals;
    std::uint64_t latency_ns = 0;
    for (const observe::ShardCounters* shard : desk_.parts.all_counters) {
        const observe::UpstreamCounters& of =
            shard->upstreams[place.pool.value][place.upstream.value];
        const std::uint64_t in_flight = of.in_flight.get();
        const std::uint64_t requests = of.requests.get();
        totals.requests += requests - std::min(requests, in_flight);
        totals.failures += of.failures.get();
        // Of the first class only upgrades are counted.
        for (std::size_t of_class = 1; of_class < of.responses_by_class.size(); ++of_class) {
            totals.answers += of.responses_by_class[of_class].get();
        }
        latency_ns += of.first_byte.sum_ns();
    }
    totals.latency_us = latency_ns / 1000;
    return totals;
}

void Steward::weigh(std::uint16_t pool, std::vector<Record>& records) {
    const auto place_of = [pool](std::size_t i) {
        return Place{PoolIndex{pool}, UpstreamIndex{static_cast<std::uint16_t>(i)}};
    };
    for (std::size_t i = 0; i < records.size(); ++i) {
        const UpstreamView& upstream = desk_.view().upstream(place_of(i));
        Record& record = records[i];
        record.window.tick(sum(place_of(i)));
        // What led to the last verdict must not lead to the next.
        if (upstream.ejected_until != record.ejected_until ||
            upstream.breaker.phase != record.phase ||
            upstream.breaker_resets != record.breaker_resets) {
            record.window.restart();
        }
        record.ejected_until = upstream.ejected_until;
        record.phase = upstream.breaker.phase;
        record.breaker_resets = upstream.breaker_resets;
    }
    for (std::size_t i = 0; i < records.size(); ++i) weigh_errors(place_of(i), records[i].window);
    weigh_latency(pool, records);
}

void Steward::weigh_errors(Place place, const Window& window) {
    const config::Pool& pool = desk_.pool(place);
    const auto share = [](const Totals& grown, base::Duration over) {
        return fmt::format("{} of {} requests failed in {} s", grown.failures, grown.requests,
                           seconds_of(over));
    };
    const UpstreamView upstream = desk_.view().upstream(place);
    const Totals for_outlier = window.over(seconds_of(pool.outlier.window));
    if (pool.outlier.enabled && upstream.ejected_until == base::Instant{} &&
        too_many_errors(for_outlier, pool.outlier.error_percent, pool.outlier.requests_min)) {
        desk_.publish(share(for_outlier, pool.outlier.window), {},
                      [&](const View& view, base::Instant now) {
                          return failover::eject(view, place, Reason::error_rate, now);
                      });
    }
    const Totals for_breaker = window.over(seconds_of(pool.breaker.window));
    if (pool.breaker.enabled && upstream.breaker.phase == BreakerPhase::closed &&
        too_many_errors(for_breaker, pool.breaker.error_percent, pool.breaker.requests_min)) {
        desk_.publish(share(for_breaker, pool.breaker.window), {},
                      [&](const View& view, base::Instant now) {
                          return failover::open_breaker(view, place, Reason::error_rate, now);
                      });
    }
}

void Steward::weigh_latency(std::uint16_t pool, const std::vector<Record>& records) {
    const config::Outlier& rules = desk_.config->pools[pool].outlier;
    if (!rules.enabled || rules.latency_factor <= 0) return;
    const std::uint32_t seconds = seconds_of(rules.window);
    std::vector<Totals> grown(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        // Who takes no traffic is not compared.
        if (desk_.view().pool(PoolIndex{pool}).upstreams[i].eligible) {
            grown[i] = records[i].window.over(seconds);
        }
    }
    const auto slowest = slowest_outlier(grown, rules);
    if (!slowest) return;
    const Place place{PoolIndex{pool}, UpstreamIndex{static_cast<std::uint16_t>(*slowest)}};
    double others_ms = 0;
    std::uint32_t others = 0;
    for (std::size_t i = 0; i < grown.size(); ++i) {
        if (i == *slowest || grown[i].answers < std::max(1u, rules.requests_min)) continue;
        others_ms += mean_ms(grown[i]);
        ++others;
    }
    const std::string evidence = fmt::format("{:.3g} ms in the mean of {} s, its peers {:.3g} ms",
                                             mean_ms(grown[*slowest]), seconds, others_ms / others);
    desk_.publish(evidence, {}, [&](const View& view, base::Instant now) {
        return failover::eject(view, place, Reason::relative_latency, now);
    });
}

}  // namespace ringway::health
