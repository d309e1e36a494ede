// [[listener]]: the addresses that clients connect to, with the limits and timeouts of their
// connections.
#include <fmt/format.h>

#include <algorithm>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

using std::chrono::hours;

constexpr std::string_view kProtocols[] = {"http"};
constexpr Bounds kTimeout = between(milliseconds(1), hours(24 * 30));

void read_protocol(Reading& reading, const Rule& rule, const toml::node& node, Listener& listener) {
    if (const auto* text = node.as_string(); text != nullptr && text->get() == "tcp") {
        return reading.complain(
            node, "`protocol`: \"tcp\" is not available in this version; write \"http\"");
    }
    Rule word_rule = rule;
    word_rule.kind = Kind::word;
    word_rule.words = kProtocols;
    read_value(reading, word_rule, node, &listener.protocol);
}

void read_trusted_proxies(Reading& reading, const Rule& rule, const toml::node& node,
                          Listener& listener) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        return reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name,
                                                  rule.shape, type_found(node)));
    }
    for (const toml::node& element : *array) {
        const auto* text = element.as_string();
        const auto network = text != nullptr && !check_name(text->get())
                                 ? base::Network::parse(text->get())
                                 : std::nullopt;
        if (network) {
            listener.trusted_proxies.push_back(*network);
        } else {
            reading.complain(
                element,
                fmt::format("`{}`: {} is no network; write one as \"10.0.0.0/8\" or \"fd00::/8\"",
                            rule.name,
                            text != nullptr ? "\"" + shown(text->get()) + "\""
                                            : std::string(type_found(element))));
        }
    }
}

void append_timeouts(std::vector<Key<Listener>>& keys) {
    const std::vector<Key<Listener>> timeouts{
        duration<&Listener::header_timeout>(
            "header_timeout", kTimeout,
            "from the first byte of a request to the end of its head; then 408"),
        duration<&Listener::body_timeout>("body_timeout", kTimeout,
                                          "between two pieces of a request body"),
        duration<&Listener::idle_timeout>("idle_timeout", kTimeout,
                                          "between two requests of a connection"),
        duration<&Listener::send_timeout>("send_timeout", kTimeout,
                                          "a client that takes no byte of its response"),
        duration<&Listener::linger_timeout>("linger_timeout", kTimeout,
                                            "wait for the client to close after the proxy did"),
        duration<&Listener::request_timeout>(
            "request_timeout", kTimeout,
            "a whole request, from its head to the last byte of the response"),
        duration<&Listener::tunnel_timeout>(
            "tunnel_timeout", kTimeout,
            "an upgraded connection (WebSocket) with no byte in either direction"),
    };
    keys.insert(keys.end(), timeouts.begin(), timeouts.end());
}

void append_limits(std::vector<Key<Listener>>& keys) {
    constexpr auto kHead = &Listener::head;
    const std::vector<Key<Listener>> limits{
        size<kHead, &http::HeadLimits::bytes_max>("header_bytes_max", {1024, 1 << 20},
                                                  "a whole request head; 431 beyond"),
        count<kHead, &http::HeadLimits::fields_max>("header_fields_max", {1, base::kFieldsMax},
                                                    "header fields of a request; 431 beyond"),
        size<kHead, &http::HeadLimits::target_bytes_max>(
            "uri_bytes_max", {64, 1 << 20},
            "the request target; 414 beyond; at most `header_bytes_max`"),
        size<&Listener::body_bytes_max>("body_bytes_max", {0, 1ull << 50},
                                        "a request body; 413 beyond"),
        count<&Listener::connections_max>("connections_max", {1, 1 << 24},
                                          "client connections of the whole process"),
        count<&Listener::connections_per_client_max>(
            "connections_per_client_max", {0, 1 << 24},
            "connections of one client address, each shard its equal part; 0: no limit"),
        count<&Listener::pipeline_depth_max>(
            "pipeline_depth_max", {1, 1024},
            "requests waiting on one connection; more stay in the kernel"),
        count<&Listener::requests_per_connection_max>("requests_per_connection_max",
                                                      {0, 1ull << 40},
                                                      "then the connection is closed; 0: no limit"),
    };
    keys.insert(keys.end(), limits.begin(), limits.end());
}

const Section<Listener>& listener_section() {
    static const Section<Listener> section = [] {
        Section<Listener> result{
            .heading = "[[listener]]",
            .meaning = "An address that clients connect to.",
            .keys =
                {
                    text<&Listener::name>("name", check_name,
                                          "its name in routes, logs and metrics")
                        .with_default("the address"),
                    custom<Listener>(
                        "address", "an address",
                        [](Reading& reading, const Rule& rule, const toml::node& node,
                           Listener& listener) {
                            if (auto address = read_listen_address(reading, rule, node))
                                listener.address = *address;
                        },
                        "\"IP:port\" or \"unix:/path\"")
                        .required(),
                    custom<Listener>("protocol", "a string", read_protocol, "\"http\"")
                        .with_default("\"http\""),
                    count<&Listener::backlog>("backlog", {1, 65535},
                                              "connections that the kernel holds until accepted"),
                    custom<Listener>(
                        "trusted_proxies", "an array of networks", read_trusted_proxies,
                        "peers whose X-Forwarded-*, X-Real-IP and X-Request-ID are believed")
                        .with_default("[]"),
                    text<&Listener::congestion_control>(
                        "congestion_control", check_plain,
                        "TCP congestion control of its connections; empty: the system's"),
                },
            .not_available = {"tls", "proxy_protocol", "rate_limit"},
        };
        append_limits(result.keys);
        append_timeouts(result.keys);
        return result;
    }();
    return section;
}

void check_listener(Reading& reading, const toml::table& table, const Listener& listener) {
    if (listener.head.target_bytes_max > listener.head.bytes_max) {
        const toml::node* uri = table.get("uri_bytes_max");
        reading.complain(
            uri != nullptr ? *uri : *table.get("header_bytes_max"),
            fmt::format(
                "`uri_bytes_max` ({}) is more than `header_bytes_max` ({}), which holds it; lower "
                "the one or raise the other",
                listener.head.target_bytes_max, listener.head.bytes_max));
    }
}

}  // namespace

void read_listeners(Reading& reading, const toml::node& node, Config& config) {
    for (const toml::table* table : tables_of(reading, "[[listener]]", node, base::kListenersMax)) {
        Listener listener;
        read_section(reading, listener_section(), *table, listener);
        check_listener(reading, *table, listener);
        const bool has_address = listener.address.raw_size() > 0;
        if (has_address && listener.name.empty()) listener.name = listener.address.text();
        add_name(reading, *table, "listener", listener.name, reading.listener_names);
        const auto same = std::ranges::find(config.listeners, listener.address, &Listener::address);
        if (has_address && same != config.listeners.end()) {
            reading.complain(*table->get("address"),
                             fmt::format("the listener `{}` has the same address; give one "
                                         "another address",
                                         shown(same->name)));
        }
        if (has_address && config.admin.listen == listener.address) {
            reading.complain(*table->get("address"),
                             "[admin] listens on the same address; give one another address");
        }
        config.listeners.push_back(std::move(listener));
    }
}

void describe_listener(std::vector<SectionText>& out) {
    out.push_back(describe(listener_section()));
}

}  // namespace ringway::config
