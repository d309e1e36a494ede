#include "cli/url.h"

#include <gtest/gtest.h>

namespace ringload {
namespace {

/// "authority|host|port|path", or the reason why it is no URL.
std::string split(std::string_view url) {
    const auto parts = split_url(url);
    if (!parts) return parts.error();
    return parts->authority + "|" + parts->host + "|" + std::to_string(parts->port) + "|" +
           parts->path;
}

TEST(Url, its_parts_are_those_of_rfc_3986) {
    EXPECT_EQ(split("http://localhost"), "localhost|localhost|80|/");
    EXPECT_EQ(split("http://localhost/"), "localhost|localhost|80|/");
    EXPECT_EQ(split("HTTP://h:8080/a/b?c=d"), "h:8080|h|8080|/a/b?c=d");
    EXPECT_EQ(split("http://h?q=1"), "h|h|80|/?q=1");
    EXPECT_EQ(split("http://[::1]:81/x"), "[::1]:81|::1|81|/x");
    EXPECT_EQ(split("http://[::1]"), "[::1]|::1|80|/");
    EXPECT_EQ(split("http://127.0.0.1:65535/{n}"), "127.0.0.1:65535|127.0.0.1|65535|/{n}");
    EXPECT_EQ(split("http://h/a@b:c"), "h|h|80|/a@b:c");
}

TEST(Url, what_is_none_is_told_why) {
    EXPECT_EQ(split(""), ": has no scheme; write http://");
    EXPECT_EQ(split("http://"), "http://: has no host; write http://host:port/path");
    EXPECT_EQ(split("http:///x"), "http:///x: has no host; write http://host:port/path");
    for (const char* port : {"0", "65536", "999999", "x", "", "-1"}) {
        const std::string url = "http://h:" + std::string(port) + "/";
        EXPECT_EQ(split(url), url + ": its port must be 1 to 65535");
    }
    EXPECT_EQ(split("http://a_b c/"),
              "http://a_b c/: its host is neither a name nor an IP address (IPv6 in brackets: "
              "[::1])");
    EXPECT_EQ(split("http://::1/"),
              "http://::1/: its host is neither a name nor an IP address (IPv6 in brackets: "
              "[::1])");
    EXPECT_EQ(split("http://me:pw@h/"),
              "http://me:pw@h/: has a user name; send it as -H 'Authorization: Basic ...'");
    EXPECT_EQ(split("http://h/a b"),
              "http://h/a b: its path is no path; spaces, \"#\" and control characters cannot be "
              "part of one (write %20 for a space)");
    EXPECT_EQ(split("http://h/a#b"),
              "http://h/a#b: has a \"#\", which is never sent; remove it and what follows");
}

TEST(Url, names_are_resolved) {
    const auto target = parse_url("http://localhost:8123/x?y");
    ASSERT_TRUE(target.has_value()) << target.error();
    const std::string text = target->connect.text();
    EXPECT_TRUE(text == "127.0.0.1:8123" || text == "[::1]:8123") << text;
    EXPECT_EQ(target->authority, "localhost:8123");
    EXPECT_EQ(target->path, "/x?y");
    EXPECT_EQ(parse_url("http://[::1]:5/").value().connect.text(), "[::1]:5");
    const auto unknown = parse_url("http://no-such-name.invalid/");
    ASSERT_FALSE(unknown.has_value());
    EXPECT_TRUE(unknown.error().starts_with("no-such-name.invalid: the name cannot be resolved: "))
        << unknown.error();
}

}  // namespace
}  // namespace ringload
