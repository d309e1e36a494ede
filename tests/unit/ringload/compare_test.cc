// Results side by side.
#include "report/compare.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "report/report.h"
#include "results.h"

namespace ringload {
namespace {

/// A folder that is gone at the end of the test.
class Folder {
 public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "ringload_compare_XXXXXX";
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }
    std::string path() const { return path_; }

 private:
    std::filesystem::path path_;
};

/// The table's line that begins with `begin`, blanks taken together.
std::string line(const std::string& table, const std::string& begin) {
    std::size_t at = table.find('\n' + begin);
    if (at == std::string::npos) return "no such line";
    std::string out;
    for (const char c : table.substr(at + 1, table.find('\n', at + 1) - at - 1)) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    return out;
}

/// Twice as fast as open_result(), without errors and without its fault.
Result better() {
    Result result = tests::open_result();
    result.latency = tests::ladder(990, 5'000);
    result.counts.answered = 1980;
    result.counts.failures = {};
    result.watched_cpu.clear();
    result.faults[0].worst_added_ms = 62.5;
    result.faults[0].detected_ms.reset();
    return result;
}

std::string table_of(const std::vector<Result>& results) {
    std::vector<NamedJson> all;
    for (const Result& result : results)
        all.push_back({"f" + std::to_string(all.size()), json_of(result)});
    const auto table = compare_json(all);
    EXPECT_TRUE(table.has_value()) << tests::refusal_of(table);
    return table.value_or("");
}

TEST(compare, has_a_column_for_each_result_and_its_ratio_to_the_first) {
    const std::string table = table_of({tests::open_result(), better(), tests::open_result()});
    EXPECT_EQ(line(table, "       "), "A B B/A C C/A");
    EXPECT_EQ(line(table, "rate "), "rate 99/s 198/s 2.00 99/s 1.00");
    EXPECT_EQ(line(table, "errors "), "errors 10 0 0.00 10 1.00");
    EXPECT_EQ(line(table, "mean "), "mean 4.96 ms 2.48 ms 0.50 4.96 ms 1.00");
    EXPECT_EQ(line(table, "p99 "), "p99 9.81 ms 4.91 ms 0.50 9.81 ms 1.00");
    EXPECT_EQ(line(table, "p99.99 "), "p99.99 9.9 ms 4.95 ms 0.50 9.9 ms 1.00");
    EXPECT_EQ(line(table, "max "), "max 9.9 ms 4.95 ms 0.50 9.9 ms 1.00");
    EXPECT_EQ(line(table, "first byte p99 "), "first byte p99 3.93 ms 3.93 ms 1.00 3.93 ms 1.00");
    EXPECT_EQ(line(table, "CPU per request "),
              "CPU per request 100.00 us 50.00 us 0.50 100.00 us 1.00");
}

TEST(compare, says_which_column_is_which_file) {
    const std::string table = table_of({tests::open_result(), better()});
    EXPECT_TRUE(table.starts_with("A  f0  http://127.0.0.1:8080/"));
    EXPECT_EQ(line(table, "B "), "B f1 http://127.0.0.1:8080/\"</script> constant 10 s");
}

TEST(compare, shows_a_figure_that_one_result_lacks_as_a_dash_and_leaves_out_what_all_lack) {
    const std::string table = table_of({tests::open_result(), better()});
    EXPECT_EQ(line(table, "  of watched process 1"), "of watched process 1 200.00 us - -");
    EXPECT_EQ(table.find("taken back"), std::string::npos);
    EXPECT_EQ(table_of({tests::closed_result(), tests::closed_result()}).find("wanted rate"),
              std::string::npos);
}

TEST(compare, has_no_ratio_to_nothing) {
    EXPECT_EQ(line(table_of({better(), tests::open_result()}), "errors "), "errors 0 10 -");
}

TEST(compare, faults_are_compared_by_kind_and_origin) {
    Result other = better();
    FaultFigures stop = tests::kill_of_one();
    stop.kind = "stop";
    other.faults.insert(other.faults.begin(), stop);
    const std::string table = table_of({tests::open_result(), other});
    EXPECT_EQ(line(table, "kill one: added"), "kill one: added 31.3 ms 62.5 ms 2.00");
    EXPECT_EQ(line(table, "kill one: errors"), "kill one: errors 3 3 1.00");
    EXPECT_EQ(line(table, "kill one: detected"), "kill one: detected 24.5 ms - -");
    EXPECT_EQ(line(table, "kill one: recovered"), "kill one: recovered 26 ms 26 ms 1.00");
    EXPECT_EQ(line(table, "stop one: added"), "stop one: added - 31.3 ms -");
}

TEST(compare, the_second_fault_of_a_kind_is_compared_with_the_second) {
    Result a = tests::open_result();
    a.faults.push_back(a.faults[0]);
    a.faults[1].errors = 30;
    Result b = a;
    b.faults[1].errors = 60;
    const std::string table = table_of({a, b});
    const std::size_t first = table.find("kill one: errors");
    EXPECT_EQ(line(table, "kill one: errors"), "kill one: errors 3 3 1.00");
    EXPECT_EQ(line(table.substr(first), "kill one: errors"), "kill one: errors 30 60 2.00");
}

TEST(compare, warns_of_a_closed_loop_beside_an_open_one) {
    EXPECT_NE(table_of({tests::open_result(), tests::closed_result()})
                  .find("A and B are not of one kind"),
              std::string::npos);
    EXPECT_EQ(table_of({tests::open_result(), better()}).find("not of one kind"),
              std::string::npos);
}

TEST(compare, reads_files) {
    const Folder folder;
    const std::string a = folder.file("a.json", json_of(tests::open_result()));
    const std::string b = folder.file("b.json", json_of(better()));
    const auto table = compare({a, b});
    ASSERT_TRUE(table.has_value()) << table.error();
    EXPECT_EQ(line(*table, "rate "), "rate 99/s 198/s 2.00");
    EXPECT_NE(table->find(b), std::string::npos);
}

TEST(compare, names_the_file_and_what_is_wrong_with_it) {
    const Folder folder;
    const std::string good = folder.file("good.json", json_of(tests::open_result()));
    const auto refusal = [&](const std::string& path) {
        return tests::refusal_of(compare({good, path}));
    };
    const std::string missing = folder.path() + "/missing.json";
    EXPECT_EQ(refusal(missing), missing + ": cannot be opened: No such file or directory");
    EXPECT_EQ(refusal(folder.path()), folder.path() + ": cannot be read: Is a directory");
    const std::string cut = folder.file("cut.json", json_of(better()).substr(0, 300));
    EXPECT_TRUE(
        refusal(cut).starts_with(cut + ": is no result of ringload --json: it is no whole JSON"));
    for (const char* text : {"", "[]", "{}", "3", "null", "\"x\""}) {
        const std::string odd = folder.file("odd.json", text);
        EXPECT_TRUE(refusal(odd).starts_with(odd + ": is no result of ringload --json"))
            << refusal(odd);
    }
    std::string text = json_of(better());
    text.replace(text.find("\"rate\":"), 7, "\"pace\":");
    const std::string other = folder.file("other.json", text);
    EXPECT_EQ(refusal(other), other + ": is no result of ringload --json: it has no number `rate`");
}

TEST(compare, does_not_read_a_file_without_end) {
    EXPECT_EQ(tests::refusal_of(compare({"/dev/zero", "/dev/zero"})),
              "/dev/zero: is no result of ringload --json: it is larger than 64 MiB");
}

TEST(compare, takes_two_to_six) {
    const NamedJson one{"a", json_of(tests::closed_result())};
    for (const std::size_t n : {0u, 1u, 7u}) {
        EXPECT_NE(tests::refusal_of(compare_json(std::vector<NamedJson>(n, one))).find("2 to 6"),
                  std::string::npos);
    }
    EXPECT_TRUE(compare_json(std::vector<NamedJson>(6, one)).has_value());
}

struct Said {
    int status;
    std::string out;
    std::string err;
};

Said run(std::vector<const char*> words) {
    words.insert(words.begin(), "compare");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = compare_command(static_cast<int>(words.size()), words.data());
    std::string out = testing::internal::GetCapturedStdout();
    return {status, std::move(out), testing::internal::GetCapturedStderr()};
}

TEST(compare_command, prints_the_table_or_one_line_that_says_why_not) {
    const Folder folder;
    const std::string a = folder.file("a.json", json_of(tests::open_result()));
    const Said good = run({a.c_str(), "--", a.c_str()});
    EXPECT_EQ(good.status, 0);
    EXPECT_EQ(good.err, "");
    EXPECT_EQ(line(good.out, "rate "), "rate 99/s 99/s 1.00");
    const Said few = run({a.c_str()});
    EXPECT_EQ(few.status, 1);
    EXPECT_EQ(few.out, "");
    EXPECT_EQ(few.err,
              "ringload compare: takes 2 to 6 results, not 1; name the files that ringload --json "
              "wrote\n");
    const Said flag = run({"--jsn", a.c_str()});
    EXPECT_EQ(flag.status, 1);
    EXPECT_EQ(flag.err,
              "ringload compare: unknown flag --jsn (ringload compare --help lists all)\n");
}

TEST(compare_command, help_is_on_standard_output) {
    for (const char* flag : {"-h", "--help"}) {
        const Said said = run({flag});
        EXPECT_EQ(said.status, 0);
        EXPECT_TRUE(said.out.starts_with("ringload compare A.json B.json"));
        EXPECT_EQ(said.err, "");
    }
}

}  // namespace
}  // namespace ringload
