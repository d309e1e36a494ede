// A pool, its view and its loads for tests of policies, and the count of who was picked.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "ringway/balance/balance.h"

namespace ringway::balance {

inline constexpr base::Instant kNow{std::chrono::hours(1)};

/// Upstreams u0, u1, ... of the given weights, all eligible, in tier 0.
class Arena {
 public:
    Arena(config::Balance balance, const std::vector<std::uint32_t>& weights) : prng(42) {
        pool.name = "pool";
        pool.balance = balance;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            config::Upstream upstream;
            upstream.name = "u" + std::to_string(i);
            upstream.weight = weights[i];
            pool.upstreams.push_back(upstream);
            cluster::UpstreamView seen;
            seen.weight = weights[i];
            view.upstreams.push_back(seen);
        }
        loads.resize(weights.size());
    }

    /// Index of the picked upstream, or -1.
    int pick(const Request& request = {}) {
        if (!balancer) balancer = make_balancer(pool);
        const auto picked = balancer->pick(view, loads, request, now, prng);
        return picked ? picked->value : -1;
    }

    /// How often each was picked in `count` picks with nothing in flight. Keyed policies get a new
    /// key each time.
    std::vector<double> shares(int count, Request request = {}) {
        std::vector<double> picked(view.upstreams.size(), 0);
        const bool keyed = pool.balance == config::Balance::maglev;
        for (int i = 0; i < count; ++i) {
            if (keyed) request.key = prng.next();
            const int at = pick(request);
            if (at < 0) continue;
            picked[static_cast<std::size_t>(at)] += 1.0 / count;
        }
        return picked;
    }

    void changed() { ++view.version; }

    config::Pool pool;
    cluster::PoolView view;
    std::vector<Load> loads;
    base::Prng prng;
    base::Instant now = kNow;
    std::unique_ptr<Balancer> balancer;
};

/// Pearson's chi-square of observed shares against expected ones; categories that expect nothing
/// must have nothing.
inline double chi_square(const std::vector<double>& observed, const std::vector<double>& expected,
                         int count) {
    double sum = 0;
    for (std::size_t i = 0; i < observed.size(); ++i) {
        if (expected[i] == 0) {
            if (observed[i] != 0) return INFINITY;
            continue;
        }
        const double difference = (observed[i] - expected[i]) * count;
        sum += difference * difference / (expected[i] * count);
    }
    return sum;
}

inline Tried tried_of(std::initializer_list<std::uint16_t> upstreams) {
    Tried tried;
    for (const std::uint16_t upstream : upstreams) tried.add(cluster::UpstreamIndex{upstream});
    return tried;
}

}  // namespace ringway::balance
