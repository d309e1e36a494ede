// The JSON writer. Any thread; no state.
#include "ringway/observe/json.h"

#include <charconv>
#include <cmath>

#include "ringway/observe/timestamp.h"

namespace ringway::observe {
namespace {

constexpr bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Bytes of the well-formed multi-byte character at the start of `text`, or 0 (Unicode 15, table
/// 3-7: no overlong form, no surrogate, nothing above U+10FFFF).
std::size_t multi_byte_size(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    std::size_t size = 0;
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        size = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        size = 3;
        if (lead == 0xe0) second_min = 0xa0;
        if (lead == 0xed) second_max = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        size = 4;
        if (lead == 0xf0) second_min = 0x90;
        if (lead == 0xf4) second_max = 0x8f;
    }
    if (size == 0 || text.size() < size) return 0;
    if (at(1) < second_min || at(1) > second_max) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if (!is_continuation(at(i))) return 0;
    }
    return size;
}

void append_escaped_byte(std::string& out, unsigned char byte) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
    }
    const char text[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    out.append(text, sizeof(text));
}

constexpr bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

void append_number(std::string& out, std::uint64_t value) {
    char text[24];
    const auto result = std::to_chars(text, text + sizeof(text), value);
    out.append(text, result.ptr);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && is_plain(static_cast<unsigned char>(text[end]))) ++end;
        out.append(text, at, end - at);
        at = end;
        if (at == text.size()) break;
        const std::size_t character = multi_byte_size(text.substr(at));
        if (character > 0) {
            out.append(text, at, character);
            at += character;
        } else {
            append_escaped_byte(out, static_cast<unsigned char>(text[at]));
            ++at;
        }
    }
    out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    wants_comma_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return *this;
}

void JsonWriter::text(std::string_view value) {
    separate();
    append_json_string(out_, value);
}

void JsonWriter::time(std::int64_t unix_ns) {
    separate();
    out_ += '"';
    append_timestamp(out_, unix_ns);
    out_ += '"';
}

void JsonWriter::whole(std::uint64_t value) {
    separate();
    append_number(out_, value);
}

void JsonWriter::real(double value) {
    if (!std::isfinite(value)) return null();
    separate();
    const double size = std::abs(value);
    // without an exponent where people read it, with one where it would be a row of zeros
    const bool is_common = size == 0 || (size >= 1e-6 && size < 1e15);
    char text[40];
    const auto result =
        is_common ? std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed)
                  : std::to_chars(text, text + sizeof(text), value);
    out_.append(text, result.ptr);
}

void JsonWriter::thousandths(base::Duration value, base::Duration thousandth) {
    if (value < base::Duration::zero()) return null();
    separate();
    const auto count = static_cast<std::uint64_t>(value / thousandth);
    append_number(out_, count / 1000);
    const auto rest = static_cast<unsigned>(count % 1000);
    const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                             static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    out_.append(decimals, sizeof(decimals));
}

}  // namespace ringway::observe
