// What [pool.health] becomes, and the exact errors of bad ones.
#include <gtest/gtest.h>

#include "every_key.h"

namespace ringway::config {
namespace {

/// A file whose pool has a check with these keys, the first of which are on line 5.
std::string file_with_check(std::string_view keys) {
    return "[[pool]]\nname = 'a'\nupstream = [{ address = 'h:1' }]\n[[pool.health.check]]\n" +
           std::string(keys) + "\n";
}

std::string errors_of(std::string_view snippet) {
    const auto config = parse_with_rest(snippet);
    return config ? "accepted" : lines_of(config.error());
}

HealthCheck good_check(std::string_view keys) {
    return good_with_rest(file_with_check(keys)).pools.at(0).health.checks.at(0);
}

TEST(HealthDefaults, OfTheDesign) {
    const Pool pool = good_with_rest(file_with_check("")).pools.at(0);
    EXPECT_EQ(pool.health.degraded_weight_percent, 25u);
    EXPECT_EQ(pool.health.panic_percent, 50u);
    EXPECT_EQ(pool.health.app_name, "a");
    const HealthCheck& check = pool.health.checks.at(0);
    EXPECT_EQ(check.name, "http /");
    EXPECT_EQ(check.kind, CheckKind::http);
    EXPECT_TRUE(check.enabled);
    EXPECT_EQ(check.initial_delay, Duration(0));
    EXPECT_EQ(check.interval, seconds(5));
    EXPECT_EQ(check.fast_interval, seconds(1));
    EXPECT_EQ(check.timeout, seconds(2));
    EXPECT_EQ(check.fall, 3u);
    EXPECT_EQ(check.rise, 2u);
    EXPECT_EQ(check.jitter_percent, 10u);
    EXPECT_EQ(check.method, "GET");
    ASSERT_EQ(check.expected_statuses.size(), 1u);
    EXPECT_EQ(check.expected_statuses[0].first, 200);
    EXPECT_EQ(check.expected_statuses[0].last, 299);
}

TEST(HealthDefaults, WithoutATableThereIsNoCheck) {
    const Pool pool = good_with_rest("").pools.at(0);
    EXPECT_TRUE(pool.health.checks.empty());
    EXPECT_EQ(pool.health.app_name, "web");
}

TEST(HealthDefaults, TimesNeverExceedAShortInterval) {
    const HealthCheck check = good_check("interval = '500ms'");
    EXPECT_EQ(check.timeout, milliseconds(500));
    EXPECT_EQ(check.fast_interval, milliseconds(500));
    const HealthCheck other = good_check("interval = '1500ms'");
    EXPECT_EQ(other.timeout, milliseconds(1500));
    EXPECT_EQ(other.fast_interval, seconds(1));
}

TEST(HealthDefaults, NamesSayWhatIsAsked) {
    EXPECT_EQ(good_check("path = '/up?x=1'").name, "http /up?x=1");
    EXPECT_EQ(good_check("kind = 'tcp'").name, "tcp");
    EXPECT_EQ(good_check("kind = 'agent'").name, "agent");
    EXPECT_EQ(good_check("kind = 'agent'\npath = '/a'").name, "agent");
    EXPECT_EQ(good_check("name = 'mine'").name, "mine");
}

TEST(HealthDefaults, AgentsAreAskedOverHttpOnlyWithAPath) {
    EXPECT_EQ(good_check("kind = 'agent'").path, "");
    EXPECT_EQ(good_check("kind = 'agent'\npath = '/'").path, "/");
    EXPECT_EQ(good_check("kind = 'agent'\npath = '/a'\nmethod = 'POST'\nbody = 'x'").body, "x");
}

TEST_F(EveryKey, OfHealth) {
    const Health& health = config_.pools.at(0).health;
    EXPECT_EQ(health.degraded_weight_percent, 81u);
    EXPECT_EQ(health.panic_percent, 82u);
    EXPECT_EQ(health.app_name, "app");
    ASSERT_EQ(health.checks.size(), 4u);
    EXPECT_EQ(config_.pools.at(1).health.app_name, "p2");
}

TEST_F(EveryKey, OfCheckTiming) {
    const HealthCheck& check = config_.pools.at(0).health.checks.at(0);
    EXPECT_EQ(check.name, "full");
    EXPECT_EQ(check.kind, CheckKind::http);
    EXPECT_FALSE(check.enabled);
    EXPECT_EQ(check.initial_delay, milliseconds(83));
    EXPECT_EQ(check.fast_interval, seconds(84));
    EXPECT_EQ(check.timeout, seconds(85));
    EXPECT_EQ(check.interval, seconds(86));
    EXPECT_EQ(check.fall, 87u);
    EXPECT_EQ(check.rise, 88u);
    EXPECT_EQ(check.expected_latency, milliseconds(89));
    EXPECT_EQ(check.retries, 9u);
    EXPECT_EQ(check.retry_delay, milliseconds(91));
    EXPECT_EQ(check.jitter_percent, 92u);
    EXPECT_EQ(check.port, 9300);
}

TEST_F(EveryKey, OfCheckRequest) {
    const HealthCheck& check = config_.pools.at(0).health.checks.at(0);
    EXPECT_EQ(check.path, "/up?deep=1");
    EXPECT_EQ(check.method, "POST");
    EXPECT_EQ(check.host, "check.example");
    ASSERT_EQ(check.headers.size(), 2u);
    EXPECT_EQ(check.headers[0].kind, HeaderEdit::Kind::set);
    EXPECT_EQ(check.headers[0].name, "X-C");
    EXPECT_EQ(check.headers[1].name, "Authorization");
    EXPECT_EQ(check.headers[1].value, "from the environment");
    EXPECT_EQ(check.body, "{}");
    ASSERT_EQ(check.expected_statuses.size(), 2u);
    EXPECT_EQ(check.expected_statuses[0].first, 201);
    EXPECT_EQ(check.expected_statuses[0].last, 201);
    EXPECT_EQ(check.expected_statuses[1].first, 300);
    EXPECT_EQ(check.expected_statuses[1].last, 399);
    EXPECT_TRUE(check.follow_redirects);
    EXPECT_FALSE(check.keep_alive);
    EXPECT_EQ(check.max_body, 95u * 1024);
}

TEST_F(EveryKey, OfCheckContent) {
    using Kind = ContentRule::Kind;
    const struct {
        Kind kind;
        const char* pointer;
        const char* value;
    } expected[] = {{Kind::contains, "", "ready"},
                    {Kind::exists, "/x", ""},
                    {Kind::non_empty_array, "/models", ""},
                    {Kind::equals, "/a~1b/0", "ok"},
                    {Kind::equals, "", "3"},
                    {Kind::equals, "/f", "false"},
                    {Kind::matches, "/v", "^1\\."}};
    const auto& content = config_.pools.at(0).health.checks.at(0).content;
    ASSERT_EQ(content.size(), std::size(expected));
    for (std::size_t i = 0; i < content.size(); ++i) {
        EXPECT_EQ(content[i].kind, expected[i].kind) << i;
        EXPECT_EQ(content[i].pointer, expected[i].pointer) << i;
        EXPECT_EQ(content[i].value, expected[i].value) << i;
    }
}

TEST_F(EveryKey, OfTcpAndAgentChecks) {
    const auto& checks = config_.pools.at(0).health.checks;
    ASSERT_EQ(checks.size(), 4u);
    EXPECT_EQ(checks[1].name, "tcp");
    EXPECT_EQ(checks[1].kind, CheckKind::tcp);
    EXPECT_EQ(checks[1].send, "PING\r\n");
    EXPECT_EQ(checks[1].expect, "+PONG");
    EXPECT_EQ(checks[2].name, "agent");
    EXPECT_EQ(checks[2].kind, CheckKind::agent);
    EXPECT_EQ(checks[2].send, "\n");
    EXPECT_EQ(checks[2].path, "");
    EXPECT_EQ(checks[3].path, "/agent");
    EXPECT_EQ(checks[3].max_body, 1024u);
}

TEST(HealthValues, AtTheirBounds) {
    const HealthCheck check = good_check(
        "interval = '2s'\ntimeout = '2s'\nfast_interval = '2s'\nfall = 1\nrise = 100\nretries = "
        "10\n"
        "jitter_percent = 100\nport = 65535\nexpected_statuses = [200, 599, '200-200', '404-599']");
    EXPECT_EQ(check.timeout, check.interval);
    EXPECT_EQ(check.fall, 1u);
    EXPECT_EQ(check.rise, 100u);
    EXPECT_EQ(check.port, 65535);
    EXPECT_EQ(check.expected_statuses.size(), 4u);
    EXPECT_EQ(good_check("jitter_percent = 0\nretries = 0").jitter_percent, 0u);
}

TEST(HealthValues, EveryKnownMethodIsTaken) {
    for (const std::string method : {"GET", "HEAD", "POST", "PUT"}) {
        EXPECT_EQ(good_check("method = '" + method + "'").method, method);
    }
}

struct BadCheck {
    const char* name;
    std::string_view keys;  // from line 5 on
    std::string_view errors;
};

void PrintTo(const BadCheck& bad, std::ostream* out) { *out << bad.name; }

class BadHealthCheck : public testing::TestWithParam<BadCheck> {};

TEST_P(BadHealthCheck, GivesExactlyTheseErrors) {
    EXPECT_EQ(errors_of(file_with_check(GetParam().keys)), GetParam().errors);
}

std::string name_of(const testing::TestParamInfo<BadCheck>& info) { return info.param.name; }

constexpr BadCheck kTiming[] = {
    {"timeout_beyond_interval", "timeout = '6s'",
     "f:5:11: `timeout` (6s) is more than `interval` (5s); lower the one or raise the other\n"},
    {"fast_interval_beyond_interval", "interval = '2s'\nfast_interval = '3s'",
     "f:6:17: `fast_interval` (3s) is more than `interval` (2s); lower the one or raise the "
     "other\n"},
    {"interval_in_doubt", "interval = 10\ntimeout = '8s'",
     "f:5:12: `interval`: 10 is no duration; write it with a unit, as \"10s\"\n"},
    {"interval_mistyped", "intervall = '10s'\ntimeout = '8s'",
     "f:5:1: unknown key `intervall`, did you mean `interval`?\n"},
    {"interval_zero", "interval = '0s'",
     "f:5:12: `interval`: \"0s\" is out of bounds; write 10ms to 1d\n"},
    {"timeout_zero", "timeout = '0s'",
     "f:5:11: `timeout`: \"0s\" is out of bounds; write 1ms to 1d\n"},
    {"fall", "fall = 0", "f:5:8: `fall`: 0 is out of bounds; write 1 to 100\n"},
    {"rise", "rise = 0", "f:5:8: `rise`: 0 is out of bounds; write 1 to 100\n"},
    {"thresholds_too_high", "fall = 101\nrise = 101",
     "f:5:8: `fall`: 101 is out of bounds; write 1 to 100\n"
     "f:6:8: `rise`: 101 is out of bounds; write 1 to 100\n"},
    {"retries", "retries = 11", "f:5:11: `retries`: 11 is out of bounds; write 0 to 10\n"},
    {"jitter", "jitter_percent = 101",
     "f:5:18: `jitter_percent`: 101 is out of bounds; write 0 to 100\n"},
    {"jitter_by_its_short_name", "jitter = 10",
     "f:5:1: unknown key `jitter`, did you mean `jitter_percent`?\n"},
    {"port", "port = 65536", "f:5:8: `port`: 65536 is out of bounds; write 0 to 65535\n"},
};

constexpr BadCheck kRequest[] = {
    {"kind", "kind = 'htp'", "f:5:8: `kind`: \"htp\" is not known, did you mean `http`?\n"},
    {"kind_number", "kind = 1", "f:5:8: `kind`: expected a string, found a whole number\n"},
    {"path", "path = 'health'", "f:5:8: `path`: \"health\" is no path; start it with \"/\"\n"},
    {"path_with_space", "path = '/a b'",
     "f:5:8: `path`: \"/a b\" is no path; spaces, \"#\" and control characters cannot be part of "
     "one\n"},
    {"path_with_line_end", "path = \"/a\\r\\nX: y\"",
     "f:5:8: `path`: \"/a\\x0d\\x0aX: y\" is no path; spaces, \"#\" and control characters cannot "
     "be part of one\n"},
    {"method", "method = 'DELETE'",
     "f:5:10: `method`: \"DELETE\" is no method of a check; write \"GET\", \"HEAD\", \"POST\" or "
     "\"PUT\"\n"},
    {"method_in_small_letters", "method = 'get'",
     "f:5:10: `method`: \"get\" is no method of a check; write \"GET\", \"HEAD\", \"POST\" or "
     "\"PUT\"\n"},
    {"host", "host = 'a b'",
     "f:5:8: `host`: \"a b\" is no Host value; write \"name\" or \"name:port\"\n"},
    {"body_of_get", "body = 'x'",
     "f:5:8: `body`: a GET request has none; write `method = \"POST\"` or remove it\n"},
    {"body_of_head", "method = 'HEAD'\nbody = 'x'",
     "f:6:8: `body`: a HEAD request has none; write `method = \"POST\"` or remove it\n"},
    {"content_of_head", "method = 'HEAD'\ncontent = [{ contains = 'x' }]",
     "f:6:11: `content`: the answer to a HEAD request has no body; write `method = \"GET\"` or "
     "remove it\n"},
    {"statuses", "expected_statuses = [199, 600, '200', '300-200', '2xx', '200-600', 2.0]",
     "f:5:22: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:27: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:32: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:39: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:50: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:57: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"
     "f:5:68: `expected_statuses`: write statuses from 200 to 599 and ranges of them, as [200, "
     "\"300-399\"]\n"},
    {"statuses_none", "expected_statuses = []",
     "f:5:21: `expected_statuses`: write an array of 1 to 32 statuses, as [200, \"300-399\"]\n"},
    {"statuses_alone", "expected_statuses = 200",
     "f:5:21: `expected_statuses`: write an array of 1 to 32 statuses, as [200, \"300-399\"]\n"},
    {"headers",
     "headers = { Host = 'x', x-app-name = 'y', Content-Length = '1', A = { env = "
     "'RINGWAY_TEST_UNSET' }, B = \"s\\n\" }",
     "f:5:13: `headers`: \"Host\" cannot be edited here; use `host_header` of the upstream, or "
     "`host` of a check\n"
     "f:5:25: `headers`: every check has its own \"x-app-name\"; remove this (`app_name` of "
     "[pool.health] sets X-App-Name)\n"
     "f:5:43: `headers`: \"Content-Length\" is written by the proxy itself and cannot be edited; "
     "remove it\n"
     "f:5:69: `A`: the environment variable `RINGWAY_TEST_UNSET` is not set; set it before the "
     "start\n"
     "f:5:105: `B`: its value has a control character (such as a line end), which no header value "
     "may have; remove it\n"},
    {"max_body", "max_body = 0", "f:5:12: `max_body`: 0 is out of bounds; write 1B to 16MiB\n"},
};

constexpr BadCheck kKinds[] = {
    {"http_keys_of_tcp",
     "kind = 'tcp'\npath = '/'\nmethod = 'GET'\nhost = 'h'\nheaders = {}\nbody = 'x'\n"
     "expected_statuses = [200]\nfollow_redirects = true\nkeep_alive = true\nmax_body = 1\n"
     "content = []",
     "f:6:8: `path` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:7:10: `method` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:8:8: `host` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:9:11: `headers` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:10:8: `body` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:11:21: `expected_statuses` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:12:20: `follow_redirects` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:13:14: `keep_alive` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:14:12: `max_body` has no effect with `kind = \"tcp\"`; remove it\n"
     "f:15:11: `content` has no effect with `kind = \"tcp\"`; remove it\n"},
    {"tcp_keys_of_http", "send = 'x'\nexpect = 'y'",
     "f:5:8: `send` has no effect without `kind = \"tcp\"`; remove it\n"
     "f:6:10: `expect` has no effect without `kind = \"tcp\"`; remove it\n"},
    {"of_agent", "kind = 'agent'\nexpect = 'x'\ncontent = [{ contains = 'x' }]\nmethod = 'PUT'",
     "f:6:10: `expect` has no effect without `kind = \"tcp\"`; remove it\n"
     "f:7:11: `content` has no effect with `kind = \"agent\"`, whose answer has its own form; "
     "remove it\n"
     "f:8:10: `method` has no effect without `path`: the agent is not asked over HTTP; remove "
     "it\n"},
    {"of_agent_over_http", "kind = 'agent'\npath = '/a'\nsend = 'x'",
     "f:7:8: `send` has no effect beside `path`, which asks over HTTP; remove it\n"},
    {"kind_in_doubt", "kind = 'tpc'\nsend = 'x'\npath = '/'",
     "f:5:8: `kind`: \"tpc\" is not known, did you mean `tcp`?\n"},
    {"send_empty", "kind = 'tcp'\nsend = ''",
     "f:6:8: `send`: \"\" is empty; write at least one byte or leave it out\n"},
    {"later_kind", "kind = 'grpc'",
     "f:5:8: `kind`: \"grpc\" is not available in this version; write \"tcp\" or \"http\"\n"},
    {"later_keys", "http2 = true\ntls = true\ncertificate_verify = false\ngrpc_service = 's'",
     "f:5:1: `http2` is not available in this version; remove it\n"
     "f:6:1: `tls` is not available in this version; remove it\n"
     "f:7:1: `certificate_verify` is not available in this version; remove it\n"
     "f:8:1: `grpc_service` is not available in this version; remove it\n"},
    {"of_the_table_around_it", "panic_percent = 10",
     "f:5:1: unknown key `panic_percent`; it belongs in [pool.health]\n"},
};

constexpr BadCheck kContent[] = {
    {"no_array", "content = 'ready'",
     "f:5:11: `content`: expected an array of rules, as [{ contains = \"ready\" }], found a "
     "string\n"},
    {"text_in_the_array", "content = ['ready']",
     "f:5:12: expected [[pool.health.check.content]], found a string\n"},
    {"no_form", "content = [{ pointer = '/a' }]",
     "f:5:12: `content`: write exactly one of `contains`, `exists`, `non_empty_array`, `equals` "
     "and `matches` in a rule\n"},
    {"two_forms", "content = [{ pointer = '/a', exists = true, equals = 'x' }]",
     "f:5:12: `content`: write exactly one of `contains`, `exists`, `non_empty_array`, `equals` "
     "and `matches` in a rule\n"},
    {"form_mistyped", "content = [{ pointer = '/a', equal = 'x' }]",
     "f:5:30: unknown key `equal`, did you mean `equals`?\n"},
    {"no_pointer", "content = [{ equals = 'x' }]",
     "f:5:12: `content`: the rule needs a `pointer` to the value, as \"/status\"\n"},
    {"pointer_of_contains", "content = [{ pointer = '/a', contains = 'x' }]",
     "f:5:24: `pointer` has no effect beside `contains`, which looks at the whole body; remove "
     "it\n"},
    {"pointers",
     "content = [{ pointer = 'a', exists = true },\n{ pointer = '/a~2', exists = true },\n"
     "{ pointer = '/a~', exists = true }]",
     "f:5:24: `pointer`: \"a\" is no JSON pointer; start it with \"/\", or write \"\" for the "
     "whole document\n"
     "f:6:13: `pointer`: \"/a~2\" is no JSON pointer; write \"~0\" for \"~\" and \"~1\" for \"/\" "
     "in a key\n"
     "f:7:13: `pointer`: \"/a~\" is no JSON pointer; write \"~0\" for \"~\" and \"~1\" for \"/\" "
     "in a key\n"},
    {"false_flags",
     "content = [{ pointer = '/a', exists = false },\n{ pointer = '/a', non_empty_array = false }]",
     "f:5:39: `exists = false` is no rule; write `exists = true` or remove it\n"
     "f:6:37: `non_empty_array = false` is no rule; write `non_empty_array = true` or remove "
     "it\n"},
    {"regex", "content = [{ pointer = '/a', matches = '(' }]",
     "f:5:40: `matches`: \"(\" is no ECMAScript regular expression: a parenthesis is without its "
     "other\n"},
    {"contains_empty", "content = [{ contains = '' }]",
     "f:5:25: `contains`: \"\" is empty; write at least one byte or leave it out\n"},
    {"equals", "content = [{ pointer = '/a', equals = 1.5 },\n{ pointer = '/a', equals = [1] }]",
     "f:5:39: `equals`: write a number with a point as a string, in the form in which the answer "
     "has it\n"
     "f:6:28: `equals`: expected a string, a whole number, or true or false, found an array\n"},
};

INSTANTIATE_TEST_SUITE_P(Timing, BadHealthCheck, testing::ValuesIn(kTiming), name_of);
INSTANTIATE_TEST_SUITE_P(Request, BadHealthCheck, testing::ValuesIn(kRequest), name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, BadHealthCheck, testing::ValuesIn(kKinds), name_of);
INSTANTIATE_TEST_SUITE_P(Content, BadHealthCheck, testing::ValuesIn(kContent), name_of);

TEST(BadHealth, Table) {
    EXPECT_EQ(errors_of("[[pool]]\nname = 'a'\nupstream = [{ address = 'h:1' }]\n[pool.health]\n"
                        "degraded_weight_percent = 0\npanic_percent = 101\napp_name = "
                        "\"a\\nb\"\ncheck = 1\ninterval = '5s'\n"),
              "f:5:27: `degraded_weight_percent`: 0 is out of bounds; write 1 to 100\n"
              "f:6:17: `panic_percent`: 101 is out of bounds; write 0 to 100\n"
              "f:7:12: `app_name`: \"a\\x0ab\" has a control character (such as a line end), which "
              "no header value may have; remove it\n"
              "f:8:9: expected [[pool.health.check]], found a whole number; write "
              "[[pool.health.check]] with two brackets\n"
              "f:9:1: unknown key `interval`; it belongs in [[pool.health.check]]\n");
}

TEST(BadHealth, TwoChecksOfOneName) {
    EXPECT_EQ(errors_of(file_with_check("path = '/a'\n[[pool.health.check]]\npath = '/a'\n"
                                        "port = 81\n[[pool.health.check]]\nname = 'http /a'")),
              "f:6:1: two checks are named `http /a`; give one another `name`\n"
              "f:10:8: two checks are named `http /a`; give one another `name`\n");
}

TEST(BadHealth, NamesThatComeFromBadPathsAreNotCalledTheSame) {
    EXPECT_EQ(errors_of(file_with_check("path = 'a'\n[[pool.health.check]]\npath = 'b'")),
              "f:5:8: `path`: \"a\" is no path; start it with \"/\"\n"
              "f:7:8: `path`: \"b\" is no path; start it with \"/\"\n");
}

TEST(BadHealth, TooManyChecks) {
    std::string keys = "path = '/0'\n";
    for (int i = 1; i < 10; ++i)
        keys += "[[pool.health.check]]\npath = '/" + std::to_string(i) + "'\n";
    EXPECT_EQ(errors_of(file_with_check(keys)),
              "f:20:1: more than 8 [[pool.health.check]]; remove some\n");
}

TEST(BadHealth, PortOfAUnixSocket) {
    EXPECT_EQ(errors_of("[[pool]]\nname = 'a'\nupstream = [{ address = 'unix:/s' }]\n"
                        "[pool.health]\ncheck = [{ port = 81 }, { path = '/x', port = 0 }]\n"),
              "f:5:19: `port`: the upstream `unix:/s` is a unix socket, which has none; remove "
              "this or move the upstream to another pool\n");
}

}  // namespace
}  // namespace ringway::config
