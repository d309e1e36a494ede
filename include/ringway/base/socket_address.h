// An address that a socket can be bound or connected to: IPv4, IPv6 or a unix path. A value; no
// system calls.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::base {

/// An address of the host part only, v4 mapped into v6 form, for comparing and matching against
/// networks.
struct IpAddress {
    std::uint8_t bytes[16] = {};
    bool operator==(const IpAddress&) const = default;
};

/// The text of an address ("::1", "127.0.0.1"), written to `out`, at least 48 bytes; its length.
std::size_t write_ip(const IpAddress& ip, bool as_v6, char* out);

class SocketAddress {
 public:
    SocketAddress() = default;

    /// "127.0.0.1:80", "[::1]:80", "unix:/path" (an abstract name as "unix:@name"). No names: those
    /// are resolved by control/. Nothing when the text is none of these.
    static std::optional<SocketAddress> parse(std::string_view text);
    /// From what the kernel returned.
    static SocketAddress from_kernel(const sockaddr* address, socklen_t size);
    /// An IPv4 or IPv6 literal without a port.
    static std::optional<SocketAddress> from_ip(std::string_view ip, std::uint16_t port);

    int family() const { return any_.sa_family; }
    bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
    std::uint16_t port() const;
    IpAddress ip() const;
    const sockaddr* raw() const { return &any_; }
    socklen_t raw_size() const { return size_; }

    /// As parse() takes it.
    std::string text() const;
    /// The host part only ("::1", "127.0.0.1"; "unix:" for unix sockets), written to `out`, at
    /// least 48 bytes; its length.
    std::size_t write_host(char* out) const;

    bool operator==(const SocketAddress& other) const;

 private:
    union {
        sockaddr any_;
        sockaddr_in v4_;
        sockaddr_in6 v6_;
        sockaddr_un unix_;
        unsigned char zero_[sizeof(sockaddr_un)] = {};
    };
    socklen_t size_ = 0;
};

/// What a connection remembers of its peer, in few bytes: of a unix socket, neither address nor
/// port.
struct PeerAddress {
    IpAddress ip;
    std::uint16_t port = 0;
    bool is_unix = true;
    bool is_v6 = false;

    static PeerAddress of(const SocketAddress& peer);
    /// As SocketAddress::write_host() does.
    std::size_t write_host(char* out) const;
    bool operator==(const PeerAddress&) const = default;
};

/// A network "10.0.0.0/8" or "fd00::/8" or a single address.
struct Network {
    IpAddress address;
    int prefix_bits = 128;  // of the mapped form
    static std::optional<Network> parse(std::string_view text);
    bool contains(const IpAddress& ip) const;
    bool operator==(const Network&) const = default;
};

}  // namespace ringway::base
