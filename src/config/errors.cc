#include "errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace ringway::config {

namespace {

auto order_of(const Error& error) { return std::tie(error.line, error.column, error.message); }

}  // namespace

std::string Error::text() const {
    if (line == 0) return fmt::format("{}: {}", file, message);
    return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

Place place_of(const toml::node& node) {
    const toml::source_position begin = node.source().begin;
    return {begin.line, begin.column};
}

Place place_of(const toml::key& key) {
    const toml::source_position begin = key.source().begin;
    return {begin.line, begin.column};
}

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

void Errors::add(Place place, std::string message) {
    errors_.push_back({file_, place.line, place.column, std::move(message)});
}

bool Errors::stand_at(Place place) const {
    return std::ranges::any_of(errors_, [&](const Error& error) {
        return error.line == place.line && error.column == place.column;
    });
}

std::vector<Error> Errors::take_sorted() {
    std::ranges::sort(errors_, {}, order_of);
    const auto repeated = std::ranges::unique(errors_, {}, order_of);
    errors_.erase(repeated.begin(), repeated.end());
    return std::move(errors_);
}

}  // namespace ringway::config
