// New targets, Location values, and what is taken out of a request: cookies, parameters, hash keys,
// the pool of a split.
#include <gtest/gtest.h>

#include "request.h"
#include "ringway/base/hash.h"
#include "ringway/route/table.h"

namespace ringway::route {
namespace {

using config::Route;

TEST(RewrittenTarget, Table) {
    struct Case {
        Route route;
        std::string target;
        std::string expected;
    };
    const Route strip{.path_prefix = "/api", .strip_prefix = true};
    const Route strip_dir{.path_prefix = "/api/", .strip_prefix = true};
    const Route prefix{.path_prefix = "/api", .rewrite = "/v2"};
    const Route regex{.path_regex = "/u/([^/]*)/(.*)", .rewrite = "/$2/of/$1"};
    const Case cases[] = {
        {strip, "/api/x", "/x"},
        {strip, "/api", "/"},
        {strip, "/api/", "/"},
        {strip, "/api?q=1", "/?q=1"},
        {strip, "/api/x/y?", "/x/y?"},
        {strip, "/api//evil.example/x", "/evil.example/x"},
        {strip, "/apix", "/apix"},
        {strip_dir, "/api/x", "/x"},
        {strip_dir, "/api/", "/"},
        {{.path_prefix = "/", .strip_prefix = true}, "/x", "/x"},
        {prefix, "/api/x?a=b", "/v2/x?a=b"},
        {prefix, "/api", "/v2"},
        {prefix, "/api/", "/v2/"},
        {{.path_prefix = "/api", .rewrite = "/"}, "/api/x", "/x"},
        {{.path_prefix = "/", .rewrite = "/v2"}, "/x", "/v2/x"},
        {{.path_prefix = "/", .rewrite = "/v2/"}, "/", "/v2/"},
        {{.path_prefix = "/api/", .rewrite = "/v2"}, "/api/x", "/v2/x"},
        {{.path = "/a", .rewrite = "/b/c"}, "/a?x", "/b/c?x"},
        {{.path = "/a", .rewrite = "/b?c=d"}, "/a", "/b?c=d"},
        {{.path = "/a", .rewrite = "/b?c=d"}, "/a?x", "/b?c=d&x"},
        {{.path = "/a", .rewrite = "b"}, "/a", "/b"},
        {{.rewrite = "/all"}, "/whatever", "/all"},
        {regex, "/u/7/a/b?q", "/a/b/of/7?q"},
        {regex, "/u//x", "/x/of/"},
        {{.path_regex = "/(a)?b", .rewrite = "/[$1]$2$$1$x$"}, "/b", "/[]$$x$"},
        {{.path_regex = "/(a)?b", .rewrite = "/$1$0"}, "/ab", "/a$0"},
        {{.path_regex = "/(1)(2)(3)(4)(5)(6)(7)(8)(9)", .rewrite = "/$9$1"}, "/123456789", "/91"},
        {{.path_regex = "/(", .rewrite = "/x"}, "/(", "/("},
        {{.path_regex = "/(.*)", .rewrite = "/$1"}, "/ä", "/%C3%A4"},
        {{.path_regex = "/(.*)", .rewrite = "$1"}, "//evil.example", "/evil.example"},
        {{.path = "/a", .rewrite = "/b\r\nX: y #\x7f<>"}, "/a", "/b%0D%0AX:%20y%20%23%7F%3C%3E"},
        {{.path = "/a", .rewrite = std::string("/\0\xff\"", 4)}, "/a", "/%00%FF%22"},
        {{.path = "/a", .rewrite = "/%41"}, "/a", "/%41"},
        {strip, "*", "*"},
        {{.path_prefix = "/api"}, "/api/x", "/api/x"},
    };
    for (const Case& one : cases) {
        const Request request("GET", "a.example", one.target);
        EXPECT_EQ(rewritten_target(one.route, request.head()), one.expected) << one.target;
    }
}

TEST(RewrittenTarget, KeepsAPathThatIsTooLongForItsRegex) {
    const std::string path = "/" + std::string(8 * 1024, 'a');
    const Request request("GET", "a.example", path);
    EXPECT_EQ(rewritten_target({.path_regex = "/(.*)", .rewrite = "/x"}, request.head()), path);
}

TEST(RewrittenTarget, IsAskedForOnlyWhereTheRouteRewrites) {
    EXPECT_FALSE(rewrites_path({.path_prefix = "/api"}));
    EXPECT_TRUE(rewrites_path({.path_prefix = "/api", .strip_prefix = true}));
    EXPECT_TRUE(rewrites_path({.path = "/a", .rewrite = "/b"}));
}

TEST(RedirectLocation, Table) {
    struct Case {
        config::Redirect redirect;
        std::string scheme;
        std::string host;
        std::string target;
        std::string expected;
    };
    const config::Redirect to_https{.status = 301, .scheme = "https"};
    const Case cases[] = {
        {to_https, "http", "a.example", "/x?y=z", "https://a.example/x?y=z"},
        {to_https, "http", "a.example:8080", "/", "https://a.example/"},
        {to_https, "http", "[::1]:8080", "/", "https://[::1]/"},
        {to_https, "https", "a.example:8443", "/", "https://a.example:8443/"},
        {{}, "http", "a.example:8080", "/x", "http://a.example:8080/x"},
        {{.host = "b.example"}, "http", "a.example:8080", "/x?", "http://b.example/x?"},
        {{.scheme = "https", .host = "b.example:444"},
         "http",
         "a.example",
         "/x",
         "https://b.example:444/x"},
        {{.path = "/new"}, "http", "a.example", "/old?q", "http://a.example/new?q"},
        {{.path = "/new", .keep_query = false},
         "http",
         "a.example",
         "/old?q",
         "http://a.example/new"},
        {{.path = "/new?a=b"}, "http", "a.example", "/old?q", "http://a.example/new?a=b&q"},
        {{.path = "new page"}, "http", "a.example", "/old", "http://a.example/new%20page"},
        {{}, "http", "", "//evil.example/x", "/evil.example/x"},
        {to_https, "http", "", "/x", "/x"},
        {{}, "http", "user@a.example", "/", "http://a.example/"},
        {{.host = "b.example\r\nX: y/"}, "http", "a.example", "/", "http://b.exampleX:y/"},
        {{.path = "/a\r\nSet-Cookie: x"},
         "http",
         "a.example",
         "/",
         "http://a.example/a%0D%0ASet-Cookie:%20x"},
        {{}, "http", "a.example", "*", "http://a.example/"},
    };
    for (const Case& one : cases) {
        Route route;
        route.redirect = one.redirect;
        const Request request("GET", one.host, one.target);
        EXPECT_EQ(redirect_location(route, request.head(), one.scheme), one.expected);
    }
}

TEST(RedirectLocation, MayRewriteThePath) {
    Route route{.path_prefix = "/old", .rewrite = "/new"};
    route.redirect = config::Redirect{.host = "b.example"};
    const Request request("GET", "a.example", "/old/x?q");
    EXPECT_EQ(redirect_location(route, request.head(), "http"), "http://b.example/new/x?q");
}

// Whatever bytes stand in the configuration or the request: no byte comes out that could end a line
// or a target.
TEST(RedirectLocation, HasOnlySafeBytesWhateverGoesIn) {
    base::Prng prng(3);
    const auto noise = [&prng] {
        std::string text;
        for (std::uint32_t left = prng.below(20); left > 0; --left)
            text += static_cast<char>(prng.below(256));
        return text;
    };
    for (int i = 0; i < 5000; ++i) {
        Route route{.path_prefix = "/p", .rewrite = "/" + noise()};
        route.redirect = config::Redirect{.host = noise(), .path = noise()};
        const Request request("GET", noise(), "/p/" + noise());
        for (const std::string& text : {rewritten_target(route, request.head()),
                                        redirect_location(route, request.head(), "http")}) {
            for (const char c : text) ASSERT_TRUE(c > ' ' && c < 0x7f) << text;
        }
        ASSERT_EQ(rewritten_target(route, request.head()).front(), '/');
    }
}

TEST(CookieValue, Table) {
    struct Case {
        std::vector<std::pair<std::string, std::string>> fields;
        std::string expected;
    };
    const Case cases[] = {
        {{{"Cookie", "id=7"}}, "7"},
        {{{"cookie", "a=b; id=7; c=d"}}, "7"},
        {{{"cookie", "a=b;id=7"}}, "7"},
        {{{"cookie", "xid=1; id2=2; ID=3; id=7"}}, "7"},
        {{{"cookie", "a=b"}, {"cookie", "id=7"}}, "7"},
        {{{"cookie", "id=a=b"}}, "a=b"},
        {{{"cookie", "id=first; id=second"}}, "first"},
        {{{"cookie", " ;;id ; =x; id = 7 ;"}}, "7"},
        {{{"cookie", "id=; id=7"}}, ""},
        {{{"cookie", "id"}}, ""},
        {{{"cookie", ""}}, ""},
        {{{"set-cookie", "id=7"}}, ""},
        {{}, ""},
    };
    for (const Case& one : cases) {
        const Request request("GET", "", "/", one.fields);
        EXPECT_EQ(cookie_value(request.head(), "id"), one.expected)
            << (one.fields.empty() ? "" : one.fields[0].second);
    }
}

TEST(QueryValue, Table) {
    const std::pair<std::string, std::string> cases[] = {
        {"/?id=7", "7"},
        {"/?a=b&id=7&c", "7"},
        {"/?xid=1&id=7", "7"},
        {"/?id=%20+&id=2", "%20+"},
        {"/?id==", "="},
        {"/?id", ""},
        {"/?", ""},
        {"/", ""},
        {"/?&&id=7", "7"},
    };
    for (const auto& [target, expected] : cases) {
        const Request request("GET", "", target);
        EXPECT_EQ(query_value(request.head(), "id"), expected) << target;
    }
}

TEST(HashOf, HashesWhatTheKeyNames) {
    using Kind = config::HashKey::Kind;
    const Request request("GET", "", "/path?id=query",
                          {{"Cookie", "id=cookie"}, {"X-Id", "header"}, {"X-Empty", ""}});
    const base::IpAddress client{{1, 2, 3}};
    EXPECT_EQ(hash_of({Kind::header, "x-id"}, request.head(), client), base::hash_bytes("header"));
    EXPECT_EQ(hash_of({Kind::cookie, "id"}, request.head(), client), base::hash_bytes("cookie"));
    EXPECT_EQ(hash_of({Kind::query, "id"}, request.head(), client), base::hash_bytes("query"));
    EXPECT_EQ(hash_of({Kind::path, ""}, request.head(), client), base::hash_bytes("/path"));
    for (const Kind kind : {Kind::header, Kind::cookie, Kind::query}) {
        EXPECT_EQ(hash_of({kind, "none"}, request.head(), client), std::nullopt);
    }
    EXPECT_EQ(hash_of({Kind::header, "x-empty"}, request.head(), client), std::nullopt);
}

TEST(HashOf, OneClientHasOneHash) {
    const config::HashKey key;
    const Request request("GET", "", "/");
    const base::IpAddress client{{1, 2, 3}};
    base::IpAddress other = client;
    EXPECT_EQ(hash_of(key, request.head(), client), hash_of(key, request.head(), other));
    other.bytes[15] = 1;
    EXPECT_NE(hash_of(key, request.head(), client), hash_of(key, request.head(), other));
}

TEST(ChoosePool, SplitsByWeight) {
    base::Prng prng(1);
    Route route;
    route.split = config::Split{
        {{cluster::PoolIndex{4}, 90}, {cluster::PoolIndex{2}, 0}, {cluster::PoolIndex{7}, 10}}};
    int fours = 0;
    for (int i = 0; i < 20'000; ++i) {
        const cluster::PoolIndex pool = choose_pool(route, prng);
        ASSERT_TRUE(pool.value == 4 || pool.value == 7);
        fours += pool.value == 4 ? 1 : 0;
    }
    EXPECT_NEAR(fours, 18'000, 200);
    route.split.reset();
    route.to_pool = cluster::PoolIndex{3};
    EXPECT_EQ(choose_pool(route, prng).value, 3);
}

}  // namespace
}  // namespace ringway::route
