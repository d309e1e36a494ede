// New targets and Location values. Whatever is written here passes append_safe(): neither a
// configured text nor a captured piece of a path can put a control character, a space or a line end
// into a message.
#include <map>

#include "ringway/base/assert.h"
#include "ringway/route/table.h"
#include "text.h"

namespace ringway::route {
namespace {

constexpr std::size_t kExpressionsMax = 1024;  // compiled and kept, each thread

/// The compiled form of a path_regex, kept by each thread since a route carries only the text. A
/// malformed one is kept as well, as nothing.
const std::optional<std::regex>& compiled(const std::string& expression) {
    thread_local std::map<std::string, std::optional<std::regex>, std::less<>> kept;
    auto at = kept.find(expression);
    if (at == kept.end()) {
        if (kept.size() >= kExpressionsMax) kept.clear();  // texts of configurations long gone
        at = kept.emplace(expression, compile_regex(expression)).first;
    }
    return at->second;
}

/// RFC 3986 2 and 3.3: what may stand in a path or query as it is. '%' does: the text is encoded
/// already.
bool is_safe(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?%[]|";
    return kMarks.find(c) != std::string_view::npos;
}

void append_safe(std::string& out, std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_safe(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

/// "/v2" and "/x" -> "/v2/x", with exactly one slash where they meet.
std::string joined(std::string_view front, std::string_view rest) {
    std::string path(front);
    if (!rest.empty()) {
        if (path.ends_with('/') && rest.starts_with('/')) path.pop_back();
        if (!path.ends_with('/') && !rest.starts_with('/')) path += '/';
    }
    path += rest;
    return path;
}

/// The text with $1..$9 replaced by the groups; any other '$' stands for itself. The result is
/// bounded like the path.
std::string expanded(const std::string& text, const std::cmatch& groups) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_group =
            text[i] == '$' && i + 1 < text.size() && text[i + 1] >= '1' && text[i + 1] <= '9';
        if (!is_group) {
            result += text[i];
            continue;
        }
        const auto group = static_cast<std::size_t>(text[++i] - '0');
        if (group < groups.size()) result.append(groups[group].first, groups[group].second);
    }
    return result;
}

/// The path that a route makes of `path`; it may bring a query of its own. The path of another
/// route comes back unchanged.
std::string new_path(const config::Route& route, std::string_view path) {
    if (!route.path_prefix.empty()) {
        if (!has_path_prefix(path, route.path_prefix)) return std::string(path);
        const std::string_view rest = path.substr(route.path_prefix.size());
        return joined(route.rewrite.empty() ? "/" : std::string_view(route.rewrite), rest);
    }
    if (route.rewrite.empty()) return std::string(path);
    if (route.path_regex.empty()) return route.rewrite;
    const std::optional<std::regex>& regex = compiled(route.path_regex);
    std::cmatch groups;
    if (!regex || path.size() > kRegexPathBytesMax || !regex_matches(*regex, path, &groups))
        return std::string(path);
    return expanded(route.rewrite, groups);
}

/// Appends a path that starts with exactly one slash: "//host" would be read as another authority
/// (RFC 3986 4.2) by whoever resolves it.
void append_path(std::string& out, std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    out += '/';
    append_safe(out, path);
}

void append_query(std::string& out, const http::RequestHead& head, bool has_own_query) {
    if (!head.has_query) return;
    out += has_own_query ? '&' : '?';
    append_safe(out, head.query);
}

/// What may stand in host and port (RFC 3986 3.2.2); anything else of an authority is left out.
void append_authority(std::string& out, std::string_view authority) {
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) authority.remove_prefix(at + 1);
    for (const char c : authority) {
        constexpr std::string_view kMarks = "-._~:[]%!$&'()*+,;=";
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || kMarks.find(c) != std::string_view::npos) out += c;
    }
}

}  // namespace

bool rewrites_path(const config::Route& route) {
    return route.strip_prefix || !route.rewrite.empty();
}

std::string rewritten_target(const config::Route& route, const http::RequestHead& head) {
    if (head.path == "*") return "*";  // RFC 9112 3.2.4: about the server, not about a path
    const std::string path =
        rewrites_path(route) ? new_path(route, head.path) : std::string(head.path);
    std::string target;
    append_path(target, path);
    append_query(target, head, path.find('?') != std::string::npos);
    return target;
}

std::string redirect_location(const config::Route& route, const http::RequestHead& head,
                              std::string_view scheme) {
    RW_ASSERT(route.redirect.has_value());
    const config::Redirect& redirect = *route.redirect;
    const bool scheme_changes = !redirect.scheme.empty() && redirect.scheme != scheme;
    std::string authority;
    if (!redirect.host.empty()) {
        append_authority(authority, redirect.host);
    } else {
        append_authority(authority, scheme_changes ? without_port(head.authority) : head.authority);
    }
    std::string location;
    if (!authority.empty()) {  // an HTTP/1.0 request may have none: then relative to what was asked
                               // (RFC 9110 10.2.2)
        location += scheme_changes ? std::string_view(redirect.scheme) : scheme;
        location += "://";
        location += authority;
    }
    std::string path = redirect.path;
    if (path.empty())
        path = rewrites_path(route) ? new_path(route, head.path) : std::string(head.path);
    if (path == "*") path = "/";
    append_path(location, path);
    if (redirect.keep_query) append_query(location, head, path.find('?') != std::string::npos);
    return location;
}

}  // namespace ringway::route
