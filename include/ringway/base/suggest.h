// Which known name a mistyped one was meant to be. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ringway::base {

/// The candidate that `name` almost certainly means: one slip away (optimal string alignment
/// distance: insertions, deletions, replacements and swaps of neighbours), or the same words in
/// another order ("max_connections"), or the only one that contains it or that it contains. Empty
/// when there is none.
std::string_view sure_guess(std::string_view name, std::span<const std::string> candidates);

/// The sure guess, else the candidate nearest by distance, up to a third of the name's length.
/// Empty when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

/// ", did you mean `x`?" for the nearest candidate, or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace ringway::base
