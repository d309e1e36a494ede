// Small steps on the text of targets, hosts and cookies that the files of this room share. Pure; no
// state.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "ringway/http/head.h"

namespace ringway::route {

/// Longest path that a regular expression is tried on; longer ones do not match.
inline constexpr std::size_t kRegexPathBytesMax = 8 * 1024;

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

/// "a.example:80" -> "a.example", "[::1]:80" -> "[::1]".
std::string_view without_port(std::string_view authority);

/// Whole segments: "/api" is a prefix of "/api" and "/api/x", not of "/apix"; "/api/" of "/api/"
/// and "/api/x".
inline bool has_path_prefix(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return false;
    return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

/// Compiles an ECMAScript expression for whole-text matching in time linear in the text where the
/// library can (it cannot with back-references). Nothing when it is malformed.
std::optional<std::regex> compile_regex(const std::string& expression);

/// True when all of `text` matches; false as well when the matcher gives up.
bool regex_matches(const std::regex& regex, std::string_view text, std::cmatch* groups = nullptr);

/// Calls visit(name, value) for each parameter of a query, not decoded, until it returns false. A
/// parameter without '=' has an empty value; empty ones are skipped.
template <class Visit>
void for_each_parameter(std::string_view query, Visit&& visit) {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view one = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (one.empty()) continue;
        const std::size_t equals = one.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : one.substr(equals + 1);
        if (!visit(one.substr(0, equals), value)) return;
    }
}

}  // namespace ringway::route
