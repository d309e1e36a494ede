// What a parsed request head says, and what limits and prefixes do to it.
#include <gtest/gtest.h>

#include <string>

#include "every_way.h"

namespace ringway::http {
namespace {

using test::parse_request;

RequestHead parsed(std::string_view bytes) {
    // The views of the result are into `bytes`.
    RequestHead head;
    EXPECT_EQ(name_of(parse_request(bytes, head)), "none") << test::escaped(bytes);
    return head;
}

HeadError prefix_error(std::string_view bytes, const HeadLimits& limits = {}) {
    RequestHead head;
    std::uint32_t scanned = 0;
    return parse_request_head(bytes, limits, scanned, head);
}

TEST(RequestHead, ReadsTheWholeHead) {
    const std::string bytes =
        "\r\nPOST /a/b?x=1&y?z HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 5\r\n"
        "X-Request-ID: 7\r\nFoo:  \t bar baz \t \r\n\r\nhello";
    const RequestHead head = parsed(bytes);
    EXPECT_EQ(head.size, bytes.size() - 5);
    EXPECT_EQ(head.skipped, 2u);
    EXPECT_EQ(head.method, Method::post);
    EXPECT_EQ(head.target, "/a/b?x=1&y?z");
    EXPECT_EQ(head.path, "/a/b");
    EXPECT_EQ(head.query, "x=1&y?z");
    EXPECT_TRUE(head.has_query);
    EXPECT_EQ(head.authority, "a.example:8080");
    EXPECT_FALSE(head.absolute_form);
    EXPECT_EQ(head.framing, Framing::length);
    EXPECT_EQ(head.content_length, 5u);
    EXPECT_TRUE(head.keep_alive);
    ASSERT_EQ(head.fields.count, 4u);
    EXPECT_EQ(head.fields.at[2].id, FieldId::x_request_id);
    EXPECT_EQ(head.fields.at[3].name, "Foo");
    EXPECT_EQ(head.fields.at[3].value, "bar baz");
    EXPECT_EQ(head.fields.find("FOO"), &head.fields.at[3]);
    EXPECT_EQ(head.fields.find(FieldId::cookie), nullptr);
}

TEST(RequestHead, LinesAreContiguous) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: t\r\nA:1\r\nB: 2 \r\n\r\n";
    const RequestHead head = parsed(bytes);
    const char* const first = bytes.data() + 16;
    EXPECT_EQ(head.fields.at[0].name.data(), first);
    EXPECT_EQ(head.fields.at[1].name.data(), first + 9);
    EXPECT_EQ(head.fields.at[2].name.data(), first + 14);
}

TEST(RequestHead, TargetForms) {
    const struct {
        const char* line;
        const char* path;
        const char* query;
        const char* authority;
        bool absolute;
    } cases[] = {
        {"GET / HTTP/1.1", "/", "", "t", false},
        {"GET /? HTTP/1.1", "/", "", "t", false},
        {"GET //evil.example/x HTTP/1.1", "//evil.example/x", "", "t", false},
        {"GET http://u:8080/x?y=1 HTTP/1.1", "/x", "y=1", "u:8080", true},
        {"GET HTTPS://u HTTP/1.1", "/", "", "u", true},
        {"GET http://u?y HTTP/1.1", "/", "y", "u", true},
        {"OPTIONS http://u HTTP/1.1", "*", "", "u", true},
        {"OPTIONS http://u?y HTTP/1.1", "/", "y", "u", true},
        {"OPTIONS * HTTP/1.1", "*", "", "t", false},
        {"CONNECT u:443 HTTP/1.1", "/", "", "u:443", false},
    };
    for (const auto& one : cases) {
        const std::string bytes = std::string(one.line) + "\r\nHost: t\r\n\r\n";
        const RequestHead head = parsed(bytes);
        EXPECT_EQ(head.path, one.path) << one.line;
        EXPECT_EQ(head.query, one.query) << one.line;
        EXPECT_EQ(head.authority, one.authority) << one.line;
        EXPECT_EQ(head.absolute_form, one.absolute) << one.line;
        EXPECT_EQ(head.has_query, std::string_view(one.line).find('?') != std::string_view::npos);
    }
}

TEST(RequestHead, Persistence) {  // RFC 9112 9.3
    const struct {
        const char* version;
        const char* connection;
        bool keep_alive;
    } cases[] = {
        {"1.1", "", true},
        {"1.1", "Connection: CLOSE\r\n", false},
        {"1.1", "Connection: x ,, close\r\n", false},
        {"1.1", "Connection: keep-alive, close\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.7", "", true},
        {"1.0", "", false},
        {"1.0", "Connection: Keep-Alive\r\n", true},
        {"1.0", "Connection: keep-alive\r\nConnection: close\r\n", false},
    };
    for (const auto& one : cases) {
        const std::string bytes =
            std::string("GET / HTTP/") + one.version + "\r\nHost: t\r\n" + one.connection + "\r\n";
        const RequestHead head = parsed(bytes);
        EXPECT_EQ(head.keep_alive, one.keep_alive) << bytes;
        EXPECT_EQ(head.minor_version, one.version[2] == '0' ? 0 : 1) << bytes;
    }
}

TEST(RequestHead, NominatedFields) {  // RFC 9110 7.6.1
    const std::string bytes =
        "GET / HTTP/1.1\r\nHost: t\r\nX-Secret: 1\r\nConnection: x-SECRET,keep-alive\r\n"
        "Keep-Alive: 5\r\nX-Kept: 2\r\nconnection: host, Content-Length , cookie\r\n"
        "Content-Length: 3\r\nCookie: a\r\nX-Secret2: 3\r\n\r\n";
    const RequestHead head = parsed(bytes);
    std::string nominated;
    for (const Field& field : head.fields) {
        if (field.nominated) nominated += std::string(field.name) + " ";
    }
    EXPECT_EQ(nominated, "X-Secret Keep-Alive Cookie ");
    EXPECT_EQ(head.framing, Framing::length);
}

TEST(RequestHead, TooManyConnectionOptionsAreRefused) {
    const auto request = [](int options) {
        std::string bytes = "GET / HTTP/1.1\r\nHost: t\r\nConnection: ";
        for (int i = 0; i < options; ++i) bytes += "a,";
        return bytes + "\r\n\r\n";
    };
    RequestHead head;
    EXPECT_EQ(parse_request(request(32), head), HeadError::none);
    EXPECT_EQ(parse_request(request(33), head), HeadError::bad_field_value);
}

TEST(RequestHead, UpgradeNeedsBothFieldsAndVersion11) {  // RFC 9110 7.8
    const auto upgrade = [](const std::string& version, const std::string& fields) {
        const std::string bytes = "GET / HTTP/" + version + "\r\nHost: t\r\n" + fields + "\r\n";
        return parsed(bytes).upgrade;
    };
    EXPECT_TRUE(upgrade("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(upgrade("1.1", "Upgrade: websocket\r\n"));
    EXPECT_FALSE(upgrade("1.1", "Connection: Upgrade\r\n"));
    EXPECT_FALSE(upgrade("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

TEST(RequestHead, ExpectsContinueOnlyWithABodyToCome) {  // RFC 9110 10.1.1
    const auto expects = [](const std::string& version, const std::string& fields) {
        const std::string bytes =
            "POST / HTTP/" + version + "\r\nHost: t\r\nExpect: 100-continue\r\n" + fields + "\r\n";
        return parsed(bytes).expects_continue;
    };
    EXPECT_TRUE(expects("1.1", "Content-Length: 1\r\n"));
    EXPECT_TRUE(expects("1.1", "Transfer-Encoding: chunked\r\n"));
    EXPECT_FALSE(expects("1.1", "Content-Length: 0\r\n"));
    EXPECT_FALSE(expects("1.1", ""));
    EXPECT_FALSE(expects("1.0", "Content-Length: 1\r\n"));
}

TEST(RequestHead, MaxForwards) {  // RFC 9110 7.6.2
    const auto hops = [](const std::string& method, const std::string& value) {
        const std::string bytes =
            method + " / HTTP/1.1\r\nHost: t\r\nMax-Forwards: " + value + "\r\n\r\n";
        return parsed(bytes).max_forwards;
    };
    EXPECT_EQ(hops("OPTIONS", "0"), 0u);
    EXPECT_EQ(hops("TRACE", "17"), 17u);
    EXPECT_EQ(hops("TRACE", "99999999999999999999999"), RequestHead::kNoMaxForwards);
    EXPECT_EQ(hops("GET", "17"), RequestHead::kNoMaxForwards);
}

TEST(RequestHead, NothingStaysFromTheHeadBefore) {
    RequestHead head;
    const std::string first =
        "GET http://u/x?y HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: a\r\n"
        "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n";
    const std::string second = "OPTIONS * HTTP/1.0\r\n\r\n";
    std::uint32_t scanned = 0;
    ASSERT_EQ(parse_request_head(first, {}, scanned, head), HeadError::none);
    EXPECT_EQ(scanned, 0u);
    ASSERT_EQ(parse_request_head(second, {}, scanned, head), HeadError::none);
    RequestHead fresh;
    ASSERT_EQ(parse_request_head(second, {}, scanned, fresh), HeadError::none);
    EXPECT_EQ(test::shown(head), test::shown(fresh));
}

TEST(RequestLimits, TargetIsBounded) {
    const auto request = [](std::size_t size) {
        return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n";
    };
    const HeadLimits limits{.target_bytes_max = 100};
    RequestHead head;
    EXPECT_EQ(parse_request(request(100), head, limits), HeadError::none);
    EXPECT_EQ(parse_request(request(101), head, limits), HeadError::uri_too_long);
    EXPECT_EQ(prefix_error("GET /" + std::string(99, 'a'), limits), HeadError::incomplete);
    EXPECT_EQ(prefix_error("GET /" + std::string(100, 'a'), limits), HeadError::uri_too_long);
    EXPECT_EQ(prefix_error("GET /" + std::string(100'000, 'a')), HeadError::uri_too_long);
}

TEST(RequestLimits, DribbledTargetIsRefusedBeforeItsEnd) {
    const HeadLimits limits{.target_bytes_max = 1000};
    const std::string bytes = "GET /" + std::string(5000, 'a');
    RequestHead head;
    std::uint32_t scanned = 0;
    std::size_t size = 1;
    while (parse_request_head(std::string_view(bytes).substr(0, size), limits, scanned, head) ==
           HeadError::incomplete) {
        ASSERT_LT(++size, 1200u);
    }
}

TEST(RequestLimits, HeadIsBounded) {
    const auto request = [](std::size_t size) {
        const std::string start = "GET / HTTP/1.1\r\nHost: t\r\nA: ";
        return start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n";
    };
    const HeadLimits limits{.bytes_max = 500};
    RequestHead head;
    EXPECT_EQ(parse_request(request(500), head, limits), HeadError::none);
    EXPECT_EQ(parse_request(request(500) + "a body that counts not", head, limits),
              HeadError::none);
    EXPECT_EQ(parse_request(request(501), head, limits), HeadError::head_too_large);
    EXPECT_EQ(prefix_error(request(600).substr(0, 499), limits), HeadError::incomplete);
    EXPECT_EQ(prefix_error(request(600).substr(0, 500), limits), HeadError::head_too_large);
    EXPECT_EQ(parse_request(request(70'000), head), HeadError::head_too_large);
}

TEST(RequestLimits, FieldsAreCounted) {
    const auto request = [](std::uint32_t fields) {
        std::string bytes = "GET / HTTP/1.1\r\nHost: t\r\n";
        for (std::uint32_t i = 1; i < fields; ++i) bytes += "A: b\r\n";
        return bytes;
    };
    RequestHead head;
    EXPECT_EQ(parse_request(request(100) + "\r\n", head), HeadError::none);
    EXPECT_EQ(head.fields.count, 100u);
    EXPECT_EQ(parse_request(request(101) + "\r\n", head), HeadError::too_many_fields);
    EXPECT_EQ(prefix_error(request(101)), HeadError::too_many_fields);
    // The array's bound holds whatever the configuration says.
    const HeadLimits limits{.fields_max = 100'000};
    EXPECT_EQ(parse_request(request(256) + "\r\n", head, limits), HeadError::none);
    EXPECT_EQ(parse_request(request(257) + "\r\n", head, limits), HeadError::too_many_fields);
}

TEST(RequestPrefix, HopelessOnesAreRefusedEarly) {
    EXPECT_EQ(prefix_error(""), HeadError::incomplete);
    EXPECT_EQ(prefix_error("G"), HeadError::incomplete);
    EXPECT_EQ(prefix_error("\x16"), HeadError::bad_method);
    EXPECT_EQ(prefix_error("<html>"), HeadError::bad_method);
    EXPECT_EQ(prefix_error(std::string(65, 'A')), HeadError::bad_method);
    EXPECT_EQ(prefix_error("GET /x I"), HeadError::bad_version);
    EXPECT_EQ(prefix_error("GET /x\n"), HeadError::bare_line_end);
    EXPECT_EQ(prefix_error("GET /x HTTP/1.1\r\nHost: t\r\nA: b\nC"), HeadError::bare_line_end);
    EXPECT_EQ(prefix_error("GET /x HTTP/1.1\r\nHost : t\r\n"), HeadError::bad_field_name);
}

TEST(RequestPrefix, ALaterPieceIsJudgedAtItsLineEnd) {
    RequestHead head;
    std::uint32_t scanned = 0;
    const std::string bytes = "GET /x HTTP/1.1\r\nHost: t\r\nFoo : b\r\n";
    EXPECT_EQ(parse_request_head(bytes.substr(0, 28), {}, scanned, head), HeadError::incomplete);
    EXPECT_EQ(scanned, 28u);
    EXPECT_EQ(parse_request_head(bytes.substr(0, 32), {}, scanned, head), HeadError::incomplete)
        << "no line has ended: nothing is read twice";
    EXPECT_EQ(parse_request_head(bytes, {}, scanned, head), HeadError::bad_field_name);
}

TEST(Names, KnownFieldsAreFoundInAnyCase) {
    EXPECT_EQ(field_id("te"), FieldId::te);
    EXPECT_EQ(field_id("VIA"), FieldId::via);
    EXPECT_EQ(field_id("Content-Length"), FieldId::content_length);
    EXPECT_EQ(field_id("PROXY-authorization"), FieldId::proxy_authorization);
    EXPECT_EQ(field_id("X-Request-ID"), FieldId::x_request_id);
    EXPECT_EQ(field_id("Http2-Settings"), FieldId::http2_settings);
    EXPECT_EQ(field_id("transfer-encoding"), FieldId::transfer_encoding);
}

TEST(Names, OneByteOffIsAnotherField) {
    const std::string_view known[] = {"connection",
                                      "content-length",
                                      "cookie",
                                      "date",
                                      "expect",
                                      "host",
                                      "http2-settings",
                                      "idempotency-key",
                                      "keep-alive",
                                      "max-forwards",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "proxy-connection",
                                      "retry-after",
                                      "server",
                                      "set-cookie",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "via",
                                      "x-forwarded-for",
                                      "x-forwarded-host",
                                      "x-forwarded-proto",
                                      "x-real-ip",
                                      "x-request-id"};
    int id = 0;
    for (const std::string_view name : known) {
        EXPECT_EQ(static_cast<int>(field_id(name)), ++id) << name;
        for (std::size_t i = 0; i < name.size(); ++i) {
            for (int value = 0; value < 256; ++value) {
                std::string other(name);
                other[i] = static_cast<char>(value);
                const bool same_letter = name[i] >= 'a' && name[i] <= 'z' && value < 0x80 &&
                                         (value | 0x20) == name[i] && value >= 'A';
                EXPECT_EQ(field_id(other) != FieldId::other, other[i] == name[i] || same_letter)
                    << test::escaped(other);
            }
        }
        EXPECT_EQ(field_id(name.substr(0, name.size() - 1)), FieldId::other);
        EXPECT_EQ(field_id(std::string(name) + "x"), FieldId::other);
    }
    EXPECT_EQ(field_id(""), FieldId::other);
    EXPECT_EQ(field_id("a"), FieldId::other);
}

TEST(Names, MethodsAndReasons) {
    EXPECT_EQ(method_of("DELETE"), Method::delete_);
    EXPECT_EQ(method_of("get"), Method::other);
    EXPECT_EQ(method_of(""), Method::other);
    EXPECT_EQ(method_name(Method::patch), "PATCH");
    EXPECT_EQ(method_name(Method::other), "");
    EXPECT_EQ(reason_phrase(502), "Bad Gateway");
    EXPECT_EQ(reason_phrase(100), "Continue");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(299), "");
    EXPECT_EQ(reason_phrase(999), "");
    EXPECT_EQ(name_of(HeadError::bad_connect), "bad_connect");
}

}  // namespace
}  // namespace ringway::http
