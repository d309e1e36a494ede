// What the tests of this room share: a file that is complete once a snippet stands before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/load.h"

namespace ringway::config {

inline const Machine kTwoCpus{{0, 1}};

/// The least that a file needs. A snippet goes before it, so that the snippet's lines count from 1.
inline constexpr std::string_view kRest =
    "\n[[listener]]\nname = 'rest'\naddress = '127.0.0.1:8080'\n"
    "[[route]]\nname = 'rest'\npool = 'web'\n"
    "[[pool]]\nname = 'web'\n[[pool.upstream]]\naddress = '10.0.0.1:80'\n";

inline auto parse_with_rest(std::string_view snippet) {
    return parse(std::string(snippet) + std::string(kRest), "f", kTwoCpus);
}

inline std::string lines_of(const std::vector<Error>& errors) {
    std::string text;
    for (const Error& error : errors) text += error.text() + "\n";
    return text;
}

}  // namespace ringway::config
