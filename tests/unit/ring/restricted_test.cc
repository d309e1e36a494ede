// What a restricted ring refuses, asked of the kernel itself.
#include "../../../src/ring/restricted.h"

#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "ringway/ring/kernel_ring.h"

namespace ringway::ring {
namespace {

/// The rings that this process has open.
std::set<int> rings_open() {
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry.path(), gone);
        if (target == "anon_inode:[io_uring]") found.insert(std::stoi(entry.path().filename()));
    }
    return found;
}

/// A KernelRing, and its descriptor.
struct Opened {
    std::unique_ptr<KernelRing> ring;
    int descriptor = -1;
};

Opened open_ring(bool restricted) {
    const auto features = probe_kernel_features();
    EXPECT_TRUE(features) << features.error();
    KernelRingSettings settings{.entries = 64, .completion_entries = 256, .buffer_count = 16};
    settings.buffer_bytes = 4096;
    settings.features = *features;
    settings.features.restrictions = restricted;
    EXPECT_TRUE(KernelRing::make(settings));  // opens what all rings share
    const std::set<int> before = rings_open();
    auto ring = KernelRing::make(settings);
    EXPECT_TRUE(ring) << ring.error();
    Opened opened{.ring = std::move(*ring)};
    for (const int descriptor : rings_open()) {
        if (!before.contains(descriptor)) opened.descriptor = descriptor;
    }
    return opened;
}

/// The errno of registering an eventfd with a ring, which no part of ringway does; 0: it took it.
int errno_of_registering(int ring_descriptor) {
    int events = eventfd(0, EFD_CLOEXEC);
    const auto result =
        syscall(__NR_io_uring_register, ring_descriptor, IORING_REGISTER_EVENTFD, &events, 1);
    const int error = result == 0 ? 0 : errno;
    close(events);
    return error;
}

TEST(RestrictedRing, a_shards_ring_takes_no_further_registration) {
    const Opened opened = open_ring(true);
    EXPECT_EQ(errno_of_registering(opened.descriptor), EACCES);
    io_uring_restriction wider{};
    wider.opcode = IORING_RESTRICTION_SQE_OP;
    wider.sqe_op = IORING_OP_OPENAT;
    EXPECT_EQ(
        syscall(__NR_io_uring_register, opened.descriptor, IORING_REGISTER_RESTRICTIONS, &wider, 1),
        -1);
}

TEST(RestrictedRing, without_the_feature_a_ring_takes_it) {
    const Opened opened = open_ring(false);
    EXPECT_EQ(errno_of_registering(opened.descriptor), 0);
}

class Rules : public testing::Test {
 protected:
    void open(const RingRules& rules) {
        ASSERT_EQ(io_uring_queue_init(8, &ring_, IORING_SETUP_R_DISABLED), 0);
        opened_ = true;
        ASSERT_EQ(restrict_and_enable(ring_, rules), 0);
    }
    ~Rules() override {
        if (opened_) io_uring_queue_exit(&ring_);
    }
    /// The result of an operation on no descriptor. The ring refuses with EACCES before it looks at
    /// the arguments.
    int result_of(int operation, unsigned flags = 0) {
        io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
        io_uring_prep_rw(operation, sqe, -1, nullptr, 0, 0);
        io_uring_sqe_set_flags(sqe, flags);
        EXPECT_EQ(io_uring_submit_and_wait(&ring_, 1), 1);
        io_uring_cqe* cqe = nullptr;
        EXPECT_EQ(io_uring_peek_cqe(&ring_, &cqe), 0);
        const int result = cqe->res;
        io_uring_cqe_seen(&ring_, cqe);
        return result;
    }

 private:
    io_uring ring_;
    bool opened_ = false;
};

TEST_F(Rules, every_operation_outside_the_list_is_refused) {
    const RingRules rules = kernel_ring_rules(true);
    open(rules);
    for (int operation = 0; operation < IORING_OP_LAST; ++operation) {
        const bool listed =
            std::ranges::find(rules.operations, operation) != rules.operations.end();
        if (operation == IORING_OP_TIMEOUT) continue;  // waits
        const int result = result_of(operation);
        EXPECT_EQ(result == -EACCES, !listed) << "operation " << operation << ": " << result;
    }
}

TEST_F(Rules, a_ring_that_is_woken_by_messages_reads_no_file) {
    open(kernel_ring_rules(false));
    EXPECT_EQ(result_of(IORING_OP_READ), -EACCES);
    EXPECT_EQ(result_of(IORING_OP_RECV), -EBADF);
}

TEST_F(Rules, flags_that_are_not_used_are_refused) {
    open(kernel_ring_rules(false));
    EXPECT_EQ(result_of(IORING_OP_RECV, IOSQE_BUFFER_SELECT), -EBADF);
    EXPECT_EQ(result_of(IORING_OP_RECV, IOSQE_ASYNC), -EACCES);
    EXPECT_EQ(result_of(IORING_OP_RECV, IOSQE_FIXED_FILE), -EACCES);
}

TEST_F(Rules, the_waker_sends_messages_and_nothing_else) {
    open(waker_rules());
    EXPECT_EQ(result_of(IORING_OP_MSG_RING), -EBADF);
    EXPECT_EQ(result_of(IORING_OP_RECV), -EACCES);
}

TEST(KernelKeepsRules, as_every_kernel_that_ringway_runs_on) { EXPECT_TRUE(kernel_keeps_rules()); }

}  // namespace
}  // namespace ringway::ring
