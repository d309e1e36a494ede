#include "ringway/observe/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ringway/base/prng.h"

namespace ringway::observe {
namespace {

TEST(histogram, every_value_lies_below_its_bound_and_not_below_the_one_before) {
    base::Prng prng(1);
    for (int i = 0; i < 200'000; ++i) {
        const std::uint64_t value = prng.next() >> (23 + prng.below(41));  // below 2^41, all sizes
        const std::size_t index = Histogram::index_of(value);
        ASSERT_LT(value, Histogram::upper_bound(index)) << value;
        if (index > 0) {
            ASSERT_GE(value, Histogram::upper_bound(index - 1)) << value;
        }
    }
}

TEST(histogram, buckets_are_at_most_3_2_percent_wide) {
    for (std::size_t i = 1u << Histogram::kSubBits; i + 1 < Histogram::kBuckets; ++i) {
        const auto low = static_cast<double>(Histogram::upper_bound(i - 1));
        const auto high = static_cast<double>(Histogram::upper_bound(i));
        ASSERT_LE((high - low) / low, 0.032) << i;
    }
}

TEST(histogram, a_value_beyond_the_range_counts_in_the_last_bucket) {
    auto histogram = std::make_unique<Histogram>();
    histogram->record(~std::uint64_t{0} >> 1);
    EXPECT_EQ(histogram->bucket(Histogram::kBuckets - 1), 1u);
    EXPECT_EQ(Histogram::upper_bound(Histogram::kBuckets - 1), std::uint64_t{1} << 41);
}

TEST(histogram_sum, an_empty_sum_is_zero_everywhere) {
    const HistogramSum sum;
    EXPECT_EQ(sum.count(), 0u);
    EXPECT_EQ(sum.quantile_ns(0.5), 0u);
    EXPECT_EQ(sum.count_below(~std::uint64_t{0}), 0u);
}

TEST(histogram_sum, quantiles_of_shards_added_up_are_within_the_relative_error) {
    auto first = std::make_unique<Histogram>();
    auto second = std::make_unique<Histogram>();
    base::Prng prng(7);
    std::vector<std::uint64_t> values;
    std::uint64_t total = 0;
    for (int i = 0; i < 50'000; ++i) {
        // 22 us to 0.5 s
        const auto value = static_cast<std::uint64_t>(std::exp(10.0 + 10.0 * prng.unit()));
        (i % 3 == 0 ? first : second)->record(value);
        values.push_back(value);
        total += value;
    }
    std::ranges::sort(values);
    HistogramSum sum;
    sum.add(*first);
    sum.add(*second);
    EXPECT_EQ(sum.count(), values.size());
    EXPECT_EQ(sum.sum_ns(), total);
    for (const double q : {0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank =
            static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
        const auto exact = static_cast<double>(values[rank - 1]);
        const auto got = static_cast<double>(sum.quantile_ns(q));
        EXPECT_GE(got, exact) << q;
        EXPECT_LE(got, exact * 1.032 + 1) << q;
    }
    EXPECT_EQ(sum.quantile_ns(0), Histogram::upper_bound(Histogram::index_of(values.front())));
}

TEST(histogram_sum, count_below_takes_whole_buckets_only) {
    auto histogram = std::make_unique<Histogram>();
    for (std::uint64_t ns = 0; ns < 32; ++ns) histogram->record(ns);  // exact buckets
    histogram->record(1'000'000);
    HistogramSum sum;
    sum.add(*histogram);
    EXPECT_EQ(sum.count_below(0), 0u);
    EXPECT_EQ(sum.count_below(10), 10u);
    EXPECT_EQ(sum.count_below(32), 32u);
    const std::uint64_t bound = Histogram::upper_bound(Histogram::index_of(1'000'000));
    EXPECT_EQ(sum.count_below(bound - 1), 32u);
    EXPECT_EQ(sum.count_below(bound), 33u);
}

}  // namespace
}  // namespace ringway::observe
