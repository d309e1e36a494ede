// A small, fast, seedable generator: xoshiro256** (Blackman and Vigna, 2018). Not for secrets.
// Single-threaded.
#pragma once

#include <array>
#include <cstdint>

namespace ringway::base {

class Prng {
 public:
    explicit Prng(std::uint64_t seed) {
        for (auto& word : state_) {  // splitmix64, as its authors advise for seeding
            seed += 0x9e3779b97f4a7c15u;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound), bound > 0 (Lemire's multiply-shift; its bias is below 2^-32 for the
    /// bounds used here).
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }

    /// Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    /// True with probability `percent` / 100.
    bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
    static constexpr std::uint64_t rotate(std::uint64_t x, int k) {
        return (x << k) | (x >> (64 - k));
    }
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace ringway::base
