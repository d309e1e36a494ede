#include "ringway/health/probe.h"

#include <gtest/gtest.h>

#include "probe_world.h"
#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ProbeLifeTest : public testing::Test, public ProbeWorld {};

TEST_F(ProbeLifeTest, TheChecksPortIsLaidOverTheAddress) {
    check.port = 9000;
    start();
    EXPECT_EQ(ring.file(ring.newest()).peer.text(), "10.0.0.1:9000");
    to = *base::SocketAddress::parse("[::1]:1");
    probe->stop();
    start();
    EXPECT_EQ(ring.file(ring.newest()).peer.text(), "[::1]:9000");
}

TEST_F(ProbeLifeTest, TheNextOneUsesTheWarmConnection) {
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

TEST_F(ProbeLifeTest, NoWarmConnectionIsKeptWhereItCannotBeUsedAgain) {
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

TEST_F(ProbeLifeTest, AWarmConnectionThatWasIdleForLongIsNotTrusted) {
    const auto socket = ask();
    ring.deliver(socket, kOk);
    pass(seconds(61));
    start();
    EXPECT_NE(ring.newest(), socket);
    ring.dispatch();
    EXPECT_FALSE(ring.file(socket).open);
}

TEST_F(ProbeLifeTest, AWarmConnectionLeadsToOneAddressOnly) {
    const auto socket = ask();
    ring.deliver(socket, kOk);
    to = *base::SocketAddress::parse("10.0.0.2:8080");
    start();
    EXPECT_NE(ring.newest(), socket);
    EXPECT_EQ(ring.file(ring.newest()).peer, to);
}

TEST_F(ProbeLifeTest, AWarmConnectionThatClosesOrTalksIsLetGo) {
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

TEST_F(ProbeLifeTest, AWarmConnectionThatDiesBeforeAByteIsReplaced) {
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

TEST_F(ProbeLifeTest, AWarmConnectionThatDiesInsideTheAnswerIsAReset) {
    const auto warm = ask();
    ring.deliver(warm, kOk);
    told.clear();
    start();
    ring.deliver(warm, "H");
    ring.end(warm, ring::Error::reset);
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
    EXPECT_EQ(only().result.layer, Layer::http);
}

TEST_F(ProbeLifeTest, AnEndAtAnyMomentOfTheAnswerIsAReset) {
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

TEST_F(ProbeLifeTest, AnAnswerUntilCloseIsWholeWithItsFin) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.0 200 OK\r\n\r\nbody");
    EXPECT_TRUE(told.empty());
    ring.end(socket);
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeLifeTest, ACutAnswerUntilCloseIsAReset) {
    const auto socket = ask();
    ring.deliver(socket, "HTTP/1.0 200 OK\r\n\r\nbody");
    ring.end(socket, ring::Error::reset);
    EXPECT_EQ(only().result.end, ProbeEnd::reset);
}

TEST_F(ProbeLifeTest, ConnectFailuresAreToldApart) {
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

TEST_F(ProbeLifeTest, AWantOfDescriptorsIsToldLater) {
    ring.fail_next_open(ring::Error::no_descriptors);
    start();
    EXPECT_TRUE(told.empty());
    pass(milliseconds(1));
    EXPECT_EQ(only().result.end, ProbeEnd::local_fault);
}

TEST_F(ProbeLifeTest, TheDeadlineIsOfTheWholeProbe) {
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

TEST_F(ProbeLifeTest, AConnectThatIsNotAnsweredTimesOut) {
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

TEST_F(ProbeLifeTest, EachStepHasAPatienceOfItsOwnAndOutlastsItOnce) {
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

TEST_F(ProbeLifeTest, AnAnswerInTimeIsNotOverdueLater) {
    start({.connect = milliseconds(10), .answer = milliseconds(10)});
    ring.connected(ring.newest());
    ring.deliver(ring.newest(), kOk);
    pass(milliseconds(100));
    EXPECT_EQ(told.size(), 1u);
    EXPECT_EQ(overdue_count, 0);
}

TEST_F(ProbeLifeTest, ANewPatienceCountsFromTheStepsBeginning) {
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

TEST_F(ProbeLifeTest, APlainConnectPassesOnceConnected) {
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

TEST_F(ProbeLifeTest, ATcpCheckSendsAndExpects) {
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

TEST_F(ProbeLifeTest, ATcpCheckThatExpectsNothingPassesOnceItHasSent) {
    check.kind = config::CheckKind::tcp;
    check.send = "hello";
    const auto socket = ask();
    EXPECT_EQ(ring.file(socket).sent, "hello");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeLifeTest, ATcpCheckMayWaitForABanner) {
    check.kind = config::CheckKind::tcp;
    check.expect = "220 ";
    const auto socket = ask();
    EXPECT_TRUE(told.empty());
    ring.deliver(socket, "220 mail");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
}

TEST_F(ProbeLifeTest, AnAgentIsReadToTheEndOfItsReport) {
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

TEST_F(ProbeLifeTest, AnAgentMayBeAskedOverHttp) {
    check.kind = config::CheckKind::agent;
    check.path = "/agent";
    const auto socket = ask();
    EXPECT_TRUE(ring.file(socket).sent.starts_with("GET /agent HTTP/1.1\r\n"));
    ring.deliver(socket, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n40%");
    EXPECT_EQ(only().result.end, ProbeEnd::passed);
    EXPECT_EQ(only().result.layer, Layer::content);
    EXPECT_EQ(only().body, "40%");
}

TEST_F(ProbeLifeTest, ItMayBeStartedAnewFromWithinItsEnd) {
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

TEST_F(ProbeLifeTest, StoppedAtAnyMomentItComesHomeAndTellsNothing) {
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

TEST_F(ProbeLifeTest, WhateverIsAnsweredItEndsOnceAndComesHome) {
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
