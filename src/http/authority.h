// Syntax of an authority: a Host value, or the authority of an absolute-form or authority-form
// target. Pure; any thread.
#pragma once

#include <string_view>

namespace ringway::http {

/// uri-host [":" port] (RFC 9110 4.2.3, 7.2): a name, an IPv4 address or an IPv6 address in
/// brackets, and an optional port of digits up to 65535, perhaps empty. No user information, no
/// list. An empty host is not valid here.
bool is_valid_authority(std::string_view authority);

/// The same with a port that is there: what CONNECT asks for (RFC 9112 3.2.3).
bool is_valid_authority_with_port(std::string_view authority);

}  // namespace ringway::http
