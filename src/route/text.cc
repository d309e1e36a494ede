// Small steps on text; see text.h.
#include "text.h"

namespace ringway::route {
namespace {

// libstdc++ has a breadth-first matcher beside its backtracking one: polynomial in the text, no
// deep recursion, so that no path that a client invents can stall a shard or exhaust its stack. It
// refuses back-references.
#if defined(__GLIBCXX__)
constexpr auto kBounded = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
#else
constexpr auto kBounded = std::regex_constants::ECMAScript;
#endif

std::optional<std::regex> compile_as(const std::string& expression,
                                     std::regex_constants::syntax_option_type how) {
    try {
        return std::regex(expression, how);
    } catch (const std::regex_error&) {
        return std::nullopt;
    }
}

}  // namespace

std::string_view without_port(std::string_view authority) {
    if (authority.starts_with('[')) {  // RFC 3986 3.2.2: an IP literal has colons of its own
        const std::size_t close = authority.find(']');
        return close == std::string_view::npos ? authority : authority.substr(0, close + 1);
    }
    return authority.substr(0, authority.find(':'));
}

std::optional<std::regex> compile_regex(const std::string& expression) {
    auto bounded = compile_as(expression, kBounded);
    return bounded ? bounded : compile_as(expression, std::regex_constants::ECMAScript);
}

bool regex_matches(const std::regex& regex, std::string_view text, std::cmatch* groups) {
    const char* end = text.data() + text.size();
    try {
        return groups != nullptr ? std::regex_match(text.data(), end, *groups, regex)
                                 : std::regex_match(text.data(), end, regex);
    } catch (const std::regex_error&) {  // too complex
        return false;
    }
}

}  // namespace ringway::route
