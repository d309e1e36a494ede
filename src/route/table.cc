// Listener -> host -> path -> conditions; see table.h. Built once, then only read: shards share it
// without a lock.
#include "ringway/route/table.h"

#include <algorithm>
#include <utility>

#include "explain.h"
#include "host.h"
#include "paths.h"
#include "ringway/base/assert.h"
#include "text.h"

namespace ringway::route {
namespace {

struct Host {
    std::string name;  // lower case; of a wildcard the part after '*', with its dot
    Paths paths;
};

const Paths* find(const std::vector<Host>& hosts, std::string_view name) {
    const auto at =
        std::ranges::lower_bound(hosts, name, std::ranges::less{},
                                 [](const Host& host) { return std::string_view(host.name); });
    return at != hosts.end() && at->name == name ? &at->paths : nullptr;
}

Paths& find_or_add(std::vector<Host>& hosts, const std::string& name) {
    for (Host& host : hosts) {
        if (host.name == name) return host.paths;
    }
    hosts.push_back({name, {}});
    return hosts.back().paths;
}

void seal(std::vector<Host>& hosts) {
    for (Host& host : hosts) host.paths.seal();
    std::ranges::sort(hosts, {}, &Host::name);
}

/// The routes of one listener.
struct Listener {
    std::vector<Host> exact;      // sorted by name
    std::vector<Host> wildcards;  // sorted by name
    Paths any;
    int catch_all = kNoRoute;  // the route that takes every request of this listener

    /// The place of a rule, or kNoRoute.
    int search(const http::RequestHead& head) const;
};

int search_wildcards(const Listener& listener, std::string_view name,
                     const http::RequestHead& head) {
    for (std::size_t dot = name.find('.', 1); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
        const Paths* paths = find(listener.wildcards, name.substr(dot));
        if (paths == nullptr) continue;
        if (const int found = paths->search(head); found != kNoRoute) return found;
    }
    return kNoRoute;
}

int Listener::search(const http::RequestHead& head) const {
    if (catch_all != kNoRoute) return catch_all;
    if (!exact.empty() || !wildcards.empty()) {
        const HostName host(head.authority);
        if (const Paths* paths = find(exact, host.text()); paths != nullptr) {
            if (const int found = paths->search(head); found != kNoRoute) return found;
        }
        if (!wildcards.empty()) {
            if (const int found = search_wildcards(*this, host.text(), head); found != kNoRoute)
                return found;
        }
    }
    return any.search(head);
}

}  // namespace

struct Table::Index {
    std::vector<Rule> rules;            // in the order of the file
    std::vector<std::uint16_t> places;  // of each, in Config::routes
    std::vector<Listener> listeners;
    config::SharedVector<config::Route> routes;  // of each, for explain()

    void add(const config::Route& route, const Rule& rule, Listener& listener) {
        if (route.hosts.empty()) listener.any.add(route, rule);
        std::vector<std::string> seen;
        for (const std::string& written : route.hosts) {
            std::string host = lower_case(written);
            if (std::ranges::find(seen, host) != seen.end()) continue;
            seen.push_back(host);
            if (is_wildcard(host)) {
                find_or_add(listener.wildcards, host.substr(1)).add(route, rule);
            } else {
                find_or_add(listener.exact, host).add(route, rule);
            }
        }
    }
};

Table::Table(const config::Config& config) : index_(std::make_unique<Index>()) {
    RW_ASSERT(config.routes.size() <= base::kRoutesMax);
    Index& index = *index_;
    index.places = config::route_order(config);
    for (std::size_t i = 0; i < index.places.size(); ++i) {
        index.routes.emplace_back();
        index.routes.take_over(i, config.routes, index.places[i]);
    }
    index.listeners.resize(config.listeners.size());
    index.rules.reserve(index.routes.size());  // rules are pointed to from here on
    for (std::size_t i = 0; i < index.routes.size(); ++i) {
        const config::Route& route = std::as_const(index.routes)[i];
        const Rule& rule = index.rules.emplace_back(route, static_cast<int>(i));
        for (const std::uint16_t listener : route.listeners) {
            RW_ASSERT(listener < index.listeners.size());
            index.add(route, rule, index.listeners[listener]);
        }
        if (!route.listeners.empty()) continue;
        for (Listener& listener : index.listeners) index.add(route, rule, listener);
    }
    for (Listener& listener : index.listeners) {
        seal(listener.exact);
        seal(listener.wildcards);
        listener.any.seal();
        if (listener.exact.empty() && listener.wildcards.empty()) {
            listener.catch_all = listener.any.catch_all();
        }
    }
}

Table::~Table() = default;
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;

int Table::match(std::uint16_t listener, const http::RequestHead& head) const {
    RW_ASSERT_HOT(listener < index_->listeners.size());
    const int rule = index_->listeners[listener].search(head);
    return rule == kNoRoute ? rule : index_->places[static_cast<std::size_t>(rule)];
}

std::vector<std::string> Table::explain(std::uint16_t listener,
                                        const http::RequestHead& head) const {
    return explain_routes(index_->routes, index_->rules, listener, head);
}

}  // namespace ringway::route
