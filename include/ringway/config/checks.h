// What a text value must look like. Each check returns what is wrong as the end of a sentence that
// starts with the value ("is no path; start it with \"/\""), or nothing. Pure; they never show the
// value, which may be a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringway::config {

using Complaint = std::optional<std::string>;

/// No control bytes.
Complaint check_plain(std::string_view text);
/// Not empty, no control bytes.
Complaint check_name(std::string_view text);
/// A token (RFC 9110 5.6.2): cookie names and the like.
Complaint check_token(std::string_view text);
/// A method (RFC 9110 9.1) that the proxy forwards.
Complaint check_method(std::string_view text);
/// GET, HEAD, POST or PUT.
Complaint check_probe_method(std::string_view text);
/// A header name (RFC 9110 5.1) that may be edited: not one that frames the message or belongs to
/// one hop.
Complaint check_editable_header(std::string_view text);
Complaint check_header_name(std::string_view text);
/// RFC 9110 5.5: no CR, LF, NUL or other control bytes but tab, no space at either end. May be
/// empty.
Complaint check_header_value(std::string_view text);
/// The path of a request: "/" first, no query, no space, no control bytes.
Complaint check_path(std::string_view text);
/// The path of a request and perhaps a query ("/health?full=1"): no space, no "#", no control
/// bytes.
Complaint check_target(std::string_view text);
/// The path attribute of a cookie (RFC 6265 4.1.1).
Complaint check_cookie_path(std::string_view text);
/// A host to match: a name, "*.name", an IPv4 address or an IPv6 one in brackets; no port.
Complaint check_host_pattern(std::string_view text);
/// A name to resolve (RFC 1123 2.1): letters, digits, "-", "_" in labels of at most 63 bytes.
Complaint check_host_name(std::string_view text);
/// A Host value: a host and perhaps a port. May be empty.
Complaint check_authority(std::string_view text);
/// ECMAScript, at most 1024 bytes.
Complaint check_regex(std::string_view text);
/// A JSON pointer (RFC 6901 3); empty: the whole document.
Complaint check_json_pointer(std::string_view text);
/// The number of groups of a pattern that check_regex accepts.
unsigned regex_groups(std::string_view pattern);

}  // namespace ringway::config
