// The validated configuration: what the TOML file says, with every default filled in and every
// reference resolved. Immutable after load. Durations of 0 mean "no limit" only where the comment
// says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/limits.h"
#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/http/head.h"

namespace ringway::config {

using base::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Process {
    std::string user;  // switched to after binding; empty: stay
    std::string group;
    std::string pid_file;
    std::string state_dir = "/var/lib/ringway";
    Duration graceful_timeout = seconds(30);  // bound of a SIGTERM drain
};

/// Settings of one shard: [shards] with the [[shards.cpu]] of its core laid over it.
struct Shard {
    int cpu = -1;  // the core that it is pinned to; -1: not pinned
    std::uint32_t ring_entries = 4096;
    std::uint32_t completion_entries = 32768;
    std::uint32_t buffer_count = 2048;       // receive buffers
    std::uint32_t buffer_bytes = 32 * 1024;  // of each
    // bytes an upstream connection may deliver before it is asked again
    std::uint32_t receive_credit_bytes = 32 * 1024;
    Duration busy_poll{0};  // spin this long before sleeping; 0: sleep at once
    // a body with at least this much left goes by splice; 0: never
    std::uint64_t splice_min_bytes = 64 * 1024;
    std::uint32_t connections_max = 65536;  // client connections of this shard
    // names as `ringway -V` prints them: use the plain form
    std::vector<std::string> kernel_features_off;
};

struct Admin {
    std::optional<base::SocketAddress> listen;  // none: no admin API
    std::string token;                          // content of token_file; empty: reads only
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };

struct Log {
    LogLevel level = LogLevel::info;
    std::string access_path;       // "": off, "stdout", "stderr", or a file
    double access_sampling = 1.0;  // share of requests logged; errors (5xx, aborted) always are
};

enum class Protocol : std::uint8_t { http };

struct Listener {
    std::string name;
    base::SocketAddress address;
    Protocol protocol = Protocol::http;
    std::uint32_t backlog = 4096;
    // peers whose X-Forwarded-*, X-Real-IP and X-Request-ID are believed
    std::vector<base::Network> trusted_proxies;
    http::HeadLimits head;
    std::uint64_t body_bytes_max = 1024ull * 1024 * 1024;  // 413 beyond
    std::uint32_t connections_max = 65536;                 // whole process
    // one client address, each shard its equal part; 0: no limit
    std::uint32_t connections_per_client_max = 8192;
    // requests waiting on one connection; further ones stay in the kernel
    std::uint32_t pipeline_depth_max = 64;
    std::uint64_t requests_per_connection_max = 0;  // 0: no limit
    Duration header_timeout = seconds(10);          // first byte to end of head: slow-loris bound
    Duration body_timeout = seconds(30);            // between two pieces of a request body
    Duration idle_timeout = seconds(75);            // keep-alive, between requests
    Duration send_timeout = seconds(30);            // a client that reads nothing
    Duration linger_timeout = seconds(2);           // wait for the client's FIN after ours
    // whole request, head to last byte; 408/504 or close
    Duration request_timeout = std::chrono::minutes(60);
    // an upgraded connection with no byte in either direction
    Duration tunnel_timeout = std::chrono::minutes(60);
    // TCP congestion control of accepted sockets; empty: the system's
    std::string congestion_control;
};

enum class Balance : std::uint8_t { round_robin, least_request, p2c, peak_ewma, maglev, random };

/// What maglev hashes.
struct HashKey {
    enum class Kind : std::uint8_t { client_address, header, cookie, query, path };
    Kind kind = Kind::client_address;
    std::string name;  // of the header, cookie or query parameter
};

struct HeaderEdit {
    enum class Kind : std::uint8_t { set, add, remove };
    Kind kind = Kind::set;
    std::string name;
    std::string value;  // secrets already read
};

struct Upstream {
    std::string name;
    std::string address;  // as written: "host:port" or "unix:/path"
    // parsed address; none when the host is a name to resolve
    std::optional<base::SocketAddress> literal;
    std::string host;  // the name to resolve
    std::uint16_t port = 0;
    std::uint32_t weight = 1;
    std::uint32_t priority = 0;
    bool backup = false;
    std::uint32_t connections_max = 4096;     // each shard; 0: no limit
    std::uint32_t in_flight_max = 4096;       // requests, each shard; 0: no limit
    std::vector<HeaderEdit> request_headers;  // set on every request sent to it (API keys)
    std::string host_header;                  // replaces Host when not empty
};

struct Retry {
    std::uint32_t attempts_max = 3;  // sends of one request, the first included; 1: no retry
    bool unsafe = false;             // repeat requests that are not idempotent
    std::uint32_t buffer_bytes = 64 * 1024;  // body kept for repeating
    std::vector<std::uint16_t> statuses;     // answers that are retried; empty by default
    std::uint32_t budget_percent = 20;       // of requests; plus 10 a second
};

struct Affinity {
    std::string cookie;  // name; empty: off
    std::string path = "/";
    Duration max_age{0};  // 0: session cookie
};

struct Pool {
    std::string name;
    Balance balance = Balance::p2c;
    HashKey hash_key;
    Affinity affinity;
    Retry retry;
    Duration slow_start{0};  // 0: off
    Duration connect_timeout = seconds(3);
    Duration first_byte_timeout = seconds(60);
    Duration idle_timeout = seconds(60);            // a pooled connection without a request
    Duration response_timeout = seconds(60);        // between two pieces of a response
    Duration send_timeout = seconds(30);            // an upstream that reads nothing
    std::uint32_t idle_connections_max = 1024;      // kept by each shard for each upstream
    std::uint64_t requests_per_connection_max = 0;  // 0: no limit
    std::uint32_t response_head_bytes_max = 64 * 1024;
    Duration resolve_period = seconds(30);  // of names
    std::vector<Upstream> upstreams;
};

struct StringMatch {
    enum class Kind : std::uint8_t { exact, prefix, regex, present };
    std::string name;
    Kind kind = Kind::exact;
    std::string value;
};

struct Split {
    std::vector<std::pair<cluster::PoolIndex, std::uint32_t>> targets;  // pool, weight
};

struct Redirect {
    std::uint16_t status = 308;  // 301, 302, 303, 307 or 308
    std::string scheme;          // empty: keep
    std::string host;            // empty: keep
    std::string path;            // replaces the path; empty: keep
    bool keep_query = true;
};

struct Respond {
    std::uint16_t status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
};

/// One [[route]]. Exactly one of to_pool, split, redirect, respond is set.
struct Route {
    std::string name;                      // for logs and metrics; "route-N" by default
    std::vector<std::uint16_t> listeners;  // indices; empty: all
    std::vector<std::string> hosts;        // "a.example", "*.example"; empty: any
    std::string path;                      // exact, when not empty
    std::string path_prefix;  // whole segments: "/api" matches "/api" and "/api/x", not "/apix"
    std::string path_regex;   // ECMAScript, anchored at both ends
    std::vector<std::string> methods;  // empty: any
    std::vector<StringMatch> headers;
    std::vector<StringMatch> queries;

    std::optional<cluster::PoolIndex> to_pool;
    std::optional<Split> split;
    std::optional<Redirect> redirect;
    std::optional<Respond> respond;

    bool strip_prefix = false;  // removes path_prefix
    std::string rewrite;  // new path: of a prefix or exact match; with path_regex may use $1..$9
    std::vector<HeaderEdit> request_headers;
    std::vector<HeaderEdit> response_headers;
    Duration request_timeout{0};  // 0: the listener's
    std::string config_place;     // "file:line:column" for explain
};

struct Config {
    std::string file;
    Process process;
    std::vector<Shard> shards;
    Admin admin;
    Log log;
    std::vector<Listener> listeners;
    std::vector<Route> routes;
    std::vector<Pool> pools;
};

}  // namespace ringway::config
