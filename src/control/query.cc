#include "query.h"

#include <algorithm>
#include <charconv>

namespace ringway::control {

std::string percent_decoded(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool whole = text[i] == '%' && i + 2 < text.size();
        if (whole && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::vector<std::string> values_in(std::string_view query, std::string_view name) {
    std::vector<std::string> values;
    while (!query.empty()) {
        const std::string_view member = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(member.size() + 1, query.size()));
        if (member.substr(0, member.find('=')) != name) continue;
        std::string value(member.size() > name.size() ? member.substr(name.size() + 1) : "");
        std::ranges::replace(value, '+', ' ');
        values.push_back(percent_decoded(value));
    }
    return values;
}

std::optional<std::string> value_in(std::string_view query, std::string_view name) {
    auto values = values_in(query, name);
    if (values.empty()) return std::nullopt;
    return std::move(values.front());
}

std::expected<std::optional<std::uint64_t>, std::string> number_in(std::string_view query,
                                                                   std::string_view name) {
    const auto value = value_in(query, name);
    if (!value) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) {
        return std::unexpected("`" + std::string(name) + "` is not a whole number");
    }
    return number;
}

}  // namespace ringway::control
