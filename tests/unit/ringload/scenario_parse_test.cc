// Scenario files: what they become, and the exact errors that bad ones give.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "scenario/scenario.h"

namespace ringload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string lines_of(const std::vector<ringway::config::Error>& errors) {
    std::string lines;
    for (const auto& error : errors) lines += error.text() + "\n";
    return lines;
}

std::vector<Scenario> parsed(const std::vector<ScenarioText>& texts) {
    auto scenarios = parse_scenario(texts);
    EXPECT_TRUE(scenarios) << lines_of(scenarios.error());
    return scenarios ? *scenarios : std::vector<Scenario>(1);
}

constexpr const char* kLoad = "[load]\nurl = 'http://127.0.0.1:8080/'\n";

TEST(scenario_files, have_a_default_for_all_but_the_url) {
    const auto scenarios = parsed({{kLoad, "f"}});
    ASSERT_EQ(scenarios.size(), 1u);
    const Scenario& one = scenarios[0];
    EXPECT_EQ(one.load.url, "http://127.0.0.1:8080/");
    EXPECT_EQ(one.load.rate, 0);
    EXPECT_EQ(one.load.duration, seconds(10));
    EXPECT_EQ(one.rounds, 1u);
    EXPECT_TRUE(one.origins.empty());
    EXPECT_TRUE(one.faults.empty());
    EXPECT_FALSE(one.proxy.is_started());
    EXPECT_FALSE(one.watch.enabled);
    EXPECT_EQ(one.variant, "");
}

constexpr const char* kWhole = R"(
title = "killed"
rounds = 3
round_trip = "20ms"
[load]
url = "http://127.0.0.1:8080/"
rate = 400
arrivals = "poisson"
cpus = [0, 1]
duration = "8s"
mix = "mix.toml"
[proxy]
config = "conf/ringway.toml"
admin = "127.0.0.1:8081"
environment = { LOG = "debug" }
[[origin]]
name = "a"
address = ["127.0.0.11:9000", "[::1]:9000"]
check_address = "127.0.0.11:9100"
latency = "2ms"
network = "blue"
[[origin]]
name = "b"
address = "127.0.0.12:9000"
running = true
pid = 4711
control = "unix:/run/b.sock"
network = "/proc/12/ns/net"
[[fault]]
at = "1500ms"
until = "4500ms"
origin = "b"
kind = "stop"
[[fault]]
at = "5s"
origin = "a"
kind = "429"
retry_after = "3s"
[watch]
enabled = true
)";

TEST(scenario_files, say_who_fails_when_and_how) {
    const Scenario one = parsed({{kWhole, "dir/f.toml"}}).at(0);
    EXPECT_EQ(one.title, "killed");
    EXPECT_EQ(one.rounds, 3u);
    EXPECT_EQ(one.round_trip, milliseconds(20));
    EXPECT_TRUE(one.load.poisson);
    EXPECT_EQ(one.load.cpus, (std::vector<int>{0, 1}));
    EXPECT_EQ(one.proxy.admin->text(), "127.0.0.1:8081");
    ASSERT_EQ(one.proxy.environment.size(), 1u);
    EXPECT_EQ(one.proxy.environment[0].second, "debug");
    ASSERT_EQ(one.origins.size(), 2u);
    EXPECT_EQ(one.origins[0].addresses.size(), 2u);
    EXPECT_EQ(one.origins[0].check_addresses.at(0).port(), 9100);
    EXPECT_EQ(one.origins[0].network, "/run/netns/blue");
    EXPECT_EQ(one.origins[1].network, "/proc/12/ns/net");
    EXPECT_EQ(one.origins[1].pid, 4711u);
    ASSERT_EQ(one.faults.size(), 2u);
    EXPECT_EQ(one.faults[0].kind, FaultKind::stop);
    EXPECT_EQ(one.faults[0].origin, 1u);
    EXPECT_EQ(one.faults[0].at, milliseconds(1500));
    EXPECT_EQ(one.faults[0].until, milliseconds(4500));
    EXPECT_EQ(one.faults[1].kind, FaultKind::rate_limit);
    EXPECT_EQ(one.faults[1].retry_after, seconds(3));
    EXPECT_FALSE(one.faults[1].until);
    EXPECT_TRUE(one.watch.enabled);
}

TEST(scenario_files, name_paths_from_their_own_folder) {
    const Scenario one =
        parsed({{kWhole, "dir/f.toml"}, {"load.mix = 'x.toml'", "other/g.toml"}})[0];
    EXPECT_EQ(one.proxy.config, "dir/conf/ringway.toml");
    EXPECT_EQ(one.load.mix, "other/x.toml");
    EXPECT_EQ(parsed({{std::string(kLoad) + "mix = '/a/b'", "dir/f"}})[0].load.mix, "/a/b");
}

TEST(scenario_files, laid_over_one_another_merge_tables_and_replace_arrays) {
    const Scenario one = parsed({{kWhole, "f"},
                                 {"[load]\nrate = 100\n[[origin]]\nname = 'b'\n"
                                  "address = '127.0.0.1:1'\nrunning = true\npid = 1\n"
                                  "control = 'unix:/x'\n[[origin]]\nname = 'a'\n"
                                  "address = '127.0.0.1:2'\n",
                                  "g"},
                                 {"load.duration = '9s'", "--set#1"}})[0];
    EXPECT_EQ(one.load.rate, 100);
    EXPECT_EQ(one.load.duration, seconds(9));
    EXPECT_EQ(one.load.url, "http://127.0.0.1:8080/");
    ASSERT_EQ(one.origins.size(), 2u);
    EXPECT_EQ(one.origins[0].name, "b");
    EXPECT_EQ(one.origins[0].latency, Duration(0)) << "nothing is left of the array before";
    EXPECT_EQ(one.faults[0].origin, 0u) << "faults find their origin in the last array";
}

TEST(scenario_files, give_times_to_all_faults_that_have_none) {
    const std::string origins =
        "[[origin]]\nname = 'a'\naddress = '127.0.0.1:1'\n[[origin]]\nname = 'b'\naddress = "
        "'127.0.0.1:2'\n[[fault]]\norigin = 'a'\nkind = 'kill'\n[[fault]]\norigin = 'b'\n"
        "kind = 'kill'\nat = '2s'\nuntil = '4s'\n";
    const Scenario one = parsed({{kLoad + origins + "[faults]\nat = '1s'\nuntil = '3s'", "f"},
                                 {"faults.until = '5s'", "--set#1"}})[0];
    EXPECT_EQ(one.faults[0].at, seconds(1));
    EXPECT_EQ(one.faults[0].until, seconds(5));
    EXPECT_EQ(one.faults[1].at, seconds(2));
    EXPECT_EQ(one.faults[1].until, seconds(4));
}

TEST(scenario_files, become_one_scenario_for_each_variant) {
    const auto scenarios =
        parsed({{std::string(kLoad) + "[proxy]\nconfig = 'a.toml'\nready = 'http://h/'\n"
                                      "[[variant]]\nname = 'with'\n[[variant]]\nname = 'without'\n"
                                      "[variant.proxy]\nconfig = 'b.toml'\n",
                 "d/f"}});
    ASSERT_EQ(scenarios.size(), 2u);
    EXPECT_EQ(scenarios[0].variant, "with");
    EXPECT_EQ(scenarios[0].proxy.config, "d/a.toml");
    EXPECT_EQ(scenarios[1].variant, "without");
    EXPECT_EQ(scenarios[1].proxy.config, "d/b.toml");
    EXPECT_EQ(scenarios[1].proxy.ready, "http://h/");
}

TEST(scenario_files, that_are_not_there_are_named) {
    const auto scenarios = load_scenario({"/nonexistent/a.toml", "/nonexistent/b.toml"}, {});
    ASSERT_FALSE(scenarios);
    EXPECT_EQ(lines_of(scenarios.error()),
              "/nonexistent/a.toml: cannot be opened: No such file or directory\n"
              "/nonexistent/b.toml: cannot be opened: No such file or directory\n");
}

struct Bad {
    const char* name;
    std::vector<ScenarioText> texts;
    std::string_view errors;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class bad_scenario_files : public testing::TestWithParam<Bad> {};

TEST_P(bad_scenario_files, give_exactly_these_errors) {
    const auto scenarios = parse_scenario(GetParam().texts);
    ASSERT_FALSE(scenarios) << "were accepted";
    EXPECT_EQ(lines_of(scenarios.error()), GetParam().errors);
}

const std::string kOne =
    std::string(kLoad) + "[[origin]]\nname = 'a'\naddress = '127.0.0.1:1'\n";  // 5 lines

INSTANTIATE_TEST_SUITE_P(
    all, bad_scenario_files,
    testing::Values(
        Bad{"nothing", {{"", "f"}}, "f:1:1: `load` is missing in the file\n"},
        Bad{"syntax_of_both",
            {{"a = ", "f"}, {"\n[b", "g"}},
            "f:1:5: no valid TOML: Error while parsing key-value pair: encountered end-of-file\n"
            "g:2:3: no valid TOML: Error while parsing table header: encountered end-of-file\n"},
        Bad{"mistyped_in_two_files",
            {{"[load]\nurl = 'http://h/'\nrat = 1\n", "f"}, {"[loda]\n", "g"}},
            "f:3:1: unknown key `rat`, did you mean `rate`?\n"
            "g:1:2: unknown key `loda`, did you mean `load`?\n"},
        Bad{"in_a_setting",
            {{kLoad, "f"}, {"load.rate = 'x'", "--set#1"}},
            "--set#1:1:13: `rate`: expected a number, found a string\n"},
        Bad{"a_url_of_tls",
            {{"load.url = 'https://h/'", "f"}},
            "f:1:12: `url`: \"https://h/\" is a TLS address, which is not available in this "
            "version; write \"http://...\"\n"},
        Bad{"an_unknown_origin",
            {{kOne + "[[fault]]\nat = '1s'\norigin = 'b'\nkind = 'kill'\n", "f"}},
            "f:8:10: `origin`: no [[origin]] is named \"b\"\n"},
        Bad{"no_origin_and_no_time",
            {{kOne + "[[fault]]\nkind = 'kill'\n", "f"}},
            "f:6:1: `at` is missing in [[fault]], and in [faults]\n"
            "f:6:1: `origin` is missing in [[fault]]\n"},
        Bad{"an_unknown_kind",
            {{kOne + "[[fault]]\nat = '1s'\norigin = 'a'\nkind = 'blackhol'\n", "f"}},
            "f:9:8: `kind`: \"blackhol\" is not known, did you mean `blackhole`?\n"},
        Bad{"keys_of_another_kind",
            {{kOne + "[[fault]]\nat = '1s'\norigin = 'a'\nkind = 'kill'\nstatus = 500\n", "f"}},
            "f:10:10: `status` has no effect with `kind = \"kill\"`; remove it\n"},
        Bad{"after_the_load",
            {{kOne + "[[fault]]\nat = '10s'\norigin = 'a'\nkind = 'kill'\n", "f"}},
            "f:6:1: the fault at 10s comes after the load, whose `duration` is 10s; raise "
            "`duration` of [load]\n"},
        Bad{"over_before_it_begins",
            {{kOne + "[[fault]]\nat = '2s'\nuntil = '2s'\norigin = 'a'\nkind = 'kill'\n", "f"}},
            "f:8:9: `until`: 2s is not after `at`, which is 2s\n"},
        Bad{"two_at_once",
            {{kOne + "[[fault]]\nat = '2s'\nuntil = '4s'\norigin = 'a'\nkind = 'kill'\n"
                     "[[fault]]\nat = '3s'\norigin = 'a'\nkind = 'stop'\n",
              "f"}},
            "f:11:1: the origin `a` has a fault at that time already\n"},
        Bad{"faults_that_cannot_be",
            {{std::string(kLoad) + "[[origin]]\nname = 'a'\naddress = 'unix:/a'\nrunning = true\n"
                                   "[faults]\nat = '1s'\nuntil = '2s'\n"
                                   "[[fault]]\norigin = 'a'\nkind = 'blackhole'\n"
                                   "[[fault]]\norigin = 'a'\nkind = 'slow'\nat = '2s'\nuntil = "
                                   "'3s'\n[[fault]]\norigin = 'a'\nkind = 'kill'\nat = '3s'\nuntil "
                                   "= '4s'\n",
              "f"}},
            "f:10:1: `blackhole` of the origin `a`: a unix socket has no packets; use `kill`, "
            "`stop` or `status`\n"
            "f:13:1: `slow` of the origin `a`: it runs already; write its `control` address, where "
            "it is told\n"
            "f:18:1: `kill` of the origin `a`: it runs already and cannot be started again from "
            "here; remove `until`, or use `kind = \"command\"`\n"
            "f:18:1: `kill` of the origin `a`: it runs already; write its `pid`, or use `kind = "
            "\"command\"`\n"},
        Bad{"a_command_without_one",
            {{kOne + "[[fault]]\nat = '1s'\nkind = 'command'\n", "f"}},
            "f:8:8: `kind = \"command\"` needs `begin`, the command to run\n"},
        Bad{"two_proxies",
            {{std::string(kLoad) + "[proxy]\nconfig = 'a'\n", "f"},
             {"proxy.command = ['nginx']\n", "g"}},
            "g:1:17: `command` and `config` are both there; write `config` for ringway, or "
            "`command` for another proxy (an empty one takes away that of a file before)\n"},
        Bad{"an_origin_twice",
            {{kOne + "[[origin]]\nname = 'a'\naddress = '127.0.0.1:2'\n", "f"}},
            "f:6:1: the origin `a` is there twice; rename one\n"},
        Bad{"a_variant_without_a_name_and_with_a_bad_key",
            {{std::string(kLoad) + "[[variant]]\n[variant.proxy]\nconfg = 'x'\n", "f"}},
            "f:3:1: `name` of a [[variant]]: expected a string, which stands above what it found\n"
            "f:5:1: unknown key `confg`, did you mean `config`?\n"}),
    [](const auto& bad) { return std::string(bad.param.name); });

}  // namespace
}  // namespace ringload
