#include "ringway/base/socket_address.h"

#include <gtest/gtest.h>

namespace ringway::base {
namespace {

TEST(SocketAddress, PrintsWhatItParsed) {
    for (const char* text : {"127.0.0.1:80", "[::1]:8080", "unix:/run/x.sock", "unix:@name"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
    }
}

TEST(SocketAddress, RefusesWhatIsNoLiteral) {
    for (const char* text : {"", "127.0.0.1", "host:80", "::1:80", "[127.0.0.1]:80", "127.0.0.1:",
                             "127.0.0.1:65536", "127.0.0.1:80x", "unix:", "256.0.0.1:80"}) {
        EXPECT_FALSE(SocketAddress::parse(text)) << text;
    }
}

TEST(Network, ContainsByPrefix) {
    const auto network = Network::parse("10.1.0.0/20");
    ASSERT_TRUE(network);
    EXPECT_TRUE(network->contains(SocketAddress::from_ip("10.1.15.255", 0)->ip()));
    EXPECT_FALSE(network->contains(SocketAddress::from_ip("10.1.16.0", 0)->ip()));
    EXPECT_FALSE(network->contains(SocketAddress::from_ip("::1", 0)->ip()));
    EXPECT_FALSE(Network::parse("10.0.0.0/33"));
    EXPECT_FALSE(Network::parse("10.0.0.0/x"));
}

}  // namespace
}  // namespace ringway::base
