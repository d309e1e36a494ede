// Which known name a mistyped one was meant to be. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ringway::config {

/// The candidate nearest to `name`: by edit distance (optimal string alignment: insertions,
/// deletions, replacements and swaps of neighbours) up to a third of its length, else one of the
/// same words in another order ("max_connections"), else the only one that contains it or that it
/// contains. Empty when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

/// ", did you mean `x`?" for the nearest candidate, or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace ringway::config
