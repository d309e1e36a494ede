// The bytes that answers are made of, the same in every run: byte i is letter (j + j / 36) mod 36
// of "a..z0..9" with j = i mod 65521. The period is a prime, so that bytes moved by a power of two
// do not look right. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringorigin {

/// A piece of the pattern that begins at byte `at` and has at most `bytes_max` (and at least one)
/// bytes; static storage.
std::string_view pattern_at(std::uint64_t at, std::uint64_t bytes_max);

/// FNV-1a, 64 bit (Fowler, Noll, Vo), to be fed piece by piece.
class Checksum {
 public:
    void add(std::string_view bytes) {
        for (const char c : bytes) {
            state_ ^= static_cast<unsigned char>(c);
            state_ *= 0x100000001b3u;
        }
    }
    /// 16 lower-case hexadecimal digits.
    std::string text() const;

 private:
    std::uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace ringorigin
