// Classes of bytes in HTTP/1.1 syntax, as tables built at compile time. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ringway::http {

/// RFC 9110 5.6.2: the bytes of methods and field names.
constexpr bool is_token_byte(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                          std::string_view::npos);
}

/// Visible US-ASCII without '#': a fragment is no part of a request target (RFC 9112 3.2).
constexpr bool is_target_byte(unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; }

/// RFC 9110 5.5: everything but control characters, of which HTAB alone is allowed.
constexpr bool is_value_byte(unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; }

using ByteClass = std::array<bool, 256>;

constexpr ByteClass make_byte_class(bool (*belongs)(unsigned char)) {
    ByteClass result{};
    for (unsigned c = 0; c < 256; ++c) result[c] = belongs(static_cast<unsigned char>(c));
    return result;
}

inline constexpr ByteClass kTokenBytes = make_byte_class(is_token_byte);
inline constexpr ByteClass kTargetBytes = make_byte_class(is_target_byte);
inline constexpr ByteClass kValueBytes = make_byte_class(is_value_byte);

constexpr bool in_class(const ByteClass& bytes, char c) {
    return bytes[static_cast<unsigned char>(c)];
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Optional white space (RFC 9110 5.6.3).
constexpr bool is_ows(char c) { return c == ' ' || c == '\t'; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// True when `text` is `lower_case` in whatever case; `lower_case` has no capitals.
constexpr bool equals_any_case(std::string_view text, std::string_view lower_case) {
    if (text.size() != lower_case.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (lower(text[i]) != lower_case[i]) return false;
    }
    return true;
}

constexpr std::string_view trim_ows(std::string_view text) {
    while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
    return text;
}

constexpr bool is_token(std::string_view text) {
    for (const char c : text) {
        if (!in_class(kTokenBytes, c)) return false;
    }
    return !text.empty();
}

}  // namespace ringway::http
