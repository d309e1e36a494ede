#include "ringway/health/probe.h"

#include <gtest/gtest.h>

#include "probe_world.h"

namespace ringway::health {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ProbeTest : public testing::Test, public ProbeWorld {};

bool has_line(const std::string& request, const std::string& line) {
    return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST_F(ProbeTest, EveryCheckSaysWhatItIs) {
    const auto socket = ask();
    EXPECT_EQ(ring.file(socket).sent,
              "GET / HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: ringway\r\nAccept: */*\r\n"
              "X-Health-Check: true\r\nX-Instance-ID: i-1\r\nX-App-Name: app\r\n\r\n");
}

TEST_F(ProbeTest, TheChecksHeadersAreLaidOverTheUpstreams) {
    using Kind = config::HeaderEdit::Kind;
    upstream.host_header = "api.example";
    upstream.request_headers = {{Kind::set, "Authorization", "Bearer key"}, {Kind::set, "A", "1"}};
    check.headers = {{Kind::set, "a", "2"},
                     {Kind::add, "B", "3"},
                     {Kind::remove, "accept", ""},
                     {Kind::remove, "X-Health-Check", ""},
                     {Kind::set, "content-length", "7"}};
    check.method = "POST";
    check.path = "/check?x=1";
    check.body = "hello";
    check.keep_alive = false;
    const std::string& sent = ring.file(ask()).sent;
    EXPECT_TRUE(sent.starts_with("POST /check?x=1 HTTP/1.1\r\n")) << sent;
    EXPECT_TRUE(sent.ends_with("\r\n\r\nhello")) << sent;
    for (const char* line : {"Host: api.example", "Authorization: Bearer key", "a: 2", "B: 3",
                             "X-Health-Check: true", "Content-Length: 5", "Connection: close"}) {
        EXPECT_TRUE(has_line(sent, line)) << line << " in " << sent;
    }
    EXPECT_EQ(sent.find("A: 1"), std::string::npos);
    EXPECT_EQ(sent.find("Accept"), std::string::npos);
    EXPECT_EQ(sent.find(": 7"), std::string::npos);
}

TEST_F(ProbeTest, AWholeAnswerPassesAndItsTimesAreTold) {
    start();
    pass(milliseconds(3));
    ring.connected(ring.newest());
    pass(milliseconds(5));
    ring.deliver(ring.newest(), kOk.substr(0, 20));
    EXPECT_TRUE(probe->running());
    pass(milliseconds(2));
    ring.deliver(ring.newest(), kOk.substr(20));
    EXPECT_FALSE(probe->running());
    const ProbeResult& result = only().result;
    EXPECT_EQ(result.end, ProbeEnd::passed);
    EXPECT_EQ(result.layer, Layer::http);
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.connect, milliseconds(3));
    EXPECT_EQ(result.round_trip, milliseconds(3));
    EXPECT_EQ(result.answered, milliseconds(5));
    EXPECT_EQ(result.latency, milliseconds(7));
}

TEST_F(ProbeTest, AnySplitOfTheAnswerGivesTheSameResult) {
    for (const std::string_view answer :
         {kOk,
          std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk"
                           "\r\n0\r\n\r\n"),
          std::string_view("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")}) {
        check.content = {{.kind = config::ContentRule::Kind::contains, .value = "ok"}};
        for (std::size_t at = 1; at < answer.size(); ++at) {
            told.clear();
            const auto socket = ask();
            ring.deliver(socket, answer.substr(0, at));
            EXPECT_TRUE(told.empty()) << at;
            ring.deliver(socket, answer.substr(at));
            EXPECT_EQ(only().result.end, ProbeEnd::passed) << at << " " << only().detail;
            EXPECT_EQ(only().result.layer, Layer::content);
            EXPECT_EQ(only().body, "ok");
            probe->stop();
            ring.dispatch();
        }
    }
}

TEST_F(ProbeTest, AnAnswerToHeadHasNoBody) {
    check.method = "HEAD";
    ring.deliver(ask(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeTest, StatusesAreJudged) {
    struct Case {
        int status;
        ProbeEnd end;
    };
    for (const Case& one :
         {Case{200, ProbeEnd::passed}, Case{299, ProbeEnd::passed}, Case{204, ProbeEnd::passed},
          Case{301, ProbeEnd::bad_status}, Case{401, ProbeEnd::credentials},
          Case{403, ProbeEnd::credentials}, Case{404, ProbeEnd::bad_status},
          Case{429, ProbeEnd::rate_limited}, Case{503, ProbeEnd::bad_status}}) {
        told.clear();
        const auto socket = ask();
        const std::string length = one.status == 204 ? "" : "Content-Length: 0\r\n";
        ring.deliver(socket, "HTTP/1.1 " + std::to_string(one.status) + " Why\r\n" + length +
                                 "Location: /x\r\n\r\n");
        EXPECT_EQ(only().result.end, one.end) << one.status;
        EXPECT_EQ(only().result.status, one.status);
        if (one.end != ProbeEnd::passed) {
            EXPECT_EQ(only().detail, std::to_string(one.status) + " Why");
        }
        probe->stop();
        ring.dispatch();
    }
}

TEST_F(ProbeTest, ExpectedStatusesAreThoseOfTheCheck) {
    check.expected_statuses = {{401, 401}, {500, 503}};
    for (const int status : {401, 500, 503}) {
        told.clear();
        ring.deliver(ask(), "HTTP/1.1 " + std::to_string(status) +
                                " Why\r\nContent-Length: 0"
                                "\r\n\r\n");
        EXPECT_EQ(only().result.end, ProbeEnd::passed) << status;
        probe->stop();
        ring.dispatch();
    }
    told.clear();
    ring.deliver(ask(), kOk);
    EXPECT_EQ(only().result.end, ProbeEnd::bad_status);
}

TEST_F(ProbeTest, ARateLimitSaysWhenToAskAgain) {
    ring.deliver(ask(), "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(only().result.retry_after, seconds(7));
    told.clear();
    start();
    ring.deliver(ring.newest(), "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(only().result.retry_after, seconds(2));
}

TEST_F(ProbeTest, ABadStatusIsToldBeforeItsBodyHasCome) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf");
    EXPECT_EQ(only().result.end, ProbeEnd::bad_status);
    ring.dispatch();
    EXPECT_FALSE(ring.file(socket).open);  // the other half would follow
}

TEST_F(ProbeTest, WhatIsNotHttpIsMalformed) {
    for (const std::string_view answer :
         {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        told.clear();
        ring.deliver(ask(), answer);
        EXPECT_EQ(only().result.end, ProbeEnd::malformed) << answer;
        EXPECT_FALSE(only().detail.empty()) << answer;
        ring.dispatch();
    }
}

TEST_F(ProbeTest, AHeadWithoutEndIsMalformed) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.1 200 OK\r\nA: ");
    for (int i = 0; i < 40 && told.empty(); ++i) ring.deliver(socket, std::string(2048, 'x'));
    EXPECT_EQ(only().result.end, ProbeEnd::malformed);
}

TEST_F(ProbeTest, InterimAnswersHaveALimit) {
    const auto socket = ask();
    for (int i = 0; i < 16; ++i) ring.deliver(socket, "HTTP/1.1 102 Wait\r\n\r\n");
    EXPECT_TRUE(told.empty());
    ring.deliver(socket, "HTTP/1.1 102 Wait\r\n\r\n");
    EXPECT_EQ(only().result.end, ProbeEnd::malformed);
}

TEST_F(ProbeTest, OfALongBodyMaxBodyIsKeptAndTheRestIsNotWaitedFor) {
    check.max_body = 10;
    check.content = {{.kind = config::ContentRule::Kind::contains, .value = "789"}};
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789");
    EXPECT_TRUE(told.empty());
    ring.deliver(socket, "0");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
    EXPECT_EQ(only().body, "0123456789");
    ring.dispatch();
    EXPECT_FALSE(ring.file(socket).open);
}

TEST_F(ProbeTest, AWrongBodyIsBadContent) {
    check.content = {{.kind = config::ContentRule::Kind::non_empty_array, .pointer = "/models"}};
    ring.deliver(ask(), "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"models\":[]}");
    EXPECT_EQ(only().result.end, ProbeEnd::bad_content);
    EXPECT_EQ(only().result.layer, Layer::content);
    EXPECT_NE(only().detail.find("/models"), std::string::npos) << only().detail;
}

TEST_F(ProbeTest, RedirectsToTheSameHostAreFollowed) {
    check.follow_redirects = true;
    check.path = "/a/b?q=1";
    struct Case {
        const char* location;
        const char* asked;  // nullptr: not followed
    };
    for (const Case& one :
         {Case{"/ok", "GET /ok "}, Case{"c?x#frag", "GET /a/c?x "}, Case{"?y", "GET /a/b?y "},
          Case{"http://10.0.0.1:8080/z", "GET /z "}, Case{"HTTP://10.0.0.1:8080", "GET / "},
          Case{"//10.0.0.1:8080/n", "GET /n "}, Case{"http://10.0.0.1:8080?w", "GET /?w "},
          Case{"http://other/z", nullptr}, Case{"https://10.0.0.1:8080/z", nullptr},
          Case{"//evil/z", nullptr}, Case{"/with space", nullptr}, Case{"mailto:x", nullptr}}) {
        told.clear();
        const auto socket = ask();
        ring.file(socket).sent.clear();
        ring.deliver(socket, std::string("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ") +
                                 one.location + "\r\n\r\n");
        if (one.asked == nullptr) {
            EXPECT_EQ(only().result.end, ProbeEnd::bad_status) << one.location;
        } else {
            EXPECT_TRUE(told.empty()) << one.location;
            EXPECT_TRUE(ring.file(socket).sent.starts_with(one.asked))
                << one.location << " " << ring.file(socket).sent;
            ring.deliver(socket, kOk);
            EXPECT_EQ(only().result.end, ProbeEnd::passed);
        }
        probe->stop();
        ring.dispatch();
    }
}

TEST_F(ProbeTest, ARedirectThatClosesIsFollowedOnANewConnection) {
    check.follow_redirects = true;
    check.method = "POST";
    check.body = "x";
    const auto first = ask();
    ring.deliver(first,
                 "HTTP/1.1 303 See\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /n\r\n"
                 "\r\n");
    ASSERT_NE(ring.newest(), first);
    ring.dispatch();
    EXPECT_FALSE(ring.file(first).open);
    ring.connected(ring.newest());
    const std::string& sent = ring.file(ring.newest()).sent;
    EXPECT_TRUE(sent.starts_with("GET /n ")) << sent;
    EXPECT_TRUE(sent.ends_with("\r\n\r\n")) << sent;
}

TEST_F(ProbeTest, FourRedirectsAreTooMany) {
    check.follow_redirects = true;
    const auto socket = ask();
    constexpr std::string_view kRedirect =
        "HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n";
    for (int i = 0; i < 3; ++i) {
        ring.deliver(socket, kRedirect);
        EXPECT_TRUE(told.empty()) << i;
    }
    ring.deliver(socket, kRedirect);
    EXPECT_EQ(only().result.end, ProbeEnd::bad_status);
    EXPECT_EQ(only().detail, "307: more than 3 redirects");
}

}  // namespace
}  // namespace ringway::health
