#include "restricted.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ringway::ring {

namespace {

// In the order of KernelRing's functions. The read is last: only some rings may.
constexpr std::array kKernelRingOperations = {
    IORING_OP_ACCEPT,   IORING_OP_RECV,    IORING_OP_SENDMSG,      IORING_OP_CONNECT,
    IORING_OP_POLL_ADD, IORING_OP_TIMEOUT, IORING_OP_ASYNC_CANCEL, IORING_OP_READ,
};
constexpr std::array kWakerOperations = {IORING_OP_MSG_RING};
constexpr std::size_t kRulesMax = 16;

/// 0 or a negative errno. liburing 2.3 has functions for both uses, but does not export them.
int register_with(const io_uring& ring, int what, const void* list, unsigned count) {
    return syscall(__NR_io_uring_register, ring.ring_fd, what, list, count) < 0 ? -errno : 0;
}

/// The result of one operation without arguments.
int result_of(io_uring& ring, io_uring_op operation) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring);
    if (sqe == nullptr) return -EBUSY;
    std::memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = static_cast<std::uint8_t>(operation);
    sqe->fd = -1;
    io_uring_cqe* cqe = nullptr;
    if (io_uring_submit_and_wait(&ring, 1) != 1 || io_uring_peek_cqe(&ring, &cqe) != 0) return -EIO;
    const int result = cqe->res;
    io_uring_cqe_seen(&ring, cqe);
    return result;
}

}  // namespace

RingRules kernel_ring_rules(bool reads) {
    const std::span<const io_uring_op> all = kKernelRingOperations;
    return {.operations = reads ? all : all.first(all.size() - 1),
            .entry_flags = IOSQE_BUFFER_SELECT};
}

RingRules waker_rules() { return {.operations = kWakerOperations}; }

int restrict_and_enable(io_uring& ring, const RingRules& rules) {
    std::array<io_uring_restriction, kRulesMax> list;
    std::memset(list.data(), 0, sizeof(list));
    if (rules.operations.size() + 2 > list.size()) return -E2BIG;
    unsigned count = 0;
    for (const io_uring_op operation : rules.operations) {
        list[count].opcode = IORING_RESTRICTION_SQE_OP;
        list[count++].sqe_op = static_cast<std::uint8_t>(operation);
    }
    list[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    list[count++].sqe_flags = static_cast<std::uint8_t>(rules.entry_flags);
    // liburing gives the registered descriptor back when the ring ends.
    list[count].opcode = IORING_RESTRICTION_REGISTER_OP;
    list[count++].register_op = IORING_UNREGISTER_RING_FDS;
    const int error = register_with(ring, IORING_REGISTER_RESTRICTIONS, list.data(), count);
    return error != 0 ? error : register_with(ring, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
}

bool kernel_keeps_rules() {
    io_uring ring;
    if (io_uring_queue_init(8, &ring, IORING_SETUP_R_DISABLED) != 0) return false;
    constexpr std::array kNothing = {IORING_OP_NOP};
    const bool keeps = restrict_and_enable(ring, {.operations = kNothing}) == 0 &&
                       result_of(ring, IORING_OP_NOP) == 0 &&
                       result_of(ring, IORING_OP_CLOSE) == -EACCES;
    io_uring_queue_exit(&ring);
    return keeps;
}

}  // namespace ringway::ring
