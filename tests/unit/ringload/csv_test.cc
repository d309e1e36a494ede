// The series and the records as CSV.
#include <gtest/gtest.h>

#include "report/report.h"
#include "results.h"

namespace ringload {
namespace {

TEST(csv, has_a_line_for_each_sample) {
    EXPECT_EQ(csv_of(tests::open_result()),
              "at_s,length_s,rate,offered,answered,errors,in_flight,p50_ms,p90_ms,p99_ms,max_ms\n"
              "1.000000,1.000000,99.500,100.000,99,1,4,1.000000,2.000000,3.000000,4.000000\n"
              "2.000000,1.000000,99.500,100.000,99,1,4,1.000000,2.000000,3.000000,4.000000\n");
}

TEST(csv, of_nothing_is_its_head) {
    EXPECT_EQ(csv_of(Result{}),
              "at_s,length_s,rate,offered,answered,errors,in_flight,p50_ms,p90_ms,p99_ms,max_ms\n");
    EXPECT_EQ(
        records_csv_of(Result{}),
        "due_us,sent_us,first_byte_us,done_us,connection,kind,status,failure,aborted,origin\n");
}

TEST(csv, records_count_from_the_begin_of_the_measured_time) {
    Result result = tests::open_result();  // begun at 5 s
    Record good{.due_ns = 5'000'001'500,
                .sent_ns = 5'000'002'000,
                .first_byte_ns = 5'000'100'000,
                .done_ns = 5'000'101'001,
                .connection = 3,
                .status = 200,
                .kind = 1,
                .origin = 1};
    Record bad{.due_ns = 4'999'999'000,
               .done_ns = 6'000'000'000,
               .connection = 4,
               .kind = 0,
               .failure = Failure::connect_timed_out};
    bad.aborted = true;
    Record odd = good;
    odd.kind = 9;  // of no mix
    result.records = {good, bad, odd};
    EXPECT_EQ(records_csv_of(result),
              "due_us,sent_us,first_byte_us,done_us,connection,kind,status,failure,aborted,origin\n"
              "1.500,2.000,100.000,101.001,3,home,200,none,0,two\n"
              "-1.000,,,1000000.000,4,\"search, \"\"all\"\"\",,connect_timed_out,1,\n"
              "1.500,2.000,100.000,101.001,3,,200,none,0,two\n");
}

}  // namespace
}  // namespace ringload
