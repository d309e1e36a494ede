// The parts of a URL and the addresses of names. Name look-ups block; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "ringway/base/socket_address.h"

namespace ringload {

struct UrlParts {
    std::string authority;  // as written: "[::1]:8080"
    std::string host;       // without brackets
    std::uint16_t port = 80;
    std::string path;  // and query; "/" when there is none
};

/// Of "http://host:port/path?query"; a line that starts with the URL when it is none. Pure.
std::expected<UrlParts, std::string> split_url(std::string_view url);

/// The first address of the name.
std::expected<ringway::base::SocketAddress, std::string> resolve(const std::string& host,
                                                                 std::uint16_t port);

/// "IP:port", "name:port" or "unix:/path".
std::expected<ringway::base::SocketAddress, std::string> parse_connect(const std::string& text);

}  // namespace ringload
