// The scenarios that are committed, and the page that has every key.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/source_root.h"
#include "ringway/config/load.h"
#include "scenario/scenario.h"

namespace ringload {
namespace {

std::string root(const std::string& path) { return std::string(RINGWAY_SOURCE_ROOT) + "/" + path; }

std::string content_of(const std::string& path) {
    std::ifstream stream(root(path), std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    return content.str();
}

std::vector<Scenario> loaded(const std::vector<std::string>& paths,
                             const std::vector<std::string>& settings = {}) {
    const auto scenarios = load_scenario(paths, settings);
    if (scenarios) return *scenarios;
    for (const auto& error : scenarios.error()) ADD_FAILURE() << error.text();
    return std::vector<Scenario>(2);
}

const std::string kExamples = "tools/ringload/examples/";

TEST(example_scenarios, kill_one_of_three_origins) {
    const Scenario kill = loaded({root(kExamples + "kill.toml")}).at(0);
    ASSERT_EQ(kill.origins.size(), 3u);
    ASSERT_EQ(kill.faults.size(), 1u);
    EXPECT_EQ(kill.faults[0].kind, FaultKind::kill);
    EXPECT_EQ(kill.origins.at(kill.faults[0].origin.value()).name, "b");
    EXPECT_EQ(kill.proxy.config, root(kExamples + "ringway.toml"));
}

TEST(example_scenarios, run_with_health_and_without) {
    const auto variants =
        loaded({root(kExamples + "kill.toml"), root(kExamples + "with_and_without_health.toml")});
    ASSERT_EQ(variants.size(), 2u);
    EXPECT_EQ(variants[0].variant, "with");
    EXPECT_EQ(variants[0].proxy.config, root(kExamples + "ringway.toml"));
    EXPECT_EQ(variants[1].proxy.config, root(kExamples + "ringway_without_health.toml"));
    EXPECT_EQ(variants[1].proxy.admin, variants[0].proxy.admin);
}

TEST(example_scenarios, have_proxies_that_stand_before_their_origins) {
    const Scenario kill = loaded({root(kExamples + "kill.toml")}).at(0);
    for (const char* file : {"ringway.toml", "ringway_without_health.toml"}) {
        const auto proxy = ringway::config::load(root(kExamples + file), {{0}});
        ASSERT_TRUE(proxy) << proxy.error().front().text();
        EXPECT_EQ(proxy->admin.listen, kill.proxy.admin);
        ASSERT_EQ(proxy->pools.at(0).upstreams.size(), 3u);
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(proxy->pools[0].upstreams[i].name, kill.origins[i].name);
            EXPECT_EQ(proxy->pools[0].upstreams[i].literal, kill.origins[i].addresses.at(0));
        }
    }
}

TEST(example_scenarios, of_the_bench_want_a_set_up) {
    const std::string setup =
        "load.url = 'http://127.0.0.1:1/'\norigin = [{ name = 'o1', address = '127.0.0.1:2' }]";
    constexpr std::pair<const char*, FaultKind> kCases[] = {
        {"a_killed", FaultKind::kill},  {"b_refuses", FaultKind::refuse},
        {"c_stopped", FaultKind::stop}, {"d_dropped", FaultKind::blackhole},
        {"e_503", FaultKind::status},   {"f_429", FaultKind::rate_limit},
        {"g_slow", FaultKind::slow}};
    for (const auto& [name, kind] : kCases) {
        const std::string path = root("bench/failover/scenarios/" + std::string(name) + ".toml");
        const Scenario one = loaded({path}, {setup}).at(0);
        ASSERT_EQ(one.faults.size(), 1u) << name;
        EXPECT_EQ(one.faults[0].kind, kind) << name;
        EXPECT_EQ(one.faults[0].at, std::chrono::milliseconds(1500)) << name;
    }
}

TEST(scenario_page, has_every_key) {
    EXPECT_NE(content_of("docs/ringload.md").find(scenario_reference_markdown()), std::string::npos)
        << "docs/ringload.md: its part on scenarios should have:\n"
        << scenario_reference_markdown();
}

TEST(scenario_page, has_an_example_that_is_right) {
    const std::string page = content_of("docs/ringload.md");
    const std::size_t section = page.find("## Scenarios");
    ASSERT_NE(section, std::string::npos);
    const std::size_t begin = page.find("```toml\n", section) + 8;
    const auto scenarios =
        parse_scenario({{page.substr(begin, page.find("```", begin) - begin), "docs/ringload.md"}});
    ASSERT_TRUE(scenarios) << scenarios.error().front().text();
    EXPECT_EQ(scenarios->at(0).faults.at(0).kind, FaultKind::blackhole);
}

}  // namespace
}  // namespace ringload
