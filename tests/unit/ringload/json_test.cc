// The JSON of a result, read back by another library.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>

#include "report/digest.h"
#include "report/report.h"
#include "results.h"

namespace ringload {
namespace {

using simdjson::dom::element;

/// Parsed; the parser and the text live as long.
class Read {
 public:
    explicit Read(const Result& result) : text_(json_of(result)) {
        EXPECT_EQ(parser_.parse(text_).get(root_), simdjson::SUCCESS) << text_;
    }
    double number(std::string_view pointer) const {
        double value = -1;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        return value;
    }
    std::string text(std::string_view pointer) const {
        std::string_view value;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        return std::string(value);
    }
    bool truth(std::string_view pointer) const {
        bool value = false;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        return value;
    }
    bool is_null(std::string_view pointer) const {
        element value;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        return value.is_null();
    }
    std::size_t size(std::string_view pointer) const {
        simdjson::dom::array value;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        return value.size();
    }
    std::set<std::string> members(std::string_view pointer) const {
        simdjson::dom::object value;
        EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
        std::set<std::string> names;
        for (const auto field : value) EXPECT_TRUE(names.emplace(field.key).second) << field.key;
        return names;
    }
    const std::string& raw() const { return text_; }

 private:
    std::string text_;
    simdjson::dom::parser parser_;
    element root_;
};

using Names = std::set<std::string>;

TEST(json, has_what_was_run) {
    const Read json(tests::open_result());
    EXPECT_EQ(json.text("/version"), RINGWAY_VERSION);
    EXPECT_EQ(json.text("/url"), "http://127.0.0.1:8080/\"</script>");
    EXPECT_EQ(json.text("/mode"), "constant");
    EXPECT_EQ(json.number("/connections"), 8);
    EXPECT_EQ(json.number("/connections_max"), 16);
    EXPECT_EQ(json.number("/pipeline"), 2);
    EXPECT_EQ(json.number("/threads"), 3);
    EXPECT_EQ(json.number("/wanted_rate"), 100);
    EXPECT_EQ(json.text("/begun"), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(json.number("/measured_s"), 10);
    EXPECT_EQ(json.number("/warm_up_s"), 0.5);
    EXPECT_EQ(json.number("/timeout_s"), 5);
    EXPECT_FALSE(json.truth("/interrupted"));
}

TEST(json, has_every_count) {
    const Read json(tests::open_result());
    EXPECT_EQ(json.number("/requests/due"), 1000);
    EXPECT_EQ(json.number("/requests/answered"), 990);
    EXPECT_EQ(json.number("/requests/errors"), 10);
    EXPECT_EQ(json.number("/requests/aborted"), 2);
    EXPECT_EQ(json.number("/requests/unfinished"), 1);
    EXPECT_EQ(json.number("/requests/slow_cut"), 4);
    EXPECT_EQ(json.number("/rate"), 99);
    EXPECT_EQ(json.number("/bytes/received"), 1 << 20);
    EXPECT_EQ(json.number("/bytes/sent"), 4096);
    EXPECT_EQ(json.number("/connects"), 9);
    EXPECT_EQ(json.number("/backlog_max"), 11);
    EXPECT_EQ(json.number("/failures/timed_out"), 6);
    EXPECT_EQ(json.number("/failures/unexpected_status"), 4);
    EXPECT_EQ(json.members("/failures"),
              (Names{"refused", "connect_timed_out", "reset", "cut", "timed_out", "malformed",
                     "unexpected_status", "wrong_body"}));
}

TEST(json, distributions_have_their_percentiles_or_are_null) {
    const Result result = tests::open_result();
    const Read json(result);
    EXPECT_EQ(json.members("/latency"),
              (Names{"count", "mean_ms", "max_ms", "p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms",
                     "p99.9_ms", "p99.99_ms", "curve"}));
    EXPECT_EQ(json.number("/latency/count"), 990);
    EXPECT_NEAR(json.number("/latency/mean_ms"), 4.955, 1e-9);
    EXPECT_NEAR(json.number("/latency/p50_ms"), 4.95, 0.005);
    EXPECT_NEAR(json.number("/latency/p99.9_ms"), 9.9, 0.01);
    EXPECT_NEAR(json.number("/uncorrected/p90_ms"), 4.455, 0.005);
    EXPECT_NEAR(json.number("/first_byte/max_ms"), 3.96, 0.004);
    EXPECT_NEAR(json.number("/lag/max_ms"), 0.1, 0.0001);
    EXPECT_TRUE(json.is_null("/connect"));
    EXPECT_TRUE(json.is_null("/slow_clients"));
    EXPECT_EQ(json.number("/relative_error"), 0.001);
    EXPECT_EQ(json.members("/status"), (Names{"200", "503"}));
    EXPECT_EQ(json.number("/status/503/count"), 4);
    EXPECT_EQ(json.text("/kinds/0/name"), "search, \"all\"");
    EXPECT_EQ(json.number("/kinds/0/failed"), 8);
    EXPECT_EQ(json.number("/kinds/1/latency/count"), 390);
}

TEST(json, has_the_course_of_the_run) {
    const Read json(tests::open_result());
    EXPECT_EQ(json.size("/series"), 2u);
    EXPECT_EQ(json.members("/series/1"),
              (Names{"at_s", "length_s", "rate", "offered", "answered", "errors", "in_flight",
                     "p50_ms", "p90_ms", "p99_ms", "max_ms"}));
    EXPECT_EQ(json.number("/series/1/at_s"), 2);
    EXPECT_EQ(json.number("/series/1/rate"), 99.5);
    EXPECT_EQ(json.number("/series/1/offered"), 100);
    EXPECT_EQ(json.number("/series/1/p99_ms"), 3);
    EXPECT_EQ(json.number("/marks/0/at_s"), 2);
    EXPECT_EQ(json.text("/marks/0/text"), "kill one");
    EXPECT_EQ(json.number("/steps/1/rate"), 200);
    EXPECT_EQ(json.number("/steps/1/answered_rate"), 150);
    EXPECT_EQ(json.number("/steps/1/duration_s"), 5);
    EXPECT_EQ(json.number("/steps/1/p99.9_ms"), 9.5);
    EXPECT_TRUE(json.truth("/steps/0/met"));
    EXPECT_FALSE(json.truth("/steps/1/met"));
    EXPECT_EQ(json.text("/find_max/bound"), "p99<5ms");
    EXPECT_EQ(json.number("/find_max/rate"), 100);
    EXPECT_EQ(json.number("/find_max/next_failed"), 200);
    EXPECT_EQ(json.text("/assertions/0/text"), "p99<5ms");
    EXPECT_FALSE(json.truth("/assertions/0/holds"));
    EXPECT_EQ(json.text("/assertions/0/found"), "9.81 ms");
}

TEST(json, has_cpu_time_by_request) {
    const Read json(tests::open_result());
    EXPECT_EQ(json.number("/cpu/ringload_s"), 0.099);
    EXPECT_NEAR(json.number("/cpu/ringload_us_per_request"), 100, 1e-9);
    EXPECT_EQ(json.number("/cpu/busiest_thread"), 0.25);
    EXPECT_EQ(json.number("/cpu/watched/0/pid"), 4711);
    EXPECT_EQ(json.number("/cpu/watched/0/seconds"), 0.198);
    EXPECT_NEAR(json.number("/cpu/watched/0/us_per_request"), 200, 1e-9);
    EXPECT_EQ(json.number("/cpu/watched/0/switches"), 99);
    EXPECT_EQ(json.number("/cpu/core/cpu"), 2);
    EXPECT_EQ(json.number("/cpu/core/busy_s"), 0.31);
    EXPECT_EQ(json.number("/cpu/core/steal_s"), 0.02);
}

TEST(json, has_every_figure_of_a_fault) {
    Result result = tests::open_result();
    result.faults.push_back(result.faults[0]);
    result.faults[1].sent_after = 5;
    result.faults[1].sent_cooling = 0;
    const Read json(result);
    EXPECT_EQ(json.members("/faults/0"), (Names{"origin",
                                                "kind",
                                                "at_s",
                                                "until_s",
                                                "requests",
                                                "errors",
                                                "error_kinds",
                                                "slow",
                                                "errors_before",
                                                "normal_ms",
                                                "p99_before_ms",
                                                "worst_added_ms",
                                                "noise_ms",
                                                "detected_ms",
                                                "halved_ms",
                                                "sent_after",
                                                "sent_cooling",
                                                "told_ms",
                                                "overdue_ms",
                                                "shown_ms",
                                                "recovered_ms",
                                                "taken_back_ms",
                                                "requests_on_return",
                                                "errors_on_return",
                                                "error_kinds_on_return",
                                                "worst_added_on_return_ms"}));
    EXPECT_EQ(json.text("/faults/0/origin"), "one");
    EXPECT_EQ(json.text("/faults/0/kind"), "kill");
    EXPECT_EQ(json.number("/faults/0/until_s"), 4);
    EXPECT_EQ(json.text("/faults/0/error_kinds/1"), "502");
    EXPECT_EQ(json.number("/faults/0/worst_added_ms"), 31.25);
    EXPECT_EQ(json.number("/faults/0/detected_ms"), 24.5);
    EXPECT_EQ(json.number("/faults/0/told_ms"), 30);
    for (const char* absent :
         {"halved_ms", "sent_after", "sent_cooling", "overdue_ms", "shown_ms", "taken_back_ms"}) {
        EXPECT_TRUE(json.is_null(std::string("/faults/0/") + absent)) << absent;
    }
    EXPECT_EQ(json.number("/faults/1/sent_after"), 5);
    EXPECT_EQ(json.number("/faults/1/sent_cooling"), 0);
}

TEST(json, of_a_closed_loop_has_no_wanted_rate_nor_empty_distributions) {
    const Read json(tests::closed_result());
    EXPECT_EQ(json.text("/mode"), "closed");
    for (const char* absent : {"/wanted_rate", "/lag", "/connect", "/first_byte", "/find_max"}) {
        EXPECT_TRUE(json.is_null(absent)) << absent;
    }
    EXPECT_EQ(json.size("/faults"), 0u);
    EXPECT_EQ(json.size("/latency/curve"), 2u);
}

TEST(json, of_nothing_is_still_an_object) {
    const Read json{Result{}};
    EXPECT_EQ(json.number("/rate"), 0);
    EXPECT_TRUE(json.is_null("/latency"));
    EXPECT_TRUE(json.is_null("/cpu/ringload_us_per_request"));
    EXPECT_TRUE(json.members("/status").empty());
}

TEST(json, a_rate_that_changes_by_steps_is_no_wanted_rate) {
    Result result = tests::open_result();
    result.plan.steps.push_back({200, std::chrono::seconds(1)});
    result.plan.arrivals = Arrivals::poisson;
    const Read json(result);
    EXPECT_TRUE(json.is_null("/wanted_rate"));
    EXPECT_EQ(json.text("/mode"), "poisson");
}

TEST(json, texts_from_outside_cannot_end_their_quotes) {
    Result result = tests::open_result();
    result.marks = {{std::chrono::seconds(1), "a\"],\n\x01\xff\\"}};
    const Read json(result);
    EXPECT_EQ(json.text("/marks/0/text"), "a\"],\n\x01\xc3\xbf\\");
    EXPECT_EQ(json.raw().find('\n'), json.raw().size() - 1);
}

TEST(curve, takes_five_steps_to_each_halving_and_ends_at_the_maximum) {
    const LatencySum latency = tests::ladder(1000, 1'000'000);
    const std::vector<CurvePoint> curve = curve_of(latency);
    const std::vector<double> expected = {0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75, 77.5, 80};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_DOUBLE_EQ(curve[i].percentile, expected[i]);
        EXPECT_EQ(curve[i].ns, latency.quantile_ns(expected[i] / 100));
    }
    EXPECT_EQ(curve.back().percentile, 100);
    EXPECT_EQ(curve.back().ns, latency.max_ns());
    EXPECT_LT(curve.size(), 60u);
    for (std::size_t i = 1; i < curve.size(); ++i) {
        EXPECT_GT(curve[i].percentile, curve[i - 1].percentile);
        EXPECT_GE(curve[i].ns, curve[i - 1].ns);
    }
    // the last but one is within one record of the end
    EXPECT_GT(curve[curve.size() - 2].percentile, 99.7);
}

TEST(curve, of_nothing_is_empty_and_of_one_record_has_its_two_ends) {
    EXPECT_TRUE(curve_of(LatencySum{}).empty());
    const std::vector<CurvePoint> curve = curve_of(tests::sum_of({7}));
    ASSERT_EQ(curve.size(), 2u);
    EXPECT_EQ(curve[0].percentile, 0);
    EXPECT_EQ(curve[1].percentile, 100);
    EXPECT_EQ(curve[0].ns, curve[1].ns);
}

}  // namespace
}  // namespace ringload
