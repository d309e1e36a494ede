// parse_url(): what a URL says, and the address that its host has.
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <memory>

#include "cli/url.h"
#include "plan/request.h"
#include "ringway/base/printable.h"
#include "ringway/config/checks.h"

namespace ringload {

namespace base = ringway::base;

namespace {

std::unexpected<std::string> fail(std::string_view url, std::string_view reason) {
    return std::unexpected(fmt::format("{}: {}", base::shown(url), reason));
}

bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
    if (text.size() < prefix.size()) return false;
    return std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
}

/// The port behind the host; 0: it is wrong.
std::uint16_t port_of(std::string_view authority) {
    const std::size_t colon = authority.rfind(':');
    if (colon == std::string_view::npos || authority.back() == ']') return 80;
    const std::string_view digits = authority.substr(colon + 1);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (digits.empty() || digits.size() > 5 || !std::ranges::all_of(digits, digit)) return 0;
    unsigned port = 0;
    for (const char c : digits) port = port * 10 + static_cast<unsigned>(c - '0');
    return port <= 65535 ? static_cast<std::uint16_t>(port) : 0;
}

/// What stands before the path; the scheme goes.
std::expected<std::string_view, std::string> without_scheme(std::string_view url) {
    if (starts_ignoring_case(url, "https://")) {
        return fail(url, "TLS is not available in this version; write http://");
    }
    if (starts_ignoring_case(url, "http://")) return url.substr(7);
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos)
        return fail(url, "the scheme must be http, as http://localhost:8080/");
    return fail(url, fmt::format("has no scheme; write http://{}", base::shown(url)));
}

}  // namespace

std::expected<UrlParts, std::string> split_url(std::string_view url) {
    const auto rest = without_scheme(url);
    if (!rest) return std::unexpected(rest.error());
    const std::size_t end = std::min(rest->find_first_of("/?#"), rest->size());
    UrlParts parts;
    parts.authority = rest->substr(0, end);
    parts.path = rest->substr(end);
    if (parts.path.find('#') != std::string::npos)
        return fail(url, "has a \"#\", which is never sent; remove it and what follows");
    if (!parts.path.starts_with('/')) parts.path.insert(0, "/");
    if (parts.authority.find('@') != std::string::npos)
        return fail(url, "has a user name; send it as -H 'Authorization: Basic ...'");
    if (parts.authority.empty()) return fail(url, "has no host; write http://host:port/path");
    parts.port = port_of(parts.authority);
    if (parts.port == 0) return fail(url, "its port must be 1 to 65535");
    if (ringway::config::check_authority(parts.authority))
        return fail(url, "its host is neither a name nor an IP address (IPv6 in brackets: [::1])");
    parts.host = parts.authority;
    const std::size_t colon = parts.host.rfind(':');
    if (colon != std::string::npos && parts.host.back() != ']') parts.host.resize(colon);
    if (parts.host.front() == '[') parts.host = parts.host.substr(1, parts.host.size() - 2);
    if (const auto complaint = check_target(parts.path))
        return fail(url, "its path " + *complaint + " (write %20 for a space)");
    return parts;
}

std::expected<base::SocketAddress, std::string> resolve(const std::string& host,
                                                        std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (error != 0) {
        return std::unexpected(
            fmt::format("{}: the name cannot be resolved: {}; --connect gives the "
                        "address without it",
                        base::shown(host), gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &freeaddrinfo);
    return base::SocketAddress::from_kernel(found->ai_addr, found->ai_addrlen);
}

std::expected<base::SocketAddress, std::string> parse_connect(const std::string& text) {
    if (const auto address = base::SocketAddress::parse(text)) {
        if (!address->is_ip() || address->port() != 0) return *address;
    }
    const std::unexpected<std::string> wrong(
        "must be IP:port, [IPv6]:port, name:port or unix:/path");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || text.starts_with("unix:")) return wrong;
    const std::string host = text.substr(0, colon);
    const std::uint16_t port = port_of(text);
    if (port == 0 || ringway::config::check_host_name(host)) return wrong;
    return resolve(host, port);
}

std::expected<Target, std::string> parse_url(const std::string& url) {
    const auto parts = split_url(url);
    if (!parts) return std::unexpected(parts.error());
    const auto address = resolve(parts->host, parts->port);
    if (!address) return std::unexpected(address.error());
    return Target{*address, parts->authority, parts->path};
}

}  // namespace ringload
