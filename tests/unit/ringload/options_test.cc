#include "cli/options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/flags.h"
#include "config/source_root.h"
#include "plan/mix.h"

namespace ringload {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kUrl = "http://127.0.0.1:8080/";

auto parse(std::vector<std::string> arguments) {
    std::vector<const char*> argv{"ringload"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

/// The options of a command line with a URL behind the arguments.
Options good(std::vector<std::string> arguments) {
    arguments.emplace_back(kUrl);
    const auto options = parse(std::move(arguments));
    EXPECT_TRUE(options.has_value()) << options.error().err;
    return options ? *options : Options{};
}

LoadPlan plan_of(std::vector<std::string> arguments) { return good(std::move(arguments)).plan; }

/// The one line that says what is wrong, without "ringload: ".
std::string line_of(std::vector<std::string> arguments) {
    const auto options = parse(std::move(arguments));
    if (options) return "";
    const Exit& exit = options.error();
    EXPECT_EQ(exit.status, 1);
    EXPECT_EQ(exit.out, "");
    EXPECT_EQ(std::ranges::count(exit.err, '\n'), 1) << exit.err;
    EXPECT_TRUE(exit.err.starts_with("ringload: ") && exit.err.ends_with("\n")) << exit.err;
    return exit.err.substr(10, exit.err.size() - 11);
}

/// As line_of(), with a URL behind the arguments.
std::string wrong(std::vector<std::string> arguments) {
    arguments.emplace_back(kUrl);
    return line_of(std::move(arguments));
}

TEST(Options, a_url_alone_is_a_closed_loop_of_ten_seconds) {
    const Options options = good({});
    const LoadPlan& plan = options.plan;
    EXPECT_EQ(plan.url, kUrl);
    EXPECT_EQ(plan.authority, "127.0.0.1:8080");
    EXPECT_EQ(plan.connect.text(), "127.0.0.1:8080");
    EXPECT_EQ(plan.connections, 64u);
    EXPECT_EQ(plan.connections_max, 64u);
    EXPECT_EQ(plan.threads, 1u);
    EXPECT_EQ(plan.pipeline, 1u);
    EXPECT_EQ(plan.arrivals, Arrivals::closed);
    EXPECT_TRUE(plan.steps.empty());
    EXPECT_EQ(plan.duration, seconds(10));
    EXPECT_EQ(plan.warm_up, seconds(1));
    EXPECT_EQ(plan.requests, 0u);
    EXPECT_EQ(plan.timeout, seconds(10));
    EXPECT_EQ(plan.connect_timeout, seconds(3));
    EXPECT_EQ(plan.sample_interval, seconds(1));
    EXPECT_EQ(plan.seed, 1u);
    EXPECT_FALSE(plan.keep_records);
    ASSERT_EQ(plan.mix.size(), 1u);
    EXPECT_EQ(plan.mix[0].name, "GET /");
    EXPECT_EQ(plan.mix[0].method, "GET");
    EXPECT_EQ(plan.mix[0].target, "/");
    EXPECT_FALSE(options.find_max.has_value());
    EXPECT_TRUE(options.assertions.empty());
    EXPECT_FALSE(options.outputs.quiet);
}

TEST(Options, the_url_may_stand_anywhere_among_the_flags) {
    const auto options = parse({"-c", "8", kUrl, "-d", "2s", "-qt2", "--pipeline=4"});
    ASSERT_TRUE(options.has_value()) << options.error().err;
    EXPECT_EQ(options->plan.connections, 8u);
    EXPECT_EQ(options->plan.duration, seconds(2));
    EXPECT_EQ(options->plan.threads, 2u);
    EXPECT_EQ(options->plan.pipeline, 4u);
    EXPECT_TRUE(options->outputs.quiet);
    EXPECT_EQ(line_of({"-q", "--", kUrl}), "");
    EXPECT_EQ(line_of({"-q", "--", kUrl, "--x"}),
              "two URLs, http://127.0.0.1:8080/ and --x: one run loads one; remove one");
    EXPECT_TRUE(parse({"-H", "A: b", kUrl}).has_value()) << "a header takes one value, not the URL";
}

TEST(Options, requests_alone_have_no_end_by_time_and_no_warm_up) {
    LoadPlan plan = plan_of({"-n", "500"});
    EXPECT_EQ(plan.requests, 500u);
    EXPECT_EQ(plan.duration, Duration(0));
    EXPECT_EQ(plan.warm_up, Duration(0));
    plan = plan_of({"-n", "500", "-d", "5s"});
    EXPECT_EQ(plan.duration, seconds(5));
    EXPECT_EQ(plan.warm_up, seconds(1));
    plan = plan_of({"-n", "500", "--warm-up", "2s"});
    EXPECT_EQ(plan.warm_up, seconds(2));
}

TEST(Options, a_rate_makes_an_open_loop) {
    LoadPlan plan = plan_of({"--rate", "5000/s", "-d", "30s", "--max-connections", "256"});
    EXPECT_EQ(plan.arrivals, Arrivals::constant);
    ASSERT_EQ(plan.steps.size(), 1u);
    EXPECT_EQ(plan.steps[0].per_second, 5000);
    EXPECT_EQ(plan.steps[0].duration, seconds(30));
    EXPECT_EQ(plan.duration, seconds(30));
    EXPECT_EQ(plan.connections, 64u);
    EXPECT_EQ(plan.connections_max, 256u);
    plan = plan_of({"-R", "0.5", "--arrivals", "poisson", "-n", "10"});
    EXPECT_EQ(plan.arrivals, Arrivals::poisson);
    EXPECT_EQ(plan.steps.at(0).per_second, 0.5);
    EXPECT_EQ(plan.steps.at(0).duration, Duration(0)) << "until the requests are there";
    EXPECT_EQ(plan.duration, Duration(0));
}

TEST(Options, a_ramp_holds_each_rate_for_a_step) {
    const auto rates_of = [](const LoadPlan& plan) {
        std::vector<double> rates;
        for (const RateStep& step : plan.steps) rates.push_back(step.per_second);
        return rates;
    };
    LoadPlan plan = plan_of({"--ramp", "1000:4000:1000", "--step", "3s"});
    EXPECT_EQ(rates_of(plan), (std::vector<double>{1000, 2000, 3000, 4000}));
    EXPECT_EQ(plan.steps[3].duration, seconds(3));
    EXPECT_EQ(plan.duration, seconds(12));
    EXPECT_EQ(plan.arrivals, Arrivals::constant);
    EXPECT_EQ(rates_of(plan_of({"--ramp", "100:250:100"})), (std::vector<double>{100, 200}));
    EXPECT_EQ(rates_of(plan_of({"--ramp", "300:100:100"})), (std::vector<double>{300, 200, 100}));
    EXPECT_EQ(plan_of({"--ramp", "0.1:0.9:0.1"}).steps.size(), 9u);
    plan = plan_of({"--ramp", "100,500/s,50"});
    EXPECT_EQ(rates_of(plan), (std::vector<double>{100, 500, 50}));
    EXPECT_EQ(plan.duration, seconds(30));
}

TEST(Options, find_max_searches_with_its_bounds) {
    Options options = good({"--find-max", "p99<5ms,errors=0"});
    ASSERT_TRUE(options.find_max.has_value());
    EXPECT_EQ(options.find_max->text, "p99<5ms,errors=0");
    ASSERT_EQ(options.find_max->bounds.size(), 2u);
    EXPECT_EQ(options.find_max->first_rate, 1000);
    EXPECT_EQ(options.find_max->precision, 0.02);
    EXPECT_EQ(options.find_max->step, seconds(5));
    EXPECT_EQ(good({"--find-max", "p50<1s,max<2s"}).find_max->step, seconds(20));
    EXPECT_EQ(options.plan.arrivals, Arrivals::constant);
    options = good({"--find-max", "p99<5ms", "--rate", "200", "--step", "2s", "--precision", "10%",
                    "--arrivals", "poisson"});
    EXPECT_EQ(options.find_max->first_rate, 200);
    EXPECT_EQ(options.find_max->precision, 0.1);
    EXPECT_EQ(options.find_max->step, seconds(2));
    EXPECT_EQ(options.plan.arrivals, Arrivals::poisson);
    ASSERT_EQ(options.plan.steps.size(), 1u);
    EXPECT_EQ(options.plan.steps[0].per_second, 200);
}

TEST(Options, the_flags_of_a_request_make_the_one_kind_of_the_mix) {
    const auto options = parse({"-X", "PUT", "-H", "Host: shop.example", "-H", "A:b: c ", "-b",
                                "[1,2]", "--expect", "201,3xx", "--checksum", "crc32:ff",
                                "--timeout", "250ms", "http://localhost:1234/items/{n}?x=1"});
    ASSERT_TRUE(options.has_value()) << options.error().err;
    ASSERT_EQ(options->plan.mix.size(), 1u);
    const RequestKind& kind = options->plan.mix[0];
    EXPECT_EQ(kind.name, "PUT /items/{n}?x=1");
    EXPECT_EQ(kind.method, "PUT");
    EXPECT_EQ(kind.target, "/items/{n}?x=1");
    using Headers = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(kind.headers, (Headers{{"Host", "shop.example"}, {"A", "b: c"}}));
    EXPECT_EQ(kind.body, "[1,2]");
    ASSERT_EQ(kind.expected.size(), 2u);
    EXPECT_EQ(kind.expected[0].last, 201);
    EXPECT_EQ(kind.expected[1].first, 300);
    EXPECT_EQ(kind.checksum.kind, BodyChecksum::Kind::crc32);
    EXPECT_EQ(options->plan.timeout, milliseconds(250));
    EXPECT_EQ(options->plan.connect.port(), 1234);
    EXPECT_EQ(plan_of({"-b", "x"}).mix[0].method, "POST");
    EXPECT_EQ(plan_of({"-b", "x", "-X", "GET"}).mix[0].method, "GET");
    EXPECT_EQ(plan_of({"-b", ""}).mix[0].method, "GET");
}

TEST(Options, clients_misbehave_as_told) {
    const LoadPlan plan = plan_of({"--slow-readers", "5%", "--read-rate", "2KiB/s",
                                   "--slow-senders", "10%", "--send-rate", "16B", "--aborts",
                                   "0.5%", "--abort-after", "20ms", "--churn", "50"});
    EXPECT_DOUBLE_EQ(plan.misbehaviour.slow_readers, 0.05);
    EXPECT_EQ(plan.misbehaviour.read_bytes_per_s, 2048u);
    EXPECT_DOUBLE_EQ(plan.misbehaviour.slow_senders, 0.1);
    EXPECT_EQ(plan.misbehaviour.send_bytes_per_s, 16u);
    EXPECT_DOUBLE_EQ(plan.misbehaviour.aborts, 0.005);
    EXPECT_EQ(plan.misbehaviour.abort_after, milliseconds(20));
    EXPECT_EQ(plan.misbehaviour.churn_per_s, 50);
    EXPECT_EQ(plan_of({"--no-keepalive"}).requests_per_connection, 1u);
    EXPECT_EQ(plan_of({"--requests-per-connection", "7"}).requests_per_connection, 7u);
    EXPECT_EQ(plan_of({}).requests_per_connection, 0u);
}

TEST(Options, threads_are_pinned_in_turn) {
    const LoadPlan plan = plan_of({"-t", "4", "--cpus", "0-2,7"});
    EXPECT_EQ(plan.threads, 4u);
    EXPECT_EQ(plan.cpus, (std::vector<int>{0, 1, 2, 7}));
    EXPECT_EQ(wrong({"--cpus", "2,3"}), "--cpus 2,3: names 2 CPUs for 1 thread; add --threads 2");
    EXPECT_EQ(wrong({"--cpus", "3-2"}), "--cpus 3-2: must be CPU numbers, as 2,3 or 0-3");
    EXPECT_EQ(wrong({"--cpus", "0-99999999999"}),
              "--cpus 0-99999999999: must be CPU numbers, as 2,3 or 0-3");
}

TEST(Options, outputs_and_assertions_are_kept) {
    const Options options =
        good({"--json", "-", "--csv", "a.csv", "--html", "a.html", "--records", "r.csv", "--assert",
              "p99<5ms,errors=0", "--assert", "rate>10", "--interval", "500ms", "--watch",
              std::to_string(getpid()), "--seed", "7"});
    EXPECT_EQ(options.outputs.json, "-");
    EXPECT_EQ(options.outputs.csv, "a.csv");
    EXPECT_EQ(options.outputs.html, "a.html");
    EXPECT_EQ(options.outputs.records, "r.csv");
    EXPECT_TRUE(options.plan.keep_records);
    ASSERT_EQ(options.assertions.size(), 3u);
    EXPECT_EQ(options.assertions[2].text, "rate>10");
    EXPECT_EQ(options.plan.sample_interval, milliseconds(500));
    EXPECT_EQ(options.plan.watched, (std::vector<pid_t>{getpid()}));
    EXPECT_EQ(options.plan.seed, 7u);
    EXPECT_EQ(options.plan.watched_core, -1);
    EXPECT_EQ(plan_of({"--watch-core", "3"}).watched_core, 3);
}

TEST(Options, connect_replaces_the_address_but_not_the_host) {
    const auto options = parse({"--connect", "unix:/run/x.sock", "http://no.such.invalid/a"});
    ASSERT_TRUE(options.has_value()) << options.error().err;
    EXPECT_EQ(options->plan.connect.text(), "unix:/run/x.sock");
    EXPECT_EQ(options->plan.authority, "no.such.invalid");
    EXPECT_EQ(plan_of({"--connect", "[::1]:81"}).connect.text(), "[::1]:81");
    EXPECT_EQ(plan_of({"--connect", "localhost:82"}).connect.port(), 82);
    for (const char* text : {"127.0.0.1", "127.0.0.1:0", "unix:", "localhost", "[::1]", "a b:1"}) {
        EXPECT_EQ(wrong({"--connect", text}),
                  "--connect " + std::string(text) +
                      ": must be IP:port, [IPv6]:port, name:port or unix:/path");
    }
}

TEST(Options, a_mix_replaces_the_flags_of_a_request) {
    const std::string path = std::filesystem::temp_directory_path() /
                             ("ringload_options_" + std::to_string(getpid()) + ".toml");
    std::ofstream(path) << "[[request]]\npath = '/a'\nweight = 3\n[[request]]\npath = '/b'\n";
    const LoadPlan plan = plan_of({"--mix", path});
    ASSERT_EQ(plan.mix.size(), 2u);
    EXPECT_EQ(plan.mix[0].target, "/a");
    EXPECT_EQ(plan.mix[0].weight, 3u);
    EXPECT_EQ(line_of({"--mix", path, "http://127.0.0.1/x"}),
              "http://127.0.0.1/x: its path has no effect with --mix, whose file has the paths; "
              "remove it");
    std::ofstream(path) << "[[request]]\npat = '/a'\nweight = -1\n";
    const auto options = parse({"--mix", path, kUrl});
    std::filesystem::remove(path);
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.error().status, 1);
    EXPECT_EQ(options.error().err,
              path + ":2:1: unknown key `pat`, did you mean `path`?\n" + path +
                  ":3:10: `weight`: -1 is out of bounds; write 1 to 1000000\n");
    for (const char* flag :
         {"--method", "--header", "--body", "--body-file", "--expect", "--checksum"}) {
        EXPECT_EQ(wrong({"--mix", path, flag, "x"}),
                  "--mix and " + std::string(flag) +
                      " exclude each other: the file says it of each request; remove one");
    }
}

TEST(Options, an_unknown_flag_is_answered_with_the_nearest) {
    EXPECT_EQ(wrong({"--conections", "5"}),
              "unknown flag --conections, did you mean --connections? (ringload --help lists all)");
    EXPECT_EQ(wrong({"--threds=4"}),
              "unknown flag --threds, did you mean --threads? (ringload --help lists all)");
    EXPECT_EQ(wrong({"-rate", "5"}),
              "unknown flag -rate, did you mean --rate? (ringload --help lists all)");
    EXPECT_EQ(wrong({"--warm_up", "5s"}),
              "unknown flag --warm_up, did you mean --warm-up? (ringload --help lists all)");
    EXPECT_EQ(wrong({"-z", "5s"}),
              "unknown flag -z, did you mean --duration? (ringload --help lists all)");
    EXPECT_EQ(wrong({"--xyzzy"}), "unknown flag --xyzzy (ringload --help lists all)");
    EXPECT_EQ(wrong({"-y"}), "unknown flag -y (ringload --help lists all)");
    EXPECT_EQ(wrong({"--http2"}), "--http2: HTTP/2 is not available in this version");
    EXPECT_EQ(wrong({"--insecure"}), "--insecure: TLS is not available in this version");
    EXPECT_EQ(wrong({"--latency"}), "--latency: percentiles are always printed; leave it out");
}

TEST(Options, a_flag_without_its_value_or_twice_is_told_so) {
    EXPECT_EQ(line_of({kUrl, "--rate"}), "--rate needs a value: --rate R");
    EXPECT_EQ(line_of({kUrl, "-c"}), "--connections needs a value: --connections N");
    EXPECT_EQ(wrong({"--body="}), "--body needs a value behind the =");
    EXPECT_EQ(wrong({"-c", "5", "--connections", "6"}),
              "--connections is there 2 times; write it once");
    EXPECT_EQ(wrong({"--quiet=3"}), "--quiet takes no value; remove =3");
}

TEST(Options, a_url_is_needed_and_only_one) {
    EXPECT_EQ(line_of({}),
              "no URL: write one, as ringload http://localhost:8080/ (ringload --help lists all "
              "flags)");
    EXPECT_EQ(line_of({"http://a/", "http://b/"}),
              "two URLs, http://a/ and http://b/: one run loads one; remove one");
    EXPECT_EQ(line_of({"https://a/"}),
              "https://a/: TLS is not available in this version; write http://");
    EXPECT_EQ(line_of({"localhost:80/x"}),
              "localhost:80/x: has no scheme; write http://localhost:80/x");
    EXPECT_EQ(line_of({"ftp://a/"}),
              "ftp://a/: the scheme must be http, as http://localhost:8080/");
}

TEST(Options, values_out_of_bounds_say_what_is_possible) {
    EXPECT_EQ(wrong({"--rate", "0"}), "--rate 0: must be more than 0");
    EXPECT_EQ(wrong({"--rate", "-5"}), "--rate -5: must be more than 0");
    for (const char* text : {"", "x", "5k", "1e3", "inf", "nan", "5/m", "0x10"}) {
        EXPECT_EQ(wrong({"--rate", text}), "--rate " + std::string(text) +
                                               ": must be a number a second, as 5000, 5000/s or "
                                               "0.5");
    }
    EXPECT_EQ(wrong({"--rate", "100000001"}), "--rate 100000001: must be at most 100000000");
    EXPECT_EQ(wrong({"-c", "0"}), "--connections 0: must be a whole number from 1 to 1000000");
    EXPECT_EQ(wrong({"-c", "5x"}), "--connections 5x: must be a whole number from 1 to 1000000");
    EXPECT_EQ(wrong({"-c", "99999999999999999999999"}),
              "--connections 99999999999999999999999: must be a whole number from 1 to 1000000");
    EXPECT_EQ(wrong({"-t", "257"}), "--threads 257: must be a whole number from 1 to 256");
    EXPECT_EQ(wrong({"-n", "0"}), "--requests 0: must be a whole number from 1 to 1000000000000");
    EXPECT_EQ(wrong({"-d", "10"}), "--duration 10: needs a unit, as 10s");
    EXPECT_EQ(wrong({"-d", "soon"}),
              "--duration soon: must be a whole number and a unit, as 500ms, 10s or 5m");
    EXPECT_EQ(wrong({"-d", "8d"}), "--duration 8d: must be from 10ms to 7d");
    EXPECT_EQ(wrong({"--timeout", "31m"}), "--timeout 31m: must be from 1ms to 30m");
    EXPECT_EQ(wrong({"--interval", "1ms"}), "--interval 1ms: must be from 10ms to 1h");
    EXPECT_EQ(wrong({"--interval", "10ms", "-d", "7d"}),
              "--interval 10ms: more than 1000000 lines in 7d; raise it");
    EXPECT_EQ(wrong({"--slow-readers", "0.5"}),
              "--slow-readers 0.5: must be a share with %, as 5%");
    EXPECT_EQ(wrong({"--aborts", "101%"}), "--aborts 101%: must be more than 0% and at most 100%");
    EXPECT_EQ(wrong({"--slow-readers", "1%", "--read-rate", "0"}),
              "--read-rate 0: must be from 1B/s to 1GiB/s");
    EXPECT_EQ(wrong({"--rate", "5", "--arrivals", "random"}),
              "--arrivals random: must be constant or poisson");
    EXPECT_EQ(wrong({"--ramp", "5"}),
              "--ramp 5: has one rate only; write FROM:TO:STEP or R1,R2, or use --rate");
    EXPECT_EQ(wrong({"--ramp", "5:6"}), "--ramp 5:6: must be FROM:TO:STEP, as 1000:5000:1000");
    EXPECT_EQ(wrong({"--ramp", "1:2:0"}), "--ramp 1:2:0: 0 in it must be more than 0");
    EXPECT_EQ(wrong({"--ramp", "1:99999:1"}),
              "--ramp 1:99999:1: has more than 1000 rates; raise its STEP");
    EXPECT_EQ(wrong({"--find-max", "p99<5ms", "--precision", "90%"}),
              "--precision 90%: must be from 0.1% to 50%");
    EXPECT_EQ(wrong({"--expect", "900"}),
              "--expect 900: must be statuses from 100 to 599, as 200 or 2xx,404 or 200-204");
    EXPECT_EQ(wrong({"-X", "get"}),
              "--method get: is no method; methods are case-sensitive, write it in capitals as "
              "\"GET\"");
    EXPECT_EQ(wrong({"-H", "A b"}), "--header A b: must be 'Name: value'");
    EXPECT_EQ(wrong({"-H", "Content-Length: 5"}),
              "--header Content-Length: 5: its name frames the body, which ringload does by "
              "itself; remove it");
    EXPECT_EQ(wrong({"--body-file", "/no/such"}),
              "--body-file /no/such: cannot be opened: No such file or directory");
    EXPECT_EQ(wrong({"--checksum", "md5:0"}),
              "--checksum md5:0: is no checksum; write \"field:NAME\", \"fnv1a64:HEX\" or "
              "\"crc32:HEX\"");
    EXPECT_EQ(wrong({"--watch", "4194304"}),
              "--watch 4194304: no such process; write the PID of one that runs");
    EXPECT_TRUE(wrong({"--assert", "p99<5"}).starts_with("--assert p99<5"));
    EXPECT_TRUE(wrong({"--find-max", "p99<"}).starts_with("--find-max p99<"));
    EXPECT_EQ(wrong({"--html", "-"}), "--html -: cannot be printed; write a file");
    EXPECT_EQ(wrong({"--json", "x", "--csv", "x"}), "--csv x: --json writes it too; write another");
    EXPECT_EQ(wrong({"--seed", "5\n6"}),
              "--seed 5\\x0a6: must be a whole number from 0 to 18446744073709551615");
}

TEST(Options, what_excludes_each_other_says_so) {
    EXPECT_EQ(wrong({"--ramp", "1,2", "--rate", "5"}),
              "--ramp and --rate exclude each other: a ramp has rates of its own; remove one");
    EXPECT_EQ(wrong({"--ramp", "1,2", "-d", "5s"}),
              "--ramp and --duration exclude each other: --step says how long each rate is held; "
              "remove one");
    EXPECT_EQ(wrong({"--find-max", "p99<1ms", "-n", "5"}),
              "--find-max and --requests exclude each other: --step says how long each rate is "
              "measured; remove one");
    EXPECT_EQ(wrong({"--no-keepalive", "--requests-per-connection", "2"}),
              "--no-keepalive and --requests-per-connection exclude each other: the first is the "
              "second with 1; remove one");
    EXPECT_EQ(wrong({"-b", "x", "--body-file", "y"}),
              "--body and --body-file exclude each other: both are the body; remove one");
    EXPECT_EQ(wrong({"--arrivals", "poisson"}),
              "--arrivals has no effect without --rate or --ramp or --find-max; add one or remove "
              "it");
    EXPECT_EQ(wrong({"--step", "5s"}),
              "--step has no effect without --ramp or --find-max; add one or remove it");
    EXPECT_EQ(wrong({"--abort-after", "5ms"}),
              "--abort-after has no effect without --aborts; add one or remove it");
    EXPECT_EQ(wrong({"-c", "4", "-t", "8"}),
              "--threads 8: more than the 4 of --connections; lower it or raise those");
    EXPECT_EQ(wrong({"--rate", "5", "--max-connections", "9"}),
              "--max-connections 9: is less than the 64 of --connections; raise it or lower those");
    EXPECT_EQ(wrong({"--no-keepalive", "--pipeline", "4"}),
              "--pipeline 4: more than the one request of each connection; lower it");
    EXPECT_EQ(wrong({"--slow-readers", "60%", "--slow-senders", "50%"}),
              "--slow-readers and --slow-senders: more than 100% of the connections together; "
              "lower one");
    EXPECT_EQ(wrong({"-X", "HEAD", "--checksum", "crc32:0"}),
              "--checksum crc32:0: the answer to HEAD has no body; remove one");
}

TEST(Options, help_and_version_are_printed) {
    for (const char* flag : {"-h", "--help"}) {
        const auto options = parse({flag});
        ASSERT_FALSE(options.has_value());
        EXPECT_EQ(options.error().status, 0);
        EXPECT_EQ(options.error().out, help_text());
        EXPECT_EQ(options.error().err, "");
    }
    const auto options = parse({"--version", "--rate", "0"});
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.error().status, 0);
    EXPECT_EQ(options.error().out, "ringload " RINGWAY_VERSION "\n");
}

// -- documentation

std::string page() {
    std::ifstream stream(std::string(RINGWAY_SOURCE_ROOT) + "/docs/ringload.md", std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    return content.str();
}

TEST(Help, every_flag_is_there_with_its_default_and_fits_a_terminal) {
    const std::string help = help_text().substr(help_text().find("\nLoad:\n"));
    for (const FlagGroup& group : flag_groups()) {
        EXPECT_NE(help.find(std::string(group.name) + ":\n"), std::string::npos) << group.name;
        for (const Flag& flag : group.flags) {
            const std::size_t at = help.find(std::string(flag.long_name()) + " ");
            ASSERT_NE(at, std::string::npos) << flag.long_name();
            const std::string line = help.substr(at, help.find('\n', at) - at);
            EXPECT_NE(line.find(flag.meaning), std::string::npos) << line;
            EXPECT_NE(line.find(flag.default_text), std::string::npos) << line;
        }
    }
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
}

TEST(Help, the_page_has_the_flags_of_the_parser) {
    EXPECT_NE(page().find(flags_markdown()), std::string::npos)
        << "docs/ringload.md, \"## Flags\", is not what the table of flags says:\n"
        << flags_markdown();
}

TEST(Help, the_page_has_the_keys_of_the_mix) {
    EXPECT_NE(page().find(mix_reference_markdown()), std::string::npos)
        << "docs/ringload.md, \"## Request mix\", is not what the table of keys says:\n"
        << mix_reference_markdown();
}

TEST(Help, the_examples_of_the_page_are_valid) {
    const std::string text = page();
    constexpr std::string_view kBegin = "```toml\n[[request]]";
    const std::size_t at = text.find(kBegin);
    ASSERT_NE(at, std::string::npos);
    const std::size_t begin = at + 8;
    const auto kinds = parse_mix(text.substr(begin, text.find("```", begin) - begin), "page");
    ASSERT_TRUE(kinds.has_value()) << kinds.error().at(0).text();
    EXPECT_EQ(kinds->size(), 3u);
}

}  // namespace
}  // namespace ringload
