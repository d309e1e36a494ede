#include "ringway/base/printable.h"

#include <fmt/format.h>

namespace ringway::base {

std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    return result;
}

std::string shown(std::string_view text) {
    constexpr std::size_t kShownMax = 80;
    if (text.size() <= kShownMax) return printable(text);
    text = text.substr(0, kShownMax);
    // the cut may be within a UTF-8 sequence: it is dropped whole
    while (!text.empty() && (text.back() & 0x80) != 0) text.remove_suffix(1);
    return printable(text) + "...";
}

std::string markdown_cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|') result += '\\';
        result += c;
    }
    return result;
}

}  // namespace ringway::base
