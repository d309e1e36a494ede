// One line per route: taken, or why not; see explain.h.
#include "explain.h"

#include <algorithm>
#include <tuple>

#include "host.h"
#include "text.h"

namespace ringway::route {
namespace {

enum class HostRank : std::uint8_t { exact, wildcard, any, other };
enum class PathRank : std::uint8_t { exact, prefix, expression, any };

/// A route with its place in the order of specificity; the smaller rank comes first.
struct Considered {
    std::size_t place = 0;
    HostRank host = HostRank::other;
    std::size_t wildcard_size = 0;
    PathRank path = PathRank::any;
    std::size_t prefix_size = 0;
    // of the first route with the same expression for the same host
    std::size_t expression_place = 0;
    std::size_t condition_count = 0;

    auto host_rank() const { return std::tuple(host, ~wildcard_size); }
    auto rank() const {
        return std::tuple(host_rank(), path, ~prefix_size, expression_place, ~condition_count,
                          place);
    }
};

void rank_host(const config::Route& route, std::string_view name, Considered& considered) {
    if (route.hosts.empty()) considered.host = HostRank::any;
    for (const std::string& written : route.hosts) {
        const std::string host = lower_case(written);
        if (host == name && !is_wildcard(host)) {
            considered.host = HostRank::exact;
            considered.wildcard_size = 0;
            return;
        }
        if (is_wildcard(host) && wildcard_has(host, name)) {
            considered.host = HostRank::wildcard;
            considered.wildcard_size = std::max(considered.wildcard_size, host.size());
        }
    }
}

void rank_path(const config::Route& route, Considered& considered) {
    if (!route.path.empty()) {
        considered.path = PathRank::exact;
    } else if (!route.path_prefix.empty()) {
        considered.path = PathRank::prefix;
        considered.prefix_size = route.path_prefix.size();
    } else if (!route.path_regex.empty()) {
        considered.path = PathRank::expression;
    }
}

std::string path_refusal(const config::Route& route, std::string_view path) {
    if (!route.path.empty()) return route.path == path ? "" : "path is not " + route.path;
    if (!route.path_prefix.empty()) {
        return has_path_prefix(path, route.path_prefix) ? ""
                                                        : "path is not under " + route.path_prefix;
    }
    if (route.path_regex.empty()) return {};
    if (path.size() > kRegexPathBytesMax) return "path is too long for path_regex";
    const auto regex = compile_regex(route.path_regex);
    if (!regex) return "path_regex " + route.path_regex + " is malformed";
    return regex_matches(*regex, path) ? "" : "path does not match " + route.path_regex;
}

std::string host_refusal(const config::Route& route, const Considered& considered,
                         std::string_view name) {
    if (considered.host != HostRank::other) return {};
    std::string wanted;
    for (const std::string& host : route.hosts) wanted += (wanted.empty() ? "" : " or ") + host;
    return "host " + (name.empty() ? std::string("(none)") : std::string(name)) + " is not " +
           wanted;
}

std::vector<Considered> consider(const config::SharedVector<config::Route>& routes,
                                 std::span<const Rule> rules, std::uint16_t listener,
                                 std::string_view host_name) {
    std::vector<Considered> all;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const config::Route& route = routes[i];
        if (!route.listeners.empty() &&
            std::ranges::find(route.listeners, listener) == route.listeners.end()) {
            continue;
        }
        Considered& considered = all.emplace_back();
        considered.place = i;
        considered.condition_count = rules[i].conditions.count();
        rank_host(route, host_name, considered);
        rank_path(route, considered);
        if (considered.path != PathRank::expression) continue;
        const auto first = std::ranges::find_if(all, [&](const Considered& other) {
            return other.host_rank() == considered.host_rank() &&
                   routes[other.place].path_regex == route.path_regex;
        });
        considered.expression_place = first->place;
    }
    std::ranges::sort(all, {}, &Considered::rank);
    return all;
}

}  // namespace

std::vector<std::string> explain_routes(const config::SharedVector<config::Route>& routes,
                                        std::span<const Rule> rules, std::uint16_t listener,
                                        const http::RequestHead& head) {
    const HostName host(head.authority);
    std::vector<std::string> lines;
    std::string taken;
    for (const Considered& considered : consider(routes, rules, listener, host.text())) {
        const config::Route& route = routes[considered.place];
        std::string why = host_refusal(route, considered, host.text());
        if (why.empty()) why = path_refusal(route, head.path);
        if (why.empty()) why = rules[considered.place].conditions.refusal(head);
        std::string line = route.name;
        if (!route.config_place.empty()) line += " (" + route.config_place + ")";
        if (!why.empty()) {
            line += ": no, " + why;
        } else if (taken.empty()) {
            taken = route.name;
            line += ": taken";
        } else {
            line += ": matches, but " + taken + " comes first";
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace ringway::route
