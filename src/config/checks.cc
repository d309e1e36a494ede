#include "ringway/config/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "ringway/base/socket_address.h"

namespace ringway::config {

namespace {

// std::regex compiles by recursion: the bound keeps its stack small
constexpr std::size_t kRegexMax = 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token_char(char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_ip(std::string_view text) {
    return text.find('\0') == std::string_view::npos && base::SocketAddress::from_ip(text, 0);
}

bool is_bracketed_ip6(std::string_view text) {
    return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
           text.find(':') != std::string_view::npos && is_ip(text.substr(1, text.size() - 2));
}

/// True when a repeat count or back reference has more digits than any sensible one: libstdc++
/// reads these numbers into an int without a check.
bool has_huge_number(std::string_view pattern) {
    constexpr std::size_t kDigitsMax = 5;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '{' && pattern[i] != ',' && pattern[i] != '\\') continue;
        const std::size_t end = pattern.find_first_not_of("0123456789", i + 1);
        if (std::min(end, pattern.size()) - i - 1 > kDigitsMax) return true;
    }
    return false;
}

/// What is wrong with a regular expression, in words that do not depend on the library's version.
std::string_view reason_of(std::regex_constants::error_type code) {
    namespace codes = std::regex_constants;
    if (code == codes::error_paren) return "a parenthesis is without its other";
    if (code == codes::error_brack) return "a bracket [ is not closed";
    if (code == codes::error_brace || code == codes::error_badbrace) return "a {...} is wrong";
    if (code == codes::error_escape) return "an escape is wrong";
    if (code == codes::error_backref) return "a \\N refers to no group";
    if (code == codes::error_range) return "a range is the wrong way round";
    if (code == codes::error_badrepeat) return "a *, +, ? or { follows nothing";
    if (code == codes::error_ctype || code == codes::error_collate)
        return "a [:name:] is not known";
    return "it is too large";
}

}  // namespace

Complaint check_plain(std::string_view text) {
    if (std::ranges::any_of(text, is_control)) return "has a control character; remove it";
    return {};
}

Complaint check_name(std::string_view text) {
    if (text.empty()) return "is empty; write at least one character";
    return check_plain(text);
}

Complaint check_token(std::string_view text) {
    if (!is_token(text)) return "is no token; use letters, digits, \"-\" and \"_\"";
    return {};
}

Complaint check_method(std::string_view text) {
    if (!is_token(text)) return "is no method; write one such as \"GET\"";
    if (std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; })) {
        return "is no method; methods are case-sensitive, write it in capitals as \"GET\"";
    }
    if (text == "CONNECT") return "is always refused and reaches no route; remove it";
    return {};
}

Complaint check_probe_method(std::string_view text) {
    if (text != "GET" && text != "HEAD" && text != "POST" && text != "PUT") {
        return "is no method of a check; write \"GET\", \"HEAD\", \"POST\" or \"PUT\"";
    }
    return {};
}

Complaint check_header_name(std::string_view text) {
    if (!is_token(text)) return "is no header name; use letters, digits and \"-\"";
    return {};
}

Complaint check_editable_header(std::string_view text) {
    if (auto complaint = check_header_name(text)) return complaint;
    // RFC 9112 6 (framing) and RFC 9110 7.6.1 (of one hop): the proxy alone writes these
    constexpr std::string_view kOwn[] = {
        "connection", "content-length", "keep-alive",        "proxy-connection",
        "te",         "trailer",        "transfer-encoding", "upgrade"};
    for (const std::string_view own : kOwn) {
        if (equal_ignoring_case(text, own))
            return "is written by the proxy itself and cannot be edited; remove it";
    }
    if (equal_ignoring_case(text, "host"))
        return "cannot be edited here; use `host_header` of the upstream, or `host` of a check";
    return {};
}

Complaint check_header_value(std::string_view text) {
    if (std::ranges::any_of(text, [](char c) { return is_control(c) && c != '\t'; })) {
        return "has a control character (such as a line end), which no header value may have; "
               "remove it";
    }
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (!text.empty() && (blank(text.front()) || blank(text.back()))) {
        return "starts or ends with a space, which a header value cannot carry; remove it";
    }
    return {};
}

Complaint check_path(std::string_view text) {
    if (!text.starts_with('/')) return "is no path; start it with \"/\"";
    const auto bad = [](char c) { return is_control(c) || c == ' ' || c == '?' || c == '#'; };
    if (std::ranges::any_of(text, bad)) {
        return "is no path; spaces, \"?\", \"#\" and control characters cannot be part of one";
    }
    return {};
}

Complaint check_target(std::string_view text) {
    if (!text.starts_with('/')) return "is no path; start it with \"/\"";
    const auto bad = [](char c) { return is_control(c) || c == ' ' || c == '#'; };
    if (std::ranges::any_of(text, bad)) {
        return "is no path; spaces, \"#\" and control characters cannot be part of one";
    }
    return {};
}

Complaint check_cookie_path(std::string_view text) {
    if (auto complaint = check_path(text)) return complaint;
    if (text.find(';') != std::string_view::npos)
        return "is no cookie path; \";\" cannot be part of one";
    return {};
}

Complaint check_host_name(std::string_view text) {
    const auto wrong = [](std::string_view label) {
        const auto fits = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
        return label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
               !std::ranges::all_of(label, fits);
    };
    if (text.ends_with('.')) text.remove_suffix(1);
    std::string_view rest = text;
    std::string_view label;
    bool bad = text.empty() || text.size() > 253;
    while (!bad) {
        const std::size_t dot = rest.find('.');
        label = rest.substr(0, dot);
        bad = wrong(label);
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    // a name whose last label is a number is an address gone wrong ("256.0.0.1")
    bad = bad || std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
    if (bad) return "is neither an IP address nor a host name";
    return {};
}

Complaint check_host_pattern(std::string_view text) {
    constexpr std::string_view kAdvice = "is no host; write a name, \"*.name\" or an IP address";
    if (is_bracketed_ip6(text) || (is_ip(text) && text.find(':') == std::string_view::npos))
        return {};
    if (text.rfind(':') != std::string_view::npos && text.find('[') == std::string_view::npos) {
        if (is_ip(text)) return "is an IPv6 address; write it in brackets, as \"[::1]\"";
        return "has a port; hosts match without it, remove \":\" and what follows";
    }
    if (text == "*") return "matches every host, which is the default; leave `host` out";
    if (text.starts_with("*.")) text.remove_prefix(2);
    if (check_host_name(text)) return std::string(kAdvice);
    return {};
}

Complaint check_authority(std::string_view text) {
    if (text.empty()) return {};
    std::string_view host = text;
    if (const std::size_t colon = text.rfind(':');
        colon != std::string_view::npos && text.back() != ']') {
        const std::string_view port = text.substr(colon + 1);
        const bool digits = !port.empty() && port.size() <= 5 &&
                            std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
        if (!digits) return "is no Host value; write \"name\" or \"name:port\"";
        host = text.substr(0, colon);
    }
    const bool fits = is_bracketed_ip6(host) ||
                      (is_ip(host) && host.find(':') == std::string_view::npos) ||
                      !check_host_name(host);
    if (!fits) return "is no Host value; write \"name\" or \"name:port\"";
    return {};
}

Complaint check_regex(std::string_view text) {
    if (text.empty()) return "is empty; write a regular expression or leave it out";
    if (text.size() > kRegexMax)
        return fmt::format("is longer than {} bytes; shorten it", kRegexMax);
    if (has_huge_number(text))
        return "has a number of more than 5 digits in a repeat or reference; lower it";
    try {
        const std::regex compiled(text.begin(), text.end(), std::regex::ECMAScript);
    } catch (const std::regex_error& error) {
        return fmt::format("is no ECMAScript regular expression: {}", reason_of(error.code()));
    }
    return {};
}

Complaint check_json_pointer(std::string_view text) {
    if (text.empty()) return {};
    if (!text.starts_with('/')) {
        return "is no JSON pointer; start it with \"/\", or write \"\" for the whole document";
    }
    for (std::size_t at = text.find('~'); at != std::string_view::npos;
         at = text.find('~', at + 1)) {
        if (at + 1 < text.size() && (text[at + 1] == '0' || text[at + 1] == '1')) continue;
        return "is no JSON pointer; write \"~0\" for \"~\" and \"~1\" for \"/\" in a key";
    }
    return {};
}

unsigned regex_groups(std::string_view pattern) {
    return std::regex(pattern.begin(), pattern.end(), std::regex::ECMAScript).mark_count();
}

}  // namespace ringway::config
