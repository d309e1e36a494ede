// The figures of a fault: made-up records with a known answer.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/figures.h"

namespace ringload {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kBegin = 777'000 * kMs;  // no figure may depend on it

std::int64_t at(double ms) { return kBegin + static_cast<std::int64_t>(ms * 1e6); }

Record record(double at_ms, double took_ms = 2, std::uint16_t status = 200,
              Failure failure = Failure::none) {
    Record made;
    made.due_ns = made.sent_ns = at(at_ms);
    made.done_ns = at(at_ms + took_ms);
    made.status = status;
    made.failure = failure;
    made.origin = 0;
    return made;
}

Record bad(double at_ms, std::uint16_t status) {
    return record(at_ms, 2, status, Failure::unexpected_status);
}

struct Round {
    std::vector<Record> records;
    std::vector<Sight> sights;
    FaultMoments moments{at(0), at(1000), at(3000), at(5000)};
    FaultSettings settings{.record_origin = 1,
                           .origin = std::uint16_t{1},
                           .origins = 3,
                           .rate = 300,
                           .round_trip = std::chrono::milliseconds(20),
                           .latency = std::chrono::milliseconds(2),
                           .retry_after = {}};

    Round& every(double step_ms, double begin_ms, double end_ms) {
        for (double ms = begin_ms; ms < end_ms; ms += step_ms) records.push_back(record(ms));
        return *this;
    }
    Round& add(const Record& one) {
        records.push_back(one);
        return *this;
    }
    Round& answered_by(std::uint8_t origin, double step_ms, double begin_ms, double end_ms) {
        const std::size_t first = records.size();
        every(step_ms, begin_ms, end_ms);
        for (std::size_t i = first; i < records.size(); ++i) records[i].origin = origin;
        return *this;
    }
    Round& seen(std::initializer_list<double> at_ms, Sight::Kind kind = Sight::Kind::request,
                std::uint16_t origin = 1) {
        for (const double ms : at_ms) sights.push_back({at(ms), origin, kind});
        return *this;
    }
    Round& seen_every(double step_ms, double begin_ms, double end_ms) {
        for (double ms = begin_ms; ms < end_ms; ms += step_ms) seen({ms});
        return *this;
    }
    FaultFigures figures() {
        std::ranges::sort(records, {}, &Record::due_ns);
        std::ranges::sort(sights, {}, &Sight::at_ns);
        return figures_of(records, &sights, moments, settings);
    }
};

using Kinds = std::vector<std::string>;

TEST(figures, count_errors_of_requests_that_the_fault_met) {
    const FaultFigures found = Round()
                                   .every(10, 0, 5000)
                                   .add(bad(100, 503))
                                   .add(record(999, 5, 0, Failure::reset))
                                   .add(bad(2000, 502))
                                   .add(bad(3500, 429))
                                   .figures();
    EXPECT_EQ(found.errors_before, 1u);
    EXPECT_EQ(found.errors, 2u);
    EXPECT_EQ(found.error_kinds, (Kinds{"502", "reset"}));
    EXPECT_EQ(found.errors_on_return, 1u);
    EXPECT_EQ(found.error_kinds_on_return, Kinds{"429"});
    EXPECT_EQ(found.requests, 202u);
    EXPECT_EQ(found.requests_on_return, 201u);
}

TEST(figures, leave_out_what_the_client_ended_itself) {
    Record aborted = record(2000, 500, 0);
    aborted.aborted = true;
    Record unfinished = record(2100, 0, 0);
    unfinished.done_ns = 0;
    const FaultFigures found = Round().every(10, 0, 1000).add(aborted).add(unfinished).figures();
    EXPECT_EQ(found.requests, 0u);
    EXPECT_EQ(found.errors, 0u);
}

TEST(figures, call_slow_what_is_later_than_the_median_and_a_round_trip_and_two_ms) {
    const FaultFigures found =
        Round().every(10, 0, 1000).add(record(1500, 23.9)).add(record(1600, 24.1)).figures();
    EXPECT_EQ(found.normal_ms, 2);
    EXPECT_EQ(found.slow, 1u);
    EXPECT_NEAR(found.worst_added_ms, 22.1, 0.001);
}

TEST(figures, call_noise_what_was_late_before_or_not_sent_in_time) {
    EXPECT_NEAR(Round().every(10, 0, 1000).add(record(500, 9)).figures().noise_ms, 7, 0.001);
    Record late = record(4000, 30);
    late.sent_ns = at(4012);
    EXPECT_NEAR(Round().every(10, 0, 1000).add(late).figures().noise_ms, 12, 0.001);
}

TEST(figures, take_the_nearest_rank_for_the_percentile_before) {
    Round round;
    for (int took_ms = 1; took_ms <= 100; ++took_ms) round.add(record(5 * took_ms, took_ms));
    EXPECT_NEAR(round.figures().p99_before_ms, 99, 0.001);
    EXPECT_NEAR(Round().add(record(1, 7)).figures().p99_before_ms, 7, 0.001);
}

TEST(figures, call_it_detected_when_it_is_left_alone_and_count_what_comes_later) {
    const FaultFigures found = Round()
                                   .add(record(0))
                                   .seen({990, 1003, 1050, 1400, 2600})
                                   .seen({1100, 1200}, Sight::Kind::request, 0)
                                   .seen({1051}, Sight::Kind::end)
                                   .figures();
    EXPECT_EQ(found.detected_ms, 50);
    EXPECT_EQ(found.sent_after, 2u);
    EXPECT_EQ(found.shown_ms, 51);
}

TEST(figures, do_not_call_it_detected_when_it_is_tried_all_the_time) {
    const FaultFigures found = Round().add(record(0)).seen_every(100, 1000, 3000).figures();
    EXPECT_FALSE(found.detected_ms);
    EXPECT_EQ(found.sent_after, 20u);
}

TEST(figures, call_it_detected_at_once_when_nothing_is_sent) {
    EXPECT_EQ(Round().add(record(0)).figures().detected_ms, 0);
}

TEST(figures, say_nothing_of_the_wire_when_nobody_watched) {
    Round round;
    round.add(record(0));
    const FaultFigures found = figures_of(round.records, nullptr, round.moments, round.settings);
    EXPECT_FALSE(found.detected_ms);
    EXPECT_FALSE(found.sent_after);
    EXPECT_FALSE(found.shown_ms);
}

TEST(figures, call_it_halved_when_less_than_half_of_the_share_is_sent) {
    // its share of 300/s is one in 10 ms
    const FaultFigures found =
        Round().add(record(0)).seen_every(10, 1000, 1300).seen_every(30, 1300, 3000).figures();
    ASSERT_TRUE(found.halved_ms);
    EXPECT_GE(*found.halved_ms, 100);
    EXPECT_LE(*found.halved_ms, 250);
    EXPECT_FALSE(Round().add(record(0)).seen_every(10, 1000, 3000).figures().halved_ms);
}

TEST(figures, count_requests_while_cooling_once_the_answer_was_known) {
    // known 24 ms after the first; cooling until 1000 ms after it; connects are no requests
    Round round;
    round.settings.retry_after = std::chrono::seconds(1);
    const FaultFigures found = round.add(record(0))
                                   .seen({1010, 1020, 1033, 1035, 1900, 2011, 2100})
                                   .seen({1500}, Sight::Kind::connect)
                                   .figures();
    EXPECT_EQ(found.sent_cooling, 3u);  // 1035, 1900, and 2100 of the second cooling
    Round apart;
    apart.settings.retry_after = std::chrono::seconds(1);
    EXPECT_EQ(apart.add(record(0)).seen({999, 1000, 1999.5, 3001}).figures().sent_cooling, 0u);
    EXPECT_FALSE(Round().add(record(0)).figures().sent_cooling);
}

TEST(figures, call_it_taken_back_when_it_answers_half_of_its_share) {
    const FaultFigures found = Round()
                                   .add(record(0))
                                   .answered_by(1, 100, 3100, 3600)
                                   .answered_by(1, 10, 3700, 5000)
                                   .figures();
    ASSERT_TRUE(found.taken_back_ms);
    EXPECT_GE(*found.taken_back_ms, 400);
    EXPECT_LE(*found.taken_back_ms, 702);
    EXPECT_FALSE(Round().add(record(0)).answered_by(1, 100, 3100, 3600).figures().taken_back_ms);
    EXPECT_FALSE(Round().add(record(0)).answered_by(2, 10, 3100, 5000).figures().taken_back_ms);
}

TEST(figures, take_the_share_of_a_closed_loop_from_before_the_fault) {
    Round round;
    round.settings.rate = 0;  // 300/s before
    EXPECT_FALSE(round.every(10. / 3, 0, 1000).seen_every(10, 1000, 3000).figures().halved_ms);
    Round busier;
    busier.settings.rate = 0;  // 1000/s before
    EXPECT_EQ(busier.every(1, 0, 1000).seen_every(10, 1000, 3000).figures().halved_ms, 0);
}

TEST(figures, call_it_recovered_after_the_last_bad_request) {
    const FaultFigures found = Round()
                                   .every(10, 0, 1000)
                                   .add(bad(1200, 503))
                                   .add(record(1700, 80))
                                   .add(record(1800, 70))
                                   .figures();
    EXPECT_EQ(found.recovered_ms, 700);
    EXPECT_EQ(Round().every(10, 0, 5000).figures().recovered_ms, 0);
}

TEST(figures, of_a_fault_without_a_return_have_none) {
    Round round;
    round.moments.back_ns = round.moments.end_ns;
    const FaultFigures found = round.every(10, 0, 5000).answered_by(1, 10, 3000, 5000).figures();
    EXPECT_EQ(found.requests_on_return, 0u);
    EXPECT_FALSE(found.taken_back_ms);
}

TEST(figures, of_a_second_fault_look_from_the_end_of_the_first_one_on) {
    Round round;
    round.moments = {at(2000), at(3000), at(4000), at(4500)};
    const FaultFigures found = round.every(10, 0, 5000)
                                   .add(bad(1500, 503))
                                   .add(bad(3500, 502))
                                   .add(bad(4700, 500))
                                   .figures();
    EXPECT_EQ(found.errors_before, 0u);
    EXPECT_EQ(found.error_kinds, Kinds{"502"});
    EXPECT_EQ(found.errors_on_return, 0u);
}

}  // namespace
}  // namespace ringload
