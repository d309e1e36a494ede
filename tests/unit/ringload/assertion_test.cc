// Assertions: what is taken, what is refused and how, and what holds.
#include "tally/assertion.h"

#include <gtest/gtest.h>

#include "results.h"

namespace ringload {
namespace {

using Compare = Assertion::Compare;
using Metric = Assertion::Metric;
using Of = Assertion::Of;

Assertion parsed(std::string_view text) {
    auto assertion = parse_assertion(text);
    EXPECT_TRUE(assertion.has_value()) << text << ": " << tests::refusal_of(assertion);
    return assertion.value_or(Assertion{});
}

std::string refusal(std::string_view text) { return tests::refusal_of(parse_assertion(text)); }

AssertionOutcome checked(std::string_view text, const Result& result) {
    return check(parsed(text), result);
}

bool holds(std::string_view text, const Result& result = tests::open_result()) {
    return checked(text, result).holds;
}

TEST(assertion, a_percentile_has_its_share_and_its_bound_in_ns) {
    const Assertion assertion = parsed("p99.9 <= 1.5 ms");
    EXPECT_EQ(assertion.text, "p99.9 <= 1.5 ms");
    EXPECT_EQ(assertion.metric, Metric::quantile);
    EXPECT_EQ(assertion.of, Of::latency);
    EXPECT_DOUBLE_EQ(assertion.quantile, 0.999);
    EXPECT_EQ(assertion.compare, Compare::less_equal);
    EXPECT_EQ(assertion.bound, 1'500'000);
    EXPECT_FALSE(assertion.is_share);
}

TEST(assertion, every_unit_of_time_is_known) {
    EXPECT_EQ(parsed("max<3ns").bound, 3);
    EXPECT_EQ(parsed("max<3us").bound, 3e3);
    EXPECT_EQ(parsed("max<0.1us").bound, 100);
    EXPECT_EQ(parsed("max<1.1ms").bound, 1'100'000);
    EXPECT_EQ(parsed("max<.5s").bound, 5e8);
}

TEST(assertion, every_comparison_is_known_with_and_without_spaces) {
    EXPECT_EQ(parsed("rate>5").compare, Compare::greater);
    EXPECT_EQ(parsed("rate >=5").compare, Compare::greater_equal);
    EXPECT_EQ(parsed("errors= 5").compare, Compare::equal);
    EXPECT_EQ(parsed(" errors\t== 5 ").compare, Compare::equal);
    EXPECT_EQ(parsed("errors<5").compare, Compare::less);
    EXPECT_EQ(parsed("errors<=5").compare, Compare::less_equal);
}

TEST(assertion, figures_of_each_distribution_are_known) {
    EXPECT_EQ(parsed("uncorrected.p99<1ms").of, Of::uncorrected);
    EXPECT_EQ(parsed("first_byte.p50<1ms").of, Of::first_byte);
    EXPECT_EQ(parsed("connect.mean<1ms").of, Of::connect);
    EXPECT_EQ(parsed("lag.max<1ms").of, Of::lag);
    EXPECT_EQ(parsed("latency.p99.99<1ms").of, Of::latency);
    EXPECT_DOUBLE_EQ(parsed("lag.p99.99<1ms").quantile, 0.9999);
    EXPECT_EQ(parsed("connect.mean<1ms").metric, Metric::mean);
    EXPECT_EQ(parsed("lag.max<1ms").metric, Metric::max);
}

TEST(assertion, counts_take_numbers_and_shares) {
    EXPECT_EQ(parsed("errors=0").metric, Metric::errors);
    EXPECT_EQ(parsed("due>=1000").metric, Metric::due);
    EXPECT_EQ(parsed("rate>10000/s").bound, 10'000);
    const Assertion share = parsed("errors<0.1 %");
    EXPECT_TRUE(share.is_share);
    EXPECT_DOUBLE_EQ(share.bound, 0.001);
}

TEST(assertion, every_failure_is_a_metric_by_its_name_but_none) {
    for (std::size_t i = 1; i < kFailures; ++i) {
        const auto failure = static_cast<Failure>(i);
        const Assertion assertion = parsed(std::string(name_of(failure)) + "=0");
        EXPECT_EQ(assertion.metric, Metric::failure);
        EXPECT_EQ(assertion.failure, failure);
    }
    EXPECT_NE(refusal("none=0"), "taken");
}

TEST(assertion, a_status_is_one_or_a_hundred_or_a_range) {
    const auto range = [](std::string_view text) {
        const StatusRange statuses = parsed(text).statuses;
        return std::pair<int, int>(statuses.first, statuses.last);
    };
    EXPECT_EQ(range("status.200>=99.9%"), std::pair(200, 200));
    EXPECT_EQ(range("status.5xx=0"), std::pair(500, 599));
    EXPECT_EQ(range("status.200-204>1"), std::pair(200, 204));
    for (const char* text :
         {"status.=0", "status.99=0", "status.600=0", "status.6xx=0", "status.0xx=0", "status.2x=0",
          "status.204-200=0", "status.200-=0", "status.ok=0"}) {
        EXPECT_NE(refusal(text).find("is no status; write 200, 2xx or 200-204"), std::string::npos)
            << text << ": " << refusal(text);
    }
}

TEST(assertion, an_unknown_metric_is_told_with_the_one_that_was_meant) {
    EXPECT_EQ(refusal("erors=0"),
              "erors=0: `erors` is nothing that is measured, did you mean `errors`?");
    EXPECT_EQ(refusal("avg<1ms"),
              "avg<1ms: `avg` is nothing that is measured, did you mean `mean`?");
    EXPECT_NE(refusal("timedout=0").find("did you mean `timed_out`?"), std::string::npos);
    EXPECT_NE(refusal("firstbyte.p99<1ms").find("did you mean `first_byte.p99`?"),
              std::string::npos);
    EXPECT_NE(refusal("p999<1ms").find("did you mean `p99.9`?"), std::string::npos);
    EXPECT_NE(refusal("p9999<1ms").find("did you mean `p99.99`?"), std::string::npos);
    EXPECT_NE(refusal("p101<1ms").find("at most 100"), std::string::npos);
    EXPECT_NE(refusal("zebra<1ms").find("there are p50"), std::string::npos);
    EXPECT_NE(refusal("lag.rate>5").find("`lag` has no `rate`"), std::string::npos);
    EXPECT_NE(refusal("latency.errors=0").find("`latency` has no `errors`"), std::string::npos);
    EXPECT_NE(refusal("P99<5ms").find("did you mean `p99`?"), std::string::npos);
}

TEST(assertion, a_time_needs_a_unit_and_nothing_else_has_one) {
    EXPECT_EQ(refusal("p99<5"), "p99<5: a time needs a unit (ns, us, ms, s), as in p99<5ms");
    EXPECT_NE(refusal("p99<5m").find("is no time"), std::string::npos);
    EXPECT_NE(refusal("p99<5%").find("is no time"), std::string::npos);
    EXPECT_NE(refusal("p99<-5ms").find("is no time"), std::string::npos);
    EXPECT_NE(refusal("p99<1.2.3ms").find("is no time"), std::string::npos);
    EXPECT_NE(refusal("p99<ms").find("is no time"), std::string::npos);
    EXPECT_NE(refusal("errors<5ms").find("is no number"), std::string::npos);
    EXPECT_NE(refusal("rate>5ms").find("is no rate"), std::string::npos);
    EXPECT_NE(refusal("errors<inf").find("is no number"), std::string::npos);
    EXPECT_NE(refusal("rate>nan").find("is no rate"), std::string::npos);
}

TEST(assertion, what_cannot_be_meant_is_refused_with_advice) {
    EXPECT_EQ(refusal("p99=5ms"), "p99=5ms: p99 is never exactly a value; bound it: p99<=5ms");
    EXPECT_NE(refusal("mean==5ms").find("mean<=5ms"), std::string::npos);
    EXPECT_NE(refusal("rate=100").find("rate>=100"), std::string::npos);
    EXPECT_NE(refusal("errors<0.001").find("a share is written with %"), std::string::npos);
    EXPECT_NE(refusal("errors<101%").find("at most 100%"), std::string::npos);
    EXPECT_NE(refusal("due>50%").find("bound it by a number"), std::string::npos);
    for (const char* text : {"errors!=0", "errors=<0", "errors=>0", "errors<>0", "errors===0"}) {
        EXPECT_NE(refusal(text).find("there are <, <=, =, >= and >"), std::string::npos) << text;
    }
    EXPECT_NE(refusal("").find("compares nothing"), std::string::npos);
    EXPECT_NE(refusal("p99").find("compares nothing"), std::string::npos);
    EXPECT_NE(refusal("<5ms").find("says not what is bounded"), std::string::npos);
    EXPECT_NE(refusal("p99<").find("has no bound"), std::string::npos);
    EXPECT_NE(refusal(std::string(300, 'p')).find("too long"), std::string::npos);
    EXPECT_EQ(refusal("a\nb=0").find('\n'), std::string::npos);
}

TEST(assertion, several_are_split_at_commas_and_the_wrong_one_is_named) {
    const auto several = parse_assertions("p99<5ms, errors<0.1%,rate>10");
    ASSERT_TRUE(several.has_value());
    ASSERT_EQ(several->size(), 3u);
    EXPECT_EQ((*several)[1].text, "errors<0.1%");
    EXPECT_EQ((*several)[2].metric, Metric::rate);
    EXPECT_TRUE(parse_assertions("p99<5ms,erors=0").error().starts_with("erors=0:"));
    EXPECT_FALSE(parse_assertions("p99<5ms,").has_value());
    EXPECT_FALSE(parse_assertions("").has_value());
}

TEST(assertion, percentiles_hold_against_the_distribution_that_they_name) {
    // 990 values up to 9.9 ms, uncorrected half of that
    EXPECT_TRUE(holds("p50<5ms"));
    EXPECT_FALSE(holds("p50<4.9ms"));
    EXPECT_TRUE(holds("p50>4.9ms"));
    EXPECT_TRUE(holds("max<9.92ms"));
    EXPECT_FALSE(holds("max<9.8ms"));
    EXPECT_TRUE(holds("mean<4.956ms"));
    EXPECT_FALSE(holds("mean<4.954ms"));
    EXPECT_TRUE(holds("mean<=4.955ms"));
    EXPECT_TRUE(holds("uncorrected.p50<2.5ms"));
    EXPECT_TRUE(holds("first_byte.p50<2ms"));
    EXPECT_FALSE(holds("first_byte.p50<1.9ms"));
    EXPECT_TRUE(holds("lag.max<=101us"));
    EXPECT_EQ(checked("p50<5ms", tests::open_result()).found, "4.95 ms");
}

TEST(assertion, without_records_no_bound_of_a_time_holds) {
    const Result result = tests::open_result();
    for (const char* text :
         {"connect.p99<1s", "connect.mean<1s", "connect.max<1s", "connect.p50>=0ns"}) {
        const AssertionOutcome outcome = checked(text, result);
        EXPECT_FALSE(outcome.holds) << text;
        EXPECT_NE(outcome.found.find("nothing"), std::string::npos);
    }
    for (const char* text : {"p99<1s", "errors<1%", "status.200>=0%", "rate>0"}) {
        EXPECT_FALSE(holds(text, Result{})) << text;
    }
}

TEST(assertion, counts_and_shares_are_of_the_requests_that_were_due) {
    EXPECT_TRUE(holds("errors=10"));
    EXPECT_FALSE(holds("errors=0"));
    EXPECT_FALSE(holds("errors<1%"));
    EXPECT_TRUE(holds("errors<=1%"));
    EXPECT_TRUE(holds("errors<1.1%"));
    EXPECT_TRUE(holds("timed_out=6"));
    EXPECT_TRUE(holds("timed_out<=0.6%"));
    EXPECT_TRUE(holds("reset=0"));
    EXPECT_TRUE(holds("status.200>=98.6%"));
    EXPECT_FALSE(holds("status.200>98.6%"));
    EXPECT_TRUE(holds("status.5xx=4"));
    EXPECT_TRUE(holds("status.2xx=986"));
    EXPECT_TRUE(holds("status.200-503=990"));
    EXPECT_TRUE(holds("status.404=0"));
    EXPECT_TRUE(holds("due=1000"));
    EXPECT_TRUE(holds("rate>=99"));
    EXPECT_FALSE(holds("rate>99"));
    EXPECT_EQ(checked("errors=0", tests::open_result()).found, "10");
    EXPECT_EQ(checked("errors<1%", tests::open_result()).found, "1 % (10 of 1000)");
    EXPECT_EQ(checked("rate>99", tests::open_result()).found, "99.00/s");
}

TEST(assertion, a_share_that_is_met_exactly_is_met_whatever_its_decimals) {
    for (std::uint64_t good = 1; good < 1000; ++good) {
        Result result;
        result.counts.due = 1000;
        result.counts.failures[static_cast<std::size_t>(Failure::reset)] = good;
        const std::string share = std::to_string(good / 10) + '.' + std::to_string(good % 10) + '%';
        ASSERT_TRUE(holds("errors=" + share, result)) << share;
        ASSERT_TRUE(holds("errors>=" + share, result)) << share;
        ASSERT_TRUE(holds("errors<=" + share, result)) << share;
        ASSERT_FALSE(holds("errors<" + share, result)) << share;
        ASSERT_FALSE(holds("errors>" + share, result)) << share;
    }
}

TEST(assertion, what_was_found_never_looks_like_the_bound_that_it_misses) {
    Result result;
    result.latency = tests::sum_of({5'001'000});
    const AssertionOutcome outcome = checked("max<5ms", result);
    EXPECT_FALSE(outcome.holds);
    EXPECT_EQ(outcome.found, std::to_string(result.latency.max_ns()) + " ns");
    EXPECT_EQ(outcome.text, "max<5ms");
}

}  // namespace
}  // namespace ringload
