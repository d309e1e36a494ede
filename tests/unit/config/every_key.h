// A file that has every key of the reference with a value that is not its default, and what it
// becomes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "config_text.h"

namespace ringway::config {

inline Config good(std::string_view text, const Machine& machine = kTwoCpus) {
    auto config = parse(text, "f", machine);
    EXPECT_TRUE(config) << lines_of(config.error());
    return config ? *config : Config{};
}

inline Config good_with_rest(std::string_view snippet, const Machine& machine = kTwoCpus) {
    return good(std::string(snippet) + std::string(kRest), machine);
}

inline constexpr std::string_view kEveryKey = R"toml(
[process]
user = "u"
group = "g"
seccomp = "strict"
core_dumps = true
pid_file = "/run/r.pid"
state_dir = "/s"
graceful_timeout = "1m"
[admin]
listen = "unix:/run/admin.sock"
token_file = "TOKEN_FILE"
[log]
level = "debug"
access_path = "stderr"
access_sampling = 0.25
[shards]
count = "auto"
cpus = [0, 1]
ring_entries = 128
completion_entries = 512
buffer_count = 64
buffer_bytes = "8KiB"
receive_credit_bytes = "16KiB"
busy_poll = "50us"
splice_min_bytes = 0
connections_max = 100
kernel_features_off = ["a", "b"]
[[shards.cpu]]
cpu = 1
ring_entries = 256
completion_entries = 1024
buffer_count = 65
buffer_bytes = "12KiB"
receive_credit_bytes = "20KiB"
busy_poll = "60us"
splice_min_bytes = "1MiB"
connections_max = 101
kernel_features_off = "c"
[[listener]]
name = "l"
address = "127.0.0.1:80"
protocol = "http"
backlog = 7
trusted_proxies = ["10.0.0.0/8", "::1"]
congestion_control = "bbr"
header_bytes_max = "32KiB"
header_fields_max = 50
uri_bytes_max = "4KiB"
body_bytes_max = "2GiB"
connections_max = 11
connections_per_client_max = 12
pipeline_depth_max = 13
requests_per_connection_max = 14
header_timeout = "1s"
body_timeout = "2s"
idle_timeout = "3s"
send_timeout = "4s"
linger_timeout = "5s"
request_timeout = "6s"
tunnel_timeout = "7s"
[[route]]
name = "r"
listener = "l"
host = ["A.example", "*.b.example"]
path_prefix = "/p"
method = ["GET", "PROPFIND"]
headers = { "X-A" = "v", "X-B" = { prefix = "p" }, "X-C" = { regex = "r+" }, "X-D" = { present = true } }
query = { q = { exact = "e" } }
pool = "p"
strip_prefix = true
request_timeout = "8s"
[route.request_headers]
set = { "X-S" = { env = "RINGWAY_TEST_SECRET" } }
add = { "X-T" = "t" }
remove = ["X-U"]
[route.response_headers]
remove = "Server"
[[route]]
name = "s"
path = "/exact"
rewrite = "/other"
split = { p = 3, p2 = 1 }
[[route]]
name = "t"
path_regex = "/u/(.*)"
redirect = { status = 301, scheme = "https", host = "h.example:8443", path = "/to", keep_query = false }
[[route]]
name = "v"
respond = { status = 404, body = "no\n", content_type = "text/html" }
[[pool]]
name = "p"
balance = "maglev"
hash_on = "cookie:sid"
affinity = { cookie = "c", path = "/cp", max_age = "1h" }
idle_connections_max = 21
idle_connections_min = 20
requests_per_connection_max = 22
response_head_bytes_max = "8KiB"
connect_timeout = "11s"
first_byte_timeout = "12s"
response_timeout = "13s"
send_timeout = "14s"
idle_timeout = "15s"
slow_start = "16s"
resolve_period = "17s"
[pool.retry]
attempts_max = 5
unsafe = true
repeat_refused = false
buffer_bytes = "1KiB"
statuses = [502, 429]
budget_percent = 50
budget_per_second = 51
backoff_min = "52ms"
backoff_max = "53ms"
[pool.hedge]
quantile = 0.95
delay_min = "54ms"
percent_max = 55
connect = false
connect_delay_min = "56ms"
[pool.queue]
length_max = 57
wait_max = "58s"
[pool.suspicion]
enabled = false
quantile = 0.9
factor = 2.5
overdue_min = "59ms"
overdue_max = "60ms"
probe_min = "61ms"
probe_max = "62ms"
max_out_percent = 63
[pool.outlier]
enabled = false
consecutive = 64
error_percent = 65
latency_factor = 6.6
latency_excess_min = "67ms"
window = "8s"
requests_min = 69
ejection_time = "70s"
ejection_max = "71s"
max_ejected_percent = 72
[pool.breaker]
enabled = false
failure_threshold = 73
error_percent = 74
window = "9s"
requests_min = 76
recovery_timeout = "77s"
recovery_max = "78s"
max_trial_requests = 80
success_threshold = 79
[pool.health]
degraded_weight_percent = 81
panic_percent = 82
app_name = "app"
[[pool.health.check]]
name = "full"
kind = "http"
enabled = false
initial_delay = "83ms"
interval = "86s"
fast_interval = "84s"
timeout = "85s"
fall = 87
rise = 88
expected_latency = "89ms"
retries = 9
retry_delay = "91ms"
jitter_percent = 92
port = 9300
path = "/up?deep=1"
method = "POST"
host = "check.example"
headers = { "X-C" = "c", Authorization = { env = "RINGWAY_TEST_SECRET" } }
body = "{}"
expected_statuses = [201, "300-399"]
follow_redirects = true
keep_alive = false
max_body = "95KiB"
content = [
  { contains = "ready" },
  { pointer = "/x", exists = true },
  { pointer = "/models", non_empty_array = true },
  { pointer = "/a~1b/0", equals = "ok" },
  { pointer = "", equals = 3 },
  { pointer = "/f", equals = false },
  { pointer = "/v", matches = "^1\\." },
]
[[pool.health.check]]
kind = "tcp"
port = 9301
send = "PING\r\n"
expect = "+PONG"
[[pool.health.check]]
kind = "agent"
port = 9302
send = "\n"
[[pool.health.check]]
name = "agent over http"
kind = "agent"
path = "/agent"
max_body = "1KiB"
[[pool.upstream]]
name = "n"
address = "10.0.0.1:9000"
weight = 5
priority = 2
backup = true
connections_max = 31
in_flight_max = 32
headers = { "X-Key" = { file = "TOKEN_FILE" } }
host_header = "origin.example:9000"
[[pool.upstream]]
address = "10.0.0.2:9000"
[[pool.upstream]]
address = "name.example:443"
[[pool]]
name = "p2"
upstream = [{ address = "[::1]:1" }, { address = "unix:/run/o.sock" }]
)toml";

class EveryKey : public testing::Test {
 protected:
    void SetUp() override {
        setenv("RINGWAY_TEST_SECRET", "from the environment", 1);
        std::ofstream(token_file_) << "from a file\r\n";
        text_ = kEveryKey;
        for (std::size_t at; (at = text_.find("TOKEN_FILE")) != std::string::npos;) {
            text_.replace(at, 10, token_file_);
        }
        config_ = good(text_);
    }
    void TearDown() override { unlink(token_file_.c_str()); }

    std::string token_file_ = testing::TempDir() + "ringway_token_" + std::to_string(getpid());
    std::string text_;
    Config config_;
};

}  // namespace ringway::config
