// See authority.h.
#include "authority.h"

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "chars.h"

namespace ringway::http {
namespace {

constexpr bool is_hex_digit(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

// RFC 3986 3.2.2: unreserved and sub-delims; the comma is left out because a list in Host is an
// attack or an accident.
constexpr bool is_name_byte(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && std::string_view("-._~!$&'()*+;=").find(static_cast<char>(c)) !=
                          std::string_view::npos);
}

constexpr ByteClass kNameBytes = make_byte_class(is_name_byte);

struct HostAndPort {
    bool valid = false;
    bool has_port = false;  // true exactly when at least one digit follows a colon
};

/// Bytes of the bracketed IPv6 address at the start, brackets included; 0 when there is none. The
/// future forms and the zones of RFC 3986 and 6874 are refused: no name server or socket here could
/// use them.
std::size_t ipv6_size(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return 0;
    char address[INET6_ADDRSTRLEN] = {};
    const std::size_t size = close - 1;
    if (size == 0 || size >= sizeof(address)) return 0;
    std::memcpy(address, text.data() + 1, size);
    if (std::strlen(address) != size) return 0;
    in6_addr parsed;
    return inet_pton(AF_INET6, address, &parsed) == 1 ? close + 1 : 0;
}

/// Bytes of the name or IPv4 address at the start.
std::size_t name_size(std::string_view text) {
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        if (in_class(kNameBytes, text[i])) continue;
        if (text[i] != '%' || text.size() - i < 3) break;
        if (!is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) break;
        i += 2;
    }
    return i;
}

HostAndPort split(std::string_view text) {
    const std::size_t host = text.starts_with('[') ? ipv6_size(text) : name_size(text);
    if (host == 0) return {};
    text.remove_prefix(host);
    if (text.empty()) return {true, false};
    if (text.front() != ':') return {};
    text.remove_prefix(1);
    std::uint32_t port = 0;
    for (const char c : text) {
        if (!is_digit(c)) return {};
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > 65535) return {};
    }
    return {true, !text.empty()};
}

}  // namespace

bool is_valid_authority(std::string_view authority) { return split(authority).valid; }

bool is_valid_authority_with_port(std::string_view authority) {
    const HostAndPort result = split(authority);
    return result.valid && result.has_port;
}

}  // namespace ringway::http
