// Non-cryptographic hashing of bytes for consistent hashing and tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::base {

/// Finaliser of MurmurHash3 (Appleby): mixes all bits of a word.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdu;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53u;
    x ^= x >> 33;
    return x;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), fed piece by piece: a checksum of bodies.
class Fnv1a64 {
 public:
    constexpr void add(std::string_view bytes) {
        for (const char c : bytes) {
            value_ ^= static_cast<unsigned char>(c);
            value_ *= 0x100000001b3u;
        }
    }
    constexpr std::uint64_t value() const { return value_; }

 private:
    std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// FNV-1a (Fowler, Noll, Vo) finished by mix64: equal on every machine and build, which consistent
/// hashing needs.
constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) {
    std::uint64_t h = 0xcbf29ce484222325u ^ mix64(seed);
    for (const char c : bytes) {
        h ^= static_cast<unsigned char>(c);
        h *= 0x100000001b3u;
    }
    return mix64(h);
}

}  // namespace ringway::base
