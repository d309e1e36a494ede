#include "ringway/health/probe.h"

#include <gtest/gtest.h>

#include "probe_world.h"
#include "ringway/base/prng.h"

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

TEST_F(ProbeTest, TheChecksPortIsLaidOverTheAddress) {
    check.port = 9000;
    start();
    EXPECT_EQ(ring.file(ring.newest()).peer.text(), "10.0.0.1:9000");
    to = *base::SocketAddress::parse("[::1]:1");
    probe->stop();
    start();
    EXPECT_EQ(ring.file(ring.newest()).peer.text(), "[::1]:9000");
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

TEST_F(ProbeTest, TheNextOneUsesTheWarmConnection) {
    const auto socket = ask();
    ring.deliver(socket, kOk);
    start();
    EXPECT_EQ(ring.newest(), socket);
    pass(milliseconds(4));
    ring.deliver(socket, kOk);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_LT(told[1].result.connect, base::Duration(0));
    EXPECT_EQ(told[1].result.round_trip, milliseconds(4));
}

TEST_F(ProbeTest, NoWarmConnectionIsKeptWhereItCannotBeUsedAgain) {
    struct Case {
        const char* why;
        std::string_view answer;
        bool keep_alive;
    };
    for (const Case& one :
         {Case{"the answer says close",
               "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true},
          Case{"the check says so", kOk, false},
          Case{"bytes behind it", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", true}}) {
        told.clear();
        probe.reset();
        check.keep_alive = one.keep_alive;
        const auto socket = ask();
        ring.deliver(socket, one.answer);
        EXPECT_EQ(only().result.end, ProbeEnd::passed) << one.why;
        ring.dispatch();
        EXPECT_FALSE(ring.file(socket).open) << one.why;
    }
}

TEST_F(ProbeTest, AWarmConnectionThatWasIdleForLongIsNotTrusted) {
    const auto socket = ask();
    ring.deliver(socket, kOk);
    pass(seconds(61));
    start();
    EXPECT_NE(ring.newest(), socket);
    ring.dispatch();
    EXPECT_FALSE(ring.file(socket).open);
}

TEST_F(ProbeTest, AWarmConnectionLeadsToOneAddressOnly) {
    const auto socket = ask();
    ring.deliver(socket, kOk);
    to = *base::SocketAddress::parse("10.0.0.2:8080");
    start();
    EXPECT_NE(ring.newest(), socket);
    EXPECT_EQ(ring.file(ring.newest()).peer, to);
}

TEST_F(ProbeTest, AWarmConnectionThatClosesOrTalksIsLetGo) {
    for (const bool talks : {false, true}) {
        told.clear();
        const auto socket = ask();
        ring.deliver(socket, kOk);
        if (talks) {
            ring.deliver(socket, "HTTP/1.1 408 Request Timeout\r\n\r\n");
        } else {
            ring.end(socket);
        }
        ring.dispatch();
        EXPECT_FALSE(ring.file(socket).open);
        EXPECT_EQ(told.size(), 1u);
    }
}

TEST_F(ProbeTest, AWarmConnectionThatDiesBeforeAByteIsReplaced) {
    for (const ring::Error error : {ring::Error::none, ring::Error::reset}) {
        const auto warm = ask();
        ring.deliver(warm, kOk);
        told.clear();
        start();
        ring.end(warm, error);
        EXPECT_TRUE(told.empty());
        ASSERT_NE(ring.newest(), warm);
        ring.connected(ring.newest());
        ring.deliver(ring.newest(), kOk);
        EXPECT_EQ(only().result.end, ProbeEnd::passed);
        probe->stop();
        ring.dispatch();
    }
}

TEST_F(ProbeTest, AWarmConnectionThatDiesInsideTheAnswerIsAReset) {
    const auto warm = ask();
    ring.deliver(warm, kOk);
    told.clear();
    start();
    ring.deliver(warm, "H");
    ring.end(warm, ring::Error::reset);
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
    EXPECT_EQ(only().result.layer, Layer::http);
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

TEST_F(ProbeTest, AnEndAtAnyMomentOfTheAnswerIsAReset) {
    for (const ring::Error error : {ring::Error::none, ring::Error::reset}) {
        for (std::size_t at = 0; at < kOk.size(); ++at) {
            told.clear();
            const auto socket = ask();
            if (at > 0) ring.deliver(socket, kOk.substr(0, at));
            ring.end(socket, error);
            EXPECT_EQ(only().result.end, ProbeEnd::reset) << at;
            EXPECT_FALSE(only().detail.empty());
            EXPECT_FALSE(ring.file(socket).open);
        }
    }
}

TEST_F(ProbeTest, AnAnswerUntilCloseIsWholeWithItsFin) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.0 200 OK\r\n\r\nbody");
    EXPECT_TRUE(told.empty());
    ring.end(socket);
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeTest, ACutAnswerUntilCloseIsAReset) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.0 200 OK\r\n\r\nbody");
    ring.end(socket, ring::Error::reset);
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
}

TEST_F(ProbeTest, AnAnswerToHeadHasNoBody) {
    check.method = "HEAD";
    ring.deliver(ask(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeTest, ConnectFailuresAreToldApart) {
    struct Case {
        ring::Error error;
        ProbeEnd end;
    };
    for (const Case& one : {Case{ring::Error::refused, ProbeEnd::refused},
                            Case{ring::Error::not_found, ProbeEnd::refused},
                            Case{ring::Error::unreachable, ProbeEnd::unreachable},
                            Case{ring::Error::reset, ProbeEnd::reset},
                            Case{ring::Error::timed_out, ProbeEnd::timed_out},
                            Case{ring::Error::no_memory, ProbeEnd::local_fault}}) {
        told.clear();
        start();
        ring.connected(ring.newest(), one.error);
        EXPECT_EQ(only().result.end, one.end) << ring::name_of(one.error);
        EXPECT_EQ(only().result.layer, Layer::network);
        EXPECT_FALSE(ring.file(ring.newest()).open);
    }
}

TEST_F(ProbeTest, AWantOfDescriptorsIsToldLater) {
    ring.fail_next_open(ring::Error::no_descriptors);
    start();
    EXPECT_TRUE(told.empty());
    pass(milliseconds(1));
    EXPECT_EQ(only().result.end, ProbeEnd::local_fault);
}

TEST_F(ProbeTest, TheDeadlineIsOfTheWholeProbe) {
    start();
    pass(milliseconds(1500));
    ring.connected(ring.newest());
    pass(milliseconds(400));
    EXPECT_TRUE(told.empty());
    pass(milliseconds(101));
    EXPECT_EQ(only().result.end, ProbeEnd::timed_out);
    EXPECT_EQ(only().result.layer, Layer::http);
    EXPECT_EQ(only().detail, "no answer within 2e+03 ms");
    ring.dispatch();
    EXPECT_FALSE(ring.file(ring.newest()).open);
}

TEST_F(ProbeTest, AConnectThatIsNotAnsweredTimesOut) {
    start();
    pass(milliseconds(2001));
    EXPECT_EQ(only().result.end, ProbeEnd::timed_out);
    EXPECT_EQ(only().result.layer, Layer::network);
    EXPECT_TRUE(ring.file(ring.newest()).open);  // the connect is not home yet
    EXPECT_FALSE(probe->at_rest());
    ring.dispatch();
    EXPECT_FALSE(ring.file(ring.newest()).open);
    EXPECT_TRUE(probe->at_rest());
}

TEST_F(ProbeTest, EachStepHasAPatienceOfItsOwnAndOutlastsItOnce) {
    start({.connect = milliseconds(10), .answer = milliseconds(30)});
    pass(milliseconds(9));
    EXPECT_EQ(overdue_count, 0);
    pass(milliseconds(2));
    EXPECT_EQ(overdue_count, 1);
    pass(milliseconds(100));
    EXPECT_EQ(overdue_count, 1);
    ring.connected(ring.newest());
    pass(milliseconds(29));
    EXPECT_EQ(overdue_count, 1);
    pass(milliseconds(2));
    EXPECT_EQ(overdue_count, 2);
    ring.deliver(ring.newest(), kOk);
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
    pass(milliseconds(100));
    EXPECT_EQ(overdue_count, 2);
}

TEST_F(ProbeTest, ANewPatienceCountsFromTheStepsBeginning) {
    ask();
    pass(milliseconds(50));
    probe->set_patience({.answer = milliseconds(100)});
    pass(milliseconds(49));
    EXPECT_EQ(overdue_count, 0);
    pass(milliseconds(2));
    EXPECT_EQ(overdue_count, 1);
    probe->set_patience({.answer = milliseconds(20)});  // past already
    pass(milliseconds(1));
    EXPECT_EQ(overdue_count, 2);
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

// -- redirects --

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

// -- below and beside HTTP --

TEST_F(ProbeTest, APlainConnectPassesOnceConnected) {
    check.kind = config::CheckKind::tcp;
    start();
    pass(milliseconds(6));
    ring.connected(ring.newest());
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
    EXPECT_EQ(only().result.layer, Layer::network);
    EXPECT_EQ(only().result.latency, milliseconds(6));
    EXPECT_TRUE(ring.file(ring.newest()).sent.empty());
    ring.dispatch();
    EXPECT_FALSE(ring.file(ring.newest()).open);
}

TEST_F(ProbeTest, ATcpCheckSendsAndExpects) {
    check.kind = config::CheckKind::tcp;
    check.send = "PING\r\n";
    check.expect = "+PONG";
    const auto socket = ask();
    EXPECT_EQ(ring.file(socket).sent, "PING\r\n");
    ring.deliver(socket, "+PO");
    EXPECT_TRUE(told.empty());
    ring.deliver(socket, "NG\r\n");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);

    told.clear();
    ring.deliver(ask(), "+PX");
    EXPECT_EQ(only().result.end, ProbeEnd::malformed);

    told.clear();
    const auto closed = ask();
    ring.deliver(closed, "+P");
    ring.end(closed);
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
    EXPECT_EQ(only().result.layer, Layer::network);
}

TEST_F(ProbeTest, ATcpCheckThatExpectsNothingPassesOnceItHasSent) {
    check.kind = config::CheckKind::tcp;
    check.send = "hello";
    const auto socket = ask();
    EXPECT_EQ(ring.file(socket).sent, "hello");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeTest, ATcpCheckMayWaitForABanner) {
    check.kind = config::CheckKind::tcp;
    check.expect = "220 ";
    const auto socket = ask();
    EXPECT_TRUE(told.empty());
    ring.deliver(socket, "220 mail");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeTest, AnAgentIsReadToTheEndOfItsReport) {
    check.kind = config::CheckKind::agent;
    check.path.clear();
    struct Case {
        std::string_view first, rest;
    };
    for (const Case& one : {Case{"75", "%\n"}, Case{"\r\nup", " 10%\r\n"},
                            Case{"{\"a\":{\"b\":\"}\\\"\"}", ",\n\"weight\":5}"}}) {
        told.clear();
        const auto socket = ask();
        ring.deliver(socket, one.first);
        EXPECT_TRUE(told.empty()) << one.first;
        ring.deliver(socket, one.rest);
        EXPECT_EQ(only().result.end, ProbeEnd::passed) << one.first;
        EXPECT_EQ(only().body, std::string(one.first) + std::string(one.rest));
        ring.dispatch();
    }
    told.clear();
    const auto socket = ask();
    ring.deliver(socket, "drain");
    ring.end(socket);
    EXPECT_EQ(only().body, "drain");
    told.clear();
    ring.end(ask());
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
}

TEST_F(ProbeTest, AnAgentMayBeAskedOverHttp) {
    check.kind = config::CheckKind::agent;
    check.path = "/agent";
    const auto socket = ask();
    EXPECT_TRUE(ring.file(socket).sent.starts_with("GET /agent HTTP/1.1\r\n"));
    ring.deliver(socket, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n40%");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
    EXPECT_EQ(only().result.layer, Layer::content);
    EXPECT_EQ(only().body, "40%");
}

// -- its life --

TEST_F(ProbeTest, ItMayBeStartedAnewFromWithinItsEnd) {
    int rounds = 0;
    then = [&] {
        if (++rounds < 5) start();
    };
    start();
    for (int i = 0; i < 5; ++i) {
        ring.connected(ring.newest());
        ring.deliver(ring.newest(), "garbage\r\n\r\n");
    }
    EXPECT_EQ(told.size(), 5u);
    ring.dispatch();
    EXPECT_EQ(ring.open_count(), 0u);
}

TEST_F(ProbeTest, StoppedAtAnyMomentItComesHomeAndTellsNothing) {
    for (std::size_t at = 0; at <= kOk.size() + 1; ++at) {
        start();
        if (at > 0) ring.connected(ring.newest());
        if (at > 1) ring.deliver(ring.newest(), kOk.substr(0, at - 1));
        told.clear();
        probe->stop();
        EXPECT_FALSE(probe->running());
        ring.dispatch();
        EXPECT_TRUE(probe->at_rest()) << at;
        EXPECT_EQ(ring.open_count(), 0u) << at;
        pass(seconds(3));
        EXPECT_TRUE(told.empty()) << at;
    }
}

/// Bytes that look like HTTP more often than chance would have it.
std::string random_answer(base::Prng& prng) {
    static constexpr std::string_view kPieces[] = {"HTTP/1.1 200 OK\r\n",
                                                   "HTTP/1.0 ",
                                                   "302 Found\r\n",
                                                   "HTTP/1.1 429 X\r\n",
                                                   "Content-Length: ",
                                                   "3\r\n",
                                                   "\r\n",
                                                   "\r\n\r\n",
                                                   "ok",
                                                   "100 Continue\r\n",
                                                   "HTTP/1.1 100 C\r\n\r\n",
                                                   "Transfer-Encoding: chunked\r\n",
                                                   "0\r\n\r\n",
                                                   "Location: /x\r\n",
                                                   "Connection: close\r\n",
                                                   "5\r\nhello\r\n",
                                                   "{\"a\":[1]}",
                                                   "HTTP/1.1 401 No\r\n",
                                                   "Location: http://10.0.0.1:8080/y\r\n",
                                                   "HTTP/1.1 303 See\r\n",
                                                   "Retry-After: 99999999999999999999\r\n"};
    std::string bytes;
    for (std::uint32_t i = prng.below(12); i > 0; --i) {
        if (prng.chance(15)) {
            for (std::uint32_t j = prng.below(20); j > 0; --j) {
                bytes.push_back(static_cast<char>(prng.below(256)));
            }
        } else {
            bytes.append(kPieces[prng.below(static_cast<std::uint32_t>(std::size(kPieces)))]);
        }
    }
    return bytes;
}

TEST_F(ProbeTest, WhateverIsAnsweredItEndsOnceAndComesHome) {
    constexpr std::uint64_t kSeeds = 4000;
    std::array<std::uint64_t, kProbeEnds> ends{};
    check.follow_redirects = true;
    check.content = {{.kind = config::ContentRule::Kind::contains, .value = "o"}};
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::Prng prng(seed);
        probe.reset();
        check.kind = static_cast<config::CheckKind>(prng.below(3));
        check.path = check.kind == config::CheckKind::agent && prng.chance(50) ? "" : "/";
        check.expect = prng.chance(50) ? "HTTP" : "";
        check.max_body = prng.below(20);
        told.clear();
        start();
        for (std::uint32_t left = prng.below(20); left > 0 && probe->running(); --left) {
            const auto socket = ring.newest();
            if (ring.file(socket).send != nullptr) {
                ring.connected(socket, prng.chance(10) ? ring::Error::refused : ring::Error::none);
            } else if (ring.file(socket).receive == nullptr) {
                break;
            } else if (prng.chance(10)) {
                ring.end(socket, prng.chance(50) ? ring::Error::reset : ring::Error::none);
            } else {
                const std::string bytes = random_answer(prng);
                if (!bytes.empty()) ring.deliver(socket, bytes);
            }
            if (prng.chance(30)) ring.dispatch();
        }
        pass(seconds(3));
        ASSERT_EQ(told.size(), 1u);
        ++ends[static_cast<std::size_t>(told[0].result.end)];
        probe->stop();
        ring.dispatch();
        ASSERT_TRUE(probe->at_rest());
        ASSERT_EQ(ring.open_count(), 0u);
    }
    for (std::size_t end = 0; end < kProbeEnds; ++end) {
        const auto kind = static_cast<ProbeEnd>(end);
        if (kind == ProbeEnd::unreachable || kind == ProbeEnd::local_fault) continue;
        EXPECT_GT(ends[end], 0u) << name_of(kind);  // or the bytes were too dull
    }
}

}  // namespace
}  // namespace ringway::health
