// What a good file becomes.
#include "ringway/config/load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "config_text.h"
#include "every_key.h"
#include "ringway/observe/event.h"

namespace ringway::config {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

TEST(Defaults, OfTheDesign) {
    const Config config = good_with_rest("");
    const Listener& listener = config.listeners.at(0);
    const Pool& pool = config.pools.at(0);
    EXPECT_EQ(pool.connect_timeout, seconds(3));
    EXPECT_EQ(listener.header_timeout, seconds(10));
    EXPECT_EQ(listener.idle_timeout, seconds(75));
    EXPECT_EQ(pool.idle_timeout, seconds(60));
    EXPECT_EQ(pool.first_byte_timeout, seconds(60));
    EXPECT_EQ(listener.head.bytes_max, 64u * 1024);
    EXPECT_EQ(listener.head.fields_max, 100u);
    EXPECT_EQ(pool.retry.buffer_bytes, 64u * 1024);
    EXPECT_EQ(pool.retry.budget_percent, 20u);
    EXPECT_EQ(pool.retry.attempts_max, 3u);
    EXPECT_FALSE(pool.retry.unsafe);
    EXPECT_EQ(pool.balance, Balance::p2c);
    EXPECT_EQ(config.process.graceful_timeout, seconds(30));
    EXPECT_EQ(config.process.upgrade_timeout, seconds(30));
    EXPECT_FALSE(config.admin.listen);
    EXPECT_EQ(config.log.access_path, "");
}

TEST(Defaults, EveryTimeoutIsFinite) {
    const Config config = good_with_rest("");
    const Listener& listener = config.listeners.at(0);
    const Pool& pool = config.pools.at(0);
    for (const Duration timeout :
         {listener.header_timeout, listener.body_timeout, listener.idle_timeout,
          listener.send_timeout, listener.linger_timeout, listener.request_timeout,
          listener.tunnel_timeout, pool.connect_timeout, pool.first_byte_timeout, pool.idle_timeout,
          pool.response_timeout, pool.send_timeout}) {
        EXPECT_GT(timeout, Duration(0));
        EXPECT_LE(timeout, hours(1));
    }
}

TEST(Defaults, NamesComeFromAddressesAndOrder) {
    const Config config = good(
        "[[listener]]\naddress = '[::1]:8080'\n[[route]]\npool = 'a'\n[[route]]\npath = '/x'\npool "
        "= 'a'\n"
        "[[pool]]\nname = 'a'\n[[pool.upstream]]\naddress = 'origin.example:81'\n");
    EXPECT_EQ(config.listeners.at(0).name, "[::1]:8080");
    EXPECT_EQ(config.routes.at(1).name, "route-2");
    EXPECT_EQ(config.routes.at(1).config_place, "f:5:1");
    EXPECT_EQ(config.pools.at(0).upstreams.at(0).name, "origin.example:81");
}

TEST_F(EveryKey, OfTheReferenceIsInThisFile) {
    std::istringstream lines(reference_markdown());
    std::size_t keys = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `")) continue;
        const std::string key = line.substr(3, line.find('`', 3) - 3);
        const bool there = text_.find("\n" + key + " = ") != std::string::npos ||
                           text_.find("{ " + key + " = ") != std::string::npos ||
                           text_.find(", " + key + " = ") != std::string::npos ||
                           text_.find("." + key + "]") != std::string::npos;
        EXPECT_TRUE(there) << key << " has no test";
        ++keys;
    }
    EXPECT_GT(keys, 100u);
}

TEST_F(EveryKey, OfProcessAdminAndLog) {
    EXPECT_EQ(config_.process.user, "u");
    EXPECT_EQ(config_.process.group, "g");
    EXPECT_EQ(config_.process.pid_file, "/run/r.pid");
    EXPECT_EQ(config_.process.state_dir, "/s");
    EXPECT_EQ(config_.process.graceful_timeout, minutes(1));
    EXPECT_EQ(config_.process.upgrade_timeout, seconds(45));
    EXPECT_EQ(config_.admin.listen->text(), "unix:/run/admin.sock");
    EXPECT_EQ(config_.admin.token, "from a file");
    EXPECT_EQ(config_.process.seccomp, Seccomp::strict);
    EXPECT_TRUE(config_.process.core_dumps);
    EXPECT_EQ(config_.log.level, LogLevel::debug);
    EXPECT_EQ(config_.log.access_path, "stderr");
    EXPECT_EQ(config_.log.access_sampling, 0.25);
    EXPECT_EQ(config_.log.format, LogFormat::json);
    EXPECT_EQ(config_.log.path, "stdout");
    EXPECT_EQ(config_.log.repeats_max, 4u);
    EXPECT_EQ(config_.log.repeats_window, seconds(3));
    EXPECT_EQ(config_.log.access_format, AccessFormat::combined);
    EXPECT_FALSE(config_.log.access_errors_always);
    EXPECT_EQ(config_.log.access_slow, milliseconds(750));
}

TEST_F(EveryKey, OfAlerts) {
    const Alerts& alerts = config_.alerts;
    EXPECT_EQ(alerts.dedup_window, minutes(2));
    EXPECT_EQ(alerts.escalate_after, minutes(3));
    EXPECT_FALSE(alerts.resolve_notices);
    EXPECT_EQ(alerts.queue_max, 17u);
    ASSERT_EQ(alerts.webhooks.size(), 2u);
    const Webhook& webhook = alerts.webhooks[0];
    EXPECT_EQ(webhook.name, "ops");
    EXPECT_EQ(webhook.url, "https://hooks.example/T0/B0/secret");
    EXPECT_EQ(webhook.format, WebhookFormat::slack);
    EXPECT_EQ(webhook.severity_min, Severity::critical);
    EXPECT_EQ(webhook.events, (std::vector<std::string>{"unhealthy", "total_failure"}));
    EXPECT_EQ(webhook.timeout, seconds(7));
    EXPECT_EQ(webhook.retries_max, 8u);
    EXPECT_EQ(webhook.backoff_min, seconds(2));
    EXPECT_EQ(webhook.backoff_max, seconds(9));
    ASSERT_EQ(webhook.headers.size(), 1u);
    EXPECT_EQ(webhook.headers[0].value, "from the environment");
    EXPECT_TRUE(webhook.headers[0].secret);
    EXPECT_EQ(webhook.ca_file, "/ca.pem");
    EXPECT_EQ(alerts.webhooks[1].url, "http://user:pass@[::1]:8080/x?y=z");
    EXPECT_EQ(alerts.webhooks[1].severity_min, Severity::warning);
}

TEST(Alerts, WebhooksMayNameEveryEventThatThereIs) {
    for (std::size_t i = 0; i < observe::kEventKinds; ++i) {
        const std::string kind = observe::name_of(static_cast<observe::EventKind>(i));
        const Config config = good(
            "[[listener]]\naddress = '127.0.0.1:1'\n[[route]]\nrespond = {}\n"
            "[[alerts.webhook]]\nname = 'a'\nurl = 'http://h'\nevents = '" +
            kind + "'\n");
        ASSERT_EQ(config.alerts.webhooks.size(), 1u);
        EXPECT_EQ(config.alerts.webhooks[0].events, std::vector<std::string>{kind});
    }
}

TEST_F(EveryKey, OfShards) {
    ASSERT_EQ(config_.shards.size(), 2u);
    const Shard& plain = config_.shards[0];
    EXPECT_EQ(plain.cpu, 0);
    EXPECT_EQ(plain.ring_entries, 128u);
    EXPECT_EQ(plain.completion_entries, 512u);
    EXPECT_EQ(plain.buffer_count, 64u);
    EXPECT_EQ(plain.buffer_bytes, 8192u);
    EXPECT_EQ(plain.receive_credit_bytes, 16384u);
    EXPECT_EQ(plain.busy_poll, microseconds(50));
    EXPECT_EQ(plain.splice_min_bytes, 0u);
    EXPECT_EQ(plain.connections_max, 100u);
    EXPECT_EQ(plain.kernel_features_off, (std::vector<std::string>{"a", "b"}));
    const Shard& over = config_.shards[1];
    EXPECT_EQ(over.cpu, 1);
    EXPECT_EQ(over.ring_entries, 256u);
    EXPECT_EQ(over.completion_entries, 1024u);
    EXPECT_EQ(over.buffer_count, 65u);
    EXPECT_EQ(over.buffer_bytes, 12288u);
    EXPECT_EQ(over.receive_credit_bytes, 20480u);
    EXPECT_EQ(over.busy_poll, microseconds(60));
    EXPECT_EQ(over.splice_min_bytes, 1u << 20);
    EXPECT_EQ(over.connections_max, 101u);
    EXPECT_EQ(over.kernel_features_off, std::vector<std::string>{"c"});
}

TEST_F(EveryKey, OfListener) {
    const Listener& listener = config_.listeners.at(0);
    EXPECT_EQ(listener.name, "l");
    EXPECT_EQ(listener.address.text(), "127.0.0.1:80");
    EXPECT_EQ(listener.protocol, Protocol::http);
    EXPECT_EQ(listener.backlog, 7u);
    ASSERT_EQ(listener.trusted_proxies.size(), 2u);
    EXPECT_TRUE(
        listener.trusted_proxies[0].contains(base::SocketAddress::from_ip("10.9.9.9", 0)->ip()));
    EXPECT_EQ(listener.trusted_proxies[1].prefix_bits, 128);
    EXPECT_EQ(listener.congestion_control, "bbr");
    EXPECT_EQ(listener.head.bytes_max, 32u * 1024);
    EXPECT_EQ(listener.head.fields_max, 50u);
    EXPECT_EQ(listener.head.target_bytes_max, 4096u);
    EXPECT_EQ(listener.body_bytes_max, 2ull << 30);
    EXPECT_EQ(listener.connections_max, 11u);
    EXPECT_EQ(listener.connections_per_client_max, 12u);
    EXPECT_EQ(listener.pipeline_depth_max, 13u);
    EXPECT_EQ(listener.requests_per_connection_max, 14u);
    EXPECT_EQ(listener.header_timeout, seconds(1));
    EXPECT_EQ(listener.body_timeout, seconds(2));
    EXPECT_EQ(listener.idle_timeout, seconds(3));
    EXPECT_EQ(listener.send_timeout, seconds(4));
    EXPECT_EQ(listener.linger_timeout, seconds(5));
    EXPECT_EQ(listener.request_timeout, seconds(6));
    EXPECT_EQ(listener.tunnel_timeout, seconds(7));
}

TEST_F(EveryKey, OfRouteConditions) {
    ASSERT_EQ(config_.routes.size(), 4u);
    const Route& route = config_.routes[0];
    EXPECT_EQ(route.name, "r");
    EXPECT_EQ(route.listeners, std::vector<std::uint16_t>{0});
    EXPECT_EQ(route.hosts, (std::vector<std::string>{"a.example", "*.b.example"}));
    EXPECT_EQ(route.path_prefix, "/p");
    EXPECT_EQ(route.methods, (std::vector<std::string>{"GET", "PROPFIND"}));
    ASSERT_EQ(route.headers.size(), 4u);
    EXPECT_EQ(route.headers[0].name, "X-A");
    EXPECT_EQ(route.headers[0].kind, StringMatch::Kind::exact);
    EXPECT_EQ(route.headers[0].value, "v");
    EXPECT_EQ(route.headers[1].kind, StringMatch::Kind::prefix);
    EXPECT_EQ(route.headers[1].value, "p");
    EXPECT_EQ(route.headers[2].kind, StringMatch::Kind::regex);
    EXPECT_EQ(route.headers[2].value, "r+");
    EXPECT_EQ(route.headers[3].kind, StringMatch::Kind::present);
    ASSERT_EQ(route.queries.size(), 1u);
    EXPECT_EQ(route.queries[0].name, "q");
    EXPECT_EQ(route.queries[0].kind, StringMatch::Kind::exact);
    EXPECT_EQ(route.queries[0].value, "e");
    EXPECT_EQ(config_.routes[1].path, "/exact");
    EXPECT_EQ(config_.routes[2].path_regex, "/u/(.*)");
}

TEST_F(EveryKey, OfRouteActions) {
    const Route& first = config_.routes.at(0);
    EXPECT_EQ(first.to_pool->value, 0);
    EXPECT_FALSE(first.split || first.redirect || first.respond);
    EXPECT_TRUE(first.strip_prefix);
    EXPECT_EQ(first.request_timeout, seconds(8));
    ASSERT_EQ(first.request_headers.size(), 3u);
    EXPECT_EQ(first.request_headers[0].kind, HeaderEdit::Kind::remove);
    EXPECT_EQ(first.request_headers[0].name, "X-U");
    EXPECT_EQ(first.request_headers[1].kind, HeaderEdit::Kind::set);
    EXPECT_EQ(first.request_headers[1].value, "from the environment");
    EXPECT_EQ(first.request_headers[2].kind, HeaderEdit::Kind::add);
    EXPECT_EQ(first.request_headers[2].value, "t");
    ASSERT_EQ(first.response_headers.size(), 1u);
    EXPECT_EQ(first.response_headers[0].name, "Server");
    const Route& second = config_.routes.at(1);
    EXPECT_EQ(second.rewrite, "/other");
    ASSERT_EQ(second.split->targets.size(), 2u);
    EXPECT_EQ(second.split->targets[0].second, 3u);
    EXPECT_EQ(second.split->targets[1].first.value, 1);
    const Redirect& redirect = *config_.routes.at(2).redirect;
    EXPECT_EQ(redirect.status, 301);
    EXPECT_EQ(redirect.scheme, "https");
    EXPECT_EQ(redirect.host, "h.example:8443");
    EXPECT_EQ(redirect.path, "/to");
    EXPECT_FALSE(redirect.keep_query);
    const Respond& respond = *config_.routes.at(3).respond;
    EXPECT_EQ(respond.status, 404);
    EXPECT_EQ(respond.body, "no\n");
    EXPECT_EQ(respond.content_type, "text/html");
}

TEST_F(EveryKey, OfPool) {
    ASSERT_EQ(config_.pools.size(), 2u);
    const Pool& pool = config_.pools[0];
    EXPECT_EQ(pool.name, "p");
    EXPECT_EQ(pool.balance, Balance::maglev);
    EXPECT_EQ(pool.hash_key.kind, HashKey::Kind::cookie);
    EXPECT_EQ(pool.hash_key.name, "sid");
    EXPECT_EQ(pool.affinity.cookie, "c");
    EXPECT_EQ(pool.affinity.path, "/cp");
    EXPECT_EQ(pool.affinity.max_age, hours(1));
    EXPECT_EQ(pool.idle_connections_max, 21u);
    EXPECT_EQ(pool.idle_connections_min, 20u);
    EXPECT_EQ(pool.requests_per_connection_max, 22u);
    EXPECT_EQ(pool.response_head_bytes_max, 8192u);
    EXPECT_EQ(pool.connect_timeout, seconds(11));
    EXPECT_EQ(pool.first_byte_timeout, seconds(12));
    EXPECT_EQ(pool.response_timeout, seconds(13));
    EXPECT_EQ(pool.send_timeout, seconds(14));
    EXPECT_EQ(pool.idle_timeout, seconds(15));
    EXPECT_EQ(pool.slow_start, seconds(16));
    EXPECT_EQ(pool.resolve_period, seconds(17));
}

TEST_F(EveryKey, OfUpstream) {
    const auto& upstreams = config_.pools.at(0).upstreams;
    ASSERT_EQ(upstreams.size(), 3u);
    EXPECT_EQ(upstreams[0].name, "n");
    EXPECT_EQ(upstreams[0].literal->text(), "10.0.0.1:9000");
    EXPECT_EQ(upstreams[0].weight, 5u);
    EXPECT_EQ(upstreams[0].priority, 2u);
    EXPECT_TRUE(upstreams[0].backup);
    EXPECT_EQ(upstreams[0].connections_max, 31u);
    EXPECT_EQ(upstreams[0].in_flight_max, 32u);
    ASSERT_EQ(upstreams[0].request_headers.size(), 1u);
    EXPECT_EQ(upstreams[0].request_headers[0].kind, HeaderEdit::Kind::set);
    EXPECT_EQ(upstreams[0].request_headers[0].value, "from a file");
    EXPECT_EQ(upstreams[0].host_header, "origin.example:9000");
    EXPECT_EQ(config_.pools.at(1).upstreams.at(1).literal->text(), "unix:/run/o.sock");
    EXPECT_FALSE(upstreams[2].literal);
    EXPECT_EQ(upstreams[2].host, "name.example");
    EXPECT_EQ(upstreams[2].port, 443);
}

std::vector<int> cpus_of(const Config& config) {
    std::vector<int> cpus;
    for (const Shard& shard : config.shards) cpus.push_back(shard.cpu);
    return cpus;
}

TEST(Shards, AreSpreadOverTheCpus) {
    const Machine machine{{2, 5, 7}};
    EXPECT_EQ(cpus_of(good_with_rest("", machine)), (std::vector<int>{2, 5, 7}));
    EXPECT_EQ(cpus_of(good_with_rest("[shards]\ncount = 'auto'\n", machine)),
              (std::vector<int>{2, 5, 7}));
    EXPECT_EQ(cpus_of(good_with_rest("[shards]\ncount = 2\n", machine)), (std::vector<int>{2, 5}));
    EXPECT_EQ(cpus_of(good_with_rest("[shards]\ncpus = [7, 2]\n", machine)),
              (std::vector<int>{7, 2}));
}

TEST(Shards, BeyondTheCpusAreNotPinned) {
    EXPECT_EQ(cpus_of(good_with_rest("[shards]\ncount = 4\n")), (std::vector<int>{0, 1, -1, -1}));
    EXPECT_EQ(cpus_of(good_with_rest("", Machine{})), std::vector<int>{-1});
}

TEST(HashOn, TakesEveryForm) {
    const auto key_of = [](const std::string& hash_on) {
        return good_with_rest("[[pool]]\nname = 'a'\nbalance = 'maglev'\nhash_on = '" + hash_on +
                              "'\nupstream = [{ address = 'h:1' }]\n")
            .pools.at(0)
            .hash_key;
    };
    EXPECT_EQ(key_of("client_address").kind, HashKey::Kind::client_address);
    EXPECT_EQ(key_of("path").kind, HashKey::Kind::path);
    EXPECT_EQ(key_of("header:X-User").kind, HashKey::Kind::header);
    EXPECT_EQ(key_of("header:X-User").name, "X-User");
    EXPECT_EQ(key_of("query:user").kind, HashKey::Kind::query);
}

TEST(Secrets, LineEndsWithinAreRefusedAndNotShown) {
    setenv("RINGWAY_TEST_SPLIT", "hush\r\nX-Evil: 1", 1);
    const auto config = parse_with_rest(
        "[[route]]\npool = 'web'\nrequest_headers = { set = { A = { env = 'RINGWAY_TEST_SPLIT' } } "
        "}\n");
    ASSERT_FALSE(config);
    const std::string text = lines_of(config.error());
    EXPECT_NE(text.find("control character"), std::string::npos) << text;
    EXPECT_EQ(text.find("hush"), std::string::npos) << text;
}

TEST(Secrets, EmptyOnesAreRefused) {
    setenv("RINGWAY_TEST_EMPTY", "", 1);
    const std::string path = testing::TempDir() + "ringway_empty_" + std::to_string(getpid());
    std::ofstream(path) << "\n";
    const auto config =
        parse_with_rest("[admin]\ntoken_file = '" + path +
                        "'\n[[route]]\npool = 'web'\n"
                        "request_headers = { set = { A = { env = 'RINGWAY_TEST_EMPTY' } } }\n");
    unlink(path.c_str());
    ASSERT_FALSE(config);
    ASSERT_EQ(config.error().size(), 2u) << lines_of(config.error());
    EXPECT_TRUE(config.error()[0].message.ends_with("is empty")) << config.error()[0].message;
    EXPECT_NE(config.error()[1].message.find("is empty"), std::string::npos)
        << config.error()[1].message;
}

TEST(Hosts, TakeNamesWildcardsAndAddresses) {
    const Config config = good_with_rest(
        "[[route]]\npool = 'web'\nhost = ['a', '*.B.example', '10.0.0.1', '[::1]', "
        "'x_y.example']\n");
    EXPECT_EQ(config.routes.at(0).hosts.at(1), "*.b.example");
}

}  // namespace
}  // namespace ringway::config
