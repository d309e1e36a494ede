#include "ringway/control/traffic_rates.h"

namespace ringway::control {

TrafficTotals sum_of_traffic(const std::vector<const observe::ShardCounters*>& shards) {
    TrafficTotals totals;
    for (const observe::ShardCounters* shard : shards) {
        totals.requests += shard->exchanges.get();
        for (const auto& route : shard->routes) totals.errors += route.responses_by_class[5].get();
        for (const auto& listener : shard->listeners) {
            totals.received_bytes += listener.bytes_in.get();
            totals.sent_bytes += listener.bytes_out.get();
        }
    }
    return totals;
}

namespace {

/// Counts of what a reload has taken away end when its place is used again.
bool has_gone_back(const TrafficTotals& now, const TrafficTotals& then) {
    return now.requests < then.requests || now.errors < then.errors ||
           now.received_bytes < then.received_bytes || now.sent_bytes < then.sent_bytes;
}

}  // namespace

void TrafficRates::tick(base::Instant now, const TrafficTotals& totals) {
    if (!samples_.empty() && has_gone_back(totals, samples_.back().totals)) samples_.clear();
    samples_.push_back({now, totals});
    while (samples_.size() > 1 && now - samples_[1].at >= kWindow) samples_.pop_front();
}

TrafficRate TrafficRates::read(base::Instant now, const TrafficTotals& totals) const {
    if (samples_.empty() || now <= samples_.front().at) return {};
    if (has_gone_back(totals, samples_.back().totals)) return {};  // until the next tick
    const Sample& then = samples_.front();
    const double seconds = static_cast<double>((now - then.at).count()) / 1e9;
    const auto rate = [seconds](std::uint64_t is, std::uint64_t was) {
        return static_cast<double>(is - was) / seconds;
    };
    return {.over = now - then.at,
            .requests = rate(totals.requests, then.totals.requests),
            .errors = rate(totals.errors, then.totals.errors),
            .received_bytes = rate(totals.received_bytes, then.totals.received_bytes),
            .sent_bytes = rate(totals.sent_bytes, then.totals.sent_bytes)};
}

}  // namespace ringway::control
