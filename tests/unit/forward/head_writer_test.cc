// The request head as an upstream gets it, byte for byte.
#include "ringway/forward/head_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "edited.h"

namespace ringway::forward {
namespace {

constexpr const char* kRequestId = "X-Request-ID: 00112233445566778899aabbccddeeff\r\n";

/// The lines that every request of an untrusted client gets, and the end of the head.
std::string forwarded(const std::string& host, const std::string& via = "1.1") {
    return "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n" +
           (host.empty() ? "" : "X-Forwarded-Host: " + host + "\r\n") + "X-Real-IP: 192.0.2.7\r\n" +
           kRequestId + "Via: " + via + " ringway\r\n";
}

/// A request with these lines between the Host and the end, as an upstream gets it.
std::string sent_on(const std::string& lines, const std::string& method = "GET") {
    return EditedRequest(method + " / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n").written();
}
std::string expected(const std::string& kept, const std::string& added = "",
                     const std::string& method = "GET") {
    return method + " / HTTP/1.1\r\nHost: a\r\n" + kept + forwarded("a") + added + "\r\n";
}

TEST(RequestHeadWriter, PassesAnOrdinaryRequestAndSaysForWhom) {
    EditedRequest request(
        "GET /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\n"
        "accept-encoding:gzip\r\nCookie: a=b\r\n\r\n");
    EXPECT_EQ(request.written(),
              "GET /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\n"
              "accept-encoding:gzip\r\nCookie: a=b\r\n" +
                  forwarded("shop.example:8080") + "\r\n");
}

TEST(RequestHeadWriter, SendsUntouchedLinesAsOnePieceOfTheReceivedBytes) {
    EditedRequest request("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-A: 1\r\n\r\n");
    request.written();
    ASSERT_EQ(request.gather->pieces().size(), 2u);
    EXPECT_EQ(request.gather->owner(0), request.received.owner());
    EXPECT_EQ(request.gather->owner(1), nullptr);
}

TEST(RequestHeadWriter, SkipsTheEmptyLinesBeforeARequest) {
    EditedRequest request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(request.written(), expected(""));
}

// RFC 9110 7.6.1
TEST(RequestHeadWriter, DropsWhatIsMeantForThisHopOnly) {
    EXPECT_EQ(sent_on("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-A: 1\r\n"
                      "Proxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: websocket\r\n"
                      "HTTP2-Settings: AAMAAABk\r\nX-B: 2\r\n"),
              expected("X-A: 1\r\nX-B: 2\r\n"));
}

TEST(RequestHeadWriter, DropsWhatConnectionNominates) {
    EXPECT_EQ(
        sent_on("X-Mine: 1\r\nX-Yours: 2\r\nConnection: close, x-mine, X-Other\r\nX-OTHER: 3\r\n"),
        expected("X-Yours: 2\r\n"));
}

TEST(RequestHeadWriter, KeepsFramingAndHostWhateverConnectionNominates) {
    EXPECT_EQ(sent_on("Connection: host, content-length\r\nContent-Length: 3\r\n", "POST"),
              expected("Content-Length: 3\r\n", "", "POST"));
}

TEST(RequestHeadWriter, FramesAChunkedBodyItself) {
    EXPECT_EQ(sent_on("Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\nX-A: 1\r\n", "POST"),
              expected("Trailer: X-Sum\r\nX-A: 1\r\n", "Transfer-Encoding: chunked\r\n", "POST"));
}

TEST(RequestHeadWriter, PassesExpectOnlyWhereABodyIsToCome) {
    EXPECT_EQ(sent_on("Expect: 100-continue\r\nContent-Length: 3\r\n", "PUT"),
              expected("Expect: 100-continue\r\nContent-Length: 3\r\n", "", "PUT"));
    EXPECT_EQ(sent_on("Expect: 100-continue\r\nX-A: 1\r\n"), expected("X-A: 1\r\n"));
}

// -- X-Forwarded-*, X-Real-IP, X-Request-ID --

TEST(RequestHeadWriter, BelievesNothingThatAnUntrustedClientClaims) {
    EXPECT_EQ(sent_on("X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: https\r\nX-A: 1\r\n"
                      "X-Forwarded-Host: evil\r\nX-Real-IP: 10.9.8.7\r\nX-Request-ID: mine\r\n"),
              expected("X-A: 1\r\n"));
}

TEST(RequestHeadWriter, AddsToWhatATrustedClientClaims) {
    EditedRequest request(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: https\r\n"
        "x-forwarded-for: 10.1.1.1, 10.2.2.2\r\nX-Forwarded-For:\r\nX-Forwarded-Host: real\r\n"
        "X-Real-IP: 10.9.8.7\r\nX-Request-ID: mine\r\n\r\n");
    request.trusted = true;
    EXPECT_EQ(request.written(),
              "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: real\r\n"
              "X-Real-IP: 10.9.8.7\r\nX-Request-ID: mine\r\n"
              "X-Forwarded-For: 10.9.8.7, 10.1.1.1, 10.2.2.2, 192.0.2.7\r\n"
              "Via: 1.1 ringway\r\n\r\n");
}

TEST(RequestHeadWriter, FillsInWhatATrustedClientLeavesOut) {
    EditedRequest request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    request.trusted = true;
    EXPECT_EQ(request.written(), expected(""));
}

TEST(RequestHeadWriter, KeepsEarlierViaLinesBeforeItsOwn) {
    EXPECT_EQ(sent_on("Via: 1.0 edge\r\n"), expected("Via: 1.0 edge\r\n"));
}

// -- Host --

// RFC 9112 3.2.2: the target's authority stands for Host.
TEST(RequestHeadWriter, TakesTheHostOfAnAbsoluteTarget) {
    EditedRequest request("GET http://real:81/p?q HTTP/1.1\r\nHost: other\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(request.written(),
              "GET /p?q HTTP/1.1\r\nHost: real:81\r\nX-A: 1\r\n" + forwarded("real:81") + "\r\n");
}

TEST(RequestHeadWriter, GivesAnAbsoluteTargetWithoutPathARoot) {
    EditedRequest request("GET http://real?q= HTTP/1.1\r\nHost: real\r\n\r\n");
    EXPECT_EQ(request.written(),
              "GET /?q= HTTP/1.1\r\nHost: real\r\n" + forwarded("real") + "\r\n");
}

TEST(RequestHeadWriter, KeepsAnEmptyQueryOfAnAbsoluteTarget) {
    EditedRequest request("GET http://real/p? HTTP/1.1\r\nHost: real\r\n\r\n");
    EXPECT_EQ(request.written().substr(0, 20), "GET /p? HTTP/1.1\r\nHo");
}

TEST(RequestHeadWriter, GivesAnHttp10RequestTheUpstreamsHost) {
    EditedRequest request("GET / HTTP/1.0\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(request.written(),
              "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\nX-A: 1\r\n" + forwarded("", "1.0") + "\r\n");
    request.upstream.address = "unix:/run/app.sock";
    EXPECT_EQ(request.written(),
              "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n" + forwarded("", "1.0") + "\r\n");
}

TEST(RequestHeadWriter, PutsTheUpstreamsOwnHostInPlaceOfTheClients) {
    EditedRequest request("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\n\r\n");
    request.upstream.host_header = "inner";
    EXPECT_EQ(request.written(),
              "GET / HTTP/1.1\r\nHost: inner\r\nX-A: 1\r\n" + forwarded("a") + "\r\n");
}

TEST(RequestHeadWriter, LetsARouteSetTheHostOnceAndOnlyOnce) {
    for (const char* target : {"/", "http://a/"}) {
        EditedRequest request("GET " + std::string(target) +
                              " HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n");
        request.upstream.host_header = "inner";
        request.route.request_headers = {set_field("HOST", "edited")};
        EXPECT_EQ(request.written(),
                  "GET / HTTP/1.1\r\nX-A: 1\r\n" + forwarded("a") + "HOST: edited\r\n\r\n");
    }
}

// -- target --

TEST(RequestHeadWriter, WritesTheRewrittenTarget) {
    EditedRequest request("GET /api/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
    request.rewritten_target = "/x?y";
    EXPECT_EQ(request.written(), "GET /x?y HTTP/1.1\r\nHost: a\r\n" + forwarded("a") + "\r\n");
}

TEST(RequestHeadWriter, PassesTheAsteriskOfOptions) {
    EditedRequest request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(request.written(), "OPTIONS * HTTP/1.1\r\nHost: a\r\n" + forwarded("a") + "\r\n");
}

TEST(RequestHeadWriter, PassesAMethodThatItDoesNotKnow) {
    EXPECT_EQ(sent_on("", "PURGE-ALL"), expected("", "", "PURGE-ALL"));
}

// RFC 9110 7.6.2
TEST(RequestHeadWriter, CountsMaxForwardsDown) {
    EditedRequest request("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(request.written(), "TRACE / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nMax-Forwards: 9\r\n" +
                                     forwarded("a") + "\r\n");
}

// RFC 9110 7.8
TEST(RequestHeadWriter, AsksForAnotherProtocolWhereTheClientDid) {
    EditedRequest request(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, X-A\r\nUpgrade: websocket\r\n"
        "X-A: 1\r\nSec-WebSocket-Version: 13\r\n\r\n");
    request.upgrade = true;
    EXPECT_EQ(request.written(), expected("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                                          "Connection: upgrade\r\n"));
}

// -- configured edits --

TEST(RequestHeadWriter, SetsAddsAndRemovesForTheRouteThenTheUpstream) {
    EditedRequest request(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Set: old\r\nx-gone: 1\r\nX-Add: first\r\nX-KEY: guess\r\n"
        "X-Set: again\r\nX-Stay: 1\r\n\r\n");
    request.route.request_headers = {set_field("x-set", "new"), add_field("X-Add", "second"),
                                     remove_field("X-Gone")};
    request.upstream.request_headers = {set_field("X-Key", "secret")};
    EXPECT_EQ(request.written(), expected("X-Add: first\r\nX-Stay: 1\r\n",
                                          "x-set: new\r\nX-Add: second\r\nX-Key: secret\r\n"));
}

// -- sizes --

TEST(RequestHeadWriter, PassesAValueOf64KiBWithoutCopyingIt) {
    const std::string value(64 * 1024, 'v');
    EditedRequest request("GET / HTTP/1.1\r\nHost: a\r\nTE: x\r\nX-Long: " + value +
                          "\r\nTE: y\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(request.written(), expected("X-Long: " + value + "\r\nX-A: 1\r\n"));
    EXPECT_LE(request.gather->pieces().size(), 4u);
}

TEST(RequestHeadWriter, WritesGeneratedValuesOf64KiBWhole) {
    const std::string value(64 * 1024, 'v');
    EditedRequest request("GET http://" + std::string(1000, 'h') + "/" + value +
                          "?q HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + value + "\r\n\r\n");
    request.trusted = true;
    request.route.request_headers = {set_field("X-Set", value), add_field("X-Add", value)};
    request.upstream.request_headers = {set_field("X-Key", value)};
    const std::string host(1000, 'h');
    EXPECT_EQ(request.written(),
              "GET /" + value + "?q HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-For: " + value +
                  ", 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: " + host +
                  "\r\nX-Real-IP: 192.0.2.7\r\n" + kRequestId + "Via: 1.1 ringway\r\nX-Set: " +
                  value + "\r\nX-Add: " + value + "\r\nX-Key: " + value + "\r\n\r\n");
}

// The worst head for the list of pieces: every other line is dropped, and every edit is too long to
// be copied.
TEST(RequestHeadWriter, HoldsTheMostPiecesThatAHeadCanMake) {
    const std::string value(300, 'v');
    std::string lines, kept;
    for (int i = 0; i < 127; ++i) {
        lines += "X-A: 1\r\nTE: x\r\n";
        kept += "X-A: 1\r\n";
    }
    EditedRequest request("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    std::string added;
    for (std::size_t i = 0; i < base::kHeaderEditsMax; ++i) {
        request.route.request_headers.push_back(add_field("X-R", value));
        request.upstream.request_headers.push_back(add_field("X-U", value));
    }
    for (const char* name : {"X-R: ", "X-U: "}) {
        for (std::size_t i = 0; i < base::kHeaderEditsMax; ++i) added += name + value + "\r\n";
    }
    EXPECT_EQ(request.written(), expected(kept, added));
    EXPECT_FALSE(request.gather->nearly_full());
}

// The worst head for generated text: a trusted client's X-Forwarded-For lines, each just short
// enough to be copied.
TEST(RequestHeadWriter, HoldsTheMostTextThatAHeadCanMake) {
    const std::string value(256, 'v');
    std::string lines, claims;
    for (int i = 0; i < 255; ++i) {
        lines += "X-Forwarded-For: " + value + "\r\n";
        claims += value + ", ";
    }
    EditedRequest request("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    request.trusted = true;
    EXPECT_EQ(request.written(),
              "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + claims +
                  "192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
                  "X-Real-IP: 192.0.2.7\r\n" +
                  kRequestId + "Via: 1.1 ringway\r\n\r\n");
}

}  // namespace
}  // namespace ringway::forward
