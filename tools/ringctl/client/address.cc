#include "client/address.h"

#include <fmt/format.h>

#include <charconv>

#include "ringway/base/printable.h"

namespace ringctl {

namespace {

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port > 0 && port <= 65535;
}

bool is_host(std::string_view host) {
    if (host.empty()) return false;
    if (host.starts_with('[')) return host.ends_with(']') && host.size() > 2;
    return host.find_first_of(":/?#[]@ \t\r\n") == std::string_view::npos;
}

}  // namespace

std::expected<Address, std::string> Address::parse(std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    const std::string_view path = text.substr(std::min(text.size(), kUnix.size()));
    if (text.starts_with(kUnix) && (path.starts_with('/') || path.starts_with('@')) &&
        path.size() > 1) {
        return Address{std::string(text), std::string(path), "localhost"};
    }
    const std::size_t colon = text.rfind(':');
    const std::string_view host = text.substr(0, colon);
    if (colon == std::string_view::npos || !is_port(text.substr(colon + 1)) || !is_host(host)) {
        return std::unexpected(
            fmt::format("`{}` is no address; write IP:port, name:port or unix:/path",
                        ringway::base::shown(text)));
    }
    std::string authority(text);
    if (host == "0.0.0.0") authority = "127.0.0.1" + authority.substr(colon);
    if (host == "[::]") authority = "[::1]" + authority.substr(colon);
    return Address{authority, "", authority};
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

}  // namespace ringctl
