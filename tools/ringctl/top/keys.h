// Keys out of the bytes that a terminal sends. Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringctl {

enum class Key : std::uint8_t {
    quit,
    pause,
    sort,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home
};

class KeyReader {
 public:
    /// The keys that the bytes complete; others are ignored. A sequence may come in pieces.
    std::vector<Key> take(std::string_view bytes);

 private:
    std::string sequence_;  // an escape sequence that has begun: "\x1b[5"
};

}  // namespace ringctl
