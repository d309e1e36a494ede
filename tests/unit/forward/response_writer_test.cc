// The response as a client gets it, byte for byte: heads, body framing, trailers, and the answers
// that are made here.
#include <gtest/gtest.h>

#include <string>

#include "edited.h"
#include "ringway/forward/head_writer.h"

namespace ringway::forward {
namespace {

/// A 200 with these lines, as a client gets it.
std::string sent_on(const std::string& lines, const ResponseEdit& edit = {}) {
    EditedResponse response("HTTP/1.1 200 OK\r\n" + lines + "\r\n");
    response.edit = edit;
    return response.written();
}
std::string expected(const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n"; }

TEST(ResponseHeadWriter, SendsAnUneditedHeadAndItsBodyAsOnePiece) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nDate: now\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
    EditedResponse response(text);
    EXPECT_EQ(response.written() + std::string(response.body()), text);
    write_body_piece(*response.gather, response.body(), response.received.owner(), false);
    ASSERT_EQ(response.gather->pieces().size(), 1u);
    EXPECT_EQ(response.gather->owner(0), response.received.owner());
    EXPECT_EQ(text_of(*response.gather), text);
}

TEST(ResponseHeadWriter, DropsWhatIsMeantForThisHopOnly) {
    EXPECT_EQ(sent_on("Connection: close, X-Mine\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\n"
                      "x-mine: 2\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nTE: trailers\r\n"
                      "X-B: 2\r\nContent-Length: 0\r\n"),
              expected("X-A: 1\r\nX-B: 2\r\nContent-Length: 0\r\n"));
}

TEST(ResponseHeadWriter, KeepsTheFieldsThatOnlyRequestsGiveAMeaning) {
    const std::string lines =
        "Host: a\r\nVia: 1.1 x\r\nX-Request-ID: 7\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
        "Retry-After: 3\r\nContent-Length: 0\r\n";
    EXPECT_EQ(sent_on(lines), expected(lines));
}

TEST(ResponseHeadWriter, FramesTheBodyAnewWhenItGoesOutChunked) {
    EXPECT_EQ(sent_on("Transfer-Encoding: chunked\r\nX-A: 1\r\n", {.chunked = true}),
              expected("X-A: 1\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(sent_on("X-A: 1\r\n", {.chunked = true}),
              expected("X-A: 1\r\nTransfer-Encoding: chunked\r\n"));
}

// RFC 9112 9.3
TEST(ResponseHeadWriter, SaysWhatBecomesOfTheClientsConnection) {
    const auto connection = [](bool keep_alive, std::uint8_t minor_version) {
        return sent_on("Content-Length: 0\r\n",
                       {.client_minor_version = minor_version, .keep_alive = keep_alive});
    };
    EXPECT_EQ(connection(true, 1), expected("Content-Length: 0\r\n"));
    EXPECT_EQ(connection(false, 1), expected("Content-Length: 0\r\nConnection: close\r\n"));
    EXPECT_EQ(connection(true, 0), expected("Content-Length: 0\r\nConnection: keep-alive\r\n"));
    EXPECT_EQ(connection(false, 0), expected("Content-Length: 0\r\nConnection: close\r\n"));
}

TEST(ResponseHeadWriter, SpeaksHttp11ForAnHttp10Upstream) {
    EditedResponse response("HTTP/1.0 404 Nothing Here\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.written(), "HTTP/1.1 404 Nothing Here\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHeadWriter, WritesTheSpaceBehindAStatusWithoutReason) {
    EditedResponse response("HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.written(), "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
    EditedResponse without_fields("HTTP/1.1 304 Not Modified\r\n\r\n");
    EXPECT_EQ(without_fields.written(), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

// RFC 9110 8.6: no Content-Length in 1xx and 204; in 304 it tells the size of what is not sent.
TEST(ResponseHeadWriter, DropsALengthWhereNoneMayStand) {
    EditedResponse no_content("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(no_content.written(), "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
    EditedResponse hints("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: </a>\r\n\r\n");
    EXPECT_EQ(hints.written(), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    EditedResponse unchanged("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(unchanged.written(), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseHeadWriter, SaysNothingOfTheConnectionInAnInterimResponse) {
    EditedResponse response("HTTP/1.1 100 Continue\r\n\r\n");
    response.edit = {.client_minor_version = 0, .keep_alive = false};
    EXPECT_EQ(response.written(), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(ResponseHeadWriter, PassesASwitchOfProtocols) {
    EditedResponse response(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-A\r\nUpgrade: websocket\r\n"
        "X-A: 1\r\nSec-WebSocket-Accept: x\r\n\r\n");
    response.edit.upgrade = true;
    EXPECT_EQ(response.written(),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Accept: x\r\nConnection: upgrade\r\n\r\n");
}

TEST(ResponseHeadWriter, AddsTheAffinityCookieBehindTheUpstreamsOwn) {
    EXPECT_EQ(sent_on("Set-Cookie: a=b\r\nContent-Length: 0\r\n", {.set_cookie = "s=1; Path=/"}),
              expected("Set-Cookie: a=b\r\nContent-Length: 0\r\nSet-Cookie: s=1; Path=/\r\n"));
}

TEST(ResponseHeadWriter, SetsAddsAndRemovesForTheRoute) {
    EditedResponse response(
        "HTTP/1.1 200 OK\r\nServer: old\r\nx-powered-by: y\r\nVary: a\r\n"
        "Content-Length: 0\r\n\r\n");
    response.route.response_headers = {set_field("server", "new"), remove_field("X-Powered-By"),
                                       add_field("Vary", "b")};
    EXPECT_EQ(response.written(),
              expected("Vary: a\r\nContent-Length: 0\r\nserver: new\r\nVary: b\r\n"));
}

TEST(ResponseHeadWriter, LeavesAnInterimHeadWithoutARouteUnedited) {
    EditedResponse response("HTTP/1.1 103 Early Hints\r\nServer: x\r\n\r\n");
    response.route.response_headers = {set_field("Server", "new")};
    response.edit = {};
    EXPECT_EQ(response.written(), "HTTP/1.1 103 Early Hints\r\nServer: x\r\n\r\n");
}

TEST(ResponseHeadWriter, HoldsTheMostPiecesThatAHeadCanMake) {
    const std::string value(300, 'v');
    std::string lines, kept;
    for (int i = 0; i < 128; ++i) {
        lines += "X-A: 1\r\nTE: x\r\n";
        kept += "X-A: 1\r\n";
    }
    EditedResponse response("HTTP/1.1 200 OK\r\n" + lines + "\r\n");
    std::string added;
    for (std::size_t i = 0; i < base::kHeaderEditsMax; ++i) {
        response.route.response_headers.push_back(add_field("X-R", value));
        added += "X-R: " + value + "\r\n";
    }
    EXPECT_EQ(response.written(), expected(kept + added));
    EXPECT_FALSE(response.gather->nearly_full());
}

TEST(ResponseHeadWriter, PassesAValueOf64KiBWithoutCopyingIt) {
    const std::string value(64 * 1024, 'v');
    EditedResponse response("HTTP/1.1 200 OK\r\nTE: x\r\nX-Long: " + value +
                            "\r\nTE: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.written(), expected("X-Long: " + value + "\r\nContent-Length: 0\r\n"));
    EXPECT_EQ(response.gather->pieces().size(), 3u);
}

// -- bodies --

std::string written_pieces(const std::vector<std::string>& payloads, std::string_view trailers) {
    const auto gather = std::make_unique<Gather>();
    ring::Buffer buffer;
    for (const std::string& payload : payloads) write_body_piece(*gather, payload, &buffer, true);
    write_last_chunk(*gather, trailers);
    return text_of(*gather);
}

TEST(BodyWriter, FramesEachPieceAsAChunk) {
    EXPECT_EQ(written_pieces({"hello", "", std::string(255, 'x'), std::string(4096, 'y')}, ""),
              "5\r\nhello\r\nff\r\n" + std::string(255, 'x') + "\r\n1000\r\n" +
                  std::string(4096, 'y') + "\r\n0\r\n\r\n");
}

TEST(BodyWriter, CopiesNoPayload) {
    const auto gather = std::make_unique<Gather>();
    ring::Buffer buffer;
    const std::string payload = "hello";
    write_body_piece(*gather, payload, &buffer, true);
    ASSERT_EQ(gather->pieces().size(), 3u);
    EXPECT_EQ(gather->pieces()[1].iov_base, payload.data());
    EXPECT_EQ(gather->owner(1), &buffer);
}

// RFC 9110 6.5.1
TEST(BodyWriter, PassesTheTrailersThatMayBePassed) {
    EXPECT_EQ(written_pieces({}, "X-Sum: 1\r\nServer-Timing: a\r\n"),
              "0\r\nX-Sum: 1\r\nServer-Timing: a\r\n\r\n");
}

TEST(BodyWriter, DropsTheTrailersThatMustNotBeBelieved) {
    for (const char* name : {"Content-Length",
                             "Transfer-Encoding",
                             "Host",
                             "Connection",
                             "Upgrade",
                             "TE",
                             "Trailer",
                             "Set-Cookie",
                             "Cookie",
                             "Expect",
                             "Max-Forwards",
                             "Date",
                             "X-Forwarded-For",
                             "X-Real-IP",
                             "Authorization",
                             "Proxy-Authorization",
                             "WWW-Authenticate",
                             "Proxy-Authenticate",
                             "Content-Encoding",
                             "Content-Type",
                             "Content-Range",
                             "Cache-Control",
                             "Age",
                             "Expires",
                             "Pragma",
                             "Vary",
                             "Location",
                             "Range",
                             "If-Match",
                             "If-None-Match",
                             "If-Modified-Since",
                             "If-Unmodified-Since",
                             "If-Range",
                             "Retry-After",
                             "forwarded"}) {
        EXPECT_EQ(written_pieces({}, "A: 1\r\n" + std::string(name) + ": 2\r\nB: 3\r\n"),
                  "0\r\nA: 1\r\nB: 3\r\n\r\n")
            << name;
    }
}

// -- answers made here --

std::string canned(const CannedReply& reply, std::size_t body_bytes) {
    const auto gather = std::make_unique<Gather>();
    EXPECT_EQ(write_canned_reply(*gather, reply), body_bytes);
    return text_of(*gather);
}

TEST(CannedReplyWriter, SaysTheStatusAsASentence) {
    EXPECT_EQ(canned({.status = 503}, 24),
              "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 24\r\nConnection: close\r\n\r\n503 Service Unavailable\n");
}

TEST(CannedReplyWriter, WritesBodyLinesAndConnection) {
    EXPECT_EQ(canned({.status = 200,
                      .content_type = "application/json",
                      .body = "{}",
                      .extra_lines = "X-A: 1\r\n",
                      .keep_alive = true},
                     2),
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
              "X-A: 1\r\n\r\n{}");
    EXPECT_EQ(
        canned({.status = 200, .body = "x", .keep_alive = true, .client_minor_version = 0}, 1),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n"
        "Connection: keep-alive\r\n\r\nx");
}

TEST(CannedReplyWriter, AnswersHeadWithTheLengthAlone) {
    EXPECT_EQ(canned({.status = 404, .keep_alive = true, .head_only = true}, 0),
              "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 14\r\n\r\n");
}

TEST(CannedReplyWriter, GivesNoBodyWhereNoneMayStand) {
    EXPECT_EQ(canned({.status = 204, .keep_alive = true}, 0), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(canned({.status = 304, .keep_alive = true}, 0), "HTTP/1.1 304 Not Modified\r\n\r\n");
    EXPECT_EQ(canned({.status = 100, .keep_alive = true}, 0), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(CannedReplyWriter, SendsABodyTooLongToCopyFromWhereItLies) {
    const std::string body(Gather::kTextMax, 'b');
    const std::string text = canned({.status = 200, .body = body, .keep_alive = true}, body.size());
    EXPECT_TRUE(text.ends_with("Content-Length: 131072\r\n\r\n" + body));
}

}  // namespace
}  // namespace ringway::forward
