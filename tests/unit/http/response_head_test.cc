// Response heads: the status line, the framing that follows, and what makes an answer a bad one.
#include <gtest/gtest.h>

#include <string>

#include "every_way.h"

namespace ringway::http {
namespace {

using test::parse_response;
using namespace std::string_literals;

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

ResponseHead parsed(std::string_view bytes, Method method = Method::get) {
    ResponseHead head;
    EXPECT_EQ(name_of(parse_response(bytes, head, method)), "none") << test::escaped(bytes);
    return head;
}

TEST(ResponseHead, ReadsTheWholeHead) {
    const std::string bytes =
        "HTTP/1.1 404 Not d\xe9j\xe0 Found\r\nContent-Length: 5\r\nSet-Cookie: a\r\n\r\nhello";
    const ResponseHead head = parsed(bytes);
    EXPECT_EQ(head.size, bytes.size() - 5);
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.reason, "Not d\xe9j\xe0 Found");
    EXPECT_EQ(head.framing, Framing::length);
    EXPECT_EQ(head.content_length, 5u);
    EXPECT_TRUE(head.has_content_length);
    EXPECT_TRUE(head.keep_alive);
    ASSERT_EQ(head.fields.count, 2u);
    EXPECT_EQ(head.fields.at[1].id, FieldId::set_cookie);
}

TEST(ResponseHead, StatusLines) {  // RFC 9112 4
    const struct {
        std::string line;
        HeadError expected;
    } cases[] = {
        {"HTTP/1.1 200 OK", HeadError::none},
        {"HTTP/1.0 200 OK", HeadError::none},
        {"HTTP/1.5 200 OK", HeadError::none},
        {"HTTP/1.1 200 ", HeadError::none},
        {"HTTP/1.1 200", HeadError::none},
        {"HTTP/1.1 599 Odd", HeadError::none},
        {"HTTP/1.1 600 Odd", HeadError::bad_status_line},
        {"HTTP/1.1 099 Odd", HeadError::bad_status_line},
        {"HTTP/1.1 000 X", HeadError::bad_status_line},
        {"HTTP/1.1 2000 X", HeadError::bad_status_line},
        {"HTTP/1.1 20 X", HeadError::bad_status_line},
        {"HTTP/1.1 +20 X", HeadError::bad_status_line},
        {"HTTP/1.1  200 X", HeadError::bad_status_line},
        {"HTTP/1.1\t200 X", HeadError::bad_status_line},
        {"HTTP/1.1 200\tX", HeadError::bad_status_line},
        {"HTTP/1.1 200 a\x01", HeadError::bad_status_line},
        {"HTTP/1.1 200 a\0"s, HeadError::bad_status_line},
        {"HTTP/1.1 200 a\rb", HeadError::bare_line_end},
        {"HTTP/1.1 200 a\nb", HeadError::bare_line_end},
        {"HTTP/2.0 200 OK", HeadError::unsupported_version},
        {"HTTP/11.1 200 OK", HeadError::bad_status_line},
        {"HTTP/1.1200 OK", HeadError::bad_status_line},
        {"http/1.1 200 OK", HeadError::bad_status_line},
        {"ICY 200 OK", HeadError::bad_status_line},
        {" HTTP/1.1 200 OK", HeadError::bad_status_line},
        {"\r\nHTTP/1.1 200 OK", HeadError::bad_status_line},
        {"<html>EVIL</html>", HeadError::bad_status_line},
    };
    ResponseHead head;
    for (const auto& one : cases) {
        EXPECT_EQ(name_of(parse_response(one.line + "\r\n\r\n", head)), name_of(one.expected))
            << test::escaped(one.line);
    }
}

TEST(ResponseHead, Framing) {  // RFC 9112 6.3
    const auto framing = [](const std::string& bytes, Method method = Method::get) {
        return parsed(bytes, method).framing;
    };
    EXPECT_EQ(framing(ok("Content-Length: 0\r\n")), Framing::length);
    EXPECT_EQ(framing(ok("Transfer-Encoding: chunked\r\n")), Framing::chunked);
    EXPECT_EQ(framing(ok("")), Framing::until_close);
    EXPECT_EQ(framing(ok("Content-Length: 9\r\n"), Method::head), Framing::none);
    EXPECT_EQ(framing(ok("Transfer-Encoding: chunked\r\n"), Method::head), Framing::none);
    EXPECT_EQ(framing(ok(""), Method::head), Framing::none);
    for (const char* status : {"100", "101", "103", "204", "304"}) {
        EXPECT_EQ(framing("HTTP/1.1 "s + status + " X\r\nContent-Length: 9\r\n\r\n"), Framing::none)
            << status;
        EXPECT_EQ(framing("HTTP/1.1 "s + status + " X\r\n\r\n"), Framing::none) << status;
    }
    EXPECT_EQ(framing("HTTP/1.1 205 X\r\n\r\n"), Framing::until_close);
    EXPECT_EQ(framing("HTTP/1.0 200 OK\r\n\r\n"), Framing::until_close);
}

TEST(ResponseHead, LengthOfWhatHasNoBodyIsKept) {
    const std::string bytes = ok("Content-Length: 1000\r\n");
    const ResponseHead head = parsed(bytes, Method::head);
    EXPECT_TRUE(head.has_content_length);
    EXPECT_EQ(head.content_length, 1000u);
}

TEST(ResponseHead, BadFraming) {
    const struct {
        std::string bytes;
        HeadError expected;
    } cases[] = {
        {ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
         HeadError::length_and_transfer_encoding},
        {ok("Content-Length: 4, 9\r\n"), HeadError::bad_content_length},
        {ok("Content-Length: 4\r\nContent-Length: 4\r\n"), HeadError::bad_content_length},
        {ok("Content-Length: 4\r\nContent-Length: 9\r\n"), HeadError::conflicting_content_length},
        {ok("Content-Length: -4\r\n"), HeadError::bad_content_length},
        {ok("Content-Length: 18446744073709551620\r\n"), HeadError::bad_content_length},
        {ok("Transfer-Encoding: gzip, chunked\r\n"), HeadError::unsupported_transfer_coding},
        {ok("Transfer-Encoding: gzip\r\n"), HeadError::bad_transfer_encoding},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError::bad_transfer_encoding},
    };
    ResponseHead head;
    for (const auto& one : cases) {
        for (const Method method : {Method::get, Method::head}) {
            EXPECT_EQ(name_of(parse_response(one.bytes, head, method)), name_of(one.expected))
                << test::escaped(one.bytes);
        }
    }
}

TEST(ResponseHead, BadLines) {
    const struct {
        std::string bytes;
        HeadError expected;
    } cases[] = {
        {ok("X-A : one\r\n"), HeadError::bad_field_name},
        {ok("Foo\r\n"), HeadError::bad_field_name},
        {ok("X-A: a\rSet-Cookie: evil=1\r\n"), HeadError::bare_line_end},
        {ok("X-A: a\nSet-Cookie: evil=1\r\n"), HeadError::bare_line_end},
        {ok("X-A: a\0b\r\n"s), HeadError::bad_field_value},
        {ok("X-A: a\r\n b\r\n"), HeadError::obsolete_fold},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\n", HeadError::bare_line_end},
        {ok("X-A: " + std::string(1'000'000, 'a') + "\r\n"), HeadError::head_too_large},
    };
    ResponseHead head;
    for (const auto& one : cases) {
        EXPECT_EQ(name_of(parse_response(one.bytes, head)), name_of(one.expected))
            << test::escaped(one.bytes);
    }
}

TEST(ResponseHead, Persistence) {  // RFC 9112 9.3
    EXPECT_TRUE(parsed(ok("Content-Length: 0\r\n")).keep_alive);
    EXPECT_FALSE(parsed(ok("Content-Length: 0\r\nConnection: Close\r\n")).keep_alive);
    EXPECT_FALSE(parsed(ok("")).keep_alive) << "its end is the connection's";
    EXPECT_FALSE(parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
    EXPECT_TRUE(parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")
                    .keep_alive);
}

TEST(ResponseHead, Upgrade) {  // RFC 9110 7.8
    const std::string bytes =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx";
    const ResponseHead head = parsed(bytes);
    EXPECT_TRUE(head.upgrade);
    EXPECT_EQ(head.framing, Framing::none);
    EXPECT_TRUE(head.fields.at[1].nominated);
    EXPECT_FALSE(parsed("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n").upgrade);
}

TEST(ResponseHead, HopelessPrefixesAreRefusedEarly) {
    const auto prefix_error = [](std::string_view bytes) {
        ResponseHead head;
        std::uint32_t scanned = 0;
        return parse_response_head(bytes, {}, Method::get, scanned, head);
    };
    EXPECT_EQ(prefix_error("H"), HeadError::incomplete);
    EXPECT_EQ(prefix_error("HTTP/1.1 20"), HeadError::incomplete);
    EXPECT_EQ(prefix_error("<"), HeadError::bad_status_line);
    EXPECT_EQ(prefix_error("HTTQ"), HeadError::bad_status_line);
    EXPECT_EQ(prefix_error("HTTP/2.0"), HeadError::unsupported_version);
    EXPECT_EQ(prefix_error("HTTP/1.1 6x"), HeadError::bad_status_line);
}

}  // namespace
}  // namespace ringway::http
