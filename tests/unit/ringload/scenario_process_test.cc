// Processes of a scenario: they start where they should, are heard, and leave nothing behind.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "ringway/ring/kernel_ring.h"
#include "scenario/process.h"

namespace ringload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Process started(ProcessSettings settings) {
    settings.name = "it";
    auto process = Process::start(settings);
    EXPECT_TRUE(process) << process.error();
    return process ? std::move(*process) : Process();
}

ProcessSettings shell(const std::string& script) {
    return {.name = "it", .command = {"sh", "-c", script}};
}

template <class Condition>
bool eventually(Condition condition) {
    const auto deadline = ringway::ring::read_clock() + seconds(10);
    while (!condition()) {
        if (ringway::ring::read_clock() > deadline) return false;
        std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
}

bool is_alive(pid_t pid) { return kill(pid, 0) == 0; }

TEST(processes, are_heard_and_their_end_is_known) {
    Process process = started(shell("echo said; echo wrong >&2; exit 3"));
    ASSERT_TRUE(eventually([&] { return !process.is_running(); }));
    EXPECT_EQ(process.exit_status(), 3);
    EXPECT_EQ(process.output(), "said\n");
    EXPECT_EQ(process.output(), "") << "each word is heard once";
    EXPECT_EQ(process.errors(), "wrong\n");
    EXPECT_EQ(process.told(), "said\nwrong") << "but for the whole";
    EXPECT_EQ(process.told(3), "ng");
}

TEST(processes, have_the_environment_and_the_folder_that_they_should) {
    setenv("RINGLOAD_TEST_KEPT", "kept", 1);
    setenv("RINGLOAD_TEST_REPLACED", "old", 1);
    ProcessSettings settings =
        shell("echo $RINGLOAD_TEST_KEPT $RINGLOAD_TEST_REPLACED $RINGLOAD_TEST_NEW; pwd");
    settings.environment = {{"RINGLOAD_TEST_REPLACED", "new"}, {"RINGLOAD_TEST_NEW", "more"}};
    settings.directory = "/usr";
    Process process = started(settings);
    ASSERT_TRUE(eventually([&] { return !process.is_running(); }));
    EXPECT_EQ(process.output(), "kept new more\n/usr\n");
}

TEST(processes, take_input_when_they_should) {
    ProcessSettings settings = shell("read line; echo got $line");
    settings.takes_input = true;
    Process process = started(settings);
    EXPECT_TRUE(process.write("a word\n"));
    ASSERT_TRUE(eventually([&] { return !process.is_running(); }));
    EXPECT_EQ(process.output(), "got a word\n");
}

TEST(processes, that_are_not_there_are_an_error_at_once) {
    const auto process = Process::start({.name = "the proxy", .command = {"/nonexistent/x"}});
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error(),
              "the proxy (/nonexistent/x): starting it failed: No such file or directory");
    const auto lost =
        Process::start({.name = "the proxy", .command = {"true"}, .directory = "/nonexistent"});
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error(),
              "the proxy (true): entering its directory failed: No such file or directory");
    const auto apart =
        Process::start({.name = "a", .command = {"true"}, .network = "/nonexistent/net"});
    ASSERT_FALSE(apart);
    EXPECT_NE(apart.error().find("/nonexistent/net cannot be opened"), std::string::npos);
}

TEST(processes, end_with_their_owner) {
    pid_t pid = 0;
    {
        Process process = started(shell("exec sleep 100"));
        pid = process.pid();
        ASSERT_TRUE(is_alive(pid));
    }
    EXPECT_FALSE(is_alive(pid)) << "ended and reaped";
}

TEST(processes, that_heed_nothing_are_killed_when_patience_ends) {
    Process process = started(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
    std::string said;
    ASSERT_TRUE(eventually([&] { return !(said += process.output()).empty(); }));
    process.stop(milliseconds(50));
    EXPECT_FALSE(process.is_running());
    EXPECT_EQ(process.exit_status(), 128 + SIGKILL);
}

TEST(processes, do_not_have_signals_blocked_that_ringload_waits_for) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    Process process = started(shell("exec sleep 100"));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    process.send_signal(SIGTERM);
    EXPECT_TRUE(eventually([&] { return !process.is_running(); }));
    EXPECT_EQ(process.exit_status(), 128 + SIGTERM);
}

TEST(processes, end_with_ringload_even_when_it_is_killed) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        auto process = Process::start({.name = "it", .command = {"sleep", "100"}});
        const pid_t pid = process ? process->pid() : 0;
        if (write(pipe[1], &pid, sizeof(pid)) != sizeof(pid)) _exit(1);
        pause();
    }
    pid_t pid = 0;
    ASSERT_EQ(read(pipe[0], &pid, sizeof(pid)), static_cast<ssize_t>(sizeof(pid)));
    ASSERT_TRUE(pid > 0 && is_alive(pid));
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    // whoever inherits orphans here may not reap them
    const auto is_gone = [pid] {
        std::error_code error;
        return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error)
            .empty();
    };
    EXPECT_TRUE(eventually(is_gone));
    close(pipe[0]);
    close(pipe[1]);
}

TEST(processes, run_to_their_end_in_time) {
    EXPECT_TRUE(run_to_end(shell("exit 0"), seconds(10)));
    const auto failed = run_to_end(shell("echo no >&2; exit 2"), seconds(10));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), "it: exit status 2: no");
    const auto late = run_to_end(shell("exec sleep 100"), milliseconds(50));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), "it: not over after 50ms");
}

TEST(programs, are_where_they_are_said_to_be_or_in_path) {
    EXPECT_EQ(find_program("/bin/sh", "ringway"), "/bin/sh");
    const auto missing = find_program("/nonexistent/ringway", "ringway");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(),
              "ringway: /nonexistent/ringway is no program; set `ringway` of [programs]");
    EXPECT_TRUE(find_program("", "sh"));
    EXPECT_FALSE(find_program("", "no-such-program-here"));
}

}  // namespace
}  // namespace ringload
