// The chunked decoder: what it yields, what it refuses, and that no cut of the bytes changes
// either.
#include "ringway/http/chunked.h"

#include <gtest/gtest.h>

#include <string>

#include "every_way.h"
#include "guarded_bytes.h"
#include "ringway/base/prng.h"

namespace ringway::http {
namespace {

using State = ChunkedDecoder::State;
using namespace std::string_literals;

struct Result {
    State state = State::more;
    std::string payload;
    std::string trailers;
    std::size_t consumed = 0;  // compared unless the state is error
    bool operator==(const Result&) const = default;
};

/// Feeds one piece; true while more is wanted.
bool feed(ChunkedDecoder& decoder, std::string_view piece, Result& result) {
    while (!piece.empty() && result.state == State::more) {
        const auto step = decoder.next(piece);
        EXPECT_LE(step.consumed, piece.size());
        EXPECT_TRUE(step.consumed > 0 || step.state != State::more) << "no progress";
        result.payload += step.payload;
        result.consumed += step.consumed;
        result.state = step.state;
        piece.remove_prefix(step.consumed);
    }
    if (result.state == State::done) result.trailers = decoder.trailers();
    return result.state == State::more;
}

Result decode_whole(std::string_view bytes) {
    const test::GuardedBytes guarded(bytes);
    ChunkedDecoder decoder;
    Result result;
    feed(decoder, guarded.view(), result);
    if (result.state == State::error) result.consumed = 0;
    return result;
}

/// Whole, byte by byte, and in two pieces cut anywhere: one answer.
Result decode(std::string_view bytes) {
    const Result whole = decode_whole(bytes);
    const std::size_t step = bytes.size() > 2000 ? 509 : 1;
    for (std::size_t cut = 0; cut <= bytes.size(); cut += step) {
        ChunkedDecoder decoder;
        Result result;
        if (feed(decoder, bytes.substr(0, cut), result)) feed(decoder, bytes.substr(cut), result);
        if (result.state == State::error) result.consumed = 0;
        EXPECT_EQ(result, whole) << "cut at " << cut << ": " << test::escaped(bytes);
        if (::testing::Test::HasFailure()) return whole;
    }
    ChunkedDecoder decoder;
    Result result;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (!feed(decoder, bytes.substr(i, 1), result)) break;
    }
    if (result.state == State::error) result.consumed = 0;
    EXPECT_EQ(result, whole) << "byte by byte: " << test::escaped(bytes);
    return whole;
}

void expect_body(const std::string& bytes, const std::string& payload,
                 const std::string& trailers = "") {
    const Result result = decode(bytes + "GET / HTTP/1.1\r\n");
    EXPECT_EQ(result.state, State::done) << test::escaped(bytes);
    EXPECT_EQ(result.payload, payload);
    EXPECT_EQ(result.trailers, trailers);
    EXPECT_EQ(result.consumed, bytes.size()) << "the next message's bytes are left alone";
}

void expect_refused(const std::string& bytes) {
    EXPECT_EQ(decode(bytes).state, State::error) << test::escaped(bytes);
}

TEST(Chunked, Bodies) {  // RFC 9112 7.1
    expect_body("0\r\n\r\n", "");
    expect_body("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world");
    expect_body("A\r\nhelloworld\r\n0\r\n\r\n", "helloworld");
    expect_body("a\r\nhelloworld\r\n000\r\n\r\n", "helloworld");
    expect_body("0005\r\nhello\r\n0\r\n\r\n", "hello");
    expect_body("5\r\n\r\n\r\n0\r\n0\r\n\r\n", "\r\n\r\n0");
    expect_body("4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r");
    expect_body("1000\r\n" + std::string(4096, 'x') + "\r\n0\r\n\r\n", std::string(4096, 'x'));
}

TEST(Chunked, Sizes) {
    expect_refused("\r\nhello\r\n0\r\n\r\n");
    expect_refused("+5\r\nhello\r\n0\r\n\r\n");
    expect_refused("-5\r\nhello\r\n0\r\n\r\n");
    expect_refused(" 5\r\nhello\r\n0\r\n\r\n");
    expect_refused("0x5\r\nhello\r\n0\r\n\r\n");
    expect_refused("1_0\r\nhello\r\n0\r\n\r\n");
    expect_refused("xyz\r\n");
    expect_refused("5,5\r\nhello\r\n0\r\n\r\n");
    expect_refused("5 5\r\nhello\r\n0\r\n\r\n");
    expect_refused("5 \r\nhello\r\n0\r\n\r\n");
    expect_refused("5\0\r\nhello"s);
    // No size wraps: 2^64 + 5, and whatever does not fit 63 bits.
    expect_refused("10000000000000005\r\nhello\r\n0\r\n\r\n");
    expect_refused("8000000000000000\r\n");
    expect_refused("FFFFFFFFFFFFFFFF\r\n");
    expect_refused(std::string(300, 'f') + "\r\n");
    expect_refused(std::string(300, '0') + "\r\n\r\n");
    EXPECT_EQ(decode("7fffffffffffffff\r\nhello").state, State::more);
    expect_body(std::string(200, '0') + "5\r\nhello\r\n0\r\n\r\n", "hello");
}

TEST(Chunked, LineEndsAreStrict) {
    expect_refused("5\nhello\r\n0\r\n\r\n");
    expect_refused("5\rhello\r\n0\r\n\r\n");
    expect_refused("5\r\r\nhello\r\n0\r\n\r\n");
    expect_refused("5\r\nhello\n0\r\n\r\n");
    expect_refused("5\r\nhello0\r\n\r\n");
    expect_refused("5\r\nhello\rX0\r\n\r\n");
    expect_refused("5\r\nhello!\r\n0\r\n\r\n");
    expect_refused("5\r\nhello\r\n0\n\r\n");
    expect_refused("5\r\nhello\r\n0\r\n\n");
    expect_refused("0\r\n\rX");
    for (const char* cut :
         {"", "5", "5\r", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r", "5\r\nhello\r\n",
          "5\r\nhello\r\n0", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r"}) {
        EXPECT_EQ(decode(cut).state, State::more) << cut;
    }
}

TEST(Chunked, Extensions) {  // RFC 9112 7.1.1
    expect_body("5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello");
    expect_body("5 \t;\ta = b\r\nhello\r\n0\r\n\r\n", "hello");
    expect_body("5;a=\"b;c\\\"d\"\r\nhello\r\n0\r\n\r\n", "hello");
    expect_body("5;a=\"\\\\\"\r\nhello\r\n0\r\n\r\n", "hello");
    expect_refused(";a=b\r\nhello\r\n0\r\n\r\n");
    expect_refused("5;a=\"b\r\nhello\"\r\n0\r\n\r\n");
    expect_refused("5;a=\"b\\\r\nhello\"\r\n0\r\n\r\n");
    expect_refused("5;a\0b\r\nhello\r\n0\r\n\r\n"s);
    expect_refused("5;a\x7f\r\nhello\r\n0\r\n\r\n");
    expect_refused("2;\nxx\r\n23\r\n0\r\n\r\n");
    expect_refused("2;\"\n\"xx\r\n23\r\n0\r\n\r\n");
    expect_body("5;" + std::string(255, 'a') + "\r\nhello\r\n0\r\n\r\n", "hello");
    expect_refused("5;" + std::string(256, 'a') + "\r\nhello\r\n0\r\n\r\n");
}

TEST(Chunked, OverheadIsBounded) {
    const std::string small = "1;" + std::string(39, 'a') + "\r\nx\r\n";
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += small;
    EXPECT_EQ(decode_whole(bytes).state, State::more);
    for (int i = 0; i < 200; ++i) bytes += small;
    expect_refused(bytes);
    // The same extensions are nothing beside enough payload.
    bytes.clear();
    for (int i = 0; i < 1000; ++i) {
        bytes += "40;" + std::string(39, 'a') + "\r\n" + std::string(64, 'x') + "\r\n";
    }
    EXPECT_EQ(decode_whole(bytes).state, State::more);
}

TEST(Chunked, Trailers) {  // RFC 9112 7.1.2
    expect_body("0\r\nX-T: 1\r\n\r\n", "", "X-T: 1\r\n");
    expect_body("1\r\nx\r\n0\r\nA:\r\nB: c\td \xff\r\n\r\n", "x", "A:\r\nB: c\td \xff\r\n");
    expect_refused("0\r\nX-T : 1\r\n\r\n");
    expect_refused("0\r\n: 1\r\n\r\n");
    expect_refused("0\r\nX-T\r\n\r\n");
    expect_refused("0\r\nX-T: 1\n\n");
    expect_refused("0\r\nX-T: 1\r\n\n");
    expect_refused("0\r\nX-T: a\rb\r\n\r\n");
    expect_refused("0\r\nX-T: a\0b\r\n\r\n"s);
    expect_refused("0\r\nX-T: a\r\n b\r\n\r\n");
    expect_refused("0\r\n X-T: a\r\n\r\n");
    // Without waiting for the end of the line.
    expect_refused("0\r\nX: a\rb");
    expect_refused("0\r\nX: a\x01");
}

TEST(Chunked, TrailersAreBounded) {
    const auto trailer = [](std::size_t size) {
        return "0\r\nX: " + std::string(size - 5, 'a') + "\r\n\r\n";
    };
    EXPECT_EQ(decode(trailer(ChunkedDecoder::kTrailerBytesMax)).state, State::done);
    expect_refused(trailer(ChunkedDecoder::kTrailerBytesMax + 1));
    expect_refused(trailer(ChunkedDecoder::kTrailerBytesMax + 2));
    expect_refused(trailer(300'000));
    std::string lines = "0\r\n";
    for (int i = 0; i < 4096; ++i) lines += "A: b\r\n";
    expect_refused(lines + "\r\n");
}

TEST(Chunked, StaysWhereItEnded) {
    ChunkedDecoder decoder;
    EXPECT_EQ(decoder.next("0\r\n\r\n").state, State::done);
    const auto after = decoder.next("more");
    EXPECT_EQ(after.state, State::done);
    EXPECT_EQ(after.consumed, 0u);
    decoder.reset();
    EXPECT_EQ(decoder.next("x").state, State::error);
    EXPECT_EQ(decoder.next("0\r\n\r\n").state, State::error);
    decoder.reset();
    EXPECT_EQ(decoder.next("0\r\n\r\n").state, State::done);
}

TEST(Chunked, RandomBodiesComeBackWhole) {
    base::Prng random(11);
    for (int round = 0; round < 300; ++round) {
        std::string payload;
        std::string bytes;
        for (std::uint32_t chunks = random.below(8); chunks > 0; --chunks) {
            std::string chunk(1 + random.below(60), '\0');
            for (char& byte : chunk) byte = static_cast<char>(random.below(256));
            char size[20];
            std::snprintf(size, sizeof(size), random.chance(50) ? "%zx" : "%04zX", chunk.size());
            bytes += size + (random.chance(20) ? ";e=\""s + "\"" : ""s) + "\r\n" + chunk + "\r\n";
            payload += chunk;
        }
        expect_body(bytes + "0\r\n\r\n", payload);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Chunked, RandomDamageGivesOneAnswerForAnyCut) {
    base::Prng random(12);
    const std::string good = "5;a=\"b\"\r\nhello\r\nA\r\nhelloworld\r\n0\r\nX: y\r\n\r\nNEXT";
    const std::string_view marks = "\r\n;\" 0fA:\t\\\0";
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = good;
        for (std::uint32_t hits = 1 + random.below(3); hits > 0; --hits) {
            bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] =
                random.chance(80) ? marks[random.below(static_cast<std::uint32_t>(marks.size()))]
                                  : static_cast<char>(random.below(256));
        }
        decode(bytes);
        if (::testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace ringway::http
