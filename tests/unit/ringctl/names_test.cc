#include "client/names.h"

#include <gtest/gtest.h>

#include "client/address.h"

namespace ringctl {
namespace {

const std::vector<UpstreamName> kKnown{
    {"api", "a"}, {"api", "b"}, {"web", "a"}, {"web", "front"}, {"the/pool", "b/1"}};

std::string refusal(std::string_view wanted) {
    const auto found = find_upstream(wanted, kKnown);
    EXPECT_FALSE(found);
    return found ? "" : found.error().message;
}

TEST(names, an_upstream_is_found_by_its_whole_name_or_by_one_that_only_one_pool_has) {
    EXPECT_EQ(find_upstream("web/a", kKnown).value(), (UpstreamName{"web", "a"}));
    EXPECT_EQ(find_upstream("front", kKnown).value(), (UpstreamName{"web", "front"}));
    EXPECT_EQ(find_upstream("the/pool/b/1", kKnown).value(), (UpstreamName{"the/pool", "b/1"}));
    EXPECT_EQ(find_upstream("b/1", kKnown).value(), (UpstreamName{"the/pool", "b/1"}));
}

TEST(names, an_ambiguous_name_lists_the_choices) {
    EXPECT_EQ(refusal("a"), "`a` may be any of api/a, web/a; write POOL/UPSTREAM");
}

TEST(names, an_unknown_name_suggests_the_nearest) {
    EXPECT_NE(refusal("web/frnt").find("did you mean `web/front`?"), std::string::npos);
    EXPECT_NE(refusal("fornt").find("did you mean `front`?"), std::string::npos);
    EXPECT_EQ(refusal("zzz"), "no upstream is named `zzz`; `ringctl upstreams` lists them");
    EXPECT_EQ(find_upstream("zzz", kKnown).error().status, ExitStatus::usage);
}

TEST(names, a_path_has_every_odd_byte_encoded) {
    EXPECT_EQ((UpstreamName{"the/pool", "10.0.0.1:80 %"}).path(),
              "/upstreams/the%2Fpool/10.0.0.1%3A80%20%25");
}

TEST(address, each_form_is_taken) {
    EXPECT_EQ(Address::parse("127.0.0.1:9901")->authority, "127.0.0.1:9901");
    EXPECT_EQ(Address::parse("lb1.example:80")->authority, "lb1.example:80");
    EXPECT_EQ(Address::parse("[::1]:9901")->authority, "[::1]:9901");
    const auto unix_socket = Address::parse("unix:/run/ringway/admin.sock");
    EXPECT_EQ(unix_socket->unix_path, "/run/ringway/admin.sock");
    EXPECT_EQ(unix_socket->authority, "localhost");
    EXPECT_EQ(Address::parse("unix:@name")->unix_path, "@name");
}

TEST(address, what_a_server_listens_on_everywhere_is_asked_at_the_loopback) {
    EXPECT_EQ(Address::parse("0.0.0.0:9901")->authority, "127.0.0.1:9901");
    EXPECT_EQ(Address::parse("[::]:9901")->authority, "[::1]:9901");
}

TEST(address, anything_else_is_none) {
    for (const char* const text :
         {"", "host", ":80", "host:", "host:0", "host:65536", "host:8x", "unix:", "unix:name",
          "unix:/", "http://host:80", "a b:80", "::1:80", "[]:80", "user@host:80", "host/x:80"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
}

}  // namespace
}  // namespace ringctl
