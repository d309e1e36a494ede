#include "load/answer_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ringway/base/prng.h"

namespace ringload {
namespace {

using ringway::http::Method;
using ringway::http::ResponseHead;
using Step = AnswerReader::Step;

const RequestKind kAny;

struct Seen {
    Step step = Step::more;
    std::uint16_t status = 0;
    bool keep_alive = false;
    bool expected = false;
    bool checksum = false;
    std::string origin;
    std::size_t left = 0;  // bytes behind the answer
    bool operator==(const Seen&) const = default;
};

/// Feeds the pieces that `cuts` (ascending) make of `bytes`, and the end of the stream behind them.
/// Each piece is a copy of its own, so that a byte that is kept by reference shows.
Seen read(AnswerReader& reader, const RequestKind& kind, Method method, std::string_view bytes,
          const std::vector<std::size_t>& cuts, bool ends) {
    const auto head = std::make_unique<ResponseHead>();
    reader.start(kind, method);
    Seen seen;
    std::size_t at = 0;
    for (std::size_t i = 0; i <= cuts.size() && seen.step == Step::more; ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : bytes.size();
        const auto piece = std::make_unique<char[]>(end - at + 1);
        std::ranges::copy(bytes.substr(at, end - at), piece.get());
        std::string_view rest(piece.get(), end - at);
        seen.step = reader.take(rest, *head);
        if (seen.step == Step::more) {
            EXPECT_TRUE(rest.empty());
        }
        at = end - rest.size();
        std::fill_n(piece.get(), end - at, '?');
    }
    if (seen.step == Step::more && ends) seen.step = reader.end();
    if (seen.step != Step::whole) return seen;
    seen.status = reader.status();
    seen.keep_alive = reader.keep_alive();
    seen.expected = reader.is_expected();
    seen.checksum = reader.checksum_holds();
    seen.origin = reader.origin();
    seen.left = bytes.size() - at;
    return seen;
}

/// The one result of every way to cut the bytes in two, of single bytes, and of random pieces. One
/// reader reads them all, so that nothing of an answer is left in the next.
Seen read_every_way(const RequestKind& kind, Method method, const std::string& bytes,
                    bool ends = false) {
    AnswerReader reader("X-Origin");
    const Seen whole = read(reader, kind, method, bytes, {}, ends);
    std::vector<std::size_t> each;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        EXPECT_EQ(read(reader, kind, method, bytes, {cut}, ends), whole) << "cut at " << cut;
        each.push_back(cut);
    }
    EXPECT_EQ(read(reader, kind, method, bytes, each, ends), whole) << "byte by byte";
    ringway::base::Prng prng(1);
    for (int i = 0; i < 200; ++i) {
        std::vector<std::size_t> cuts;
        for (const std::size_t cut : each) {
            if (prng.chance(15)) cuts.push_back(cut);
        }
        EXPECT_EQ(read(reader, kind, method, bytes, cuts, ends), whole) << "random " << i;
    }
    return whole;
}

RequestKind crc_kind(std::string_view body) {
    RequestKind kind;
    kind.checksum.kind = BodyChecksum::Kind::crc32;
    kind.checksum.value = ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
    return kind;
}

const std::string kChunked =
    "HTTP/1.1 200 OK\r\nX-Origin: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-End: 1\r\n\r\n";

TEST(answer_reader, a_body_by_length) {
    const Seen seen = read_every_way(
        crc_kind("hello"), Method::get,
        "HTTP/1.1 201 Created\r\nX-Origin: b\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200");
    EXPECT_EQ(seen, (Seen{Step::whole, 201, true, true, true, "b", 12}));
}

TEST(answer_reader, a_chunked_body_is_that_of_all_its_chunks) {
    const Seen seen = read_every_way(crc_kind("hello world"), Method::get, kChunked);
    EXPECT_EQ(seen, (Seen{Step::whole, 200, true, true, true, "a", 0}));
    EXPECT_FALSE(read_every_way(crc_kind("hello"), Method::get, kChunked).checksum);
    EXPECT_FALSE(read_every_way(crc_kind(""), Method::get, kChunked).checksum);
}

TEST(answer_reader, a_body_that_ends_with_the_connection) {
    const std::string bytes = "HTTP/1.1 200 OK\r\n\r\nhello";
    EXPECT_EQ(read_every_way(crc_kind("hello"), Method::get, bytes, true),
              (Seen{Step::whole, 200, false, true, true, "", 0}));
    EXPECT_EQ(read_every_way(crc_kind("hello"), Method::get, bytes, false).step, Step::more);
}

TEST(answer_reader, an_end_within_any_other_answer_is_no_answer) {
    const std::string by_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
    EXPECT_EQ(read_every_way(kAny, Method::get, by_length, true).step, Step::more);
    EXPECT_EQ(read_every_way(kAny, Method::get, kChunked.substr(0, kChunked.size() - 2), true).step,
              Step::more);
    EXPECT_EQ(read_every_way(kAny, Method::get, "HTTP/1.1 200 OK\r\n", true).step, Step::more);
    EXPECT_EQ(read_every_way(kAny, Method::get, "HTTP/1.1 100 Go\r\n\r\n", true).step, Step::more);
}

TEST(answer_reader, interim_answers_are_none) {
    const Seen seen = read_every_way(
        crc_kind("x"), Method::post,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\nX-Origin: wrong\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Origin: right\r\n\r\nx");
    EXPECT_EQ(seen, (Seen{Step::whole, 200, true, true, true, "right", 0}));
}

TEST(answer_reader, answers_that_have_no_body_whatever_they_say) {
    const std::string rest = " X\r\nContent-Length: 5\r\n\r\nHTTP/";
    EXPECT_EQ(read_every_way(crc_kind(""), Method::head, "HTTP/1.1 200" + rest),
              (Seen{Step::whole, 200, true, true, true, "", 5}));
    EXPECT_EQ(read_every_way(crc_kind(""), Method::get, "HTTP/1.1 304" + rest),
              (Seen{Step::whole, 304, true, true, true, "", 5}));
    EXPECT_EQ(read_every_way(crc_kind(""), Method::get, "HTTP/1.1 204 No Content\r\n\r\nHTTP/"),
              (Seen{Step::whole, 204, true, true, true, "", 5}));
}

TEST(answer_reader, knows_which_answers_end_their_connection) {
    const std::string length = "Content-Length: 0\r\n\r\n";
    const auto keeps = [&](const std::string& head) {
        return read_every_way(kAny, Method::get, head + length).keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"));
}

TEST(answer_reader, refuses_what_is_not_http) {
    for (const std::string bytes : {
             "HTTP/1.1 two hundred\r\n\r\n",
             "HTTP/1.1 600 Beyond\r\n\r\n",
             "SSH-2.0-OpenSSH_9.2\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
             "HTTP/1.1 101 Switching Protocols\r\n\r\n",
         }) {
        EXPECT_EQ(read_every_way(kAny, Method::get, bytes).step, Step::malformed) << bytes;
    }
}

TEST(answer_reader, statuses_are_expected_or_not) {
    RequestKind kind;
    kind.expected = {{200, 200}, {404, 410}};
    const auto expects = [&](int status) {
        return read_every_way(
                   kind, Method::get,
                   "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n")
            .expected;
    };
    EXPECT_TRUE(expects(200));
    EXPECT_TRUE(expects(404));
    EXPECT_TRUE(expects(410));
    EXPECT_FALSE(expects(201));
    EXPECT_FALSE(expects(403));
    EXPECT_FALSE(expects(411));
}

TEST(answer_reader, checksums_by_value_and_by_the_answers_own_field) {
    RequestKind kind;
    kind.checksum.kind = BodyChecksum::Kind::fnv1a64;
    kind.checksum.value = 0x779a65e7023cd2e7u;  // of "hello world", as its authors' table has it
    EXPECT_TRUE(read_every_way(kind, Method::get, kChunked).checksum);
    ++kind.checksum.value;
    EXPECT_FALSE(read_every_way(kind, Method::get, kChunked).checksum);

    kind.checksum.kind = BodyChecksum::Kind::field;
    kind.checksum.field_name = "X-Sum";
    const std::string tail = "Content-Length: 11\r\n\r\nhello world";
    EXPECT_TRUE(
        read_every_way(kind, Method::get, "HTTP/1.1 200 OK\r\nx-sum: 779a65e7023cd2e7\r\n" + tail)
            .checksum);
    EXPECT_FALSE(
        read_every_way(kind, Method::get, "HTTP/1.1 200 OK\r\nX-Sum: 779a65e7023cd2e8\r\n" + tail)
            .checksum);
    EXPECT_FALSE(read_every_way(kind, Method::get, "HTTP/1.1 200 OK\r\n" + tail).checksum);
}

}  // namespace
}  // namespace ringload
