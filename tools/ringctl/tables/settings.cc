#include "tables/settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringctl {

namespace {

bool is_section(const Value& value) { return value.is_object(); }

bool is_list_of_sections(const Value& value) {
    const auto elements = value.elements();
    return !elements.empty() && std::ranges::all_of(elements, is_section);
}

void put(std::string& out, const Value& table, const std::string& path, const Style& style) {
    const auto members = table.members();
    for (const auto& [key, value] : members) {
        if (is_section(value) || is_list_of_sections(value)) continue;
        const std::string shown = value.is_text() ? '"' + value.text() + '"' : value.json();
        out += fmt::format("{} = {}\n", key,
                           style.paint(value.there() ? Tone::plain : Tone::dim, shown));
    }
    for (const auto& [key, value] : members) {
        const std::string inner = path.empty() ? key : path + '.' + key;
        if (is_section(value)) {
            out += '\n' + style.paint(Tone::strong, '[' + inner + ']') + '\n';
            put(out, value, inner, style);
        } else if (is_list_of_sections(value)) {
            for (const Value& element : value.elements()) {
                out += '\n' + style.paint(Tone::strong, "[[" + inner + "]]") + '\n';
                put(out, element, inner, style);
            }
        }
    }
}

}  // namespace

std::string settings_text(const Value& root, const Style& style) {
    std::string out;
    put(out, root, "", style);
    if (out.starts_with('\n')) out.erase(0, 1);
    return out;
}

}  // namespace ringctl
