// Latency histograms: log-linear buckets after Tene's HdrHistogram. One writer with plain relaxed
// stores; any thread may read. Sums are exact: buckets are added, never values.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::observe {

/// Values in nanoseconds, from 0 to about 36 minutes (2^41 ns); larger ones count in the last
/// bucket. 2^sub_bits buckets an octave: a value and the upper bound of its bucket differ by at
/// most a 2^sub_bits-th of the value.
template <unsigned sub_bits>
class LogHistogram {
 public:
    static constexpr unsigned kSubBits = sub_bits;
    static constexpr unsigned kOctaves = 41 - sub_bits;
    static constexpr std::size_t kBuckets = std::size_t{kOctaves + 1} << kSubBits;
    static constexpr double kRelativeError = 1.0 / (1u << kSubBits);

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
    /// As after construction; the writer's.
    void clear() {
        for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
        sum_.store(0, std::memory_order_relaxed);
    }

 private:
    static void bump(std::atomic<std::uint64_t>& value, std::uint64_t n) {
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
    std::atomic<std::uint64_t> sum_{0};
};

/// A sum of histograms for reading; belongs to whoever sums.
template <class Summed>
class SumOf {
 public:
    void add(const Summed& histogram) {
        for (std::size_t i = 0; i < Summed::kBuckets; ++i) {
            const std::uint64_t n = histogram.bucket(i);
            buckets_[i] += n;
            count_ += n;  // counted from the buckets just read, so that the two always agree
        }
        sum_ns_ += histogram.sum_ns();
    }
    void add(const SumOf& other) {
        for (std::size_t i = 0; i < Summed::kBuckets; ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        sum_ns_ += other.sum_ns_;
    }
    /// Takes away what an earlier reading of the same histograms had: the rest came since.
    void subtract(const SumOf& earlier) {
        for (std::size_t i = 0; i < Summed::kBuckets; ++i) buckets_[i] -= earlier.buckets_[i];
        count_ -= earlier.count_;
        sum_ns_ -= earlier.sum_ns_;
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t sum_ns() const { return sum_ns_; }
    std::uint64_t bucket(std::size_t index) const { return buckets_[index]; }
    /// The value below which the share q (0..1) of the records lies; the upper bound of its bucket;
    /// 0 when empty.
    std::uint64_t quantile_ns(double q) const {
        if (count_ == 0) return 0;
        const double share = std::clamp(q, 0.0, 1.0) * static_cast<double>(count_);
        const std::uint64_t rank =
            std::clamp(static_cast<std::uint64_t>(std::ceil(share)), std::uint64_t{1}, count_);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < Summed::kBuckets; ++i) {
            seen += buckets_[i];
            if (seen >= rank) return Summed::upper_bound(i);
        }
        return Summed::upper_bound(Summed::kBuckets - 1);
    }
    /// The upper bound of the highest bucket with a record; 0 when empty.
    std::uint64_t max_ns() const { return quantile_ns(1); }
    /// How many records lie in buckets that end at or below `ns`.
    std::uint64_t count_below(std::uint64_t ns) const {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < Summed::kBuckets; ++i) {
            if (Summed::upper_bound(i) > ns) break;
            below += buckets_[i];
        }
        return below;
    }

 private:
    std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(Summed::kBuckets);
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
};

/// Of the proxy's shards: 3.1 % and 9 KiB each.
using Histogram = LogHistogram<5>;
using HistogramSum = SumOf<Histogram>;

}  // namespace ringway::observe
