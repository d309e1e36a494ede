#include "tables/style.h"

#include <algorithm>
#include <cstdlib>

namespace ringctl {

namespace {

std::string_view sequence_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::strong:
            return "\x1b[1m";
        case Tone::dim:
            return "\x1b[2m";
        case Tone::good:
            return "\x1b[32m";
        case Tone::warning:
            return "\x1b[33m";
        case Tone::bad:
            return "\x1b[31m";
    }
    return "";
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

std::string Style::paint(Tone tone, std::string_view text) const {
    if (!colours || tone == Tone::plain || text.empty()) return std::string(text);
    std::string out(sequence_of(tone));
    out += text;
    out += "\x1b[0m";
    return out;
}

Style style_of(ColourChoice choice, bool on_terminal) {
    switch (choice) {
        case ColourChoice::always:
            return {true};
        case ColourChoice::never:
            return {false};
        case ColourChoice::automatic:
            break;
    }
    return {on_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb"};
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string_view cut_to(std::string_view text, std::size_t width) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!begins_character(text[i])) continue;
        if (characters == width) return text.substr(0, i);
        ++characters;
    }
    return text;
}

}  // namespace ringctl
