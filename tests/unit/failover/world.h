// A configuration, its view, and a clock; steps are taken one by one.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ringway/failover/merge.h"

namespace ringway::failover {

using cluster::UpstreamState;
using observe::EventKind;

inline Place at(std::uint16_t upstream, std::uint16_t pool = 0) { return {{pool}, {upstream}}; }

/// Literal addresses, no checks, everything else by default.
inline config::Config config_of(std::initializer_list<std::size_t> upstreams_of_pools) {
    config::Config config;
    for (const std::size_t count : upstreams_of_pools) {
        config::Pool& pool = config.pools.emplace_back();
        pool.upstreams.resize(count);
        for (config::Upstream& upstream : pool.upstreams) {
            upstream.literal = base::SocketAddress::parse("10.0.0.1:80");
        }
    }
    return config;
}

/// No address for anybody: of literal ones it means nothing.
inline Addresses none_resolved(const config::Config& config) {
    Addresses addresses;
    for (const config::Pool& pool : config.pools) addresses.emplace_back(pool.upstreams.size());
    return addresses;
}

struct World {
    explicit World(config::Config with)
        : config(std::move(with)), view(first_view(config, none_resolved(config), now)) {}

    /// Whether the step gave something, which is the view then.
    bool take(Step step) {
        told.clear();
        if (!step) return false;
        EXPECT_EQ(step->view->version, view->version + 1);
        view = std::move(step->view);
        told = std::move(step->events);
        return true;
    }
    bool set(Place place, UpstreamState state, Reason reason = Reason::check_failed) {
        return take(set_state(*view, place, state, reason, now));
    }
    bool pass() { return take(pass_time(*view, now)); }
    bool pass_at(Instant moment) {
        now = moment;
        return pass();
    }
    /// Of the last step: "unhealthy(0) total_failure".
    std::string events() const {
        std::string text;
        for (const observe::Event& event : told) {
            if (!text.empty()) text += ' ';
            text += name_of(event.kind);
            if (event.upstream == observe::Event::kWholePool) continue;
            text += '(' + std::to_string(event.upstream) + ')';
        }
        return text;
    }
    /// Numbers of those that may be picked: "02".
    std::string eligible(std::uint16_t pool = 0) const {
        std::string text;
        const auto& upstreams = view->pool({pool}).upstreams;
        for (std::size_t i = 0; i < upstreams.size(); ++i) {
            if (upstreams[i].eligible) text += std::to_string(i);
        }
        return text;
    }
    const cluster::UpstreamView& see(Place place) const { return view->upstream(place); }
    config::Pool& rules(std::uint16_t pool = 0) { return config.pools[pool]; }

    config::Config config;
    Instant now{std::chrono::seconds(1000)};
    std::unique_ptr<const View> view;
    std::vector<observe::Event> told;
};

}  // namespace ringway::failover
