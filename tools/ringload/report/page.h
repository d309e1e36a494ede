// The page's text around the place of the result, put together at build time by embed.py.
#pragma once

#include <string_view>

namespace ringload {

/// Ends inside of the element that holds the result, whose text this page reads as JSON.
extern const std::string_view kPageBefore;
extern const std::string_view kPageAfter;

}  // namespace ringload
