#include "plan/mix.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plan/request.h"

namespace ringload {
namespace {

namespace config = ringway::config;

/// The errors of a text, a line each.
std::string errors_of(std::string_view text) {
    const auto kinds = parse_mix(text, "mix.toml");
    if (kinds) return "";
    std::string lines;
    for (const config::Error& error : kinds.error()) lines += error.text() + "\n";
    return lines;
}

/// The one request of a text with these keys.
RequestKind request_of(std::string_view keys) {
    const auto kinds = parse_mix("[[request]]\n" + std::string(keys), "mix.toml");
    EXPECT_TRUE(kinds.has_value()) << errors_of("[[request]]\n" + std::string(keys));
    if (!kinds || kinds->size() != 1) return {};
    return kinds->front();
}

TEST(Mix, an_empty_request_is_a_get_of_the_root) {
    const RequestKind kind = request_of("");
    EXPECT_EQ(kind.name, "GET /");
    EXPECT_EQ(kind.method, "GET");
    EXPECT_EQ(kind.target, "/");
    EXPECT_EQ(kind.weight, 1u);
    ASSERT_EQ(kind.expected.size(), 1u);
    EXPECT_EQ(kind.expected[0].first, 200);
    EXPECT_EQ(kind.expected[0].last, 399);
    EXPECT_EQ(kind.checksum.kind, BodyChecksum::Kind::none);
    EXPECT_FALSE(kind.timeout.has_value());
}

TEST(Mix, every_key_reaches_its_place) {
    const auto kinds = parse_mix(R"([[request]]
name = "order"
method = "PUT"
path = "/orders/{n}?full=1"
headers = { Accept = "text/html", Host = "shop.example" }
body = "x=1"
weight = 7
expect = ["2xx", 301, "500-503"]
checksum = "field:X-Checksum"
timeout = "250ms"

[[request]]
path = "/page"
expect = "304"
checksum = "fnv1a64:00000000deadBEEF"

[[request]]
path = "/zip"
expect = 206
checksum = "crc32:cbf43926"
)",
                                 "mix.toml");
    ASSERT_TRUE(kinds.has_value());
    ASSERT_EQ(kinds->size(), 3u);
    const RequestKind& order = (*kinds)[0];
    EXPECT_EQ(order.name, "order");
    EXPECT_EQ(order.method, "PUT");
    EXPECT_EQ(order.target, "/orders/{n}?full=1");
    using Headers = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(order.headers, (Headers{{"Accept", "text/html"}, {"Host", "shop.example"}}));
    EXPECT_EQ(order.body, "x=1");
    EXPECT_EQ(order.weight, 7u);
    ASSERT_EQ(order.expected.size(), 3u);
    EXPECT_EQ(order.expected[0].first, 200);
    EXPECT_EQ(order.expected[0].last, 299);
    EXPECT_EQ(order.expected[1].first, 301);
    EXPECT_EQ(order.expected[1].last, 301);
    EXPECT_EQ(order.expected[2].first, 500);
    EXPECT_EQ(order.expected[2].last, 503);
    EXPECT_EQ(order.checksum.kind, BodyChecksum::Kind::field);
    EXPECT_EQ(order.checksum.field_name, "X-Checksum");
    EXPECT_EQ(order.timeout, std::chrono::milliseconds(250));
    EXPECT_EQ((*kinds)[1].expected.at(0).first, 304);
    EXPECT_EQ((*kinds)[1].checksum.kind, BodyChecksum::Kind::fnv1a64);
    EXPECT_EQ((*kinds)[1].checksum.value, 0xdeadbeefu);
    EXPECT_EQ((*kinds)[2].expected.at(0).first, 206);
    EXPECT_EQ((*kinds)[2].checksum.kind, BodyChecksum::Kind::crc32);
    EXPECT_EQ((*kinds)[2].checksum.value, 0xcbf43926u);
}

TEST(Mix, a_body_without_a_method_is_posted) {
    EXPECT_EQ(request_of("body = 'x'").method, "POST");
    EXPECT_EQ(request_of("body = 'x'\nmethod = 'PATCH'").method, "PATCH");
    EXPECT_EQ(request_of("body = 'x'").name, "POST /");
}

TEST(Mix, all_errors_of_a_file_come_at_once_with_their_places) {
    EXPECT_EQ(errors_of(R"([[request]]
pathh = "/"
method = "get"
weight = 0
expect = ["2xx", "9xx", true]
checksum = "md5:00"
timeout = 5

[[requests]]
path = "/"

[[request]]
path = "no-slash"
headers = { Content-Length = "3", "A B" = "x", X = 1 }
)"),
              "mix.toml:2:1: unknown key `pathh`, did you mean `path`?\n"
              "mix.toml:3:10: `method`: \"get\" is no method; methods are case-sensitive, write it "
              "in capitals as \"GET\"\n"
              "mix.toml:4:10: `weight`: 0 is out of bounds; write 1 to 1000000\n"
              "mix.toml:5:18: `expect`: write statuses from 100 to 599, as 200, \"2xx\" or "
              "\"200-204\"\n"
              "mix.toml:5:25: `expect`: write statuses from 100 to 599, as 200, \"2xx\" or "
              "\"200-204\"\n"
              "mix.toml:6:12: `checksum`: \"md5:00\" is no checksum; write \"field:NAME\", "
              "\"fnv1a64:HEX\" or \"crc32:HEX\"\n"
              "mix.toml:7:11: `timeout`: 5 is no duration; write it with a unit, as \"5s\"\n"
              "mix.toml:9:3: unknown key `requests`, did you mean `request`?\n"
              "mix.toml:13:8: `path`: \"no-slash\" is no path; start it with \"/\"\n"
              "mix.toml:14:13: `headers`: \"Content-Length\" frames the body, which ringload does "
              "by itself; remove it\n"
              "mix.toml:14:35: `headers`: \"A B\" is no header name; use letters, digits and "
              "\"-\"\n"
              "mix.toml:14:52: `X`: expected a string, found a whole number\n");
}

TEST(Mix, a_file_without_a_request_is_told_so) {
    EXPECT_EQ(errors_of(""),
              "mix.toml: no [[request]]: nothing would be sent; add one with a `path`\n");
    EXPECT_EQ(errors_of("[[request"),
              "mix.toml:1:10: no valid TOML: Error while parsing table header: "
              "encountered end-of-file\n");
    EXPECT_EQ(errors_of("request = 3\n"),
              "mix.toml:1:11: expected [[request]], found a whole number; write [[request]] with "
              "two brackets\n");
}

TEST(Mix, what_contradicts_itself_is_refused) {
    EXPECT_EQ(errors_of("[[request]]\nbody = 'x'\nbody_file = 'y'\n"),
              "mix.toml:3:13: `body_file` is the body and `body` is it too; remove one\n");
    EXPECT_EQ(errors_of("[[request]]\nname = 'a'\n[[request]]\nname = 'a'\n"),
              "mix.toml:4:8: `name`: two requests have the name \"a\"; give one another\n");
    EXPECT_EQ(errors_of("[[request]]\nmethod = 'HEAD'\nchecksum = 'crc32:0'\n"),
              "mix.toml:3:12: `checksum`: the answer to a HEAD request has no body; write "
              "`method = \"GET\"` or remove it\n");
    EXPECT_EQ(errors_of("[[request]]\npath = '/{n}/{n}'\n"),
              "mix.toml:2:8: `path`: \"/{n}/{n}\" has \"{n}\" twice; one place can take the number "
              "of the request\n");
    EXPECT_EQ(errors_of("[[request]]\nheaders = { connection = 'close' }\n"),
              "mix.toml:2:13: `headers`: \"connection\" is written by ringload itself; remove it "
              "(--no-keepalive and --requests-per-connection close connections)\n");
    EXPECT_EQ(errors_of("[[request]]\nheaders = { A = \"x\\r\\nB: y\" }\n"),
              "mix.toml:2:17: `A`: its value has a control character (such as a line end), which "
              "no header value may have; remove it\n");
    EXPECT_EQ(errors_of("[[request]]\nexpect = []\n"),
              "mix.toml:2:10: `expect`: write 1 to 32 statuses, as [\"2xx\", 304]; without this "
              "key every 2xx and 3xx is expected\n");
}

TEST(Mix, a_body_file_lies_beside_the_mix) {
    char folder[] = "/tmp/ringload_mix_XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    const std::filesystem::path root(folder);
    std::ofstream(root / "body.bin", std::ios::binary) << std::string("a\0b", 3);
    std::ofstream(root / "mix.toml") << "[[request]]\nbody_file = 'body.bin'\n";
    std::ofstream(root / "lost.toml") << "[[request]]\nbody_file = 'none.bin'\n";
    const auto kinds = load_mix((root / "mix.toml").string());
    const auto lost = load_mix((root / "lost.toml").string());
    std::filesystem::remove_all(root);
    ASSERT_TRUE(kinds.has_value());
    EXPECT_EQ(kinds->at(0).body, std::string("a\0b", 3));
    EXPECT_EQ(kinds->at(0).method, "POST");
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().at(0).message, "`body_file`: " + (root / "none.bin").string() +
                                              " cannot be opened: No such file or directory");
    EXPECT_EQ(lost.error().at(0).line, 2u);
    const auto none = load_mix((root / "mix.toml").string());
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().at(0).message, "cannot be opened: No such file or directory");
}

TEST(Mix, statuses_are_one_a_hundred_or_a_range) {
    const auto text_of_range = [](std::string_view text) -> std::string {
        const auto range = parse_statuses(text);
        if (!range) return "none";
        return std::to_string(range->first) + "-" + std::to_string(range->last);
    };
    EXPECT_EQ(text_of_range("200"), "200-200");
    EXPECT_EQ(text_of_range("2xx"), "200-299");
    EXPECT_EQ(text_of_range("5xx"), "500-599");
    EXPECT_EQ(text_of_range("200-204"), "200-204");
    for (const char* wrong : {"", "2", "20", "2000", "099", "600", "6xx", "0xx", "2xX", "204-200",
                              "200-", "-200", "200-2xx", "200 ", "20x"}) {
        EXPECT_EQ(text_of_range(wrong), "none") << wrong;
    }
}

TEST(Mix, checksums_have_as_many_digits_as_bits) {
    EXPECT_TRUE(parse_checksum("crc32:12345678").has_value());
    EXPECT_FALSE(parse_checksum("crc32:123456789").has_value());
    EXPECT_TRUE(parse_checksum("fnv1a64:0123456789abcdef").has_value());
    for (const char* wrong : {"", "crc32:", "crc32:xyz", "fnv1a64:", "fnv1a64:0x12",
                              "field:", "field:a b", "crc32:-1", "fnv1a64:00123456789abcdef"}) {
        EXPECT_FALSE(parse_checksum(wrong).has_value()) << wrong;
    }
}

}  // namespace
}  // namespace ringload
