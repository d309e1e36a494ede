#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/source_root.h"
#include "config_text.h"
#include "ringway/config/load.h"

namespace ringway::config {
namespace {

std::string root(const std::string& path) { return std::string(RINGWAY_SOURCE_ROOT) + "/" + path; }

const Machine kMachine{{0, 1}};

TEST(Examples, DemoLoadsAsItsCommentSays) {
    const auto config = load(root("tools/demo.toml"), kMachine);
    ASSERT_TRUE(config) << lines_of(config.error());
    EXPECT_EQ(config->listeners.at(0).address.text(), "127.0.0.1:8080");
    EXPECT_EQ(config->admin.listen->text(), "127.0.0.1:9901");
    EXPECT_EQ(config->log.access_path, "stdout");
    ASSERT_EQ(config->routes.size(), 4u);
    ASSERT_EQ(config->pools.size(), 2u);
    EXPECT_EQ(config->pools[0].balance, Balance::least_request);
    for (const Pool& pool : config->pools) {
        ASSERT_EQ(pool.upstreams.size(), 3u);
        EXPECT_EQ(pool.upstreams[2].literal->text(), "127.0.0.1:9103");
        ASSERT_EQ(pool.health.checks.size(), 1u);
        EXPECT_EQ(pool.health.checks[0].name, "http /health");
    }
}

TEST(Examples, CommentedExampleLoads) {
    setenv("MODEL_KEY_A", "secret-a", 1);
    setenv("MODEL_KEY_B", "secret-b", 1);
    const auto config = load(root("docs/example.toml"), kMachine);
    ASSERT_TRUE(config) << lines_of(config.error());
    EXPECT_EQ(config->pools.size(), 4u);
    EXPECT_EQ(config->routes.size(), 5u);
    EXPECT_EQ(config->pools[3].upstreams[1].request_headers.at(0).value, "secret-b");
    ASSERT_EQ(config->pools[1].health.checks.size(), 2u);
    EXPECT_EQ(config->pools[1].health.checks[0].content.size(), 2u);
    EXPECT_EQ(config->pools[3].health.checks.at(0).name, "http /v1/models");
}

std::string content_of(const std::string& path) {
    std::ifstream stream(root(path), std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    return content.str();
}

/// The ```toml blocks of a page.
std::vector<std::string> blocks_of(const std::string& page) {
    constexpr std::string_view kBegin = "```toml\n";
    std::vector<std::string> blocks;
    for (std::size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
        at += kBegin.size();
        blocks.push_back(page.substr(at, page.find("```", at) - at));
    }
    return blocks;
}

TEST(Examples, PoolsOfTheFailoverPageLoad) {
    setenv("MODEL_KEY_A", "secret-a", 1);
    setenv("MODEL_KEY_B", "secret-b", 1);
    const auto blocks = blocks_of(content_of("docs/failover.md"));
    ASSERT_EQ(blocks.size(), 2u);
    for (const std::string& block : blocks) {
        const auto config = parse_with_rest(block);
        ASSERT_TRUE(config) << lines_of(config.error());
        EXPECT_EQ(config->pools.size(), 2u);
        EXPECT_EQ(config->pools[0].upstreams.size(), 2u);
        EXPECT_FALSE(config->pools[0].health.checks.empty());
    }
}

TEST(Examples, ReferenceIsTheOneOfTheTable) {
    const std::string committed = content_of("docs/configuration.md");
    if (const char* path = std::getenv("RINGWAY_WRITE_REFERENCE"))
        std::ofstream(path) << reference_markdown();
    EXPECT_EQ(committed, reference_markdown())
        << "write it anew: RINGWAY_WRITE_REFERENCE=docs/configuration.md tests/unit/unit "
           "--gtest_filter='Examples.Reference*'";
}

}  // namespace
}  // namespace ringway::config
