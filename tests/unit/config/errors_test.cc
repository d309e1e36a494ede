// Bad files and the exact errors that they give.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "config_text.h"

namespace ringway::config {
namespace {

struct Case {
    const char* name;
    std::string_view snippet;
    std::string_view errors;  // every line
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

class BadFile : public testing::TestWithParam<Case> {};

TEST_P(BadFile, GivesExactlyTheseErrors) {
    const auto config = parse_with_rest(GetParam().snippet);
    ASSERT_FALSE(config) << "was accepted";
    EXPECT_EQ(lines_of(config.error()), GetParam().errors);
}

constexpr Case kKeys[] = {
    {"mistyped", "[[pool]]\nname = 'a'\n[[pool.upstream]]\nadress = '10.0.0.1:80'\n",
     "f:4:1: unknown key `adress`, did you mean `address`?\n"},
    {"words_in_another_order", "[[listener]]\naddress = '127.0.0.1:1'\n  max_connections = 1\n",
     "f:3:3: unknown key `max_connections`, did you mean `connections_max`?\n"},
    {"of_another_section", "[[listener]]\naddress = '127.0.0.1:1'\nconnect_timeout = '1s'\n",
     "f:3:1: unknown key `connect_timeout`; it belongs in [[pool]]\n"},
    {"part_of_a_name", "[[pool]]\nname = 'a'\nhash = 'path'\nupstream = [{ address = 'a:1' }]\n",
     "f:3:1: unknown key `hash`, did you mean `hash_on`?\n"},
    {"not_called_missing_too",
     "[[route]]\npoool = 'web'\nresponse_hedaer = {}\n[[pool]]\nnaem = 'a'\nupstrems = []\n",
     "f:2:1: unknown key `poool`, did you mean `pool`?\n"
     "f:3:1: unknown key `response_hedaer`, did you mean `response_headers`?\n"
     "f:5:1: unknown key `naem`, did you mean `name`?\n"
     "f:6:1: unknown key `upstrems`, did you mean `upstream`?\n"},
    {"like_nothing", "[log]\nxyzzy = 1\n", "f:2:1: unknown key `xyzzy` in [log]; remove it\n"},
    {"section", "[shard]\ncount = 1\n", "f:1:2: unknown key `shard`, did you mean `shards`?\n"},
    {"control_characters", "\"a\\nb\\u0000\" = 1\n",
     "f:1:1: unknown key `a\\x0ab\\x00` in the file; remove it\n"},
    {"later_sections", "[state]\n[cache]\n[[deployment]]\nname = 'x'\n",
     "f:1:2: `state` is not available in this version; remove it\n"
     "f:2:2: `cache` is not available in this version; remove it\n"
     "f:3:3: `deployment` is not available in this version; remove it\n"},
    {"later_keys",
     "[[listener]]\naddress = '127.0.0.1:1'\ntls = {}\nprotocol = 'tcp'\n[[pool]]\nname = "
     "'a'\nregion = 'eu'\n"
     "[[pool.upstream]]\naddress = 'a:1'\nregion = 'eu'\n",
     "f:3:1: `tls` is not available in this version; remove it\n"
     "f:4:12: `protocol`: \"tcp\" is not available in this version; write \"http\"\n"
     "f:7:1: `region` is not available in this version; remove it\n"
     "f:10:1: `region` is not available in this version; remove it\n"},
};

constexpr Case kValues[] = {
    {"duration_without_unit", "[[listener]]\naddress = '127.0.0.1:1'\nheader_timeout = 5\n",
     "f:3:18: `header_timeout`: 5 is no duration; write it with a unit, as \"5s\"\n"},
    {"durations",
     "[process]\ngraceful_timeout = '5 s'\n[[pool]]\nname = 'a'\nupstream = [{ address = 'a:1' }]\n"
     "connect_timeout = '0s'\nslow_start = '31d'\nidle_timeout = true\nsend_timeout = "
     "'99999999999999999999s'\n",
     "f:2:20: `graceful_timeout`: \"5 s\" is no duration; write a whole number and a unit, as "
     "\"250ms\", \"5s\" or "
     "\"1m\"\n"
     "f:6:19: `connect_timeout`: \"0s\" is out of bounds; write 1ms to 30d\n"
     "f:7:14: `slow_start`: \"31d\" is out of bounds; write 0s to 30d\n"
     "f:8:16: `idle_timeout`: true is no duration; write a whole number and a unit, as \"250ms\", "
     "\"5s\" or \"1m\"\n"
     "f:9:16: `send_timeout`: \"99999999999999999999s\" is no duration; write a whole number and a "
     "unit, as \"250ms\", "
     "\"5s\" or \"1m\"\n"},
    {"sizes", "[shards]\nbuffer_bytes = '64KB'\nreceive_credit_bytes = 1\nsplice_min_bytes = -1\n",
     "f:2:16: `buffer_bytes`: \"64KB\" is no size; write bytes as a number, or a whole number and "
     "a unit, as \"512B\", "
     "\"64KiB\" or \"1MiB\"\n"
     "f:3:24: `receive_credit_bytes`: 1 is out of bounds; write 4KiB to 16MiB\n"
     "f:4:20: `splice_min_bytes`: -1 is out of bounds; write 0 to 1TiB\n"},
    {"ring", "[shards]\nring_entries = 1000\ncompletion_entries = 1\nbuffer_count = 'many'\n",
     "f:2:16: `ring_entries`: 1000 is no power of two; write 512 or 1024\n"
     "f:3:22: `completion_entries`: 1 is out of bounds; write 128 to 65536, a power of two\n"
     "f:4:16: `buffer_count`: expected a whole number, found a string\n"},
    {"ring_consistency",
     "[shards]\nring_entries = 4096\ncompletion_entries = 4096\nbuffer_count = 32768\n"
     "buffer_bytes = '1MiB'\n",
     "f:1:1: `buffer_count` x `buffer_bytes` is 32768 MiB a shard; write at most 8192 MiB\n"
     "f:1:1: `completion_entries` (4096) must be at least twice `ring_entries` (4096)\n"},
    {"words",
     "[log]\nlevel = 'inf'\naccess_sampling = 1.5\n[[pool]]\nname = 'a'\nbalance = 'fair'\n"
     "[[pool.upstream]]\naddress = 'a:1'\n",
     "f:2:9: `level`: \"inf\" is not known, did you mean `info`?\n"
     "f:3:19: `access_sampling`: 1.5 is out of bounds; write 0 to 1\n"
     "f:6:11: `balance`: \"fair\" is not known; write \"round_robin\", \"least_request\", \"p2c\", "
     "\"peak_ewma\", "
     "\"maglev\" or \"random\"\n"},
    {"not_a_number", "[log]\naccess_sampling = nan\naccess_path = 1979-05-27\n",
     "f:2:19: `access_sampling`: nan is out of bounds; write 0 to 1\n"
     "f:3:15: `access_path`: expected a string, found a date or time\n"},
    {"sections_of_the_wrong_type", "process = 1\nlog = [1]\nshards = 'auto'\n",
     "f:1:11: expected the section [process], found a whole number\n"
     "f:2:7: expected the section [log], found an array\n"
     "f:3:10: expected the section [shards], found a string\n"},
};

constexpr Case kAlerts[] = {
    {"webhooks",
     "[alerts]\nqueue_max = 0\n[[alerts.webhook]]\nname = 'a'\n[[alerts.webhook]]\nname = 'a'\n"
     "url = 'https://h'\nbackoff_min = '2m'\nbackoff_max = '1m'\nseverity_min = 'bad'\n",
     "f:2:13: `queue_max`: 0 is out of bounds; write 1 to 65536\n"
     "f:3:1: `url` is missing in [[alerts.webhook]]\n"
     "f:6:8: two webhooks are named `a`; give one another `name`\n"
     "f:8:15: `backoff_min` (2m) is more than `backoff_max` (1m); lower the one or raise the "
     "other\n"
     "f:10:16: `severity_min`: \"bad\" is not known; write \"info\", \"warning\" or "
     "\"critical\"\n"},
    {"urls_are_secrets",
     "[alerts]\nwebhook = [\n{ name = 'a', url = 'hooks.example/s3cret' },\n"
     "{ name = 'b', url = 'https:///s3cret' },\n{ name = 'c', url = 'ftp://h/s3cret' },\n"
     "{ name = 'd', url = 'https://h/s3 cret' },\n{ name = 'e', url = 'https://u:p@:1/' },\n"
     "{ name = 'f', url = { env = 'RINGWAY_NOT_SET' } }]\n",
     "f:3:21: `url`: its value is no URL to send to; write \"https://host/path\"\n"
     "f:4:21: `url`: its value is no URL to send to; write \"https://host/path\"\n"
     "f:5:21: `url`: its value is no URL to send to; write \"https://host/path\"\n"
     "f:6:21: `url`: its value has a space or another character that a URL cannot have; write it "
     "as %XX\n"
     "f:7:21: `url`: its value is no URL to send to; write \"https://host/path\"\n"
     "f:8:21: `url`: the environment variable `RINGWAY_NOT_SET` is not set; set it before the "
     "start\n"},
    {"events",
     "[[alerts.webhook]]\nname = 'a'\nurl = 'http://h'\nevents = ['unhealty', 'x', 'panic']\n",
     "f:4:11: `events`: \"unhealty\" is no event, did you mean `unhealthy`?\n"
     "f:4:23: `events`: \"x\" is no event; docs/alerts.md lists them\n"},
    {"not_a_table", "alerts = true\n",
     "f:1:10: expected the section [alerts], found true or false\n"},
};

constexpr Case kListeners[] = {
    {"addresses",
     "[[listener]]\naddress = 'localhost:80'\n[[listener]]\naddress = "
     "'127.0.0.1:0'\n[[listener]]\nname = 'c'\n"
     "[[listener]]\naddress = 80\n[[listener]]\naddress = '::1:80'\n",
     "f:2:11: `address`: \"localhost:80\" is no address to listen on; write \"IP:port\" "
     "(\"0.0.0.0:80\", \"[::]:80\") or "
     "\"unix:/path\"\n"
     "f:4:11: `address`: port 0 is no port to listen on; write 1 to 65535\n"
     "f:5:1: `address` is missing in [[listener]]\n"
     "f:8:11: `address`: a whole number is no address to listen on; write \"IP:port\" "
     "(\"0.0.0.0:80\", \"[::]:80\") or "
     "\"unix:/path\"\n"
     "f:10:11: `address`: \"::1:80\" is no address to listen on; write \"IP:port\" "
     "(\"0.0.0.0:80\", \"[::]:80\") or "
     "\"unix:/path\"\n"},
    {"twice",
     "[admin]\nlisten = '127.0.0.1:3'\n[[listener]]\nname = 'a'\naddress = "
     "'127.0.0.1:1'\n[[listener]]\nname = 'a'\n"
     "address = '127.0.0.1:1'\n[[listener]]\naddress = '127.0.0.1:3'\n",
     "f:7:8: two listeners are named `a`; give one another `name`\n"
     "f:8:11: the listener `a` has the same address; give one another address\n"
     "f:10:11: [admin] listens on the same address; give one another address\n"},
    {"limits",
     "[[listener]]\naddress = '127.0.0.1:1'\nheader_bytes_max = '8KiB'\nuri_bytes_max = "
     "'9KiB'\nheader_fields_max = 257\n"
     "[[listener]]\naddress = '127.0.0.1:2'\nheader_bytes_max = '2MiB'\n"
     "[[listener]]\naddress = '127.0.0.1:3'\nheader_bytes_max = '8KiB'\n",
     "f:4:17: `uri_bytes_max` (9216) is more than `header_bytes_max` (8192), which holds it; lower "
     "the one or raise the "
     "other\n"
     "f:5:21: `header_fields_max`: 257 is out of bounds; write 1 to 256\n"
     "f:8:20: `header_bytes_max`: \"2MiB\" is out of bounds; write 1KiB to 1MiB\n"
     "f:11:20: `uri_bytes_max` (16384) is more than `header_bytes_max` (8192), which holds it; "
     "lower the one or raise "
     "the other\n"},
    {"trusted_proxies",
     "[[listener]]\naddress = '127.0.0.1:1'\ntrusted_proxies = ['10.0.0.0/33', 7, '::/0']\n",
     "f:3:20: `trusted_proxies`: \"10.0.0.0/33\" is no network; write one as \"10.0.0.0/8\" or "
     "\"fd00::/8\"\n"
     "f:3:35: `trusted_proxies`: a whole number is no network; write one as \"10.0.0.0/8\" or "
     "\"fd00::/8\"\n"},
};

constexpr Case kShards[] = {
    {"count", "[shards]\ncount = 0\n",
     "f:2:9: `count`: write \"auto\" or a number from 1 to 256\n"},
    {"count_and_cpus", "[shards]\ncount = 1\ncpus = [0]\n",
     "f:2:9: `count` and `cpus` exclude each other; remove one\n"},
    {"cpus", "[shards]\ncpus = [0, 7, 0, 'x']\n",
     "f:2:12: `cpus`: the process may not run on cpu 7; it may on 0, 1\n"
     "f:2:15: `cpus`: cpu 0 is there twice; remove one\n"
     "f:2:18: `cpus`: expected a cpu number, found a string\n"},
    {"overrides",
     "[shards]\ncount = 1\n[[shards.cpu]]\ncpu = 1\n[[shards.cpu]]\nbuffer_count = "
     "32\n[[shards.cpu]]\ncpu = 0\n"
     "[[shards.cpu]]\ncpu = 0\nring_entries = 32768\n",
     "f:4:7: no shard runs on cpu 1; add it to `cpus` or remove this\n"
     "f:5:1: `cpu` is missing in [[shards.cpu]]\n"
     "f:9:1: `completion_entries` (32768) must be at least twice `ring_entries` (32768)\n"
     "f:10:7: two [[shards.cpu]] are for cpu 0; remove one\n"},
};

constexpr Case kPools[] = {
    {"nobody", "[[pool]]\nname = 'a'\n[[pool]]\n[[pool]]\nname = 'a'\nupstream = []\n",
     "f:1:1: the pool `a` has no upstream; add [[pool.upstream]] with an `address`\n"
     "f:3:1: `name` is missing in [[pool]]\n"
     "f:3:1: this pool has no upstream; add [[pool.upstream]] with an `address`\n"
     "f:4:1: the pool `a` has no upstream; add [[pool.upstream]] with an `address`\n"
     "f:5:8: two pools are named `a`; give one another `name`\n"},
    {"upstream_addresses",
     "[[pool]]\nname = 'a'\nupstream = [\n{ address = 'host' },\n{ address = 'host:0' },\n{ "
     "address = 'host:65536' },\n"
     "{ address = '256.0.0.1:80' },\n{ address = '::1:80' },\n{ address = 'http://host:80' },\n{ "
     "address = 'a b:80' },\n"
     "{ address = 'unix:' },\n{ address = 'host:8o' },\n{ address = '' }]\n",
     "f:4:13: `address`: \"host\" has no port; write \"host:port\"\n"
     "f:5:13: `address`: \"host:0\" has no valid port; write 1 to 65535\n"
     "f:6:13: `address`: \"host:65536\" has no valid port; write 1 to 65535\n"
     "f:7:13: `address`: \"256.0.0.1:80\" is neither an IP address nor a host name with a port; "
     "write \"host:port\"\n"
     "f:8:13: `address`: \"::1:80\" is no address; write an IPv6 address in brackets, as "
     "\"[::1]:80\"\n"
     "f:9:13: `address`: \"http://host:80\" is a URL; write only \"host:port\"\n"
     "f:10:13: `address`: \"a b:80\" is neither an IP address nor a host name with a port; write "
     "\"host:port\"\n"
     "f:11:13: `address`: \"unix:\" is no unix socket; write \"unix:/path\", at most 107 bytes of "
     "path\n"
     "f:12:13: `address`: \"host:8o\" has no valid port; write 1 to 65535\n"
     "f:13:13: `address`: \"\" is empty; write at least one character\n"},
    {"one_address_needs_two_names",
     "[[pool]]\nname = 'a'\nupstream = [{ address = 'h:1' },\n{ address = 'h:1' }]\n",
     "f:4:1: two upstreams are named `h:1`; give one another `name`\n"},
    {"upstream_bounds",
     "[[pool]]\nname = 'a'\n[[pool.upstream]]\naddress = 'h:1'\nweight = 0\npriority = "
     "256\nhost_header = 'a b'\n",
     "f:5:10: `weight`: 0 is out of bounds; write 1 to 1000\n"
     "f:6:12: `priority`: 256 is out of bounds; write 0 to 255\n"
     "f:7:15: `host_header`: \"a b\" is no Host value; write \"name\" or \"name:port\"\n"},
    {"hash_on",
     "[[pool]]\nname = 'a'\nhash_on = 'path'\nupstream = [{ address = 'h:1' }]\n"
     "[[pool]]\nname = 'b'\nbalance = 'maglev'\nhash_on = 'header:'\nupstream = [{ address = 'h:1' "
     "}]\n",
     "f:3:11: `hash_on` has no effect without `balance = \"maglev\"`; add that or remove this\n"
     "f:8:11: `hash_on`: \"header:\" is not known; write \"client_address\", \"path\", "
     "\"header:NAME\", \"cookie:NAME\" or "
     "\"query:NAME\"\n"},
    {"affinity_and_retry",
     "[[pool]]\nname = 'a'\naffinity = { path = 'x' }\nretry = { attempts_max = 9, statuses = "
     "[200, 503] }\n"
     "upstream = [{ address = 'h:1' }]\n[[pool]]\nname = 'b'\nretry = 3\nupstream = [{ address = "
     "'h:1' }]\n",
     "f:3:12: `cookie` is missing in [pool.affinity]\n"
     "f:3:21: `path`: \"x\" is no path; start it with \"/\"\n"
     "f:4:26: `attempts_max`: 9 is out of bounds; write 1 to 8\n"
     "f:4:41: `statuses`: write statuses from 400 to 599, as [502, 503]\n"
     "f:8:9: `retry`: expected the table [pool.retry], found a whole number\n"},
    {"secrets",
     "[[pool]]\nname = 'a'\n[[pool.upstream]]\naddress = 'h:1'\n[pool.upstream.headers]\n"
     "A = { env = 'RINGWAY_TEST_UNSET' }\nB = { file = '/nonexistent/secret' }\nC = { env = 'X', "
     "file = 'Y' }\nD = {}\n"
     "E = 7\nF = \"secret\\r\\nX: y\"\nG = { fil = '/x' }\nH = { file = '/' }\n\"I I\" = 'x'\n",
     "f:6:5: `A`: the environment variable `RINGWAY_TEST_UNSET` is not set; set it before the "
     "start\n"
     "f:7:5: `B`: the file \"/nonexistent/secret\" does not exist or cannot be reached\n"
     "f:8:5: `C`: write exactly one of `env` and `file`\n"
     "f:9:5: `D`: write exactly one of `env` and `file`\n"
     "f:10:5: `E`: expected a string, { env = \"NAME\" } or { file = \"/path\" }, found a whole "
     "number\n"
     "f:11:5: `F`: its value has a control character (such as a line end), which no header value "
     "may have; remove it\n"
     "f:12:7: unknown key `fil`, did you mean `file`?\n"
     "f:13:5: `H`: the file \"/\" is no regular file\n"
     "f:14:1: `headers`: \"I I\" is no header name; use letters, digits and \"-\"\n"},
};

constexpr Case kRoutes[] = {
    {"references",
     "[[route]]\npool = 'wep'\n[[route]]\npool = 'nothing'\n[[route]]\nlistener = ['rest', 'rst']\n"
     "split = { web = 1, webb = 2 }\n[[route]]\npool = 7\n",
     "f:2:8: no pool is named `wep`, did you mean `web`?\n"
     "f:4:8: no pool is named `nothing`; add it or name one that is there\n"
     "f:6:21: no listener is named `rst`, did you mean `rest`?\n"
     "f:7:20: no pool is named `webb`, did you mean `web`?\n"
     "f:9:8: `pool`: expected the name of a pool, found a whole number\n"},
    {"actions",
     "[[route]]\npath = '/a'\n[[route]]\nname = 'b'\npool = 'web'\nrespond = {}\nredirect = { path "
     "= '/' }\n",
     "f:1:1: the route `route-1` has no action; add one of `pool`, `split`, `redirect` and "
     "`respond`\n"
     "f:6:11: the route `b` has two actions, `pool` and `respond`; remove one\n"
     "f:7:12: the route `b` has two actions, `pool` and `redirect`; remove one\n"},
    {"names", "[[route]]\nname = 'rest'\npool = 'web'\n",
     "f:9:8: two routes are named `rest`; give one another `name`\n"},
    {"paths", "[[route]]\npath = 'a'\npath_prefix = '/b?c'\npath_regex = '(a'\npool = 'web'\n",
     "f:2:8: `path`: \"a\" is no path; start it with \"/\"\n"
     "f:3:15: `path_prefix`: \"/b?c\" is no path; spaces, \"?\", \"#\" and control characters "
     "cannot be part of one\n"
     "f:3:15: `path` and `path_prefix` exclude each other; remove one\n"
     "f:4:14: `path_regex`: \"(a\" is no ECMAScript regular expression: a parenthesis is without "
     "its other\n"
     "f:4:14: `path` and `path_regex` exclude each other; remove one\n"},
    {"regex_bounds",
     "[[route]]\npool = 'web'\npath_regex = 'a{99999999999999999999}'\n"
     "[[route]]\npool = 'web'\npath_regex = '(((a{999}){999}){999})'\n[[route]]\npool = "
     "'web'\npath_regex = ''\n",
     "f:3:14: `path_regex`: \"a{99999999999999999999}\" has a number of more than 5 digits in a "
     "repeat or reference; "
     "lower it\n"
     "f:6:14: `path_regex`: \"(((a{999}){999}){999})\" is no ECMAScript regular expression: it is "
     "too large\n"
     "f:9:14: `path_regex`: \"\" is empty; write a regular expression or leave it out\n"},
    {"hosts",
     "[[route]]\nhost = ['a.b', 'a.b', 'a:80', '*', 'x.*.y', '::1', '[::1]', 'a b']\npool = "
     "'web'\n",
     "f:2:16: `host`: \"a.b\" is there twice; remove one\n"
     "f:2:23: `host`: \"a:80\" has a port; hosts match without it, remove \":\" and what follows\n"
     "f:2:31: `host`: \"*\" matches every host, which is the default; leave `host` out\n"
     "f:2:36: `host`: \"x.*.y\" is no host; write a name, \"*.name\" or an IP address\n"
     "f:2:45: `host`: \"::1\" is an IPv6 address; write it in brackets, as \"[::1]\"\n"
     "f:2:61: `host`: \"a b\" is no host; write a name, \"*.name\" or an IP address\n"},
    {"methods", "[[route]]\nmethod = ['GET', 'post', 'A B', 'CONNECT', 'PROPFIND']\npool = 'web'\n",
     "f:2:18: `method`: \"post\" is no method; methods are case-sensitive, write it in capitals as "
     "\"GET\"\n"
     "f:2:26: `method`: \"A B\" is no method; write one such as \"GET\"\n"
     "f:2:33: `method`: \"CONNECT\" is always refused and reaches no route; remove it\n"},
    {"matches",
     "[[route]]\npool = 'web'\n[route.headers]\n\"a b\" = 'x'\nc = { prefix = 'x', regex = 'y' "
     "}\nd = { present = false }\n"
     "e = {}\nf = 1\ng = { regex = '[' }\nh = { prefx = 'x' }\n",
     "f:4:1: `headers`: \"a b\" is no header name; use letters, digits and \"-\"\n"
     "f:5:5: `c`: write exactly one of `exact`, `prefix`, `regex` and `present`\n"
     "f:6:5: `d`: `present = false` is no condition; write `present = true`\n"
     "f:7:5: `e`: write exactly one of `exact`, `prefix`, `regex` and `present`\n"
     "f:8:5: `f`: expected a string or a table with exact, prefix, regex or present, found a whole "
     "number\n"
     "f:9:15: `regex`: \"[\" is no ECMAScript regular expression: a bracket [ is not "
     "closed\n"
     "f:10:7: unknown key `prefx`, did you mean `prefix`?\n"},
    {"split",
     "[[route]]\nsplit = {}\n[[route]]\nsplit = { web = 0 }\n[[route]]\nsplit = { web = 1001 }\n",
     "f:2:9: `split`: expected a table of pools and weights, as { blue = 90, green = 10 }\n"
     "f:4:9: `split`: every weight is 0; give one pool a weight\n"
     "f:6:17: `split`: the weight of `web` must be a whole number from 0 to 1000\n"},
    {"redirect",
     "[[route]]\nredirect = {}\n[[route]]\nredirect = { status = 200, scheme = 'ftp', host = "
     "'a/b', path = 'x' }\n"
     "[[route]]\nredirect = 'https'\n",
     "f:2:12: `redirect`: would send the client to the same place; give it a `scheme`, `host` or "
     "`path`\n"
     "f:4:23: `status`: write 301, 302, 303, 307 or 308\n"
     "f:4:37: `scheme`: \"ftp\" is no scheme to redirect to; write \"http\" or \"https\"\n"
     "f:4:51: `host`: \"a/b\" is no Host value; write \"name\" or \"name:port\"\n"
     "f:4:65: `path`: \"x\" is no path; start it with \"/\"\n"
     "f:6:12: `redirect`: expected the table [route.redirect], found a string\n"},
    {"respond",
     "[[route]]\nrespond = { status = 100, content_type = \"a\\nb\" }\n"
     "[[route]]\nrespond = { status = 204, body = 'x' }\n",
     "f:2:22: `status`: 100 is out of bounds; write 200 to 599\n"
     "f:2:42: `content_type`: \"a\\x0ab\" has a control character (such as a line end), which no "
     "header value may have; "
     "remove it\n"
     "f:4:34: `body`: a 204 answer has none; remove it\n"},
    {"rewrites",
     "[[route]]\npool = 'web'\nstrip_prefix = true\n[[route]]\npool = 'web'\nrewrite = '/x'\n"
     "[[route]]\npool = 'web'\npath_prefix = '/a'\nstrip_prefix = true\nrewrite = '/x'\n"
     "[[route]]\npool = 'web'\npath_regex = '/a/(.*)'\nrewrite = '/$1/$2'\n"
     "[[route]]\npath_prefix = '/a'\nrespond = {}\nstrip_prefix = true\nrequest_timeout = '1s'\n",
     "f:3:16: `strip_prefix` needs `path_prefix`; add it or remove this\n"
     "f:6:11: `rewrite` needs `path`, `path_prefix` or `path_regex`; add one or remove this\n"
     "f:11:11: `rewrite` and `strip_prefix` exclude each other; remove one\n"
     "f:15:11: `rewrite`: $2 stands for a group that `path_regex` does not have (it has 1); add "
     "the group or remove it\n"
     "f:19:16: `strip_prefix` has no effect on a route that goes to no pool; remove it\n"
     "f:20:19: `request_timeout` has no effect on a route that goes to no pool; remove it\n"},
    {"header_edits",
     "[[route]]\npool = 'web'\n[route.request_headers]\nset = { Host = 'x', \"X-A\" = "
     "\"a\\u0000\", \"x-a\" = 'b' }\n"
     "add = 'X'\nremove = ['Transfer-Encoding', 'Bad Name', 'Fine']\nappend = {}\n",
     "f:4:9: `set`: \"Host\" cannot be edited here; use `host_header` of the upstream, or `host` "
     "of "
     "a check\n"
     "f:4:29: `X-A`: its value has a control character (such as a line end), which no header value "
     "may have; remove it\n"
     "f:4:40: `set`: \"x-a\" is there twice (header names ignore case); remove one\n"
     "f:5:7: `add`: expected a table, as { \"X-Name\" = \"value\" }, found a string\n"
     "f:6:11: `remove`: \"Transfer-Encoding\" is written by the proxy itself and cannot be edited; "
     "remove it\n"
     "f:6:32: `remove`: \"Bad Name\" is no header name; use letters, digits and \"-\"\n"
     "f:7:1: unknown key `append` in [route.request_headers] and [route.response_headers]; remove "
     "it\n"},
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Keys, BadFile, testing::ValuesIn(kKeys), name_of);
INSTANTIATE_TEST_SUITE_P(Values, BadFile, testing::ValuesIn(kValues), name_of);
INSTANTIATE_TEST_SUITE_P(Alerts, BadFile, testing::ValuesIn(kAlerts), name_of);
INSTANTIATE_TEST_SUITE_P(Listeners, BadFile, testing::ValuesIn(kListeners), name_of);
INSTANTIATE_TEST_SUITE_P(Shards, BadFile, testing::ValuesIn(kShards), name_of);
INSTANTIATE_TEST_SUITE_P(Pools, BadFile, testing::ValuesIn(kPools), name_of);
INSTANTIATE_TEST_SUITE_P(Routes, BadFile, testing::ValuesIn(kRoutes), name_of);

std::string errors_of(std::string_view text) {
    const auto config = parse(text, "f", kTwoCpus);
    return config ? "accepted" : lines_of(config.error());
}

TEST(WholeFile, NeedsAListenerAndARoute) {
    constexpr std::string_view kBoth =
        "f: no [[listener]]: nothing could reach the proxy; add one with an `address`\n"
        "f: no [[route]]: every request would get 404; add one with a `pool`, `redirect` or "
        "`respond`\n";
    EXPECT_EQ(errors_of(""), kBoth);
    EXPECT_EQ(errors_of("listener = []\nroute = []\n"), kBoth);
}

TEST(WholeFile, OneBracketIsNotCalledMissingToo) {
    EXPECT_EQ(
        errors_of("[listener]\naddress = '127.0.0.1:1'\n[[route]]\nrespond = {}\n"),
        "f:1:1: expected [[listener]], found a table; write [[listener]] with two brackets\n");
}

TEST(WholeFile, SyntaxErrorHasItsPlaceAndStandsAlone) {
    const std::string text = errors_of("[log]\nlevel = \"info\nbad = 1\n");
    EXPECT_TRUE(text.starts_with("f:2:")) << text;
    EXPECT_NE(text.find("no valid TOML"), std::string::npos) << text;
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

TEST(WholeFile, KeyGivenTwiceIsASyntaxError) {
    EXPECT_TRUE(errors_of("[log]\nlevel = 'info'\nlevel = 'warn'\n").starts_with("f:3:"));
}

TEST(WholeFile, TooManyListeners) {
    std::string text = "[[route]]\nrespond = {}\n";
    for (int i = 1; i <= 66; ++i)
        text += "[[listener]]\naddress = '127.0.0.1:" + std::to_string(i) + "'\n";
    EXPECT_EQ(errors_of(text), "f:131:1: more than 64 [[listener]]; remove some\n");
}

TEST(WholeFile, MissingFileSaysWhy) {
    const auto config = load("/nonexistent/ringway.toml", kTwoCpus);
    ASSERT_FALSE(config);
    EXPECT_EQ(lines_of(config.error()),
              "/nonexistent/ringway.toml: cannot be opened: No such file or directory\n");
}

TEST(WholeFile, LongTextsAreCutInMessages) {
    const auto config = parse_with_rest("[log]\nlevel = '" + std::string(10000, 'x') + "'\n");
    ASSERT_FALSE(config);
    EXPECT_LT(config.error().front().message.size(), 200u);
}

}  // namespace
}  // namespace ringway::config
