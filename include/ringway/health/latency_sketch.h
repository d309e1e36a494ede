// A small decaying histogram of one upstream's answers on one shard, for the quantiles that make a
// request overdue or worth a hedge. Pure; recording is a few instructions on the request path.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ringway/base/time.h"

namespace ringway::health {

/// Four buckets an octave (each 2^(1/4) wide, so a quantile is at most 19 % above the true value)
/// from 1.024 us to 73 minutes; what is shorter or longer counts in the first or last bucket. When
/// 4096 samples are in, all counts are halved: a change of pace is followed within a few thousand
/// answers, and what is rarer than one in a few thousand is forgotten.
class LatencySketch {
 public:
    /// All counts are halved when so many samples are in.
    static constexpr std::uint32_t kSamplesMax = 4096;

    /// About 2 ns. Negative latencies count as 0.
    void record(base::Duration latency) {
        ++counts_[index_of(latency)];
        if (++total_ == kSamplesMax) [[unlikely]]
            halve();
    }

    /// Recorded, the forgotten ones left out.
    std::uint32_t samples() const { return total_; }
    /// The upper bound of the bucket of quantile q (0..1, nearest rank); 0 without samples. Some 20
    /// ns.
    base::Duration quantile(double q) const;

    /// By bucket, and back (latency_memory.cc): more samples than there is room for are scaled
    /// down.
    std::span<const std::uint16_t> counts() const { return counts_; }
    void restore(std::span<const std::uint32_t> counts);

 private:
    static constexpr std::size_t kBuckets = 128;
    static constexpr int kFirstOctave = 10;  // bucket 0 starts at 2^10 ns
    // 2^63 times 2^(1/4), 2^(2/4), 2^(3/4), rounded up: where a top bit at 63 puts the bounds
    static constexpr std::array<std::uint64_t, 3> kQuarters = {
        0x9837f0518db8a970, 0xb504f333f9de6485, 0xd744fccad69d6af5};

    static std::size_t index_of(base::Duration latency) {
        const auto ns = static_cast<std::uint64_t>(std::clamp<std::int64_t>(
            base::to_ns(latency), std::int64_t{1} << kFirstOctave, kLongest));
        const int zeros = std::countl_zero(ns);
        const std::uint64_t mantissa = ns << zeros;
        const auto octave = static_cast<std::size_t>(63 - kFirstOctave - zeros);
        return octave * 4 + (mantissa >= kQuarters[0]) + (mantissa >= kQuarters[1]) +
               (mantissa >= kQuarters[2]);
    }
    static base::Duration upper_bound(std::size_t index);
    void halve();

    static constexpr std::int64_t kLongest = (std::int64_t{1} << (kFirstOctave + kBuckets / 4)) - 1;

    std::array<std::uint16_t, kBuckets> counts_{};
    std::uint32_t total_ = 0;
};

}  // namespace ringway::health
