// Which route a request takes: each kind of condition, their order of specificity, and a naive
// matcher to compare with.
#include "ringway/route/table.h"

#include <gtest/gtest.h>

#include "request.h"

namespace ringway::route {
namespace {

using config::Route;
using config::StringMatch;
using Kind = config::StringMatch::Kind;

struct Asked {
    std::string host;
    std::string target;
    int route;
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> fields = {};
};

void expect_routes(const std::vector<Route>& routes, const std::vector<Asked>& all) {
    const Table table(config_of(routes));
    for (const Asked& asked : all) {
        const Request request(asked.method, asked.host, asked.target, asked.fields);
        EXPECT_EQ(table.match(0, request.head()), asked.route)
            << asked.method << " " << asked.host << " " << asked.target;
    }
}

TEST(Table, WithoutRoutesNothingMatches) { expect_routes({}, {{"a.example", "/", -1}}); }

TEST(Table, ACatchAllTakesEverything) {
    expect_routes({{}}, {{"a.example", "/x?y", 0}, {"", "/", 0}, {"a", "*", 0, "OPTIONS"}});
}

TEST(Table, HostsAreComparedWithoutCasePortAndFinalDot) {
    expect_routes({{.hosts = {"A.example", "[::1]", "10.0.0.1"}}}, {
                                                                       {"a.example", "/", 0},
                                                                       {"a.EXAMPLE:8080", "/", 0},
                                                                       {"a.example.", "/", 0},
                                                                       {"a.example.:80", "/", 0},
                                                                       {"[::1]", "/", 0},
                                                                       {"[::1]:80", "/", 0},
                                                                       {"10.0.0.1:80", "/", 0},
                                                                       {"b.example", "/", -1},
                                                                       {"a.example.org", "/", -1},
                                                                       {"xa.example", "/", -1},
                                                                       {"", "/", -1},
                                                                       {".", "/", -1},
                                                                       {"[::1", "/", -1},
                                                                       {"[::2]", "/", -1},
                                                                       {":80", "/", -1},
                                                                   });
}

TEST(Table, ExactHostBeforeLongerWildcardBeforeShorterBeforeAny) {
    expect_routes(
        {{}, {.hosts = {"*.example"}}, {.hosts = {"*.b.example"}}, {.hosts = {"a.b.example"}}},
        {
            {"a.b.example", "/", 3},
            {"c.b.example", "/", 2},
            {"d.c.b.example", "/", 2},
            {"b.example", "/", 1},
            {"X.Example:1", "/", 1},
            {"example", "/", 0},
            {".example", "/", 0},
            {"xexample", "/", 0},
            {"", "/", 0},
            {"a..example", "/", 1},
        });
}

TEST(Table, AHostWhosePathDoesNotMatchLeavesTheRequestToTheNextHost) {
    expect_routes({{.path = "/any"},
                   {.hosts = {"*.example"}, .path = "/wild"},
                   {.hosts = {"a.example"}, .path = "/exact"}},
                  {
                      {"a.example", "/exact", 2},
                      {"a.example", "/wild", 1},
                      {"a.example", "/any", 0},
                      {"a.example", "/none", -1},
                  });
}

TEST(Table, LongHostsAreComparedToo) {
    const std::string label(300, 'a');
    expect_routes({{.hosts = {label + ".example"}}, {.hosts = {"*.example"}}},
                  {
                      {std::string(300, 'A') + ".example:80", "/", 0},
                      {std::string(299, 'A') + ".example", "/", 1},
                      {std::string(5000, '.'), "/", -1},
                  });
}

TEST(Table, PathPrefixesMatchWholeSegments) {
    expect_routes({{.path_prefix = "/api"}, {.path_prefix = "/dir/"}}, {
                                                                           {"", "/api", 0},
                                                                           {"", "/api/", 0},
                                                                           {"", "/api/x", 0},
                                                                           {"", "/api?x", 0},
                                                                           {"", "/api/x?/dir/", 0},
                                                                           {"", "/apix", -1},
                                                                           {"", "/ap", -1},
                                                                           {"", "/API", -1},
                                                                           {"", "/x/api", -1},
                                                                           {"", "/dir/", 1},
                                                                           {"", "/dir/x", 1},
                                                                           {"", "/dir", -1},
                                                                           {"", "*", -1, "OPTIONS"},
                                                                       });
}

TEST(Table, ExactPathBeforeLongerPrefixBeforeShorterBeforeRegexBeforeAny) {
    expect_routes({{},
                   {.path_regex = "/(a|z).*"},
                   {.path_prefix = "/a"},
                   {.path_prefix = "/a/b"},
                   {.path = "/a/b/c"}},
                  {
                      {"", "/a/b/c", 4},
                      {"", "/a/b/c/", 3},
                      {"", "/a/b", 3},
                      {"", "/a/bc", 2},
                      {"", "/a", 2},
                      {"", "/ab", 1},
                      {"", "/z/b", 1},
                      {"", "/", 0},
                      {"", "/b", 0},
                  });
}

// Neighbours in the order of text that are no prefixes of each other, or no whole-segment ones.
TEST(Table, FindsAPrefixBehindItsNeighbours) {
    expect_routes({{.path_prefix = "/"},
                   {.path_prefix = "/a"},
                   {.path_prefix = "/a-b"},
                   {.path_prefix = "/a/b"},
                   {.path_prefix = "/a/b-c/d"},
                   {.path_prefix = "/ab"},
                   {.path_prefix = "/a/b/c/d"}},
                  {
                      {"", "/a/b/z", 3},
                      {"", "/a/b-c", 1},
                      {"", "/a/b-c/d/e", 4},
                      {"", "/a/bz", 1},
                      {"", "/a-b/z", 2},
                      {"", "/a-bz", 0},
                      {"", "/abc", 0},
                      {"", "/ab/c", 5},
                      {"", "/a/b/c/dz", 3},
                      {"", "/a/b/c/d/z", 6},
                      {"", "/zz", 0},
                  });
}

TEST(Table, RegexesAreAnchoredAndTriedInFileOrder) {
    expect_routes(
        {{.path_regex = "/v[0-9]+/.*"}, {.path_regex = "/v1/.*"}, {.path_regex = "/(\\w)\\1"}},
        {
            {"", "/v1/x", 0},
            {"", "/v12/", 0},
            {"", "/v1", -1},
            {"", "/x/v1/x", -1},
            {"", "/aa", 2},
            {"", "/ab", -1},
        });
}

TEST(Table, OneRegexTwiceIsOrderedByConditions) {
    expect_routes({{.path_regex = "/a+"}, {.path_regex = "/a+", .methods = {"POST"}}},
                  {{"", "/aa", 0}, {"", "/aa", 1, "POST"}});
}

TEST(Table, AMalformedRegexMatchesNothing) {
    expect_routes(
        {{.path_regex = "/(a"}, {.headers = {{.name = "x", .kind = Kind::regex, .value = "["}}}},
        {{"", "/a", -1}, {"", "/(a", -1}, {"", "/a", -1, "GET", {{"x", "["}}}});
}

TEST(Table, NoPathMakesARegexRunAway) {
    const Table table(config_of({{.path_regex = "/(a+)+b"}, {.path_regex = "/(.|x)*"}}));
    const Request longest("GET", "", "/" + std::string(8 * 1024 - 1, 'a'));
    EXPECT_EQ(table.match(0, longest.head()), 1);
    const Request too_long("GET", "", "/" + std::string(8 * 1024, 'a'));
    EXPECT_EQ(table.match(0, too_long.head()), -1);
}

TEST(Table, MethodsAreExact) {
    expect_routes({{.methods = {"GET", "PURGE"}}}, {{"", "/", 0},
                                                    {"", "/", 0, "PURGE"},
                                                    {"", "/", -1, "get"},
                                                    {"", "/", -1, "HEAD"},
                                                    {"", "/", -1, "GETX"}});
}

TEST(Table, HeadersMatchByEachKind) {
    expect_routes({{.headers = {{.name = "X-Exact", .kind = Kind::exact, .value = "one"}}},
                   {.headers = {{.name = "X-Prefix", .kind = Kind::prefix, .value = "one"}}},
                   {.headers = {{.name = "X-Regex", .kind = Kind::regex, .value = "o.e"}}},
                   {.headers = {{.name = "X-Present", .kind = Kind::present}}}},
                  {
                      {"", "/", 0, "GET", {{"x-exact", "one"}}},
                      {"", "/", -1, "GET", {{"x-exact", "One"}}},
                      {"", "/", -1, "GET", {{"x-exact", "one more"}}},
                      {"", "/", -1, "GET", {{"x-exac", "one"}}},
                      {"", "/", 0, "GET", {{"X-EXACT", "two"}, {"other", "x"}, {"X-Exact", "one"}}},
                      {"", "/", 1, "GET", {{"x-prefix", "one more"}}},
                      {"", "/", -1, "GET", {{"x-prefix", "on"}}},
                      {"", "/", 2, "GET", {{"x-regex", "oxe"}}},
                      {"", "/", -1, "GET", {{"x-regex", "oxee"}}},
                      {"", "/", 3, "GET", {{"x-present", ""}}},
                      {"", "/", -1},
                  });
}

TEST(Table, QueriesMatchByEachKind) {
    expect_routes({{.queries = {{.name = "exact", .kind = Kind::exact, .value = "1"}}},
                   {.queries = {{.name = "prefix", .kind = Kind::prefix, .value = "1"}}},
                   {.queries = {{.name = "regex", .kind = Kind::regex, .value = "[0-9]+"}}},
                   {.queries = {{.name = "present", .kind = Kind::present}}},
                   {.queries = {{.name = "empty", .kind = Kind::exact}}}},
                  {
                      {"", "/?exact=1", 0},
                      {"", "/?a&exact=2&&exact=1", 0},
                      {"", "/?exact=12", -1},
                      {"", "/?exac=1", -1},
                      {"", "/?xexact=1", -1},
                      {"", "/exact=1", -1},
                      {"", "/?exact=1=1", -1},
                      {"", "/?prefix=12", 1},
                      {"", "/?prefix=", -1},
                      {"", "/?regex=77", 2},
                      {"", "/?regex=7x", -1},
                      {"", "/?present", 3},
                      {"", "/?present=", 3},
                      {"", "/?x&present&y", 3},
                      {"", "/?empty", 4},
                      {"", "/?", -1},
                  });
}

TEST(Table, MoreConditionsBeforeFewerThenFileOrder) {
    const StringMatch header{.name = "h", .kind = Kind::present};
    const StringMatch query{.name = "q", .kind = Kind::present};
    expect_routes({{.path = "/"},
                   {.path = "/", .methods = {"GET", "PUT"}},
                   {.path = "/", .headers = {header}},
                   {.path = "/", .headers = {header}, .queries = {query}},
                   {.path = "/", .methods = {"GET"}, .headers = {header}, .queries = {query}}},
                  {
                      {"", "/", 1},
                      {"", "/", 0, "POST"},
                      {"", "/", 1, "GET", {{"h", ""}}},
                      {"", "/", 2, "POST", {{"h", ""}}},
                      {"", "/?q", 3, "POST", {{"h", ""}}},
                      {"", "/?q", 4, "GET", {{"h", ""}}},
                      {"", "/?q", 1},
                  });
}

TEST(Table, ListenersHaveTheirOwnRoutes) {
    config::Config config = config_of(
        {{.listeners = {1}}, {.listeners = {0, 2}, .path = "/x"}, {.path_prefix = "/all"}});
    config.listeners.resize(3);
    const Table table(config);
    const Request x("GET", "", "/x");
    const Request all("GET", "", "/all");
    EXPECT_EQ(table.match(0, x.head()), 1);
    EXPECT_EQ(table.match(1, x.head()), 0);
    EXPECT_EQ(table.match(2, x.head()), 1);
    EXPECT_EQ(table.match(0, all.head()), 2);
    EXPECT_EQ(table.match(1, all.head()), 2);
}

TEST(Table, ExplainSaysWhyInOrder) {
    config::Config config =
        config_of({{},
                   {.hosts = {"other.example"}},
                   {.hosts = {"a.example"}, .path_prefix = "/api", .methods = {"POST", "PUT"}},
                   {.hosts = {"*.example"}, .path = "/api/x"},
                   {.hosts = {"a.example"}, .path = "/y"},
                   {.listeners = {1}}});
    config.listeners.resize(2);
    config.routes[3].config_place = "ringway.toml:9:1";
    const Table table(config);
    const Request request("GET", "a.example:80", "/api/x");
    EXPECT_EQ(table.explain(0, request.head()), (std::vector<std::string>{
                                                    "r4: no, path is not /y",
                                                    "r2: no, method GET is not POST or PUT",
                                                    "r3 (ringway.toml:9:1): taken",
                                                    "r0: matches, but r3 comes first",
                                                    "r1: no, host a.example is not other.example",
                                                }));
}

}  // namespace
}  // namespace ringway::route
