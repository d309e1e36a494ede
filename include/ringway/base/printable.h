// Texts from outside made fit for a message of one line. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ringway::base {

/// Control bytes as \xNN.
std::string printable(std::string_view text);
/// printable(), and no more than 80 bytes of it.
std::string shown(std::string_view text);

/// As a cell of a Markdown table, which "|" would end.
std::string markdown_cell(std::string_view text);

}  // namespace ringway::base
