// Colours of a terminal, or none. A value; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringctl {

enum class Tone : std::uint8_t { plain, strong, dim, good, warning, bad };

struct Style {
    bool colours = false;

    /// The text between the sequences of the tone (ECMA-48 8.3.117).
    std::string paint(Tone tone, std::string_view text) const;
};

/// "auto": on a terminal that is not dumb, unless NO_COLOR is set and not empty (no-color.org).
enum class ColourChoice : std::uint8_t { automatic, always, never };
Style style_of(ColourChoice choice, bool on_terminal);

/// How many columns a text takes: one a character, whatever its bytes. Wide characters (East Asian)
/// count as one, so that a table with them is askew.
std::size_t width_of(std::string_view text);
/// The first characters that fit.
std::string_view cut_to(std::string_view text, std::size_t width);

}  // namespace ringctl
