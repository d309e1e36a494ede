// A table of requests and the one answer that each must get, by the section of RFC 9112 or 9110
// that decides it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "every_way.h"

namespace ringway::http {
namespace {

using test::parse_request;
using namespace std::string_literals;

struct Case {
    const char* why;
    std::string bytes;
    HeadError expected;
};

void expect_all(const std::vector<Case>& cases) {
    RequestHead head;
    for (const Case& one : cases) {
        EXPECT_EQ(name_of(parse_request(one.bytes, head)), name_of(one.expected))
            << one.why << ": " << test::escaped(one.bytes);
    }
}

std::string get(const std::string& fields) {
    return "GET /x HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

std::string post(const std::string& fields) {
    return "POST /x HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

std::string line(const std::string& request_line) { return request_line + "\r\nHost: t\r\n\r\n"; }

std::string host(const std::string& value) {
    return "GET /x HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

TEST(RequestCases, RequestLine) {
    expect_all({
        {"plain", line("GET /x HTTP/1.1"), HeadError::none},
        {"white space first", line(" GET /x HTTP/1.1"), HeadError::bad_method},
        {"tabs between", line("GET\t/x\tHTTP/1.1"), HeadError::bad_method},
        {"two spaces", line("GET  /x HTTP/1.1"), HeadError::bad_request_line},
        {"space at the end", line("GET /x HTTP/1.1 "), HeadError::bad_version},
        {"a fourth word", line("GET /x HTTP/1.1 more"), HeadError::bad_version},
        {"no version", line("GET /x"), HeadError::bad_request_line},
        {"no target", line("GET"), HeadError::bad_request_line},
        {"only LF", "GET /x HTTP/1.1\nHost: t\n\n", HeadError::bare_line_end},
        {"only CR", "GET /x HTTP/1.1\rHost: t\r\n\r\n", HeadError::bare_line_end},
        {"LF after the method", "GET\n", HeadError::bare_line_end},
        {"LF after the target", "GET /x\n", HeadError::bare_line_end},
        {"a field first", "Host: t\r\nGET /x HTTP/1.1\r\n\r\n", HeadError::bad_method},
        {"an SSH banner", "SSH-2.0-OpenSSH_9.0\r\n", HeadError::bad_request_line},
        {"a TLS hello", "\x16\x03\x01\x02"s, HeadError::bad_method},
        {"any token is a method", line("M!#$%&'*+-.^_`|~1 /x HTTP/1.1"), HeadError::none},
        {"methods have case", line("get /x HTTP/1.1"), HeadError::none},
        {"no token", line("GE(T /x HTTP/1.1"), HeadError::bad_method},
        {"NUL in the method", line("G\0T /x HTTP/1.1"s), HeadError::bad_method},
        {"over 0x7f in the method", line("G\xc9T /x HTTP/1.1"), HeadError::bad_method},
        {"64 bytes of method", line(std::string(64, 'M') + " /x HTTP/1.1"), HeadError::none},
        {"65 bytes of method", line(std::string(65, 'M') + " /x HTTP/1.1"), HeadError::bad_method},
    });
}

TEST(RequestCases, EmptyLinesBefore) {  // RFC 9112 2.2
    expect_all({
        {"four", "\r\n\r\n\r\n\r\n" + line("GET /x HTTP/1.1"), HeadError::none},
        {"five", "\r\n\r\n\r\n\r\n\r\n" + line("GET /x HTTP/1.1"), HeadError::bad_request_line},
        {"bare LF", "\n" + line("GET /x HTTP/1.1"), HeadError::bare_line_end},
        {"bare CR", "\r" + line("GET /x HTTP/1.1"), HeadError::bare_line_end},
        {"nothing yet", "\r\n\r\n", HeadError::incomplete},
    });
}

TEST(RequestCases, Version) {  // RFC 9112 2.3
    expect_all({
        {"1.0", line("GET /x HTTP/1.0"), HeadError::none},
        {"1.2", line("GET /x HTTP/1.2"), HeadError::none},
        {"1.9", line("GET /x HTTP/1.9"), HeadError::none},
        {"2.0", line("GET /x HTTP/2.0"), HeadError::unsupported_version},
        {"0.9", line("GET /x HTTP/0.9"), HeadError::unsupported_version},
        {"3.7", line("GET /x HTTP/3.7"), HeadError::unsupported_version},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
         HeadError::unsupported_version},
        {"two digits before", line("GET /x HTTP/01.1"), HeadError::bad_version},
        {"two digits behind", line("GET /x HTTP/1.10"), HeadError::bad_version},
        {"no minor", line("GET /x HTTP/1."), HeadError::bad_version},
        {"no point", line("GET /x HTTP/1"), HeadError::bad_version},
        {"a comma", line("GET /x HTTP/1,1"), HeadError::bad_version},
        {"small letters", line("GET /x http/1.1"), HeadError::bad_version},
        {"another protocol", line("GET /x ICAP/1.1"), HeadError::bad_version},
        {"a letter", line("GET /x HTTP/1.x"), HeadError::bad_version},
    });
}

TEST(RequestCases, Target) {  // RFC 9112 3.2
    expect_all({
        {"percent codes stay", line("GET /a%2Fb%00?x=%2f HTTP/1.1"), HeadError::none},
        {"two slashes are a path", line("GET //evil.example/x HTTP/1.1"), HeadError::none},
        {"dot segments are the route's", line("GET /a/../../b HTTP/1.1"), HeadError::none},
        {"a fragment", line("GET /a#b HTTP/1.1"), HeadError::bad_target},
        {"NUL", line("GET /a\0b HTTP/1.1"s), HeadError::bad_target},
        {"DEL", line("GET /a\x7f HTTP/1.1"), HeadError::bad_target},
        {"HTAB", line("GET /a\tb HTTP/1.1"), HeadError::bad_target},
        {"over 0x7f", line("GET /\xc3\xa4 HTTP/1.1"), HeadError::bad_target},
        {"over 0x7f far behind", line("GET /" + std::string(100, 'a') + "\xe4 HTTP/1.1"),
         HeadError::bad_target},
        {"relative", line("GET x HTTP/1.1"), HeadError::bad_target},
        {"backslash", line("GET \\x HTTP/1.1"), HeadError::bad_target},
        {"only a query", line("GET ?x HTTP/1.1"), HeadError::bad_target},
        {"OPTIONS *", line("OPTIONS * HTTP/1.1"), HeadError::none},
        {"GET *", line("GET * HTTP/1.1"), HeadError::bad_target},
        {"OPTIONS *x", line("OPTIONS *x HTTP/1.1"), HeadError::bad_target},
    });
}

TEST(RequestCases, AbsoluteForm) {  // RFC 9112 3.2.2
    expect_all({
        {"http", line("GET http://t/x?y HTTP/1.1"), HeadError::none},
        {"https with port", line("GET https://t:443/x HTTP/1.1"), HeadError::none},
        {"capitals", line("GET HTTP://t/x HTTP/1.1"), HeadError::none},
        {"no path", line("GET http://t HTTP/1.1"), HeadError::none},
        {"no path but a query", line("GET http://t?x HTTP/1.1"), HeadError::none},
        {"IPv6", line("GET http://[::1]:80/ HTTP/1.1"), HeadError::none},
        {"another scheme", line("GET ftp://t/x HTTP/1.1"), HeadError::bad_target},
        {"one slash", line("GET http:/t/x HTTP/1.1"), HeadError::bad_target},
        {"no host", line("GET http:///x HTTP/1.1"), HeadError::bad_host},
        {"a user", line("GET http://u@t/x HTTP/1.1"), HeadError::bad_host},
        {"junk", line("GET http://a^b/x HTTP/1.1"), HeadError::bad_host},
        {"two ports", line("GET http://t:1:2/x HTTP/1.1"), HeadError::bad_host},
        {"Host is still needed", "GET http://t/x HTTP/1.1\r\n\r\n", HeadError::missing_host},
    });
}

TEST(RequestCases, Connect) {  // RFC 9112 3.2.3
    expect_all({
        {"host and port", line("CONNECT t.example:443 HTTP/1.1"), HeadError::none},
        {"IPv6", line("CONNECT [::1]:443 HTTP/1.1"), HeadError::none},
        {"no port", line("CONNECT t HTTP/1.1"), HeadError::bad_connect},
        {"an empty port", line("CONNECT t: HTTP/1.1"), HeadError::bad_connect},
        {"a path", line("CONNECT /x HTTP/1.1"), HeadError::bad_connect},
        {"absolute", line("CONNECT http://t:80/ HTTP/1.1"), HeadError::bad_connect},
        {"authority is for CONNECT only", line("GET t:443 HTTP/1.1"), HeadError::bad_target},
    });
}

TEST(RequestCases, Host) {  // RFC 9112 3.2, RFC 9110 7.2
    expect_all({
        {"name", host("a.example"), HeadError::none},
        {"port", host("a.example:8080"), HeadError::none},
        {"empty port", host("a.example:"), HeadError::none},
        {"port too high", host("a:65536"), HeadError::bad_host},
        {"IPv4", host("127.0.0.1:1"), HeadError::none},
        {"IPv6", host("[fe80::1]:1"), HeadError::none},
        {"IPv6 with IPv4", host("[::ffff:1.2.3.4]"), HeadError::none},
        {"IPv6 with a zone", host("[fe80::1%25eth0]"), HeadError::bad_host},
        {"IPv6 not closed", host("[::1"), HeadError::bad_host},
        {"no IPv6", host("[::1::2]"), HeadError::bad_host},
        {"brackets around nothing", host("[]"), HeadError::bad_host},
        {"bytes behind the bracket", host("[::1]x"), HeadError::bad_host},
        {"empty", host(""), HeadError::none},
        {"underscore", host("a_b"), HeadError::none},
        {"percent code", host("a%20b"), HeadError::none},
        {"half a percent code", host("a%2"), HeadError::bad_host},
        {"slash", host("a/b"), HeadError::bad_host},
        {"question mark", host("a?b"), HeadError::bad_host},
        {"hash", host("a#b"), HeadError::bad_host},
        {"user", host("u@a"), HeadError::bad_host},
        {"space", host("a b"), HeadError::bad_host},
        {"comma", host("a,b"), HeadError::bad_host},
        {"two ports", host("a:80:81"), HeadError::bad_host},
        {"no digits", host("a:http"), HeadError::bad_host},
        {"only a port", host(":80"), HeadError::bad_host},
        {"backslash", host("a\\b"), HeadError::bad_host},
        {"over 0x7f", host("\xc3\xa4"), HeadError::bad_host},
        {"control", host("a\x01"), HeadError::bad_field_value},
        {"missing", "GET /x HTTP/1.1\r\n\r\n", HeadError::missing_host},
        {"missing in 1.0", "GET /x HTTP/1.0\r\n\r\n", HeadError::none},
        {"two", get("Host: u\r\n"), HeadError::repeated_host},
        {"two equal ones", get("Host: t\r\n"), HeadError::repeated_host},
        {"two, far apart", get("A: 1\r\nB: 2\r\nhOsT: t\r\n"), HeadError::repeated_host},
        {"two in 1.0", "GET /x HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", HeadError::repeated_host},
    });
}

TEST(RequestCases, FieldLines) {  // RFC 9112 5, RFC 9110 5
    expect_all({
        {"every token byte", get("A!#$%&'*+-.^_`|~9: x\r\n"), HeadError::none},
        {"empty value", get("Foo:\r\n"), HeadError::none},
        {"blank value", get("Foo: \t \r\n"), HeadError::none},
        {"opaque bytes in a value", get("Foo: caf\xc3\xa9\xff\r\n"), HeadError::none},
        {"tab in a value", get("Foo: a\tb\r\n"), HeadError::none},
        {"space before the colon", get("Foo : x\r\n"), HeadError::bad_field_name},
        {"tab before the colon", get("Foo\t: x\r\n"), HeadError::bad_field_name},
        {"no colon", get("Foo\r\n"), HeadError::bad_field_name},
        {"no name", get(": x\r\n"), HeadError::bad_field_name},
        {"parenthesis in a name", get("Fo(o: x\r\n"), HeadError::bad_field_name},
        {"over 0x7f in a name", get("F\xe9o: x\r\n"), HeadError::bad_field_name},
        {"NUL in a name", get("F\0o: x\r\n"s), HeadError::bad_field_name},
        {"folded", get("A: one\r\n two\r\n"), HeadError::obsolete_fold},
        {"folded by a tab", get("A: one\r\n\ttwo\r\n"), HeadError::obsolete_fold},
        {"a fold that looks like a field", get("A: one\r\n Host: u\r\n"), HeadError::obsolete_fold},
        {"white space before the first field", "GET /x HTTP/1.1\r\n Host: t\r\n\r\n",
         HeadError::obsolete_fold},
        {"a blank last line", "GET /x HTTP/1.1\r\nHost: t\r\n \r\n\r\n", HeadError::obsolete_fold},
        {"LF ends a line", get("A: 1\nB: 2\r\n"), HeadError::bare_line_end},
        {"LF ends the head", "GET /x HTTP/1.1\r\nHost: t\r\n\n", HeadError::bare_line_end},
        {"LF in a name", get("Fo\no: 1\r\n"), HeadError::bare_line_end},
        {"CR in a value", get("A: one\rtwo\r\n"), HeadError::bare_line_end},
        {"CR before CRLF", get("A: one\r\r\n"), HeadError::bare_line_end},
        {"CR at the start of a line", get("\rA: one\r\n"), HeadError::bare_line_end},
        {"NUL in a value", get("A: one\0two\r\n"s), HeadError::bad_field_value},
        {"control in a value", get("A: one\x01two\r\n"), HeadError::bad_field_value},
        {"DEL in a value", get("A: one\x7ftwo\r\n"), HeadError::bad_field_value},
        {"underscore is another name", get("Content_Length: x\r\n"), HeadError::none},
        {"a name of 1024 bytes", get(std::string(1024, 'a') + ": x\r\n"), HeadError::none},
        {"a name of 1025 bytes", get(std::string(1025, 'a') + ": x\r\n"),
         HeadError::head_too_large},
        {"cut in a name", "GET /x HTTP/1.1\r\nHost: t\r\nX-A", HeadError::incomplete},
        {"cut before the last LF", "GET /x HTTP/1.1\r\nHost: t\r\n\r", HeadError::incomplete},
    });
}

TEST(RequestCases, ContentLength) {  // RFC 9112 6.2, 6.3
    const auto length = [](const std::string& value) {
        return post("Content-Length: " + value + "\r\n");
    };
    expect_all({
        {"plain", length("5"), HeadError::none},
        {"leading zeros", length(std::string(500, '0') + "5"), HeadError::none},
        {"largest", length("9223372036854775807"), HeadError::none},
        {"2^63", length("9223372036854775808"), HeadError::bad_content_length},
        {"2^64 + 5", length("18446744073709551621"), HeadError::bad_content_length},
        {"40 digits", length(std::string(40, '9')), HeadError::bad_content_length},
        {"plus", length("+5"), HeadError::bad_content_length},
        {"minus", length("-0"), HeadError::bad_content_length},
        {"empty", length(""), HeadError::bad_content_length},
        {"hex", length("0x5"), HeadError::bad_content_length},
        {"space inside", length("1 0"), HeadError::bad_content_length},
        {"point", length("5.0"), HeadError::bad_content_length},
        {"exponent", length("5e0"), HeadError::bad_content_length},
        {"parameter", length("5;x=1"), HeadError::bad_content_length},
        {"no-break space",
         length("\xa0"
                "5"),
         HeadError::bad_content_length},
        {"full-width digit", length("\xef\xbc\x95"), HeadError::bad_content_length},
        {"list of equals", length("5, 5"), HeadError::bad_content_length},
        {"list of two", length("5, 6"), HeadError::bad_content_length},
        {"lines of equals", post("Content-Length: 5\r\nContent-Length: 5\r\n"),
         HeadError::bad_content_length},
        {"lines of two", post("content-length: 5\r\nX: y\r\nCONTENT-LENGTH: 6\r\n"),
         HeadError::conflicting_content_length},
    });
}

TEST(RequestCases, TransferEncoding) {  // RFC 9112 6.1, 6.3
    const auto coding = [](const std::string& value) {
        return post("Transfer-Encoding: " + value + "\r\n");
    };
    expect_all({
        {"chunked", coding("chunked"), HeadError::none},
        {"any case", coding("CHUNKED"), HeadError::none},
        {"tab before", post("Transfer-Encoding:\tchunked\r\n"), HeadError::none},
        {"in HTTP/1.0", "POST /x HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
         HeadError::bad_transfer_encoding},
        {"and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
         HeadError::length_and_transfer_encoding},
        {"a length first", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
         HeadError::length_and_transfer_encoding},
        {"gzip before", coding("gzip, chunked"), HeadError::unsupported_transfer_coding},
        {"parameters before", coding("gzip;q=1 , chunked"), HeadError::unsupported_transfer_coding},
        {"gzip on its own line", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
         HeadError::unsupported_transfer_coding},
        {"gzip alone", coding("gzip"), HeadError::bad_transfer_encoding},
        {"identity", coding("identity"), HeadError::bad_transfer_encoding},
        {"not last", coding("chunked, identity"), HeadError::bad_transfer_encoding},
        {"twice", coding("chunked, chunked"), HeadError::bad_transfer_encoding},
        {"twice on lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
         HeadError::bad_transfer_encoding},
        {"empty", coding(""), HeadError::bad_transfer_encoding},
        {"empty element", coding(", chunked"), HeadError::bad_transfer_encoding},
        {"xchunked", coding("xchunked"), HeadError::bad_transfer_encoding},
        {"chunk", coding("chunk"), HeadError::bad_transfer_encoding},
        {"quoted", coding("\"chunked\""), HeadError::bad_transfer_encoding},
        {"no comma", coding("chunked chunked"), HeadError::bad_transfer_encoding},
        {"parameter", coding("chunked;a=b"), HeadError::bad_transfer_encoding},
        {"form feed", coding("chunked\f"), HeadError::bad_field_value},
        {"vertical tab", coding("\vchunked"), HeadError::bad_field_value},
        {"0x85", coding("chunked\x85"), HeadError::bad_transfer_encoding},
        {"CR before", coding("\rchunked"), HeadError::bare_line_end},
        {"space before the colon", post("Transfer-Encoding : chunked\r\n"),
         HeadError::bad_field_name},
    });
}

TEST(RequestCases, ExpectAndMaxForwards) {  // RFC 9110 10.1.1, 7.6.2
    expect_all({
        {"100", post("Expect: 100-Continue\r\nContent-Length: 5\r\n"), HeadError::none},
        {"tea", post("Expect: tea\r\n"), HeadError::bad_expect},
        {"mangled", post("Expect: y 100-continue\r\n"), HeadError::bad_expect},
        {"one good and one bad", post("Expect: 100-continue\r\nExpect: tea\r\n"),
         HeadError::bad_expect},
        {"one bad and one good", post("Expect: tea\r\nExpect: 100-continue\r\n"),
         HeadError::bad_expect},
        {"ignored from 1.0", "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", HeadError::none},
        {"hops", "OPTIONS * HTTP/1.1\r\nHost: t\r\nMax-Forwards: 5\r\n\r\n", HeadError::none},
        {"no number", "TRACE / HTTP/1.1\r\nHost: t\r\nMax-Forwards: -1\r\n\r\n",
         HeadError::bad_field_value},
        {"two numbers", "TRACE / HTTP/1.1\r\nHost: t\r\nMax-Forwards: 1\r\nMax-Forwards: 2\r\n\r\n",
         HeadError::bad_field_value},
        {"other methods do not care", get("Max-Forwards: many\r\n"), HeadError::none},
    });
}

TEST(RequestCases, ErrorsHaveTheirStatus) {
    EXPECT_EQ(status_of(HeadError::uri_too_long), 414);
    EXPECT_EQ(status_of(HeadError::bad_expect), 417);
    EXPECT_EQ(status_of(HeadError::head_too_large), 431);
    EXPECT_EQ(status_of(HeadError::too_many_fields), 431);
    EXPECT_EQ(status_of(HeadError::unsupported_transfer_coding), 501);
    EXPECT_EQ(status_of(HeadError::unsupported_version), 505);
    EXPECT_EQ(status_of(HeadError::bare_line_end), 400);
    EXPECT_EQ(status_of(HeadError::repeated_host), 400);
}

}  // namespace
}  // namespace ringway::http
