// The histograms that all reported percentiles come from, against an exact sort of all samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <thread>

#include "../rounds.h"
#include "report/digest.h"
#include "results.h"
#include "tally/tally.h"

namespace ringload {
namespace {

using Values = std::vector<std::uint64_t>;

constexpr std::size_t kSamples = ringway::rounds(200'000);

std::uint64_t whole(double ns) { return static_cast<std::uint64_t>(std::max(ns, 1'024.0)); }

struct Distribution {
    const char* name;
    std::function<std::uint64_t(std::mt19937_64&, std::size_t)> draw;
};

std::vector<Distribution> distributions() {
    const auto normal = [](std::mt19937_64& random, double mean, double deviation) {
        return std::normal_distribution<double>(mean, deviation)(random);
    };
    return {
        {"uniform", [](auto& random, auto) { return 10'000 + random() % 5'000'000; }},
        {"log-normal",
         [=](auto& random, auto) { return whole(std::exp(normal(random, 13, 1.5))); }},
        {"bimodal",
         [=](auto& random, auto) {
             return whole(random() % 10 == 0 ? normal(random, 40e6, 2e6)
                                             : normal(random, 3e5, 2e4));
         }},
        {"constant", [](auto&, auto) { return std::uint64_t{1'234'567}; }},
        // each of the requests that were due within a stall of a second waits for its end
        {"a stall",
         [=](auto& random, std::size_t i) {
             const std::size_t place = i % 20'000;
             return place < 1'000 ? 1'000'000'000 - place * 1'000'000
                                  : whole(normal(random, 2e5, 3e4));
         }},
    };
}

Values drawn(const Distribution& distribution) {
    std::mt19937_64 random(7);
    Values values;
    for (std::size_t i = 0; i < kSamples; ++i) values.push_back(distribution.draw(random, i));
    return values;
}

/// Nearest rank, of sorted values.
std::uint64_t exact(const Values& sorted, double quantile) {
    const double rank = std::ceil(quantile * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

/// Each of `parts` recorded by a thread of its own, then merged.
LatencySum merged(const std::vector<Values>& parts) {
    std::vector<std::unique_ptr<Latencies>> histograms;
    for (std::size_t i = 0; i < parts.size(); ++i)
        histograms.push_back(std::make_unique<Latencies>());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        threads.emplace_back([&, i] {
            for (const std::uint64_t ns : parts[i]) histograms[i]->record(ns);
        });
    }
    for (std::thread& thread : threads) thread.join();
    LatencySum sum;
    for (const auto& histogram : histograms) sum.add(*histogram);
    return sum;
}

void expect_same_buckets(const LatencySum& a, const LatencySum& b, const char* name) {
    EXPECT_EQ(a.count(), b.count()) << name;
    EXPECT_EQ(a.sum_ns(), b.sum_ns()) << name;
    for (std::size_t i = 0; i < Latencies::kBuckets; ++i) {
        ASSERT_EQ(a.bucket(i), b.bucket(i)) << name << " bucket " << i;
    }
}

TEST(latencies, percentiles_are_those_of_an_exact_sort_within_a_thousandth) {
    for (const Distribution& distribution : distributions()) {
        Values values = drawn(distribution);
        const LatencySum sum = tests::sum_of(values);
        std::ranges::sort(values);
        for (double q :
             {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1.0}) {
            const auto right = static_cast<double>(exact(values, q));
            const auto found = static_cast<double>(sum.quantile_ns(q));
            EXPECT_GT(found, right) << distribution.name << ' ' << q;  // a bound: never too good
            EXPECT_LE(found, right * (1 + kShownRelativeError)) << distribution.name << ' ' << q;
        }
    }
}

TEST(latencies, mean_and_count_are_exact) {
    for (const Distribution& distribution : distributions()) {
        const Values values = drawn(distribution);
        const LatencySum sum = tests::sum_of(values);
        EXPECT_EQ(sum.count(), values.size());
        EXPECT_EQ(sum.sum_ns(), std::accumulate(values.begin(), values.end(), std::uint64_t{0}));
        EXPECT_DOUBLE_EQ(mean_ns(sum),
                         static_cast<double>(sum.sum_ns()) / static_cast<double>(kSamples));
    }
    EXPECT_EQ(mean_ns(LatencySum{}), 0);
}

TEST(latencies, p0_is_the_least_and_p100_the_greatest) {
    const LatencySum sum = tests::sum_of({9'000'000, 2'000, 5'000'000});
    EXPECT_EQ(sum.quantile_ns(0), Latencies::upper_bound(Latencies::index_of(2'000)));
    EXPECT_EQ(sum.quantile_ns(1), Latencies::upper_bound(Latencies::index_of(9'000'000)));
    EXPECT_EQ(sum.max_ns(), sum.quantile_ns(1));
    EXPECT_EQ(sum.quantile_ns(-1), sum.quantile_ns(0));
    EXPECT_EQ(sum.quantile_ns(2), sum.quantile_ns(1));
}

TEST(latencies, each_bucket_is_at_most_a_thousandth_of_what_is_in_it_wide) {
    for (std::size_t i = 0; i + 1 < Latencies::kBuckets; ++i) {
        const std::uint64_t first = i == 0 ? 0 : Latencies::upper_bound(i - 1);
        const std::uint64_t end = Latencies::upper_bound(i);
        ASSERT_EQ(Latencies::index_of(first), i);
        ASSERT_EQ(Latencies::index_of(end - 1), i);
        // below a microsecond the clock's own nanosecond is the bound
        ASSERT_LE(static_cast<double>(end - first),
                  std::max(1.0, static_cast<double>(first) * kShownRelativeError))
            << i;
    }
}

TEST(latencies, histograms_of_threads_merge_to_the_histogram_of_all_samples) {
    for (const Distribution& distribution : distributions()) {
        const Values values = drawn(distribution);
        std::vector<Values> parts(7);
        for (std::size_t i = 0; i < values.size(); ++i) parts[i * i % 7].push_back(values[i]);
        expect_same_buckets(merged(parts), tests::sum_of(values), distribution.name);
    }
}

TEST(latencies, merging_has_no_order) {
    const LatencySum a = tests::sum_of({1'000, 5'000'000});
    const LatencySum b = tests::sum_of({7'000});
    LatencySum ab = a;
    ab.add(b);
    LatencySum ba = b;
    ba.add(a);
    expect_same_buckets(ab, ba, "sums");
    expect_same_buckets(ab, tests::sum_of({7'000, 5'000'000, 1'000}), "all");
}

TEST(latencies, the_difference_of_two_readings_is_the_histogram_of_what_came_between) {
    for (const Distribution& distribution : distributions()) {
        const Values values = drawn(distribution);
        const auto histogram = std::make_unique<Latencies>();
        LatencySum earlier;
        Values between;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i == kSamples / 3) earlier.add(*histogram);
            if (i >= kSamples / 3) between.push_back(values[i]);
            histogram->record(values[i]);
        }
        LatencySum difference;
        difference.add(*histogram);
        difference.subtract(earlier);
        expect_same_buckets(difference, tests::sum_of(between), distribution.name);
    }
}

TEST(latencies, a_stall_shows_in_the_percentile_that_has_its_share) {
    // 1 s in 20 s: 5 % of the requests waited, so half of those more than half a second
    const LatencySum sum = tests::sum_of(drawn(distributions().back()));
    EXPECT_LT(sum.quantile_ns(0.94), 1'000'000u);
    EXPECT_NEAR(static_cast<double>(sum.quantile_ns(0.975)), 5e8, 1e7);
    EXPECT_GT(sum.quantile_ns(0.999), 950'000'000u);
}

TEST(latencies, a_histogram_that_nothing_was_recorded_in_does_not_exist) {
    LazyLatencies lazy;
    EXPECT_EQ(lazy.get(), nullptr);
    lazy.record(5'000);
    ASSERT_NE(lazy.get(), nullptr);
    EXPECT_EQ(lazy.get()->sum_ns(), 5'000u);
}

}  // namespace
}  // namespace ringload
