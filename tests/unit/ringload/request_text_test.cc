#include "load/request_text.h"

#include <gtest/gtest.h>

namespace ringload {
namespace {

std::string written(const RequestKind& kind, bool last = false, std::uint64_t number = 0) {
    const RequestText text(kind, "shop.example:8080");
    std::string room = "what another request left";
    return std::string(text.write(number, last, room));
}

TEST(request_text, has_the_target_and_the_host) {
    RequestKind kind;
    kind.target = "/cart?a=b";
    EXPECT_EQ(written(kind), "GET /cart?a=b HTTP/1.1\r\nHost: shop.example:8080\r\n\r\n");
}

TEST(request_text, the_last_one_on_a_connection_says_so) {
    RequestKind kind;
    EXPECT_EQ(written(kind, true),
              "GET / HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: close\r\n\r\n");
    kind.headers = {{"connection", "keep-alive"}};
    EXPECT_EQ(written(kind, true),
              "GET / HTTP/1.1\r\nHost: shop.example:8080\r\nconnection: keep-alive\r\n\r\n");
}

TEST(request_text, fields_come_in_order_and_a_host_of_its_own_replaces_the_other) {
    RequestKind kind;
    kind.headers = {{"X-B", "2"}, {"hOst", "other"}, {"X-A", "1"}, {"X-B", "3"}};
    EXPECT_EQ(written(kind), "GET / HTTP/1.1\r\nX-B: 2\r\nhOst: other\r\nX-A: 1\r\nX-B: 3\r\n\r\n");
}

TEST(request_text, a_body_has_its_length_and_a_method_that_expects_one_says_0) {
    RequestKind kind;
    kind.method = "PUT";
    kind.body = std::string("a\0b", 3);
    EXPECT_EQ(written(kind),
              "PUT / HTTP/1.1\r\nHost: shop.example:8080\r\n"
              "Content-Length: 3\r\n\r\n" +
                  kind.body);
    kind.body.clear();
    for (const char* method : {"PUT", "POST", "PATCH"}) {
        kind.method = method;
        EXPECT_TRUE(written(kind).ends_with("\r\nContent-Length: 0\r\n\r\n")) << method;
    }
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
        kind.method = method;
        EXPECT_EQ(written(kind).find("Content-Length"), std::string::npos) << method;
    }
}

TEST(request_text, the_number_stands_where_it_belongs) {
    RequestKind kind;
    kind.method = "DELETE";
    kind.target = "/items/{n}?x={n";
    for (const bool last : {false, true}) {
        const std::string text = written(kind, last, 18'446'744'073'709'551'615u);
        EXPECT_TRUE(text.starts_with(
            "DELETE /items/18446744073709551615?x={n HTTP/1.1\r\nHost: shop.example:8080\r\n"))
            << text;
        EXPECT_EQ(text.find("close") != std::string::npos, last);
    }
    kind.target = "/{n}";
    kind.body = "{n}";
    EXPECT_TRUE(written(kind, false, 7).starts_with("DELETE /7 HTTP/1.1\r\n"));
    EXPECT_TRUE(written(kind, false, 7).ends_with("\r\n\r\n{n}")) << "only the target has numbers";
}

TEST(request_text, without_a_number_nothing_is_copied) {
    const RequestText text(RequestKind{}, "a");
    std::string room;
    EXPECT_EQ(text.write(1, false, room).data(), text.write(2, false, room).data());
    EXPECT_TRUE(room.empty());
}

}  // namespace
}  // namespace ringload
