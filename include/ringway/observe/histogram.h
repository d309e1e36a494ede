// Latency histogram: log-linear buckets, 32 per octave (relative error at most 3.2 %), after Tene's
// HdrHistogram. One writer (a shard) with plain relaxed stores; any thread may read.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringway::observe {

/// Values in nanoseconds, from 0 to about 36 minutes (2^41 ns); larger ones count in the last
/// bucket. About 9 KiB.
class Histogram {
 public:
    static constexpr unsigned kSubBits = 5;
    static constexpr unsigned kOctaves = 36;
    static constexpr std::size_t kBuckets = (kOctaves + 1) << kSubBits;

    void record(std::uint64_t ns) {
        bump(buckets_[index_of(ns)], 1);
        bump(sum_, ns);
    }

    static constexpr std::size_t index_of(std::uint64_t ns) {
        if (ns < (1u << kSubBits)) return ns;
        const unsigned top = static_cast<unsigned>(std::bit_width(ns)) - 1;
        const std::size_t index = (static_cast<std::size_t>(top - kSubBits + 1) << kSubBits) +
                                  ((ns >> (top - kSubBits)) - (1u << kSubBits));
        return index < kBuckets ? index : kBuckets - 1;
    }
    /// The smallest value above the bucket.
    static constexpr std::uint64_t upper_bound(std::size_t index) {
        if (index < (1u << kSubBits)) return index + 1;
        const unsigned shift = static_cast<unsigned>(index >> kSubBits) - 1;
        return ((index & ((1u << kSubBits) - 1)) + (1u << kSubBits) + 1) << shift;
    }

    std::uint64_t bucket(std::size_t index) const {
        return buckets_[index].load(std::memory_order_relaxed);
    }
    std::uint64_t sum_ns() const { return sum_.load(std::memory_order_relaxed); }

 private:
    static void bump(std::atomic<std::uint64_t>& value, std::uint64_t n) {
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
    std::atomic<std::uint64_t> sum_{0};
};

/// A sum of histograms for reading: shards added up by the control thread.
class HistogramSum {
 public:
    void add(const Histogram& histogram);
    std::uint64_t count() const { return count_; }
    std::uint64_t sum_ns() const { return sum_ns_; }
    /// The value below which the share q (0..1) of the records lies; the upper bound of its bucket;
    /// 0 when empty.
    std::uint64_t quantile_ns(double q) const;
    /// The upper bound of the highest bucket with a record; 0 when empty.
    std::uint64_t max_ns() const { return quantile_ns(1); }
    /// How many records lie in buckets that end at or below `ns`.
    std::uint64_t count_below(std::uint64_t ns) const;

 private:
    std::array<std::uint64_t, Histogram::kBuckets> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
};

}  // namespace ringway::observe
