// [[pool]] and [[pool.upstream]]: who answers requests, and how one of them is chosen.
#include <fmt/format.h>

#include <algorithm>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

using std::chrono::hours;

constexpr std::string_view kBalances[] = {"round_robin", "least_request", "p2c",
                                          "peak_ewma",   "maglev",        "random"};
constexpr Bounds kTimeout = between(milliseconds(1), hours(24 * 30));
constexpr Bounds kOffOrTimeout = between(Duration(0), hours(24 * 30));

const Section<Affinity>& affinity_section() {
    static const Section<Affinity> section{
        .heading = "[pool.affinity]",
        .meaning = "Cookie stickiness: a client comes back to the upstream that answered it first.",
        .keys =
            {
                text<&Affinity::cookie>("cookie", check_token, "name of the cookie").required(),
                text<&Affinity::path>("path", check_cookie_path, "its Path attribute"),
                duration<&Affinity::max_age>("max_age", between(Duration(0), hours(24 * 400)),
                                             "its Max-Age; 0s: until the browser closes"),
            },
        .not_available = {"header", "table"},
    };
    return section;
}

void read_address(Reading& reading, const Rule& rule, const toml::node& node, Upstream& upstream) {
    const auto* value = node.as_string();
    if (value == nullptr) {
        return reading.complain(
            node, fmt::format("`{}`: expected an address, found {}", rule.name, type_found(node)));
    }
    const std::string& text = value->get();
    upstream.address = text;
    const auto fail = [&](std::string_view what) {
        reading.complain(node, fmt::format("`{}`: \"{}\" {}", rule.name, shown(text), what));
    };
    if (const auto complaint = check_name(text)) return fail(*complaint);
    if (text.find("://") != std::string::npos) return fail("is a URL; write only \"host:port\"");
    upstream.literal = base::SocketAddress::parse(text);
    if (upstream.literal && !upstream.literal->is_ip()) return;
    if (text.starts_with("unix:"))
        return fail("is no unix socket; write \"unix:/path\", at most 107 bytes of path");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return fail("has no port; write \"host:port\"");
    const std::string digits = text.substr(colon + 1);
    const bool number = !digits.empty() && digits.size() <= 5 &&
                        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    const unsigned long port = number ? std::stoul(digits) : 0;
    if (port < 1 || port > 65535) return fail("has no valid port; write 1 to 65535");
    upstream.port = static_cast<std::uint16_t>(port);
    upstream.host = text.substr(0, colon);
    if (upstream.literal) return;
    if (upstream.host.find(':') != std::string::npos) {
        return fail("is no address; write an IPv6 address in brackets, as \"[::1]:80\"");
    }
    if (const auto complaint = check_host_name(upstream.host)) {
        fail(*complaint + " with a port; write \"host:port\"");
    }
}

const Section<Upstream>& upstream_section() {
    static const Section<Upstream> section{
        .heading = "[[pool.upstream]]",
        .meaning =
            "One server of the pool. Two with one address and different headers are two upstreams.",
        .keys =
            {
                text<&Upstream::name>("name", check_name, "its name in logs and metrics")
                    .with_default("the address"),
                custom<Upstream>("address", "an address", read_address,
                                 "\"host:port\", \"IP:port\" or \"unix:/path\"; host names are "
                                 "resolved again and again")
                    .required(),
                count<&Upstream::weight>("weight", {1, cluster::kWeightMax},
                                         "its share relative to the others"),
                count<&Upstream::priority>("priority", {0, 255},
                                           "its tier; the lowest with a usable upstream serves"),
                flag<&Upstream::backup>("backup",
                                        "serves only when no other upstream of the pool can"),
                count<&Upstream::connections_max>("connections_max", {0, 1 << 20},
                                                  "connections of a shard; 0: no limit"),
                count<&Upstream::in_flight_max>("in_flight_max", {0, 1 << 20},
                                                "requests of a shard; 0: no limit"),
                custom<Upstream>(
                    "headers", "a table of headers",
                    [](Reading& reading, const Rule& rule, const toml::node& node,
                       Upstream& upstream) {
                        read_edits(reading, rule, node, HeaderEdit::Kind::set,
                                   upstream.request_headers);
                        if (upstream.request_headers.size() > base::kHeaderEditsMax) {
                            reading.complain(node,
                                             fmt::format("`headers`: {} fields; write at most {}",
                                                         upstream.request_headers.size(),
                                                         base::kHeaderEditsMax));
                        }
                    },
                    "set on every request sent to it; values may be secrets")
                    .with_default("{}"),
                text<&Upstream::host_header>("host_header", check_authority,
                                             "replaces Host; empty: the client's is kept"),
            },
        .not_available = {"tls", "region"},
    };
    return section;
}

struct Prefix {
    std::string_view text;
    HashKey::Kind kind;
};

constexpr Prefix kHashPrefixes[] = {{"header:", HashKey::Kind::header},
                                    {"cookie:", HashKey::Kind::cookie},
                                    {"query:", HashKey::Kind::query}};

void read_hash_on(Reading& reading, const Rule& rule, const toml::node& node, Pool& pool) {
    const auto* value = node.as_string();
    const std::string text = value != nullptr ? value->get() : std::string();
    if (text == "client_address") return;
    if (text == "path") {
        pool.hash_key.kind = HashKey::Kind::path;
        return;
    }
    for (const Prefix& prefix : kHashPrefixes) {
        if (!text.starts_with(prefix.text)) continue;
        pool.hash_key = {prefix.kind, text.substr(prefix.text.size())};
        const auto complaint = prefix.kind == HashKey::Kind::query
                                   ? check_name(pool.hash_key.name)
                                   : check_token(pool.hash_key.name);
        if (!complaint) return;
    }
    reading.complain(
        node,
        fmt::format("`{}`: {} is not known; write \"client_address\", \"path\", \"header:NAME\", "
                    "\"cookie:NAME\" or \"query:NAME\"",
                    rule.name,
                    value != nullptr ? "\"" + shown(text) + "\"" : std::string(type_found(node))));
}

void read_upstreams(Reading& reading, const Rule&, const toml::node& node, Pool& pool) {
    std::vector<std::string> names;
    for (const toml::table* table :
         tables_of(reading, "[[pool.upstream]]", node, base::kUpstreamsPerPoolMax)) {
        Upstream upstream;
        read_section(reading, upstream_section(), *table, upstream);
        if (upstream.name.empty() && !table->contains("name")) upstream.name = upstream.address;
        add_name(reading, *table, "upstream", upstream.name, names);
        pool.upstreams.push_back(std::move(upstream));
    }
}

void append_timeouts(std::vector<Key<Pool>>& keys) {
    const std::vector<Key<Pool>> timeouts{
        duration<&Pool::connect_timeout>("connect_timeout", kTimeout, "to connect to an upstream"),
        duration<&Pool::first_byte_timeout>(
            "first_byte_timeout", kTimeout,
            "from the request being sent to the first byte of the response"),
        duration<&Pool::response_timeout>("response_timeout", kTimeout,
                                          "between two pieces of a response"),
        duration<&Pool::send_timeout>("send_timeout", kTimeout,
                                      "an upstream that takes no byte of its request"),
        duration<&Pool::idle_timeout>("idle_timeout", kTimeout,
                                      "a pooled connection without a request"),
        duration<&Pool::slow_start>(
            "slow_start", kOffOrTimeout,
            "time in which an upstream that came back gets to its full share; 0s: off"),
        duration<&Pool::resolve_period>("resolve_period", between(seconds(1), hours(24)),
                                        "how often host names are resolved again"),
    };
    keys.insert(keys.end(), timeouts.begin(), timeouts.end());
}

void append_failover(std::vector<Key<Pool>>& keys) {
    const std::vector<Key<Pool>> tables{
        subtable<&Pool::retry, retry_section>("retry", "the table [pool.retry]",
                                              "repeating failed requests"),
        subtable<&Pool::hedge, hedge_section>("hedge", "the table [pool.hedge]",
                                              "asking a second upstream before the first failed"),
        subtable<&Pool::queue, queue_section>("queue", "the table [pool.queue]",
                                              "waiting while every upstream is out or full"),
        subtable<&Pool::health, health_section>("health", "the table [pool.health]",
                                                "active checks, and what follows from them"),
        subtable<&Pool::suspicion, suspicion_section>(
            "suspicion", "the table [pool.suspicion]",
            "probing an upstream at once when a request to it is overdue or failed"),
        subtable<&Pool::outlier, outlier_section>(
            "outlier", "the table [pool.outlier]",
            "ejecting upstreams that do worse than their peers"),
        subtable<&Pool::breaker, breaker_section>("breaker", "the table [pool.breaker]",
                                                  "the circuit breaker of each upstream"),
    };
    keys.insert(keys.end(), tables.begin(), tables.end());
}

void check_pool(const Given& given, Pool& pool) {
    const toml::node* upstream = given.node("upstream");
    const bool none =
        upstream == nullptr || (upstream->is_array() && upstream->as_array()->empty());
    if (none && !given.in_doubt("upstream")) {
        const std::string subject =
            pool.name.empty() ? "this pool" : "the pool `" + shown(pool.name) + "`";
        given.reading.complain(
            given.table,
            fmt::format("{} has no upstream; add [[pool.upstream]] with an `address`", subject));
    }
    if (given.node("hash_on") != nullptr && pool.balance != Balance::maglev) {
        given.complain(
            "hash_on",
            "`hash_on` has no effect without `balance = \"maglev\"`; add that or remove this");
    }
    check_order(given, "idle_connections_min", pool.idle_connections_min, "idle_connections_max",
                pool.idle_connections_max);
    check_pool_health(given.reading, given.node("health"), pool);
}

const Section<Pool>& pool_section() {
    static const Section<Pool> section = [] {
        Section<Pool> result{
            .heading = "[[pool]]",
            .meaning = "Upstreams that answer the same requests.",
            .keys =
                {
                    text<&Pool::name>("name", check_name, "its name in routes, logs and metrics")
                        .required(),
                    custom<Pool>("upstream", "[[pool.upstream]]", read_upstreams, "at least one")
                        .with_default("required"),
                    word<&Pool::balance>("balance", kBalances, "how an upstream is chosen"),
                    custom<Pool>(
                        "hash_on", "a string", read_hash_on,
                        "what `maglev` hashes: \"client_address\", \"path\", \"header:NAME\", "
                        "\"cookie:NAME\" or \"query:NAME\"")
                        .with_default("\"client_address\""),
                    subtable<&Pool::affinity, affinity_section>(
                        "affinity", "the table [pool.affinity]", "cookie stickiness")
                        .with_default("off"),
                    count<&Pool::idle_connections_max>(
                        "idle_connections_max", {0, 65536},
                        "idle connections that a shard keeps to one upstream"),
                    count<&Pool::idle_connections_min>(
                        "idle_connections_min", {0, 65536},
                        "connections that a shard opens ahead to one upstream; at most "
                        "`idle_connections_max`"),
                    count<&Pool::requests_per_connection_max>(
                        "requests_per_connection_max", {0, 1ull << 40},
                        "then the connection is closed; 0: no limit"),
                    size<&Pool::response_head_bytes_max>("response_head_bytes_max", {1024, 1 << 20},
                                                         "a whole response head; 502 beyond"),
                },
            .not_available = {"region", "tls"},
            .check = check_pool,
        };
        append_failover(result.keys);
        append_timeouts(result.keys);
        return result;
    }();
    return section;
}

}  // namespace

void read_pools(Reading& reading, const toml::node& node, Config& config) {
    for (const toml::table* table : tables_of(reading, "[[pool]]", node, base::kPoolsMax)) {
        Pool pool;
        read_section(reading, pool_section(), *table, pool);
        add_name(reading, *table, "pool", pool.name, reading.pool_names);
        config.pools.push_back(std::move(pool));
    }
}

void describe_pool(std::vector<SectionText>& out) {
    out.push_back(describe(pool_section()));
    out.push_back(describe(upstream_section()));
    out.push_back(describe(affinity_section()));
}

}  // namespace ringway::config
