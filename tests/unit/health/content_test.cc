// The content layer: what holds, what is said when it does not, and that no body can do harm.
#include "ringway/health/content.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../rounds.h"
#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

using Kind = config::ContentRule::Kind;

config::ContentRule contains(std::string text) { return {Kind::contains, "", std::move(text)}; }
config::ContentRule exists(std::string pointer) { return {Kind::exists, std::move(pointer), ""}; }
config::ContentRule non_empty(std::string pointer) {
    return {Kind::non_empty_array, std::move(pointer), ""};
}
config::ContentRule equals(std::string pointer, std::string value) {
    return {Kind::equals, std::move(pointer), std::move(value)};
}
config::ContentRule matches(std::string pointer, std::string expression) {
    return {Kind::matches, std::move(pointer), std::move(expression)};
}

/// "" when the rules hold, else the sentence.
std::string fault_in(const std::vector<config::ContentRule>& rules, std::string_view body,
                     bool cut = false) {
    const auto outcome = check_content(rules, body, cut);
    return outcome ? "" : outcome.error();
}

std::string fault_of(const config::ContentRule& rule, std::string_view body, bool cut = false) {
    return fault_in({rule}, body, cut);
}

constexpr std::string_view kModels =
    R"({"status":"ok","models":[{"id":"a"},{"id":"b"}],"none":[],"n":3,"v":"1.20"})";

TEST(CheckContent, HoldsWhenThereIsNoRule) { EXPECT_EQ(fault_in({}, "whatever"), ""); }

TEST(CheckContent, FindsASubstring) {
    EXPECT_EQ(fault_of(contains("ready"), "I am ready."), "");
    EXPECT_EQ(fault_of(contains("ready"), "I am not"), R"(the body does not contain "ready")");
    EXPECT_EQ(fault_of(contains("ready"), ""), R"(the body does not contain "ready")");
    EXPECT_EQ(fault_of(contains("ready"), "ready, and then so", true), "");
    EXPECT_EQ(fault_of(contains("ready"), "12345", true),
              R"(the body's first 5 bytes do not contain "ready")");
}

TEST(CheckContent, FollowsAJsonPointer) {
    EXPECT_EQ(fault_of(exists("/status"), kModels), "");
    EXPECT_EQ(fault_of(exists("/models/1/id"), kModels), "");
    EXPECT_EQ(fault_of(exists(""), kModels), "");
    EXPECT_EQ(fault_of(exists("/models/2"), kModels), R"("/models/2" is not there)");
    EXPECT_EQ(fault_of(exists("/model"), kModels), R"("/model" is not there)");
    EXPECT_EQ(fault_of(exists("/status/x"), kModels), R"("/status/x" is not there)");
    EXPECT_EQ(fault_of(exists("/models/-"), kModels), R"("/models/-" is not there)");
}

TEST(CheckContent, ReadsTheEscapesOfPointersAndOfNames) {
    const std::string_view body = R"({"a\/b":1,"m~n":2,"~1":3,"":4,"\u00e9":5,"a\"b":6})";
    EXPECT_EQ(fault_of(equals("/a~1b", "1"), body), "");
    EXPECT_EQ(fault_of(equals("/m~0n", "2"), body), "");
    EXPECT_EQ(fault_of(equals("/~01", "3"), body), "");
    EXPECT_EQ(fault_of(equals("/", "4"), body), "");
    EXPECT_EQ(fault_of(equals("/\xc3\xa9", "5"), body), "");
    EXPECT_EQ(fault_of(equals("/a\"b", "6"), body), "");
}

TEST(CheckContent, WantsANonEmptyArray) {
    EXPECT_EQ(fault_of(non_empty("/models"), kModels), "");
    EXPECT_EQ(fault_of(non_empty("/none"), kModels), R"("/none" is an empty array)");
    EXPECT_EQ(fault_of(non_empty("/status"), kModels), R"("/status" is a string, not an array)");
    EXPECT_EQ(fault_of(non_empty(""), "[0]"), "");
    EXPECT_EQ(fault_of(non_empty(""), "[]"), R"("" is an empty array)");
}

TEST(CheckContent, ComparesStringsByTheirText) {
    EXPECT_EQ(fault_of(equals("/status", "ok"), kModels), "");
    EXPECT_EQ(fault_of(equals("/status", "up"), kModels), R"("/status" is "ok", not up)");
    EXPECT_EQ(fault_of(equals("/status", "\"ok\""), kModels), R"("/status" is "ok", not "ok")");
    EXPECT_EQ(fault_of(equals("/s", "a\n\xc3\xa9"), R"({"s":"a\n\u00e9"})"), "");
    EXPECT_EQ(fault_of(equals("", "ok"), R"("ok")"), "");
}

TEST(CheckContent, ComparesOtherValuesAsJson) {
    EXPECT_EQ(fault_of(equals("/n", "3"), kModels), "");
    EXPECT_EQ(fault_of(equals("/n", "3.0"), kModels), "");
    EXPECT_EQ(fault_of(equals("/n", "4"), kModels), R"("/n" is 3, not 4)");
    EXPECT_EQ(fault_of(equals("/n", "three"), kModels), R"("/n" is 3, not three)");
    EXPECT_EQ(fault_of(equals("", "true"), "true"), "");
    EXPECT_NE(fault_of(equals("", "true"), "false"), "");
    EXPECT_EQ(fault_of(equals("", "null"), "null"), "");
    EXPECT_EQ(fault_of(equals("", "1e2"), "100.0"), "");
    EXPECT_EQ(fault_of(equals("", "[1, {\"a\": 2}]"), "[ 1,{ \"a\" :2 } ]"), "");
    EXPECT_NE(fault_of(equals("", "9007199254740993"), "9007199254740992"), "") << "whole numbers";
    EXPECT_EQ(fault_of(equals("", "18446744073709551615"), "18446744073709551615"), "");
}

TEST(CheckContent, MatchesAnExpressionAnywhereInAString) {
    EXPECT_EQ(fault_of(matches("/v", "^1\\."), kModels), "");
    EXPECT_EQ(fault_of(matches("/v", "20$"), kModels), "");
    EXPECT_EQ(fault_of(matches("/v", "2"), kModels), "");
    EXPECT_EQ(fault_of(matches("/v", "^2"), kModels), R"("/v" is "1.20", which ^2 does not match)");
    EXPECT_EQ(fault_of(matches("/v", "^1$|^2"), kModels),
              R"("/v" is "1.20", which ^1$|^2 does not match)");
    EXPECT_EQ(fault_of(matches("", "b.d"), R"("a\nbcd\ne")"), "");
    EXPECT_EQ(fault_of(matches("/n", "3"), kModels), R"("/n" is a number, not a string)");
    EXPECT_EQ(fault_of(matches("", "^$"), R"("")"), "");
}

TEST(CheckContent, MatchesInBoundedTimeAndStack) {
    const std::string longest = '"' + std::string(kMatchedBytesMax, 'a') + '"';
    EXPECT_NE(fault_of(matches("", "(a*)*b"), longest), "") << "exponential by backtracking";
    EXPECT_NE(fault_of(matches("", "a*a*a*b"), longest), "");
    EXPECT_EQ(fault_of(matches("", "a$"), longest), "");
    EXPECT_EQ(fault_of(matches("", "a"), '"' + std::string(kMatchedBytesMax + 1, 'a') + '"'),
              R"("" is a string of 8193 bytes; longer than 8192 is not matched)");
    EXPECT_EQ(fault_of(matches("", "(a)\\1"), R"("aa")"),
              "(a)\\1 is no expression that can be matched (no back-references)");
}

TEST(CheckContent, NamesTheFirstRuleThatDoesNotHold) {
    EXPECT_EQ(
        fault_in({contains("ok"), non_empty("/models"), equals("/n", "5"), exists("/zz")}, kModels),
        R"("/n" is 3, not 5)");
    EXPECT_EQ(fault_in({contains("ok"), non_empty("/models"), equals("/n", "3")}, kModels), "");
}

TEST(CheckContent, SaysThatACutBodyCannotBeReadAsJson) {
    EXPECT_EQ(fault_of(exists("/status"), R"({"status":"ok"})", true),
              "the body is longer than max_body: its JSON cannot be read");
    EXPECT_EQ(fault_in({contains("nope"), exists("/status")}, "{}", true),
              R"(the body's first 2 bytes do not contain "nope")");
}

TEST(CheckContent, SaysWhatIsWrongWithWhatIsNotJson) {
    const auto fault = [](std::string_view body) { return fault_of(exists("/status"), body); };
    const std::string front = "the body is not JSON that can be read: ";
    EXPECT_EQ(fault(""), front + "it is empty");
    EXPECT_EQ(fault("<html>"), front + "it is malformed");
    EXPECT_EQ(fault(R"({"status":"ok"} {})"), front + "it is malformed");
    EXPECT_EQ(fault(R"({"status":"ok",})"), front + "it is malformed");
    EXPECT_EQ(fault(R"({"status":"ok")"), front + "it is malformed");
    EXPECT_EQ(fault(R"({"status":"ok)"), front + "it ends within a string");
    EXPECT_EQ(fault("{\"status\":\"\xff\"}"), front + "it has invalid UTF-8");
    EXPECT_EQ(fault(R"({"status":1e999})"), front + "it has a malformed or too large number");
    EXPECT_EQ(fault(R"({"status":99999999999999999999})"),
              front + "it has a malformed or too large number");
    EXPECT_EQ(fault("\xef\xbb\xbf{\"status\":1}"), "") << "a byte order mark";
}

TEST(CheckContent, BearsNestingWithoutEnd) {
    for (const std::size_t depth : {1'000u, 1'023u, 1'024u, 1'025u, 100'000u, 1'000'000u}) {
        std::string body(depth, '[');
        body.append(depth, ']');
        const std::string open(depth, '[');
        std::string objects;
        for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
        const bool fits = depth <= 1'024;
        EXPECT_EQ(fault_of(equals("", body), body).empty(), fits) << depth;
        EXPECT_NE(fault_of(exists("/0/0/0"), open), "") << depth;
        EXPECT_NE(fault_of(exists("/a/a/a"), objects), "") << depth;
    }
}

TEST(CheckContent, ShowsLongValuesShortened) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "\xc3\xa9";
    const std::string sentence = fault_of(equals("", "short"), '"' + text + '"');
    EXPECT_LT(sentence.size(), 100u);
    // one quote and 31 whole characters of two bytes in 64 bytes
    EXPECT_NE(sentence.find(text.substr(0, 62) + "..., not short"), std::string::npos) << sentence;
}

TEST(CheckContent, NeverThrowsOnScrambledJson) {
    const std::vector<config::ContentRule> rules[] = {{exists("/models/0/id")},
                                                      {equals("/n", "3")},
                                                      {equals("", "{\"a\":1}")},
                                                      {matches("/v", "^1.*0$")},
                                                      {non_empty("/models")}};
    std::size_t holds = 0, broken = 0;
    for (std::uint64_t seed = 0; seed < rounds(20'000u); ++seed) {
        base::Prng prng(seed);
        std::string body(kModels);
        for (std::uint32_t edits = prng.below(6); edits > 0; --edits) {
            const auto at = prng.below(static_cast<std::uint32_t>(body.size()));
            if (prng.chance(30)) {
                body.insert(at, 1 + prng.below(400), "[]{}\",:\\0e-\xc3"[prng.below(12)]);
            } else if (prng.chance(30)) {
                body.erase(at, 1 + prng.below(4));
            } else {
                body[at] = static_cast<char>(prng.below(256));
            }
            if (body.empty()) break;
        }
        for (const auto& rule : rules) {
            std::string sentence;
            EXPECT_NO_THROW(sentence = fault_in(rule, body)) << "seed " << seed;
            ++(sentence.empty() ? holds : broken);
        }
    }
    EXPECT_GT(holds, rounds(1000u));
    EXPECT_GT(broken, rounds(1000u));
}

using Wish = AgentReport::Wish;

AgentReport report_of(std::string_view text) {
    const auto report = parse_agent_report(text);
    EXPECT_TRUE(report) << text << ": " << (report ? "" : report.error());
    return report.value_or(AgentReport{});
}

std::string agent_fault(std::string_view text) {
    const auto report = parse_agent_report(text);
    return report ? "" : report.error();
}

TEST(AgentReport, KnowsTheWordsOfHaproxyAgents) {
    const std::pair<const char*, Wish> words[] = {{"up", Wish::up},
                                                  {"ready", Wish::up},
                                                  {"drain", Wish::drain},
                                                  {"down", Wish::down},
                                                  {"maint", Wish::maintenance},
                                                  {"maintenance", Wish::maintenance},
                                                  {"fail\n", Wish::down},
                                                  {"failed", Wish::down},
                                                  {"stopped", Wish::down},
                                                  {"  up \r\n", Wish::up},
                                                  {"75%", Wish::none},
                                                  {"maxconn:30", Wish::none},
                                                  {"down # up", Wish::down},
                                                  {"up,drain", Wish::drain},
                                                  {"down up", Wish::down},
                                                  {"drain\tmaint up", Wish::maintenance}};
    for (const auto& [text, wish] : words) EXPECT_EQ(report_of(text).wish, wish) << text;
}

TEST(AgentReport, TakesAShareOfTheWeight) {
    EXPECT_EQ(report_of("up").percent, 100);
    EXPECT_EQ(report_of("75%").percent, 75);
    EXPECT_EQ(report_of("up 33.9%\n").percent, 33);
    EXPECT_EQ(report_of("0%").percent, 0);
    EXPECT_EQ(report_of("300%").percent, 100);
    EXPECT_EQ(report_of(R"({"weight":40})").percent, 40);
    EXPECT_EQ(report_of(R"({"weight":1e300})").percent, 100);
}

TEST(AgentReport, LowersTheShareInStepsAsLoadPasses80Percent) {
    const std::pair<const char*, int> steps[] = {{"0", 100}, {"80", 100}, {"80.5", 77}, {"85", 77},
                                                 {"86", 55}, {"90", 55},  {"91", 32},   {"95", 32},
                                                 {"96", 10}, {"100", 10}, {"350", 10}};
    for (const auto& [load, percent] : steps) {
        const std::string text(load);
        EXPECT_EQ(report_of("cpu:" + text).percent, percent) << load;
        EXPECT_EQ(report_of("memory:" + text + "%").percent, percent) << load;
        EXPECT_EQ(report_of("{\"cpu\":" + text + "}").percent, percent) << load;
        EXPECT_EQ(report_of("{\"memory\":" + text + "}").percent, percent) << load;
    }
    EXPECT_EQ(report_of("20% cpu:88 mem:91").percent, 20);
    EXPECT_EQ(report_of("90% cpu:88 mem:91").percent, 32);
}

TEST(AgentReport, ReadsJson) {
    const AgentReport report =
        report_of(R"( {"weight":50,"cpu":12.5,"memory":70,"drain":true,"down":false,"more":[]})");
    EXPECT_EQ(report.wish, Wish::drain);
    EXPECT_EQ(report.percent, 50);
    EXPECT_EQ(report.cpu_percent, 12.5f);
    EXPECT_EQ(report.memory_percent, 70.0f);
    EXPECT_EQ(report_of(R"({"drain":true,"down":true})").wish, Wish::down);
    EXPECT_EQ(report_of(R"({"drain":false})").wish, Wish::up);
    EXPECT_EQ(report_of("{}").wish, Wish::none);
    EXPECT_LT(report_of("{}").cpu_percent, 0);
}

TEST(AgentReport, SaysWhatItCannotUnderstand) {
    EXPECT_EQ(agent_fault(""), "the agent says nothing");
    EXPECT_EQ(agent_fault("# up"), "the agent says nothing");
    EXPECT_EQ(agent_fault("up sideways"), R"(the agent says "sideways", which is no known word)");
    EXPECT_EQ(agent_fault("\xff\x01!"), R"(the agent says "??!", which is no known word)");
    for (const char* text : {"%", "-5%", "5", "1e2%", "nan%", "5%%", "cpu:", "cpu:x", "mem:-1",
                             "UPP", "<html>", "[]"}) {
        EXPECT_NE(agent_fault(text), "") << text;
    }
    EXPECT_EQ(agent_fault(R"({"weight":"50"})"), R"(the agent's "weight" is no percentage)");
    EXPECT_EQ(agent_fault(R"({"cpu":-1})"), R"(the agent's "cpu" is no percentage)");
    EXPECT_EQ(agent_fault(R"({"down":1})"), R"(the agent's "down" is neither true nor false)");
    EXPECT_EQ(agent_fault("{"), "the agent's answer is not JSON that can be read");
}

}  // namespace
}  // namespace ringway::health
