// The bytes that answers are made of, the same in every run: byte i is letter (j + j / 36) mod 36
// of "a..z0..9" with j = i mod 65521. The period is a prime, so that bytes moved by a power of two
// do not look right. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringorigin {

/// A piece of the pattern that begins at byte `at` and has at most `bytes_max` (and at least one)
/// bytes; static storage.
std::string_view pattern_at(std::uint64_t at, std::uint64_t bytes_max);

}  // namespace ringorigin
