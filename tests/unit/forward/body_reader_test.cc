// Where a body ends, for each framing, whatever pieces it comes in.
#include "ringway/forward/body_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::forward {
namespace {

using http::Framing;

/// Reads `bytes` in pieces of `step`; the payload. What the body leaves is put in `rest`.
std::string read(BodyReader& reader, std::string_view bytes, std::size_t step, std::string& rest) {
    std::string payload;
    rest.clear();
    while (!bytes.empty()) {
        std::string_view piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        while (!piece.empty() && !reader.done() && !reader.failed()) payload += reader.take(piece);
        rest += piece;
    }
    return payload;
}

TEST(BodyReader, HasNothingToReadWithoutABody) {
    BodyReader reader;
    EXPECT_TRUE(reader.done());
    reader.start(Framing::none, 7);
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.left(), 0u);
    std::string_view bytes = "next";
    EXPECT_EQ(reader.take(bytes), "");
    EXPECT_EQ(bytes, "next");
    reader.start(Framing::length, 0);
    EXPECT_TRUE(reader.done());
}

TEST(BodyReader, StopsAtTheLength) {
    for (const std::size_t step : {1u, 2u, 3u, 100u}) {
        BodyReader reader;
        reader.start(Framing::length, 5);
        EXPECT_FALSE(reader.done());
        std::string rest;
        EXPECT_EQ(read(reader, "helloGET /", step, rest), "hello") << step;
        EXPECT_EQ(rest, "GET /") << step;
        EXPECT_TRUE(reader.done());
        EXPECT_EQ(reader.left(), 0u);
    }
}

TEST(BodyReader, CountsBytesThatWentByWithoutIt) {
    BodyReader reader;
    reader.start(Framing::length, std::uint64_t{1} << 40);
    std::string_view bytes = "abc";
    reader.take(bytes);
    reader.skip((std::uint64_t{1} << 40) - 4);
    EXPECT_EQ(reader.left(), 1u);
    EXPECT_FALSE(reader.done());
    reader.skip(1);
    EXPECT_TRUE(reader.done());
}

TEST(BodyReader, ATornLengthIsNotDoneWhenThePeerCloses) {
    BodyReader reader;
    reader.start(Framing::length, 5);
    std::string_view bytes = "hell";
    reader.take(bytes);
    reader.close();
    EXPECT_FALSE(reader.done());
    EXPECT_EQ(reader.left(), 1u);
}

TEST(BodyReader, ReadsUntilThePeerCloses) {
    BodyReader reader;
    reader.start(Framing::until_close, 0);
    std::string rest;
    EXPECT_EQ(read(reader, "all of it", 4, rest), "all of it");
    EXPECT_EQ(rest, "");
    EXPECT_FALSE(reader.done());
    reader.close();
    EXPECT_TRUE(reader.done());
}

TEST(BodyReader, ReadsChunksAndKeepsTheTrailers) {
    for (const std::size_t step : {1u, 2u, 5u, 7u, 100u}) {
        BodyReader reader;
        reader.start(Framing::chunked, 0);
        std::string rest;
        EXPECT_EQ(
            read(reader, "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET /", step, rest),
            "hello world")
            << step;
        EXPECT_EQ(rest, "GET /") << step;
        EXPECT_TRUE(reader.done());
        EXPECT_EQ(reader.trailers(), "X-Sum: 1\r\n");
    }
}

TEST(BodyReader, FailsOnBrokenChunks) {
    BodyReader reader;
    reader.start(Framing::chunked, 0);
    std::string rest;
    EXPECT_EQ(read(reader, "2\r\nabX", 100, rest), "ab");
    EXPECT_TRUE(reader.failed());
    EXPECT_FALSE(reader.done());
}

TEST(BodyReader, ATornChunkedBodyIsNotDoneWhenThePeerCloses) {
    BodyReader reader;
    reader.start(Framing::chunked, 0);
    std::string rest;
    read(reader, "2\r\nab\r\n0\r\n", 100, rest);
    reader.close();
    EXPECT_FALSE(reader.done());
}

TEST(BodyReader, ReadsTheNextBodyAfresh) {
    BodyReader reader;
    reader.start(Framing::chunked, 0);
    std::string rest;
    read(reader, "zz", 100, rest);
    ASSERT_TRUE(reader.failed());
    reader.start(Framing::length, 2);
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(read(reader, "ab", 100, rest), "ab");
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.trailers(), "");
    reader.start(Framing::chunked, 0);
    EXPECT_EQ(read(reader, "1\r\nc\r\n0\r\n\r\n", 100, rest), "c");
    EXPECT_TRUE(reader.done());
}

}  // namespace
}  // namespace ringway::forward
