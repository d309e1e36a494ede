#include "ringway/control/seccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "../../../src/control/seccomp_calls.h"
#include "in_child.h"
#include "ringway/base/sanitizers.h"

namespace ringway::control {
namespace {

using config::Seccomp;

bool put_under(Seccomp mode) {
    const auto filter = SeccompFilter::make(mode);
    return filter && filter->install();
}

template <class... Arguments>
int errno_of(long number, Arguments... arguments) {
    errno = 0;
    return syscall(number, arguments...) < 0 ? errno : 0;
}

/// The signal that ended a child under the filter that made this call; 0: none did.
template <class... Arguments>
int signal_of(Seccomp mode, long number, Arguments... arguments) {
    const int status = status_in_child([&] {
        if (!put_under(mode)) return false;
        syscall(number, arguments...);
        return true;
    });
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(seccomp, what_only_an_intruder_asks_for_ends_the_process) {
    for (const Seccomp mode : {Seccomp::on, Seccomp::strict}) {
        EXPECT_EQ(signal_of(mode, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0),
                  base::kSanitized ? 0 : SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_mount, "none", "/", "tmpfs", 0, nullptr), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_bpf, 0, nullptr, 0), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_unshare, CLONE_NEWUSER), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_setns, -1, 0), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_perf_event_open, nullptr, 0, -1, -1, 0), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_userfaultfd, 0), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_chroot, "/"), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_keyctl, 0, 0), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_init_module, nullptr, 0, ""), SIGSYS);
        EXPECT_EQ(signal_of(mode, SYS_open_by_handle_at, -1, nullptr, 0), SIGSYS);
    }
}

TEST(seccomp, off_is_no_filter) {
    EXPECT_TRUE(in_child([] { return put_under(Seccomp::off) && own_status("Seccomp") == "0"; }));
    EXPECT_EQ(signal_of(Seccomp::off, SYS_chroot, "/"), 0);
}

TEST(seccomp, what_is_merely_not_needed_is_not_there) {
    EXPECT_TRUE(in_child([] {
        return put_under(Seccomp::on) &&
               errno_of(SYS_sched_rr_get_interval, 0, nullptr) == ENOSYS &&
               errno_of(SYS_vmsplice, -1, nullptr, 0, 0) == ENOSYS &&
               errno_of(SYS_symlinkat, "a", -1, "b") == ENOSYS &&
               errno_of(SYS_clone3, nullptr, 0) == ENOSYS;
    }));
}

TEST(seccomp, arguments_are_looked_at) {
    EXPECT_TRUE(in_child([] {
        if (!put_under(Seccomp::on)) return false;
        const int both = PROT_READ | PROT_WRITE | PROT_EXEC;
        void* page =
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return mmap(nullptr, 4096, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
               page != MAP_FAILED && mprotect(page, 4096, PROT_READ) == 0 &&
               mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0 &&
               socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == ENOSYS &&
               socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT) < 0 && errno == ENOSYS &&
               socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0 &&
               errno_of(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) == ENOSYS &&
               (base::kSanitized || prctl(PR_SET_DUMPABLE, 1) != 0) && prctl(PR_SET_NAME, "x") == 0;
    }));
}

TEST(seccomp, threads_that_run_already_are_under_it_and_new_ones_too) {
    EXPECT_TRUE(in_child([] {
        std::atomic<bool> installed{false};
        std::string of_other;
        std::string of_next;
        std::thread other([&] {
            while (!installed) std::this_thread::yield();
            of_other = own_status("Seccomp");
        });
        const bool ok = put_under(Seccomp::strict);
        installed = true;
        other.join();
        std::thread([&] { of_next = own_status("Seccomp"); }).join();
        return ok && of_other == "2" && of_next == "2";
    }));
}

bool does_its_work() {
    const int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int pair[2];
    addrinfo* found = nullptr;
    const bool resolved = getaddrinfo("localhost", "80", nullptr, &found) == 0;
    if (found != nullptr) freeaddrinfo(found);
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    return file >= 0 && socket >= 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && resolved &&
           ran;
}

TEST(seccomp, what_the_process_does_all_day_passes) {
    for (const Seccomp mode : {Seccomp::on, Seccomp::strict}) {
        EXPECT_TRUE(in_child([&] { return put_under(mode) && does_its_work(); }));
    }
}

/// Starts /bin/true as an upgrade starts the new version; its exit status, or -1.
int start_program() {
    const pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        execl("/bin/true", "true", nullptr);
        _exit(77);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(seccomp, a_program_can_be_started_unless_it_is_strict) {
    EXPECT_TRUE(in_child([] { return put_under(Seccomp::on) && start_program() == 0; }));
    EXPECT_TRUE(in_child([] {
        if (!put_under(Seccomp::strict)) return false;
        // the search for leaks needs another process; it executes nothing
        if (base::kSanitized ? start_program() != 77 : start_program() != -1 || errno != EPERM)
            return false;
        return errno_of(SYS_execve, "/bin/true", nullptr, nullptr) == EPERM &&
               errno_of(SYS_io_uring_setup, 8, nullptr) == EPERM;
    }));
    EXPECT_TRUE(in_child([] {
        return put_under(Seccomp::on) && errno_of(SYS_io_uring_setup, 8, nullptr) == EFAULT;
    }));
}

TEST(seccomp, filters_do_not_add_up_over_program_starts) {
    EXPECT_TRUE(in_child([] {
        unsetenv("RINGWAY_SECCOMP");
        if (!put_under(Seccomp::on) || own_status("Seccomp_filters") != "1") return false;
        // as a program that was started with this environment
        if (!put_under(Seccomp::on) || own_status("Seccomp_filters") != "1") return false;
        return put_under(Seccomp::strict) && own_status("Seccomp_filters") == "2";
    }));
}

TEST(seccomp, a_mark_without_a_filter_is_not_believed) {
    EXPECT_TRUE(in_child([] {
        if (!SeccompFilter::make(Seccomp::on)) return false;  // leaves the mark
        return own_status("Seccomp") == "0" && put_under(Seccomp::on) &&
               own_status("Seccomp") == "2";
    }));
}

}  // namespace
}  // namespace ringway::control
