#include "ringway/control/config_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>
#include <sstream>

#include "../config/every_key.h"

namespace ringway::control {
namespace {

using config::EveryKey;
using simdjson::dom::element;

/// The members of all objects that `path` ("pool.health.check") leads to, through arrays too.
void collect_members(element at, std::string_view path, std::set<std::string>& members) {
    simdjson::dom::array array;
    if (at.get(array) == simdjson::SUCCESS) {
        for (const element part : array) collect_members(part, path, members);
        return;
    }
    simdjson::dom::object object;
    if (at.get(object) != simdjson::SUCCESS) return;
    if (path.empty()) {
        for (const auto& member : object) members.emplace(member.key);
        return;
    }
    const std::string_view first = path.substr(0, path.find('.'));
    element below;
    if (object[first].get(below) != simdjson::SUCCESS) return;
    path.remove_prefix(std::min(first.size() + 1, path.size()));
    collect_members(below, path, members);
}

/// "[pool.retry]" and "[[pool.upstream]]" as paths; a heading of a value form is none.
std::string path_of(std::string heading) {
    if (heading.find(' ') != std::string::npos) {  // "[route.headers] and [route.query]"
        heading = heading.starts_with('{') ? "" : heading.substr(0, heading.find(' '));
    }
    std::erase_if(heading, [](char c) { return c == '[' || c == ']'; });
    return heading;
}

TEST_F(EveryKey, is_in_the_json_of_the_configuration) {
    const std::string json = config_json(config_);
    simdjson::dom::parser parser;
    const element whole = parser.parse(json);
    // [shards] holds for every shard that its cpu does not say otherwise of; each has its own here.
    const std::set<std::string> spread = {"cpus"};
    std::istringstream lines(config::reference_markdown());
    std::string path;
    std::set<std::string> members;
    int keys = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("## ")) {
            path = path_of(line.substr(3));
            members.clear();
            if (path == "shards") collect_members(whole, "shards.cpu", members);
            if (!path.empty()) collect_members(whole, path, members);
        } else if (line.starts_with("| `") && !path.empty()) {
            const std::string key = line.substr(3, line.find('`', 3) - 3);
            ++keys;
            EXPECT_TRUE(members.contains(key) || (path == "shards" && spread.contains(key)))
                << "[" << path << "] " << key;
        }
    }
    EXPECT_GT(keys, 150);
}

TEST_F(EveryKey, shows_no_secret) {
    const std::string json = config_json(config_);
    EXPECT_EQ(json.find("from the environment"), std::string::npos);
    EXPECT_EQ(json.find("from a file"), std::string::npos);
    simdjson::dom::parser parser;
    const element whole = parser.parse(json);
    const auto text = [&](const char* pointer) {
        return std::string(whole.at_pointer(pointer).get_string().value());
    };
    EXPECT_EQ(text("/admin/token_file"), "***");
    EXPECT_EQ(text("/pool/0/upstream/0/headers/0/name"), "X-Key");
    EXPECT_EQ(text("/pool/0/upstream/0/headers/0/value"), "***");
    EXPECT_EQ(text("/route/0/request_headers/set/0/value"), "***");
    EXPECT_EQ(text("/route/0/request_headers/add/0/value"), "t");
}

TEST_F(EveryKey, is_written_as_the_file_has_it) {
    const std::string json = config_json(config_);
    simdjson::dom::parser parser;
    const element whole = parser.parse(json);
    const auto at = [&](const char* pointer) {
        return std::string(simdjson::minify(whole.at_pointer(pointer).value()));
    };
    EXPECT_EQ(at("/process/graceful_timeout"), "\"1m\"");
    EXPECT_EQ(at("/listener/0/trusted_proxies"), R"(["10.0.0.0/8","::1/128"])");
    EXPECT_EQ(at("/listener/0/body_bytes_max"), "2147483648");
    EXPECT_EQ(at("/route/0/listener"), R"(["l"])");
    EXPECT_EQ(at("/route/0/pool"), "\"p\"");
    EXPECT_EQ(at("/route/0/split"), "null");
    EXPECT_EQ(at("/route/1/split"), R"([{"pool":"p","weight":3},{"pool":"p2","weight":1}])");
    EXPECT_EQ(at("/route/2/redirect/status"), "301");
    EXPECT_EQ(at("/pool/0/balance"), "\"maglev\"");
    EXPECT_EQ(at("/pool/0/hash_on"), "\"cookie:sid\"");
    EXPECT_EQ(at("/pool/0/health/check/0/expected_statuses"), R"(["201","300-399"])");
    EXPECT_EQ(at("/pool/0/health/check/0/content/3"), R"({"pointer":"/a~1b/0","equals":"ok"})");
    EXPECT_EQ(at("/pool/1/affinity"), "null");
}

}  // namespace
}  // namespace ringway::control
