#include <gtest/gtest.h>

#include "load/find_max.h"

namespace ringload {
namespace {

/// Searches where exactly the rates up to `limit` meet the bound; returns the number of tries.
int search_to(RateSearch& search, double limit) {
    int tries = 0;
    while (!search.over() && tries < 1000) {
        ++tries;
        search.tell(search.rate() <= limit);
    }
    return tries;
}

TEST(rate_search, finds_a_limit_above_or_below_the_first_rate_to_its_precision) {
    for (const double limit : {3.0, 17.0, 999.0, 1000.0, 1001.0, 54'321.0, 9'999'999.0}) {
        for (const double precision : {0.001, 0.02, 0.5}) {
            RateSearch search(1000, precision);
            const int tries = search_to(search, limit);
            EXPECT_LE(search.highest_met(), limit);
            EXPECT_GT(search.lowest_failed(), limit);
            EXPECT_LE(search.lowest_failed(), search.highest_met() * (1 + precision));
            EXPECT_LT(tries, 80) << limit;
        }
    }
}

TEST(rate_search, tries_a_rate_that_fails_once_more_before_it_counts) {
    RateSearch search(1000, 0.1);
    search.tell(false);
    EXPECT_EQ(search.rate(), 1000);
    EXPECT_EQ(search.lowest_failed(), 0);
    search.tell(true);  // it was a hiccup
    EXPECT_EQ(search.highest_met(), 1000);
    EXPECT_EQ(search.rate(), 2000);
    search.tell(false);
    search.tell(false);
    EXPECT_EQ(search.lowest_failed(), 2000);
    EXPECT_EQ(search.rate(), 1500);
    search.tell(false);  // its second try does not carry over
    EXPECT_EQ(search.rate(), 1500);
}

TEST(rate_search, gives_up_where_no_rate_meets_the_bound) {
    RateSearch search(1000, 0.02);
    search_to(search, 0);
    EXPECT_EQ(search.highest_met(), 0);
    EXPECT_GT(search.lowest_failed(), 0);
    EXPECT_LT(search.lowest_failed(), 2 * RateSearch::kRateMin);
}

TEST(rate_search, gives_up_where_every_rate_meets_the_bound) {
    RateSearch search(1000, 0.02);
    search_to(search, 1e18);
    EXPECT_EQ(search.lowest_failed(), 0);
    EXPECT_GT(search.highest_met(), RateSearch::kRateMax / 2);
    EXPECT_LE(search.highest_met(), RateSearch::kRateMax);
}

}  // namespace
}  // namespace ringload
