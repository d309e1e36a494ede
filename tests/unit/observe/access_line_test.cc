#include "ringway/observe/access_line.h"

#include <gtest/gtest.h>

#include <set>

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
    config.pools[0].upstreams[0].name = "a";
    config.pools[0].upstreams[1].name = "b\"2";
    return config;
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
    const FailedAttempt failed[] = {{0, static_cast<std::uint8_t>(AttemptEnd::closed_early), 3}};
    record.attempts = 2;
    record.failed_attempts = failed;
    record.last_attempt = microseconds(41'900);
    record.upstream_reused = true;
    record.client = base::PeerAddress::of(*base::SocketAddress::parse("[2001:db8::7]:5000"));
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
              R"("response_body_bytes":3456,"attempts_count":2,"attempts":[)"
              R"({"upstream":"a","cause":"closed_early","ms":3},)"
              R"({"upstream":"b\"2","cause":null,"ms":41}],"reused":true,"request_id":"abc",)"
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
    EXPECT_EQ(line,
              R"({"time":"1970-01-01T00:00:00.000Z","client":"unix:","client_port":null,)"
              R"("listener":null,"route":null,"pool":"api-pool","upstream":null,)"
              R"("method":"","target":"","host":"","protocol":"HTTP/1.0","status":0,)"
              R"("request_body_bytes":0,"response_body_bytes":0,"attempts_count":0,"attempts":[],)"
              R"("reused":false,)"
              R"("request_id":"","user_agent":"","referer":"","queue_ms":null,)"
              R"("connect_ms":null,"first_byte_ms":null,"total_ms":null,)"
              R"("refusal":"header_timeout"})"
              "\n");
}

/// The attempts of a record that was sent `sends` times.
std::string attempts_of(std::uint8_t sends, std::span<const FailedAttempt> failed) {
    AccessRecord record;
    record.pool = 0;
    record.upstream = 0;
    record.attempts = sends;
    record.failed_attempts = failed;
    std::string line;
    append_access_line(line, record, sample_config());
    const std::size_t begin = line.find("\"attempts\":") + 11;
    return line.substr(begin, line.find(']') + 1 - begin);
}

TEST(access_line, an_attempt_of_unknown_length_and_one_that_failed_last) {
    EXPECT_EQ(attempts_of(1, {}), R"([{"upstream":"a","cause":null,"ms":null}])");
    const FailedAttempt failed[] = {
        {1, static_cast<std::uint8_t>(AttemptEnd::connect_failed), 0},
        {7, static_cast<std::uint8_t>(AttemptEnd::outrun), 4'000'000'000}};
    EXPECT_EQ(attempts_of(2, failed), R"([{"upstream":"b\"2","cause":"connect_failed","ms":0},)"
                                      R"({"upstream":null,"cause":"outrun","ms":4000000000}])");
}

TEST(access_line, every_cause_has_its_own_name) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kAttemptEnds; ++i)
        names.insert(name_of(static_cast<AttemptEnd>(i)));
    EXPECT_EQ(names.size(), kAttemptEnds);
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

AccessRecord combined_record() {
    AccessRecord record;
    record.started_unix_ns = 1'767'323'045'678'999'999;
    record.response_body_bytes = 3456;
    record.status = 200;
    record.client = base::PeerAddress::of(*base::SocketAddress::parse("192.0.2.7:5000"));
    record.method = "GET";
    record.target = "/v1?x=\"1\"";
    record.user_agent = "a\\b\x01\xc3\xa9";
    record.referer = "http://r/";
    return record;
}

std::string combined(const AccessRecord& record) {
    std::string line;
    append_combined_line(line, record);
    return line;
}

TEST(access_line, combined_is_as_nginx_writes_it) {
    EXPECT_EQ(combined(combined_record()),
              "192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] \"GET /v1?x=\\x221\\x22 HTTP/1.1\" 200 "
              "3456 \"http://r/\" \"a\\x5Cb\\x01\\xC3\\xA9\"\n");
}

TEST(access_line, combined_has_dashes_and_nginx_s_codes_for_what_there_was_not) {
    AccessRecord record;
    record.status = 400;
    EXPECT_TRUE(combined(record).ends_with("] \"-\" 400 0 \"-\" \"-\"\n")) << combined(record);
    EXPECT_TRUE(combined(record).starts_with("unix: - - ["));
    record = combined_record();
    record.status = 0;
    record.minor_version = 0;
    EXPECT_NE(combined(record).find(" HTTP/1.0\" 000 3456 "), std::string::npos);
    record.refusal = static_cast<std::int8_t>(Refusal::client_gone);
    EXPECT_NE(combined(record).find(" HTTP/1.0\" 499 3456 "), std::string::npos);
    record.status = 200;  // it left in the middle of the response
    EXPECT_NE(combined(record).find("\" 200 3456 "), std::string::npos);
}

TEST(access_record, is_logged_by_sampling_or_when_it_failed_or_was_slow) {
    base::Prng prng(1);
    config::Log settings;
    const auto share = [&](bool failed, base::Duration total) {
        int logged = 0;
        for (int i = 0; i < 1000; ++i) logged += is_logged(settings, failed, total, prng);
        return logged;
    };
    using std::chrono::milliseconds;
    EXPECT_EQ(share(false, milliseconds(1)), 1000);
    settings.access_sampling = 0.1;
    EXPECT_NEAR(share(false, milliseconds(1)), 100, 60);
    EXPECT_EQ(share(true, milliseconds(1)), 1000);
    EXPECT_NEAR(share(false, std::chrono::hours(1)), 100, 60);
    settings.access_slow = milliseconds(500);
    EXPECT_EQ(share(false, milliseconds(500)), 1000);
    EXPECT_NEAR(share(false, milliseconds(499)), 100, 60);
    settings.access_errors_always = false;
    EXPECT_NEAR(share(true, milliseconds(1)), 100, 60);
    settings.access_sampling = 0;
    EXPECT_EQ(share(true, milliseconds(1)), 0);
    EXPECT_EQ(share(true, milliseconds(500)), 1000);
}

}  // namespace
}  // namespace ringway::observe
