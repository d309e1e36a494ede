#include "ringway/base/socket_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace ringway::base {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
    return port;
}

}  // namespace

std::optional<SocketAddress> SocketAddress::from_ip(std::string_view ip, std::uint16_t port) {
    const std::string text(ip);
    SocketAddress result;
    if (inet_pton(AF_INET, text.c_str(), &result.v4_.sin_addr) == 1) {
        result.v4_.sin_family = AF_INET;
        result.v4_.sin_port = htons(port);
        result.size_ = sizeof(sockaddr_in);
        return result;
    }
    if (inet_pton(AF_INET6, text.c_str(), &result.v6_.sin6_addr) == 1) {
        result.v6_.sin6_family = AF_INET6;
        result.v6_.sin6_port = htons(port);
        result.size_ = sizeof(sockaddr_in6);
        return result;
    }
    return {};
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
    if (text.starts_with("unix:")) {
        const std::string_view path = text.substr(5);
        SocketAddress result;
        if (path.empty() || path.size() >= sizeof(result.unix_.sun_path)) return {};
        result.unix_.sun_family = AF_UNIX;
        std::memcpy(result.unix_.sun_path, path.data(), path.size());
        if (path[0] == '@') result.unix_.sun_path[0] = '\0';
        const std::size_t terminator = path[0] == '@' ? 0 : 1;
        result.size_ =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + terminator);
        return result;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return {};
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (bracketed != (host.find(':') != std::string_view::npos)) return {};
    return from_ip(host, *port);
}

SocketAddress SocketAddress::from_kernel(const sockaddr* address, socklen_t size) {
    SocketAddress result;
    if (size > sizeof(result.unix_)) size = sizeof(result.unix_);
    std::memcpy(result.zero_, address, size);
    result.size_ = size;
    return result;
}

std::uint16_t SocketAddress::port() const {
    if (family() == AF_INET) return ntohs(v4_.sin_port);
    if (family() == AF_INET6) return ntohs(v6_.sin6_port);
    return 0;
}

IpAddress SocketAddress::ip() const {
    IpAddress result;
    if (family() == AF_INET6) {
        std::memcpy(result.bytes, &v6_.sin6_addr, 16);
    } else if (family() == AF_INET) {
        result.bytes[10] = result.bytes[11] = 0xff;
        std::memcpy(result.bytes + 12, &v4_.sin_addr, 4);
    }
    return result;
}

std::size_t write_ip(const IpAddress& ip, bool as_v6, char* out) {
    if (as_v6) {
        inet_ntop(AF_INET6, ip.bytes, out, 48);
        return std::strlen(out);
    }
    char* p = out;
    for (int i = 12; i < 16; ++i) {
        if (i > 12) *p++ = '.';
        p = std::to_chars(p, p + 3, ip.bytes[i]).ptr;
    }
    return static_cast<std::size_t>(p - out);
}

std::size_t SocketAddress::write_host(char* out) const {
    return PeerAddress::of(*this).write_host(out);
}

PeerAddress PeerAddress::of(const SocketAddress& peer) {
    return {.ip = peer.ip(),
            .port = peer.port(),
            .is_unix = !peer.is_ip(),
            .is_v6 = peer.family() == AF_INET6};
}

std::size_t PeerAddress::write_host(char* out) const {
    if (!is_unix) return write_ip(ip, is_v6, out);
    std::memcpy(out, "unix:", 5);
    return 5;
}

std::string SocketAddress::text() const {
    if (family() == AF_UNIX) {
        const std::size_t length = size_ - offsetof(sockaddr_un, sun_path);
        std::string path(unix_.sun_path, length);
        if (!path.empty() && path[0] == '\0') path[0] = '@';
        while (!path.empty() && path.back() == '\0') path.pop_back();
        return "unix:" + path;
    }
    if (!is_ip()) return "-";
    char host[48];
    const std::string_view ip(host, write_host(host));
    std::string result = family() == AF_INET6 ? "[" + std::string(ip) + "]" : std::string(ip);
    return result + ":" + std::to_string(port());
}

bool SocketAddress::operator==(const SocketAddress& other) const {
    return size_ == other.size_ && std::memcmp(zero_, other.zero_, size_) == 0;
}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = SocketAddress::from_ip(text.substr(0, slash), 0);
    if (!address) return {};
    const int family_bits = address->family() == AF_INET ? 32 : 128;
    int bits = family_bits;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size()) return {};
        if (bits < 0 || bits > family_bits) return {};
    }
    return Network{address->ip(), bits + 128 - family_bits};
}

bool Network::contains(const IpAddress& ip) const {
    const auto whole = static_cast<std::size_t>(prefix_bits / 8);
    if (std::memcmp(ip.bytes, address.bytes, whole) != 0) return false;
    const int rest = prefix_bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return (ip.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace ringway::base
