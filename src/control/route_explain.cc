// The request that is asked about is written out and parsed as one that arrives would be, so that
// the answer is the router's own. Admin server's thread.
#include "route_explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "query.h"
#include "ringway/observe/json.h"
#include "ringway/route/table.h"

namespace ringway::control {
namespace {

/// What the query asks about.
struct Asked {
    std::uint16_t listener = 0;
    std::string head;  // of the request, as bytes
};

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::expected<std::uint16_t, std::string> listener_of(const config::Config& config,
                                                      std::string_view query) {
    const auto name = value_in(query, "listener");
    const std::vector<std::uint16_t> listeners = config::places_in_use(config.listeners);
    if (!name) {
        if (listeners.size() == 1) return listeners.front();
        return std::unexpected("there are several listeners: give `listener`");
    }
    const auto found = std::ranges::find(listeners, *name, [&](std::uint16_t place) {
        return std::string_view(config.listeners[place].name);
    });
    if (found == listeners.end()) return std::unexpected("there is no listener `" + *name + "`");
    return *found;
}

std::expected<Asked, std::string> read_query(const config::Config& config, std::string_view query) {
    const auto listener = listener_of(config, query);
    if (!listener) return std::unexpected(listener.error());
    const std::string method = value_in(query, "method").value_or("GET");
    const std::string target = value_in(query, "target").value_or("/");
    const std::string host = value_in(query, "host").value_or("");
    if (method.find(' ') != std::string::npos || target.find(' ') != std::string::npos)
        return std::unexpected("`method` and `target` have no spaces");
    Asked asked{.listener = *listener,
                .head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, target, host)};
    bool plain = is_one_line(method) && is_one_line(target) && is_one_line(host);
    for (const std::string& header : values_in(query, "header")) {
        if (header.find(':') == std::string::npos)
            return std::unexpected("`header` is written as Name:value");
        plain = plain && is_one_line(header);
        asked.head += header + "\r\n";
    }
    if (!plain) return std::unexpected("no value may have a line end or NUL");
    asked.head += "\r\n";
    return asked;
}

/// `route` is null when none matches.
void put_action(observe::JsonWriter& json, const config::Config& config,
                const config::Route* route) {
    if (route == nullptr) {
        for (const char* key : {"route", "place", "action"}) json.key(key).null();
        json.key("pools").open_array();
        return json.close_array();
    }
    const auto name_of = [&](cluster::PoolIndex pool) { return config.pools[pool.value].name; };
    json.key("route").text(route->name);
    json.key("place").text(route->config_place);
    json.key("action").text(route->redirect  ? "redirect"
                            : route->respond ? "respond"
                            : route->split   ? "split"
                                             : "pool");
    json.key("pools").open_array();
    if (route->to_pool) json.text(name_of(*route->to_pool));
    if (route->split) {
        for (const auto& [pool, weight] : route->split->targets) json.text(name_of(pool));
    }
    json.close_array();
}

}  // namespace

AdminReply explain_reply(const config::Config& config, std::string_view query) {
    const auto asked = read_query(config, query);
    if (!asked) return error_reply(400, "bad_query", asked.error());
    const auto head = std::make_unique<http::RequestHead>();
    std::uint32_t scanned = 0;
    const http::HeadError error = http::parse_request_head(asked->head, {}, scanned, *head);
    if (error != http::HeadError::none) {
        return error_reply(
            400, "bad_query",
            fmt::format("such a request is refused before it is routed: {}", http::name_of(error)));
    }
    const route::Table table(config);
    const int taken = table.match(asked->listener, *head);
    AdminReply reply;
    observe::JsonWriter json(reply.body);
    json.open_object();
    json.key("listener").text(config.listeners[asked->listener].name);
    json.key("method").text(head->method_text);
    json.key("host").text(head->authority);
    json.key("target").text(head->target);
    put_action(json, config, taken < 0 ? nullptr : &config.routes[static_cast<std::size_t>(taken)]);
    json.key("considered").open_array();
    for (const std::string& line : table.explain(asked->listener, *head)) json.text(line);
    json.close_array();
    json.close_object();
    reply.body += '\n';
    return reply;
}

}  // namespace ringway::control
