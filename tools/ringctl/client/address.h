// Where the admin API is. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace ringctl {

struct Address {
    std::string text;       // as it is shown: "127.0.0.1:9901", "unix:/run/ringway/admin.sock"
    std::string unix_path;  // "" for TCP; an abstract name starts with "@"
    std::string authority;  // of the URL and the Host field: "localhost" for a unix socket

    /// "IP:port", "name:port" or "unix:/path". 0.0.0.0 and [::], which a server listens on, are
    /// asked at the loopback address. A sentence that starts with the text when it is none.
    static std::expected<Address, std::string> parse(std::string_view text);
};

/// Everything but unreserved characters (RFC 3986 2.3) as %XX: one segment of a path, or a value of
/// a query.
std::string percent_encoded(std::string_view text);

}  // namespace ringctl
