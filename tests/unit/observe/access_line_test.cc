#include "ringway/observe/access_line.h"

#include <gtest/gtest.h>

#include "ringway/observe/counters.h"
#include "ringway/observe/timestamp.h"

namespace ringway::observe {
namespace {

config::Config sample_config() {
    config::Config config;
    config.listeners.resize(1);
    config.listeners[0].name = "main";
    config.routes.resize(2);
    config.routes[1].name = "api";
    config.pools.resize(1);
    config.pools[0].name = "api-pool";
    config.pools[0].upstreams.resize(2);
    config.pools[0].upstreams[1].name = "b\"2";
    return config;
}

std::string json_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(access_line, a_full_record_is_this_line) {
    using std::chrono::microseconds;
    AccessRecord record;
    record.started_unix_ns = 1'767'323'045'678'999'999;
    record.queue = microseconds(0);
    record.connect = microseconds(1'205);
    record.first_byte = microseconds(45'010);
    record.total = microseconds(1'234'567);
    record.request_body_bytes = 12;
    record.response_body_bytes = 3456;
    record.status = 200;
    record.route = 1;
    record.pool = 0;
    record.upstream = 1;
    record.attempts = 2;
    record.upstream_reused = true;
    record.client = *base::SocketAddress::parse("[2001:db8::7]:5000");
    record.method = "POST";
    record.target = "/v1/chat?x=\"1\"";
    record.host = "api.example";
    record.request_id = "abc";
    record.user_agent = "curl/8";
    std::string line;
    append_access_line(line, record, sample_config());
    EXPECT_EQ(line,
              R"({"time":"2026-01-02T03:04:05.678Z","client":"2001:db8::7","client_port":5000,)"
              R"("listener":"main","route":"api","pool":"api-pool","upstream":"b\"2",)"
              R"("method":"POST","target":"/v1/chat?x=\"1\"","host":"api.example",)"
              R"("protocol":"HTTP/1.1","status":200,"request_body_bytes":12,)"
              R"("response_body_bytes":3456,"attempts":2,"reused":true,"request_id":"abc",)"
              R"("user_agent":"curl/8","referer":"","queue_ms":0.000,"connect_ms":1.205,)"
              R"("first_byte_ms":45.010,"total_ms":1234.567,"refusal":null})"
              "\n");
}

TEST(access_line, what_does_not_apply_is_null) {
    AccessRecord record;
    record.started_unix_ns = 0;
    record.listener = 9;  // of another configuration
    record.pool = 0;
    record.upstream = 2;
    record.minor_version = 0;
    record.refusal = static_cast<std::int8_t>(Refusal::header_timeout);
    std::string line;
    append_access_line(line, record, sample_config());
    EXPECT_EQ(line, R"({"time":"1970-01-01T00:00:00.000Z","client":"unix:","client_port":null,)"
                    R"("listener":null,"route":null,"pool":"api-pool","upstream":null,)"
                    R"("method":"","target":"","host":"","protocol":"HTTP/1.0","status":0,)"
                    R"("request_body_bytes":0,"response_body_bytes":0,"attempts":0,"reused":false,)"
                    R"("request_id":"","user_agent":"","referer":"","queue_ms":null,)"
                    R"("connect_ms":null,"first_byte_ms":null,"total_ms":null,)"
                    R"("refusal":"header_timeout"})"
                    "\n");
}

TEST(json_string, quotes_backslashes_and_controls_are_escaped) {
    EXPECT_EQ(json_of("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_of(std::string_view("\0\x01\x1f\x7f\n\r\t", 7)),
              R"("\u0000\u0001\u001f\u007f\n\r\t")");
}

TEST(json_string, well_formed_utf_8_stays) {
    for (const char* text : {"é", "€", "𝄞", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf",
                             "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}) {
        EXPECT_EQ(json_of(text), "\"" + std::string(text) + "\"");
    }
}

TEST(json_string, ill_formed_bytes_become_escapes_of_the_byte) {
    EXPECT_EQ(json_of("\xff"), R"("\u00ff")");
    EXPECT_EQ(json_of("\x80z"), R"("\u0080z")");                              // continuation alone
    EXPECT_EQ(json_of("\xc3"), R"("\u00c3")");                                // cut
    EXPECT_EQ(json_of("\xc3(\xa9"), R"("\u00c3(\u00a9")");                    // wrong continuation
    EXPECT_EQ(json_of("\xc0\xaf"), R"("\u00c0\u00af")");                      // overlong
    EXPECT_EQ(json_of("\xe0\x9f\xbf"), R"("\u00e0\u009f\u00bf")");            // overlong
    EXPECT_EQ(json_of("\xed\xa0\x80"), R"("\u00ed\u00a0\u0080")");            // surrogate
    EXPECT_EQ(json_of("\xf4\x90\x80\x80"), R"("\u00f4\u0090\u0080\u0080")");  // beyond U+10FFFF
    EXPECT_EQ(json_of("\xf0\x8f\xbf\xbf"), R"("\u00f0\u008f\u00bf\u00bf")");  // overlong
    EXPECT_EQ(json_of("\xe2\x82"), R"("\u00e2\u0082")");                      // cut
    EXPECT_EQ(json_of("\xe2\x82\"\xac"), R"("\u00e2\u0082\"\u00ac")");
}

TEST(json_string, no_raw_control_or_unescaped_quote_comes_out_of_any_two_bytes) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string in{static_cast<char>(first), static_cast<char>(second)};
            const std::string out = json_of(in);
            ASSERT_EQ(out.front(), '"');
            ASSERT_EQ(out.back(), '"');
            for (std::size_t i = 1; i + 1 < out.size(); ++i) {
                ASSERT_GE(static_cast<unsigned char>(out[i]), 0x20) << first << ' ' << second;
                ASSERT_NE(out[i], '"') << first << ' ' << second;
                if (out[i] == '\\') ++i;  // the escaped character is never the closing quote
                ASSERT_LT(i, out.size() - 1) << first << ' ' << second;
            }
        }
    }
}

TEST(timestamp, known_moments) {
    const auto text = [](std::int64_t ns) {
        std::string out;
        append_timestamp(out, ns);
        return out;
    };
    EXPECT_EQ(text(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(text(951'782'400'000'000'000), "2000-02-29T00:00:00.000Z");
    EXPECT_EQ(text(1'735'689'599'999'999'999), "2024-12-31T23:59:59.999Z");
    EXPECT_EQ(text(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace ringway::observe
