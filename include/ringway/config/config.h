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
#include "ringway/config/shared_vector.h"
#include "ringway/http/head.h"

namespace ringway::config {

using base::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// strict: as on, and neither another program nor another ring can be started, so that the process
/// cannot be upgraded in place.
enum class Seccomp : std::uint8_t { on, strict, off };

struct Process {
    std::string user;  // switched to after binding; empty: stay
    std::string group;
    Seccomp seccomp = Seccomp::on;
    bool core_dumps = false;  // a core file holds secrets and what clients sent
    std::string pid_file;
    std::string state_dir = "/var/lib/ringway";
    Duration graceful_timeout = seconds(30);  // bound of a SIGTERM drain
    Duration upgrade_timeout = seconds(30);   // from the start of a new process to its serving
    bool operator==(const Process&) const = default;
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
    bool operator==(const Shard&) const = default;
};

struct Admin {
    std::optional<base::SocketAddress> listen;  // none: no admin API
    std::string token;                          // content of token_file; empty: reads only
    bool operator==(const Admin&) const = default;
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };

enum class LogFormat : std::uint8_t { text, json };
enum class AccessFormat : std::uint8_t { json, combined };

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::string path = "stderr";            // of the process log: "stdout", "stderr" or a file
    std::uint32_t repeats_max = 20;         // lines like one another in a window; 0: no limit
    Duration repeats_window = seconds(10);  // what is more of them is summed up in one line
    std::string access_path;                // "": off, "stdout", "stderr", or a file
    AccessFormat access_format = AccessFormat::json;
    double access_sampling = 1.0;      // share of requests logged
    bool access_errors_always = true;  // failed ones (5xx, aborted) whatever the sampling is
    Duration access_slow{0};           // and those that took at least this; 0: none for that
    bool operator==(const Log&) const = default;
};

enum class Protocol : std::uint8_t { http };

struct Listener {
    std::string name;
    bool retired = false;  // not in the file any more
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
    bool operator==(const Listener&) const = default;
};

enum class Balance : std::uint8_t { round_robin, least_request, p2c, peak_ewma, maglev, random };

/// What maglev hashes.
struct HashKey {
    enum class Kind : std::uint8_t { client_address, header, cookie, query, path };
    Kind kind = Kind::client_address;
    std::string name;  // of the header, cookie or query parameter
    bool operator==(const HashKey&) const = default;
};

struct HeaderEdit {
    enum class Kind : std::uint8_t { set, add, remove };
    Kind kind = Kind::set;
    std::string name;
    std::string value;    // secrets already read
    bool secret = false;  // true exactly when the value came from the environment or a file

    /// It tells who we are to an upstream: a secret, or a field of a name that carries one.
    bool is_credential() const;
    bool operator==(const HeaderEdit&) const = default;
};

/// Of events and alerts.
enum class Severity : std::uint8_t { info, warning, critical };
enum class WebhookFormat : std::uint8_t { json, slack };

/// [[alerts.webhook]]: where alerts are sent by POST.
struct Webhook {
    std::string name;
    std::string url;  // a secret as a whole: its path or query may be a token
    WebhookFormat format = WebhookFormat::json;
    Severity severity_min = Severity::warning;
    std::vector<std::string> events;  // kinds; empty: all
    Duration timeout = seconds(5);    // of one attempt
    std::uint32_t retries_max = 5;    // attempts of one alert after the first
    // full jitter; backoff_min doubles with each attempt
    Duration backoff_min = seconds(1);
    Duration backoff_max = std::chrono::minutes(1);
    std::vector<HeaderEdit> headers;  // set on every request
    std::string ca_file;              // who may sign for an https receiver; empty: the system's
    bool operator==(const Webhook&) const = default;
};

/// [alerts]: on when it has a webhook.
struct Alerts {
    Duration dedup_window = std::chrono::minutes(5);  // one notice of the same thing in this time
    // an alert that still stands is sent again, one severity higher; 0: never
    Duration escalate_after = std::chrono::minutes(15);
    bool resolve_notices = true;    // what is over is told, too
    std::uint32_t queue_max = 256;  // notices that wait, each webhook
    std::vector<Webhook> webhooks;
    bool operator==(const Alerts&) const = default;
};

struct Upstream {
    std::string name;
    bool retired = false;  // not in the file any more
    std::string address;   // as written: "host:port" or "unix:/path"
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
    bool operator==(const Upstream&) const = default;
};

struct Retry {
    std::uint32_t attempts_max = 3;  // sends of one request, the first included; 1: no retry
    bool unsafe = false;             // repeat requests that are not idempotent
    // requests of any method go on to the next upstream after an answer that says that they were
    // not acted on: 429, and 401 or 403 to a credential of ours
    bool repeat_refused = true;
    std::uint32_t buffer_bytes = 64 * 1024;                 // body kept for repeating
    std::vector<std::uint16_t> statuses = {502, 503, 504};  // answers that are retried, beside 429
    std::uint32_t budget_percent = 20;                      // of requests
    std::uint32_t budget_per_second = 10;                   // beside that
    // full jitter before the same upstream is asked again (another one is asked at once)
    Duration backoff_min = milliseconds(25);
    Duration backoff_max = milliseconds(250);
    bool operator==(const Retry&) const = default;
};

/// [pool.hedge]: a second upstream is asked before the first has failed; the first answer counts.
struct Hedge {
    // after this quantile of the upstream's latency, 0.5 to 0.999; 0: requests are not hedged
    double quantile = 0;
    Duration delay_min = milliseconds(10);  // never sooner
    std::uint32_t percent_max = 5;          // of requests
    // a second upstream is dialled when a connect is overdue: always safe, nothing was sent
    bool connect = true;
    Duration connect_delay_min = milliseconds(20);  // never sooner
    bool operator==(const Hedge&) const = default;
};

/// [pool.queue]: requests wait here when every upstream is out or full.
struct Queue {
    std::uint32_t length_max = 1024;  // whole process, each shard its equal part; 0: no queue
    Duration wait_max = seconds(1);
    bool operator==(const Queue&) const = default;
};

/// [pool.breaker], for each upstream (Nygard, Release It!, 2007).
struct Breaker {
    bool enabled = true;
    std::uint32_t failure_threshold = 5;      // consecutive failures that open it
    std::uint32_t error_percent = 50;         // share of failures in `window` that opens it; 0: off
    Duration window = seconds(10);            // 1 s to 60 s
    std::uint32_t requests_min = 20;          // in the window, for the share to mean something
    Duration recovery_timeout = seconds(10);  // open, then half open; doubles each time
    Duration recovery_max = std::chrono::minutes(5);
    std::uint32_t max_trial_requests = 3;  // let through while half open
    std::uint32_t success_threshold = 3;   // successes that close it; at most max_trial_requests
    bool operator==(const Breaker&) const = default;
};

/// [pool.outlier]: upstreams that do worse than their peers are ejected for a while.
struct Outlier {
    bool enabled = true;
    std::uint32_t consecutive = 5;     // failures in a row; 0: off
    std::uint32_t error_percent = 50;  // share of failures in `window`; 0: off
    // mean latency in `window` over the median of the peers'; 0: off, else 1.5 at least
    double latency_factor = 5;
    Duration latency_excess_min = milliseconds(20);  // and at least so much above the median
    Duration window = seconds(10);                   // 1 s to 60 s
    std::uint32_t requests_min = 20;                 // in the window
    Duration ejection_time = seconds(30);            // times the number of ejections in a row
    Duration ejection_max = seconds(300);
    std::uint32_t max_ejected_percent = 10;  // of the pool, at least one upstream; 0: none
    bool operator==(const Outlier&) const = default;
};

/// [pool.suspicion]: an overdue request, or a failed one, makes a shard probe the upstream at once.
struct Suspicion {
    bool enabled = true;
    // a request is overdue at quantile x factor of its upstream's own latency, within [min, max]
    double quantile = 0.99;
    double factor = 3;
    Duration overdue_min = milliseconds(50);
    Duration overdue_max = seconds(30);
    // a probe is missed after srtt + 4 rttvar (RFC 6298), within [min, max]
    Duration probe_min = milliseconds(10);
    Duration probe_max = seconds(1);
    // of the pool, at least one upstream: more at a time are not taken out by missed probes
    std::uint32_t max_out_percent = 50;
    bool operator==(const Suspicion&) const = default;
};

enum class CheckKind : std::uint8_t { tcp, http, agent };

/// What the body of an answer to a check must be.
struct ContentRule {
    enum class Kind : std::uint8_t {
        contains,         // the body has `value` in it
        exists,           // the JSON pointer leads somewhere
        non_empty_array,  // ... to an array with an element
        equals,           // ... to `value`: the text of a string, or the JSON of another value
        matches,  // ... to a string that the ECMAScript expression `value` matches somewhere
    };
    Kind kind = Kind::contains;
    std::string pointer;  // RFC 6901
    std::string value;
    bool operator==(const ContentRule&) const = default;
};

struct StatusRange {
    std::uint16_t first = 200;
    std::uint16_t last = 299;
    bool operator==(const StatusRange&) const = default;
};

/// [[pool.health.check]]: one active check, made of each upstream of the pool.
struct HealthCheck {
    std::string name;  // "http /path", "tcp" or "agent" by default; unique in the pool
    CheckKind kind = CheckKind::http;
    bool enabled = true;
    Duration initial_delay{0};
    Duration interval = seconds(5);
    Duration fast_interval = seconds(1);       // while a verdict is turning, and while it is down
    Duration timeout = seconds(2);             // whole check; at most `interval`
    std::uint32_t fall = 3;                    // failures in a row that take it down
    std::uint32_t rise = 2;                    // successes in a row that bring it up
    Duration expected_latency{0};              // slower: degraded; 0: not compared
    std::uint32_t retries = 0;                 // within one check
    Duration retry_delay = milliseconds(100);  // doubles
    std::uint32_t jitter_percent = 10;         // of the interval
    std::uint16_t port = 0;                    // 0: the upstream's
    // tcp, agent: sent once connected; tcp: bytes that the answer starts with
    std::string send;
    std::string expect;
    // http; agent, when not empty
    std::string path = "/";
    std::string method = "GET";  // GET, HEAD, POST or PUT
    std::string host;            // empty: the upstream's host_header, else its address
    std::vector<HeaderEdit> headers;
    std::string body;
    std::vector<StatusRange> expected_statuses = {{200, 299}};
    bool follow_redirects = false;  // to the same host and port, at most 3
    bool keep_alive = true;         // on a warm connection
    std::uint32_t max_body = 64 * 1024;
    std::vector<ContentRule> content;
    bool operator==(const HealthCheck&) const = default;
};

/// [pool.health]
struct Health {
    std::uint32_t degraded_weight_percent = 25;  // of its weight
    // when less of the pool than this is usable, ejected upstreams are used again; 0: never
    std::uint32_t panic_percent = 50;
    std::string app_name;  // X-App-Name of checks; the pool's name by default
    std::vector<HealthCheck> checks;
    bool operator==(const Health&) const = default;
};

struct Affinity {
    std::string cookie;  // name; empty: off
    std::string path = "/";
    Duration max_age{0};  // 0: session cookie
    bool operator==(const Affinity&) const = default;
};

struct Pool {
    std::string name;
    bool retired = false;  // not in the file any more
    Balance balance = Balance::p2c;
    HashKey hash_key;
    Affinity affinity;
    Retry retry;
    Hedge hedge;
    Queue queue;
    Breaker breaker;
    Outlier outlier;
    Suspicion suspicion;
    Health health;
    Duration slow_start{0};  // 0: off
    Duration connect_timeout = seconds(3);
    Duration first_byte_timeout = seconds(60);
    Duration idle_timeout = seconds(60);            // a pooled connection without a request
    Duration response_timeout = seconds(60);        // between two pieces of a response
    Duration send_timeout = seconds(30);            // an upstream that reads nothing
    std::uint32_t idle_connections_max = 1024;      // kept by each shard for each upstream
    std::uint32_t idle_connections_min = 0;         // opened ahead by each shard for each upstream
    std::uint64_t requests_per_connection_max = 0;  // 0: no limit
    std::uint32_t response_head_bytes_max = 64 * 1024;
    Duration resolve_period = seconds(30);  // of names
    std::vector<Upstream> upstreams;
    bool operator==(const Pool&) const = default;
};

struct StringMatch {
    enum class Kind : std::uint8_t { exact, prefix, regex, present };
    std::string name;
    Kind kind = Kind::exact;
    std::string value;
    bool operator==(const StringMatch&) const = default;
};

struct Split {
    std::vector<std::pair<cluster::PoolIndex, std::uint32_t>> targets;  // pool, weight
    bool operator==(const Split&) const = default;
};

struct Redirect {
    std::uint16_t status = 308;  // 301, 302, 303, 307 or 308
    std::string scheme;          // empty: keep
    std::string host;            // empty: keep
    std::string path;            // replaces the path; empty: keep
    bool keep_query = true;
    bool operator==(const Redirect&) const = default;
};

struct Respond {
    std::uint16_t status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
    bool operator==(const Respond&) const = default;
};

/// One [[route]]. Exactly one of to_pool, split, redirect, respond is set.
struct Route {
    std::string name;                      // for logs and metrics; "route-N" by default
    bool retired = false;                  // not in the file any more
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
    bool operator==(const Route&) const = default;
};

struct Config {
    std::string file;
    Process process;
    std::vector<Shard> shards;
    Admin admin;
    Log log;
    Alerts alerts;
    // Places in these never change while the process lives (config/merge.h): a retired one keeps
    // its place until nothing is left that knows it.
    SharedVector<Listener> listeners;
    SharedVector<Route> routes;
    SharedVector<Pool> pools;
    std::vector<std::uint16_t> route_order;  // see the function
    std::uint64_t generation = 1;            // counts the configurations that were in force
};

/// One that outlives all that goes by it.
inline std::shared_ptr<const Config> borrow(const Config& config) {
    return {std::shared_ptr<const Config>{}, &config};
}

/// Places of the routes in the order of the file, which decides where nothing else does: as they
/// stand when Config::route_order is empty.
std::vector<std::uint16_t> route_order(const Config& config);

/// Places of those that are not retired.
template <class T>
std::vector<std::uint16_t> places_in_use(const SharedVector<T>& all) {
    std::vector<std::uint16_t> places;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i].retired) places.push_back(static_cast<std::uint16_t>(i));
    }
    return places;
}
/// Those of all upstreams, pool by pool.
std::vector<cluster::Place> upstreams_in_use(const Config& config);

}  // namespace ringway::config
