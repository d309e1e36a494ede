// Table::match and explain against a matcher that looks at every route, over random routes and
// requests.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <tuple>

#include "../rounds.h"
#include "request.h"
#include "ringway/route/table.h"

namespace ringway::route {
namespace {

using config::Route;
using config::StringMatch;
using Kind = config::StringMatch::Kind;

// The naive matcher: every route that matches, the most specific of them.
struct Candidate {
    int host = 0, wildcard = 0, path = 0, prefix = 0, expression = 0, conditions = 0, place = 0;
    auto rank() const {
        return std::tuple(host, -wildcard, path, -prefix, expression, -conditions, place);
    }
};

bool naive_value(const StringMatch& match, const std::string& value) {
    switch (match.kind) {
        case Kind::exact:
            return value == match.value;
        case Kind::prefix:
            return value.rfind(match.value, 0) == 0;
        case Kind::regex:
            return std::regex_match(value, std::regex(match.value));
        case Kind::present:
            return true;
    }
    return false;
}

struct Asked {
    std::string method;
    std::string host;
    std::string path;
    std::string header;     // value of the field h; empty: no such field
    std::string parameter;  // value of the parameter q; empty: no such parameter
};

bool naive_host(const std::string& host, const Asked& asked, Candidate& candidate) {
    if (host.empty()) {
        candidate.host = 2;
        return true;
    }
    if (host[0] != '*') return host == asked.host;
    const std::string suffix = host.substr(1);
    candidate.host = 1;
    candidate.wildcard = static_cast<int>(host.size());
    return asked.host.size() > suffix.size() && asked.host.ends_with(suffix);
}

bool has_host(const Route& route, const std::string& host) {
    return host.empty() ? route.hosts.empty() : std::ranges::count(route.hosts, host) > 0;
}

bool naive_path(const std::vector<Route>& routes, const Route& route, const std::string& host,
                const Asked& asked, Candidate& candidate) {
    if (!route.path.empty()) return asked.path == route.path;
    if (!route.path_prefix.empty()) {
        candidate.path = 1;
        candidate.prefix = static_cast<int>(route.path_prefix.size());
        const std::string segments = route.path_prefix == "/" ? "/" : route.path_prefix + "/";
        return (asked.path + "/").rfind(segments, 0) == 0;
    }
    if (route.path_regex.empty()) {
        candidate.path = 3;
        return true;
    }
    candidate.path = 2;
    const auto same = [&](const Route& other) {
        return other.path_regex == route.path_regex && has_host(other, host);
    };
    candidate.expression = static_cast<int>(std::ranges::find_if(routes, same) - routes.begin());
    return std::regex_match(asked.path, std::regex(route.path_regex));
}

bool naive_conditions(const Route& route, const Asked& asked, Candidate& candidate) {
    candidate.conditions = static_cast<int>((route.methods.empty() ? 0u : 1u) +
                                            route.headers.size() + route.queries.size());
    const auto holds = [](const std::string& value) {
        return [&value](const StringMatch& match) {
            return !value.empty() && naive_value(match, value);
        };
    };
    return (route.methods.empty() || std::ranges::count(route.methods, asked.method) > 0) &&
           std::ranges::all_of(route.headers, holds(asked.header)) &&
           std::ranges::all_of(route.queries, holds(asked.parameter));
}

int naive_match(const std::vector<Route>& routes, const Asked& asked) {
    std::vector<Candidate> found;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        std::vector<std::string> hosts = routes[i].hosts;
        if (hosts.empty()) hosts.push_back("");
        for (const std::string& host : hosts) {
            Candidate candidate;
            candidate.place = static_cast<int>(i);
            if (naive_host(host, asked, candidate) &&
                naive_path(routes, routes[i], host, asked, candidate) &&
                naive_conditions(routes[i], asked, candidate)) {
                found.push_back(candidate);
            }
        }
    }
    const auto best = std::ranges::min_element(found, {}, &Candidate::rank);
    return best == found.end() ? -1 : best->place;
}

template <class T>
const T& one_of(const std::vector<T>& all, base::Prng& prng) {
    return all[prng.below(static_cast<std::uint32_t>(all.size()))];
}

std::string random_path(base::Prng& prng) {
    std::string path;
    const std::uint32_t count = prng.below(4);
    for (std::uint32_t i = 0; i < count; ++i)
        path += one_of<std::string>({"/a", "/b", "/ab", "/a-b", "/", "/c"}, prng);
    return path.empty() ? "/" : path;
}

StringMatch random_match(const std::string& name, base::Prng& prng) {
    const Kind kind = one_of<Kind>({Kind::exact, Kind::prefix, Kind::regex, Kind::present}, prng);
    return {.name = name, .kind = kind, .value = one_of<std::string>({"1", "2", "12", "1."}, prng)};
}

Route random_route(base::Prng& prng) {
    Route route;
    const std::vector<std::string> hosts = {"a.ex", "b.ex", "a.b.ex", "*.ex", "*.b.ex", "*.c.b.ex"};
    while (prng.chance(40)) {
        const std::string& host = one_of(hosts, prng);
        if (std::ranges::count(route.hosts, host) == 0) route.hosts.push_back(host);
    }
    const std::uint32_t kind = prng.below(10);
    if (kind < 3) route.path = random_path(prng);
    if (kind >= 3 && kind < 7) {
        route.path_prefix = random_path(prng);
        while (route.path_prefix.size() > 1 && route.path_prefix.ends_with('/'))
            route.path_prefix.pop_back();
    }
    if (kind == 7 || kind == 8)
        route.path_regex = one_of<std::string>({"/a.*", ".*b", "/(a|b)/.*", "/a?b?"}, prng);
    if (prng.chance(30)) route.methods.push_back(one_of<std::string>({"GET", "POST"}, prng));
    if (prng.chance(20)) route.headers.push_back(random_match("h", prng));
    if (prng.chance(20)) route.queries.push_back(random_match("q", prng));
    return route;
}

Asked random_asked(base::Prng& prng) {
    const std::vector<std::string> values = {"", "1", "2", "12", "13"};
    return {.method = one_of<std::string>({"GET", "POST", "PUT"}, prng),
            .host = one_of<std::string>(
                {"a.ex", "b.ex", "a.b.ex", "x.ex", "x.b.ex", "x.c.b.ex", "ex", "other"}, prng),
            .path = random_path(prng),
            .header = one_of(values, prng),
            .parameter = one_of(values, prng)};
}

TEST(Table, EqualsTheNaiveMatcherOverRandomRoutes) {
    int taken = 0;
    for (std::uint64_t seed = 1; seed <= rounds(300u); ++seed) {
        base::Prng prng(seed);
        std::vector<Route> routes;
        for (std::uint32_t left = prng.below(25); left > 0; --left)
            routes.push_back(random_route(prng));
        const Table table(config_of(routes));
        for (int i = 0; i < 60; ++i) {
            const Asked asked = random_asked(prng);
            std::vector<std::pair<std::string, std::string>> fields;
            if (!asked.header.empty()) fields.push_back({"h", asked.header});
            const std::string query = asked.parameter.empty() ? "" : "?q=" + asked.parameter;
            const Request request(asked.method, asked.host, asked.path + query, fields);
            const int expected = naive_match(routes, asked);
            ASSERT_EQ(table.match(0, request.head()), expected)
                << "seed " << seed << ": " << asked.method << " " << asked.host << " " << asked.path
                << query;
            taken += expected >= 0 ? 1 : 0;

            const auto lines = table.explain(0, request.head());
            ASSERT_EQ(lines.size(), routes.size());
            const auto line = std::ranges::find_if(
                lines, [](const auto& text) { return text.ends_with(": taken"); });
            const std::string named = line == lines.end() ? "" : *line;
            ASSERT_EQ(named, expected < 0 ? "" : "r" + std::to_string(expected) + ": taken");
        }
    }
    EXPECT_GT(taken, rounds(5000));
}

}  // namespace
}  // namespace ringway::route
