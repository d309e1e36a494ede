#include "pattern.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace ringorigin {

namespace {

constexpr std::size_t kPeriod = 65521;
constexpr std::size_t kStored = kPeriod * 16;  // about 1 MiB in one piece

std::string make_pattern() {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string bytes(kStored, '\0');
    for (std::size_t i = 0; i < kStored; ++i) {
        const std::size_t j = i % kPeriod;
        bytes[i] = kLetters[(j + j / kLetters.size()) % kLetters.size()];
    }
    return bytes;
}

}  // namespace

std::string_view pattern_at(std::uint64_t at, std::uint64_t bytes_max) {
    static const std::string bytes = make_pattern();
    const std::size_t start = at % kPeriod;
    return {bytes.data() + start, std::min<std::uint64_t>(bytes_max, kStored - start)};
}

}  // namespace ringorigin
