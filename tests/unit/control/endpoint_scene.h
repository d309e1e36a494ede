// The standard endpoints without a server: what tests of them share.
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ringway/control/clock.h"
#include "ringway/control/endpoints.h"
#include "ringway/failover/merge.h"

namespace ringway::control {

inline config::Config two_pools() {
    config::Config config;
    config.shards.resize(1);
    config.pools.resize(2);
    for (std::size_t i = 0; i < 2; ++i) {
        config.pools[i].name = i == 0 ? "api" : "files";
        config.pools[i].upstreams.resize(2);
        for (auto& upstream : config.pools[i].upstreams) {
            upstream.name = &upstream == &config.pools[i].upstreams[0] ? "a" : "b";
            upstream.literal = base::SocketAddress::parse("127.0.0.1:1");
        }
    }
    config.pools[0].health.checks.resize(1);
    config.pools[0].health.checks[0].name = "http /";
    return config;
}

/// A member of a JSON text as text; "" when it is none.
inline std::string text_of(const std::string& json, const char* pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    if (parser.parse(json).at_pointer(pointer).get(element) != simdjson::SUCCESS) return "";
    return simdjson::minify(element);
}

/// The standard endpoints over a board with one shard, asked by calling their handlers.
struct Scene {
    AdminReply ask(const std::string& path, const std::string& query = "") {
        const http::RequestHead head;
        const AdminEndpoint* const endpoint = endpoint_of(endpoints, path);
        if (endpoint == nullptr) return error_reply(404, "not_found", "no endpoint");
        return endpoint->handler({http::Method::get, path, query, head});
    }
    AdminReply change(const std::string& path, http::Method method = http::Method::post,
                      const std::string& body = "", const std::string& query = "") {
        const http::RequestHead head;
        const AdminEndpoint* const endpoint = endpoint_of(endpoints, path);
        if (endpoint == nullptr) return error_reply(404, "not_found", "no endpoint");
        EXPECT_NE(std::ranges::find(endpoint->methods, method), endpoint->methods.end()) << path;
        return endpoint->handler({method, path, query, head, body});
    }
    const cluster::UpstreamView& view_of(std::uint16_t pool, std::uint16_t upstream) {
        const base::RcuReader reader;
        seen = board.read()->upstream({{pool}, {upstream}});
        return seen;
    }
    void set_state(std::uint16_t pool, std::uint16_t upstream, cluster::UpstreamState state,
                   cluster::Reason reason) {
        const base::RcuReader reader;
        const auto now = read_clocks().now;
        EXPECT_TRUE(board.change(
            {.shard = 0, .now = now, .counters = &counters}, [&](const cluster::View& view) {
                return failover::set_state(view, {{pool}, {upstream}}, state, reason, now);
            }));
    }
    std::uint64_t version() {
        const base::RcuReader reader;
        return board.read()->version;
    }
    config::Config config = two_pools();
    Log log{LogLevel::error, -1};
    std::atomic<Phase> phase{Phase::starting};
    Resolver resolver{config::borrow(config), log};
    failover::Board board{resolver.first_view(std::chrono::seconds(0))};
    LogWriter writer{config::borrow(config), {}, log};
    AdminServer server{config.admin, log};
    observe::ShardCounters counters{config};
    health::CheckStats checks;
    Chronicle chronicle{board, {&counters}, log};
    Operations operations;
    std::shared_ptr<TrafficRates> rates = std::make_shared<TrafficRates>();
    Tenure tenure;
    std::vector<AdminEndpoint> endpoints = standard_endpoints({phase,
                                                               board,
                                                               {&counters},
                                                               checks,
                                                               chronicle,
                                                               writer,
                                                               resolver,
                                                               server,
                                                               operations,
                                                               nullptr,
                                                               nullptr,
                                                               &tenure},
                                                              rates);
    cluster::UpstreamView seen;
};

}  // namespace ringway::control
