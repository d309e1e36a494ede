// The parts of run_command() around the load: files, descriptors, signals, the verdict.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/descriptors.h"
#include "cli/interrupts.h"
#include "cli/output_file.h"
#include "cli/verdict.h"

namespace ringload {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    return content.str();
}

struct Folder {
    fs::path path;
    Folder() {
        char name[] = "/tmp/ringload_command_XXXXXX";
        path = mkdtemp(name);
    }
    ~Folder() { fs::remove_all(path); }
};

// -- files

TEST(OutputFile, an_old_result_stays_until_the_new_one_is_there) {
    const Folder folder;
    const fs::path path = folder.path / "r.json";
    std::ofstream(path) << "the old and longer one";
    {
        auto file = OutputFile::open(path);
        ASSERT_TRUE(file.has_value()) << file.error();
        EXPECT_EQ(content_of(path), "the old and longer one");
    }
    EXPECT_EQ(content_of(path), "the old and longer one") << "nothing was written";
    auto file = OutputFile::open(path);
    EXPECT_EQ(file->write("new"), "");
    EXPECT_EQ(content_of(path), "new");
}

TEST(OutputFile, one_that_was_made_for_nothing_goes) {
    const Folder folder;
    const fs::path path = folder.path / "r.json";
    {
        auto file = OutputFile::open(path);
        ASSERT_TRUE(file.has_value());
        EXPECT_TRUE(fs::exists(path));
    }
    EXPECT_FALSE(fs::exists(path));
    {
        auto file = OutputFile::open(path);
        OutputFile moved = std::move(*file);
        EXPECT_EQ(moved.write("x"), "");
    }
    EXPECT_EQ(content_of(path), "x");
}

TEST(OutputFile, one_that_cannot_be_written_is_found_out_when_opened) {
    const Folder folder;
    const auto missing = OutputFile::open(folder.path / "no" / "r.json");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error(), (folder.path / "no" / "r.json").string() +
                                   ": cannot be written: No such file or directory");
    const auto directory = OutputFile::open(folder.path);
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error(), folder.path.string() + ": cannot be written: Is a directory");
}

TEST(OutputFile, a_full_disk_is_an_error) {
    auto file = OutputFile::open("/dev/full");
    ASSERT_TRUE(file.has_value()) << file.error();
    EXPECT_EQ(file->write("x"), "/dev/full: cannot be written: No space left on device");
    EXPECT_TRUE(fs::exists("/dev/full"));
}

// -- descriptors

TEST(Descriptors, the_limit_rises_as_far_as_the_plan_needs) {
    LoadPlan plan;
    plan.connections = plan.connections_max = 500;
    const std::uint64_t needed = descriptors_of(plan);
    EXPECT_GT(needed, 500u + plan.threads);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = 100;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    const std::string error = make_room_for(plan);
    rlimit after{};
    getrlimit(RLIMIT_NOFILE, &after);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(error, "");
    EXPECT_EQ(after.rlim_cur, needed);
    EXPECT_EQ(after.rlim_max, before.rlim_max);
}

TEST(Descriptors, connections_that_do_not_fit_are_refused_with_the_number_needed) {
    LoadPlan plan;
    plan.connections = plan.connections_max = 2'000'000'000;  // beyond fs.nr_open, even for root
    const std::string error = make_room_for(plan);
    EXPECT_TRUE(error.starts_with("2000000000 connections need ")) << error;
    EXPECT_NE(error.find(": lower --connections, or raise the limit"), std::string::npos) << error;
}

// -- signals

void wait_for(const std::atomic<bool>& flag) {
    for (int i = 0; i < 500 && !flag; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

TEST(Interrupts, the_first_signal_stops_the_run) {
    for (const int signal : {SIGINT, SIGTERM}) {
        StopSwitch stop;
        const Interrupts interrupts(stop);
        EXPECT_FALSE(stop.stop);
        EXPECT_EQ(interrupts.signal(), 0);
        kill(getpid(), signal);
        wait_for(stop.stop);
        EXPECT_TRUE(stop.stop);
        EXPECT_EQ(interrupts.signal(), signal);
    }
}

TEST(Interrupts, without_a_signal_nothing_stops_and_the_mask_comes_back) {
    StopSwitch stop;
    {
        const Interrupts interrupts(stop);
    }
    EXPECT_FALSE(stop.stop);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGINT), 0);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

void stop_and_signal_again(std::chrono::milliseconds later) {
    StopSwitch stop;
    const Interrupts interrupts(stop);
    kill(getpid(), SIGINT);
    wait_for(stop.stop);
    std::this_thread::sleep_for(later);
    kill(getpid(), SIGTERM);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    _exit(7);
}

TEST(InterruptsDeathTest, the_second_signal_ends_the_process_at_once) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(stop_and_signal_again(std::chrono::milliseconds(300)), testing::ExitedWithCode(143),
                "");
}

TEST(InterruptsDeathTest, the_echo_of_the_first_signal_is_no_second_one) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(stop_and_signal_again(std::chrono::milliseconds(0)), testing::ExitedWithCode(7),
                "");
}

// -- the verdict

Result answered(std::uint64_t count) {
    Result result;
    result.counts.due = result.counts.answered = count;
    return result;
}

void fail_with(Result& result, Failure failure, std::uint64_t count) {
    result.counts.failures[static_cast<std::size_t>(failure)] = count;
    result.counts.due += count;
}

LatencySum latency_of(std::uint64_t ns) {
    auto one = std::make_unique<Latencies>();
    one->record(ns);
    LatencySum sum;
    sum.add(*one);
    return sum;
}

TEST(Verdict, the_exit_status_tells_what_happened) {
    Result result = answered(5);
    EXPECT_EQ(exit_status(result, 0), 0);
    EXPECT_EQ(exit_status(result, SIGINT), 0) << "interrupted, but something was measured";
    result.assertions.push_back({"p99<5ms", true, "1 ms"});
    EXPECT_EQ(exit_status(result, 0), 0);
    result.assertions.push_back({"errors=0", false, "3"});
    EXPECT_EQ(exit_status(result, 0), 2);
    EXPECT_EQ(exit_status(result, SIGINT), 2);

    Result refused;
    fail_with(refused, Failure::refused, 9);
    EXPECT_EQ(exit_status(refused, 0), 1);
    EXPECT_EQ(exit_status(refused, SIGINT), 1);
    EXPECT_EQ(exit_status(Result{}, 0), 1);
    EXPECT_EQ(exit_status(Result{}, SIGINT), 130);
    EXPECT_EQ(exit_status(Result{}, SIGTERM), 143);
    Result aborted;
    aborted.counts.aborted = 4;
    EXPECT_EQ(exit_status(aborted, 0), 0) << "all were left on purpose";
}

TEST(Verdict, failing_assertions_have_a_line_each) {
    Result result = answered(5);
    result.assertions = {{"p99<5ms", false, "7.31 ms"},
                         {"mean<9s", true, "1 ms"},
                         {" status.200 >= 99.9%", false, "98 %"}};
    EXPECT_EQ(
        failed_assertions(result),
        (std::vector<std::string>{"assertion failed: p99<5ms (p99 is 7.31 ms)",
                                  "assertion failed:  status.200 >= 99.9% (status.200 is 98 %)"}));
}

TEST(Verdict, a_client_that_was_the_limit_is_told_of) {
    Result result = answered(5);
    result.measured = std::chrono::seconds(2);
    EXPECT_TRUE(warnings_of(result).empty());
    result.busiest_thread = 0.98;
    EXPECT_EQ(warnings_of(result),
              (std::vector<std::string>{"ringload was busy 98 % of the time: add threads (-t), or "
                                        "the result is its own limit"}));
    result.busiest_thread = 0.95;
    EXPECT_TRUE(warnings_of(result).empty());
    result.busiest_thread = 1;
    result.measured = std::chrono::milliseconds(20);
    EXPECT_TRUE(warnings_of(result).empty()) << "too short to say so";
}

TEST(Verdict, requests_that_were_sent_late_are_told_of_in_an_open_loop) {
    Result result = answered(5);
    result.lag = latency_of(3'000'000);
    EXPECT_TRUE(warnings_of(result).empty()) << "a closed loop has no schedule";
    result.plan.arrivals = Arrivals::constant;
    ASSERT_EQ(warnings_of(result).size(), 1u);
    EXPECT_TRUE(warnings_of(result)[0].starts_with("1 % of the requests were sent 3"))
        << warnings_of(result)[0];
    result.lag = latency_of(900'000);
    EXPECT_TRUE(warnings_of(result).empty());
}

TEST(Verdict, a_run_without_an_answer_says_why) {
    Result result;
    fail_with(result, Failure::timed_out, 3);
    fail_with(result, Failure::refused, 64);
    result.plan.connect = *ringway::base::SocketAddress::parse("127.0.0.1:1");
    EXPECT_EQ(warnings_of(result),
              (std::vector<std::string>{"no request was answered (refused 64, timed_out 3): is "
                                        "127.0.0.1:1 the right address, and does somebody listen "
                                        "there?"}));
    Result empty;
    EXPECT_EQ(warnings_of(empty),
              (std::vector<std::string>{"no request ended within the measured time: make it longer "
                                        "(-d)"}));
    empty.interrupted = true;
    EXPECT_EQ(warnings_of(empty),
              (std::vector<std::string>{"stopped before anything was measured"}));
}

TEST(Verdict, a_step_of_a_search_is_one_line) {
    const StepResult step{.rate = 2000,
                          .answered_rate = 1999.6,
                          .errors = 2,
                          .p99_ns = 1'200'000,
                          .max_ns = 4'000'000,
                          .met = false};
    const std::string line = line_of(step);
    EXPECT_TRUE(line.starts_with("rate 2000/s: not met  (answered 2000/s, p99 1.2")) << line;
    EXPECT_TRUE(line.ends_with("errors 2)")) << line;
}

}  // namespace
}  // namespace ringload
