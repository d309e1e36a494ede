// What ringway says of a fault, what an origin is told, the command line of scenarios, and the
// table of rounds.
#include <gtest/gtest.h>

#include "scenario/arguments.h"
#include "scenario/proxy_word.h"
#include "scenario/rounds.h"
#include "scenario/run.h"
#include "scenario/stage.h"

namespace ringload {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(words_of_ringway, have_times) {
    EXPECT_EQ(parse_time("1970-01-02T00:00:01.002Z"), (86'400 + 1) * 1000 * kMs + 2 * kMs);
    EXPECT_EQ(parse_time("2026-03-04T05:06:07.089Z"), 1'772'600'767'089 * kMs);
    for (const char* bad : {"", "2026-03-04T05:06:07Z", "2026-13-04T05:06:07.089Z",
                            "2026-03-04 05:06:07.089Z", "2026-03-04T05:06:-7.089Z"}) {
        EXPECT_FALSE(parse_time(bad)) << bad;
    }
}

constexpr const char* kEvents = R"([
 {"id":1,"time":"1970-01-01T00:00:09.000Z","kind":"unhealthy","upstream":"b"},
 {"id":2,"time":"1970-01-01T00:00:10.020Z","kind":"healthy","upstream":"b"},
 {"id":3,"time":"1970-01-01T00:00:10.030Z","kind":"ejected","upstream":"a"},
 {"id":4,"time":"1970-01-01T00:00:10.040Z","kind":"total_failure","upstream":null},
 {"id":5,"time":"1970-01-01T00:00:10.075Z","kind":"breaker_open","upstream":"b"},
 {"id":6,"time":"1970-01-01T00:00:10.050Z","kind":"unhealthy","upstream":"b"}])";

TEST(words_of_ringway, say_when_an_upstream_was_out) {
    constexpr std::int64_t kEnd = 20'000 * kMs;
    EXPECT_EQ(told_ms(kEvents, "b", 10'000 * kMs, kEnd), 50);
    EXPECT_EQ(told_ms(kEvents, "a", 10'000 * kMs, kEnd), 30);
    EXPECT_EQ(told_ms(kEvents, "b", 10'050 * kMs + 900'000, kEnd), 0)
        << "times are cut to milliseconds";
    EXPECT_FALSE(told_ms(kEvents, "c", 0, kEnd));
    EXPECT_FALSE(told_ms(kEvents, "b", 10'076 * kMs, kEnd));
    EXPECT_FALSE(told_ms("{", "b", 0, kEnd));
    EXPECT_FALSE(told_ms("{}", "b", 0, kEnd));
}

TEST(words_of_ringway, of_a_later_fault_are_not_taken_for_those_of_this_one) {
    EXPECT_EQ(told_ms(kEvents, "b", 9'500 * kMs, 10'051 * kMs), 550);
    EXPECT_FALSE(told_ms(kEvents, "b", 9'500 * kMs, 10'050 * kMs));
}

TEST(words_of_ringway, say_what_is_overdue) {
    const char* upstreams = R"([{"name":"a","latency":{"overdue_ms":50}},
        {"name":"b","latency":{"overdue_ms":62.5}},{"name":"c","latency":{"overdue_ms":null}}])";
    EXPECT_EQ(overdue_ms(upstreams, "b"), 62.5);
    EXPECT_EQ(overdue_ms(upstreams, "a"), 50);
    EXPECT_FALSE(overdue_ms(upstreams, "c"));
    EXPECT_FALSE(overdue_ms(upstreams, "d"));
    EXPECT_FALSE(overdue_ms("nonsense", "a"));
}

TEST(origins, are_told_to_fail) {
    FaultPlan fault;
    fault.kind = FaultKind::slow;
    fault.delay = std::chrono::milliseconds(40);
    EXPECT_EQ(control_query(fault), "mode=slow&delay=40000us");
    fault.kind = FaultKind::status;
    EXPECT_EQ(control_query(fault), "mode=fail&status=503");
    fault.kind = FaultKind::rate_limit;
    fault.retry_after = std::chrono::seconds(3);
    EXPECT_EQ(control_query(fault), "mode=429&retry_after=3");
    fault.kind = FaultKind::stall;
    EXPECT_EQ(control_query(fault), "mode=stall");
    fault.after = 10;
    EXPECT_EQ(control_query(fault), "mode=stall&after=10");
    fault.kind = FaultKind::reset;
    EXPECT_EQ(control_query(fault), "mode=reset&after=10");
}

TEST(rounds, meet_checks_at_another_phase) {
    EXPECT_EQ(phase_of(0), Duration(0));
    EXPECT_EQ(phase_of(1), std::chrono::milliseconds(175));
    EXPECT_EQ(phase_of(3), std::chrono::milliseconds(25));
    EXPECT_EQ(phase_of(20), Duration(0));
}

TEST(rounds, show_the_worst_before_the_median_and_never_is_worse_than_any) {
    EXPECT_EQ(worst_and_median({1, 2, 9}, 0), "9 (2)");
    EXPECT_EQ(worst_and_median({9, 1, 2, 4}, 1), "9.0 (3.0)");
    EXPECT_EQ(worst_and_median({1, 2, 9}, 0, false), "1 (2)");
    EXPECT_EQ(worst_and_median({1, std::nullopt, 2}, 0), "never 1x (2)");
    EXPECT_EQ(worst_and_median({std::nullopt, std::nullopt}, 0), "never");
    EXPECT_EQ(worst_and_median({1, std::nullopt, std::nullopt}, 0), "never 2x (never)");
    EXPECT_EQ(worst_and_median({7}, 0), "7");
    EXPECT_EQ(worst_and_median({}, 0), "-");
}

TEST(rounds, of_variants_stand_side_by_side) {
    FaultFigures with;
    with.kind = "kill";
    with.origin = "b";
    with.errors = 0;
    with.worst_added_ms = 3;
    with.detected_ms = 4;
    FaultFigures without = with;
    without.errors = 120;
    without.worst_added_ms = 1000;
    without.detected_ms = std::nullopt;
    const std::string table = table_of_rounds(
        {{"on", {{400, 0, 2.5, 9, {with}}, {390, 2, 2.5, 8, {with}}}},
         {"off", {{400, 120, 20, 900, {without}}, {400, 100, 20, 900, {without}}}}});
    EXPECT_EQ(table,
              "worst (median)              on, 2 rounds    off, 2 rounds\n"
              "rate 1/s                       390 (395)        400 (400)\n"
              "errors                             2 (1)        120 (110)\n"
              "mean ms                        2.5 (2.5)      20.0 (20.0)\n"
              "p99 ms                         9.0 (8.5)    900.0 (900.0)\n"
              "kill b: errors                     0 (0)        120 (120)\n"
              "kill b: slow requests              0 (0)            0 (0)\n"
              "kill b: added ms               3.0 (3.0)  1000.0 (1000.0)\n"
              "kill b: noise ms               0.0 (0.0)        0.0 (0.0)\n"
              "kill b: detected ms                4 (4)            never\n"
              "kill b: recovered ms               0 (0)            0 (0)\n"
              "kill b: errors on return           0 (0)            0 (0)\n"
              "kill b: added on return ms     0.0 (0.0)        0.0 (0.0)\n");
}

TEST(rounds, have_files_of_their_own) {
    EXPECT_EQ(path_of_round("a/out.json", "", 0, 1), "a/out.json");
    EXPECT_EQ(path_of_round("a.b/out", "off", 0, 1), "a.b/out.off");
    EXPECT_EQ(path_of_round("out.json", "off", 2, 3), "out.off.3.json");
    EXPECT_EQ(path_of_round("out.json", "a/b", 0, 1), "out.a_b.json");
    EXPECT_EQ(path_of_round("-", "off", 0, 1), "-");
    EXPECT_EQ(path_of_round("", "off", 0, 1), "");
}

std::expected<ScenarioArguments, Exit> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "scenario");
    return parse_scenario_arguments(static_cast<int>(words.size()), words.data());
}

TEST(scenario_arguments, are_files_and_what_becomes_of_the_result) {
    const auto arguments = parse({"a.toml", "--json", "j", "--set=load.rate = 200", "-q", "b.toml",
                                  "--assert", "errors=0", "--", "-c.toml"});
    ASSERT_TRUE(arguments) << arguments.error().err;
    EXPECT_EQ(arguments->files, (std::vector<std::string>{"a.toml", "b.toml", "-c.toml"}));
    EXPECT_EQ(arguments->settings, std::vector<std::string>{"load.rate = 200"});
    EXPECT_EQ(arguments->outputs.json, "j");
    EXPECT_TRUE(arguments->outputs.quiet);
    EXPECT_EQ(arguments->assertions.size(), 1u);
}

TEST(scenario_arguments, that_are_wrong_give_one_line) {
    const auto line = [](std::vector<const char*> words) {
        const auto arguments = parse(std::move(words));
        return arguments ? "accepted" : arguments.error().err;
    };
    EXPECT_EQ(line({}),
              "ringload scenario: no file; write ringload scenario FILE... (--help says what is in "
              "it)\n");
    EXPECT_EQ(line({"a", "--jsno", "x"}),
              "ringload scenario: unknown flag --jsno, did you mean --json? (ringload scenario "
              "--help lists all)\n");
    EXPECT_EQ(line({"a", "--json"}), "ringload scenario: --json needs a value\n");
    EXPECT_EQ(line({"a", "--json", "x", "--json", "y"}),
              "ringload scenario: --json is there twice; write it once\n");
    EXPECT_NE(line({"a", "--assert", "p98x"}).find("ringload scenario: --assert: "),
              std::string::npos);
    const auto help = parse({"--help"});
    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().status, 0);
    EXPECT_NE(help.error().out.find("--records FILE"), std::string::npos);
}

}  // namespace
}  // namespace ringload
