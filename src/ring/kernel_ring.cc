#include "ringway/ring/kernel_ring.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <deque>
#include <vector>

#include "error.h"
#include "restricted.h"
#include "ringway/base/sanitizers.h"
#include "uapi.h"
#include "waker.h"

#if RW_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace ringway::ring {

using base::Duration;
using base::Instant;

namespace {

// ThreadSanitizer does not see liburing's mmap and munmap, which are bare system calls: these tell
// it that what is mapped where another ring was unmapped comes after that ring's end.
#if RW_THREAD_SANITIZER
char mappings;
void note_unmapping() { __tsan_release(&mappings); }
void note_mapped() { __tsan_acquire(&mappings); }
#else
void note_unmapping() {}
void note_mapped() {}
#endif

constexpr int kBufferGroup = 0;
// buffers shown to the kernel at a time, until it once ran out
constexpr std::uint32_t kPostedFirst = 32;
constexpr std::size_t kPiecesMax = 64;  // of one send operation

}  // namespace

struct KernelRing::Kernel {
    explicit Kernel(const KernelRingSettings& s)
        : settings(s),
          buffers(s.buffer_count, s.buffer_bytes),
          post_target(std::min(s.buffer_count, kPostedFirst)) {}

    ~Kernel() {
        note_unmapping();
        if (ring_open) io_uring_queue_exit(&ring);
        if (wake_descriptor >= 0) ::close(wake_descriptor);
        std::free(buffer_entries);
    }

    /// A submission entry; makes room by submitting when the queue is full.
    io_uring_sqe* entry() {
        io_uring_sqe* sqe = io_uring_get_sqe(&ring);
        if (sqe == nullptr) {
            io_uring_submit(&ring);
            forget_submitted();
            sqe = io_uring_get_sqe(&ring);
            RW_ASSERT(sqe != nullptr);
        }
        return sqe;
    }
    static void name(io_uring_sqe* sqe, Op& op) {
        io_uring_sqe_set_data64(sqe, reinterpret_cast<std::uint64_t>(&op));
    }

    /// What the kernel reads at submission only is free again, once nothing waits to be submitted.
    void forget_submitted() {
        if (io_uring_sq_ready(&ring) > 0) return;
        sends_pending = 0;
        timeouts.clear();
        connect_addresses.clear();
    }

    std::string register_buffers();
    std::string enable();
    void arm_accept(Op& op);
    void arm_receive(Op& op, bool wait_first);
    void arm_wake();
    void post_buffers();
    void feed_starved();
    void on_completion(const io_uring_cqe& cqe);
    void on_receive(Op& op, int result, unsigned flags);
    void on_accept(Op& op, int result, unsigned flags);
    void run_local();

    /// The header and pieces of a send operation; the kernel reads them at submission only.
    struct PendingSend {
        msghdr header;
        std::array<iovec, kPiecesMax> pieces;
    };

    KernelRingSettings settings;
    BufferGroup buffers;
    io_uring ring;
    bool ring_open = false;
    io_uring_buf_ring* buffer_ring = nullptr;
    void* buffer_entries = nullptr;
    std::uint32_t buffer_ring_entries = 0;
    std::uint32_t posted = 0;        // buffers that the kernel has
    std::uint32_t post_target;       // how many it should have
    std::vector<Op*> starved;        // receives that wait for buffers
    std::vector<Op*> canceled_here;  // ops that ended without the kernel
    std::deque<PendingSend> sends;
    std::size_t sends_pending = 0;
    std::deque<__kernel_timespec> timeouts;
    std::deque<base::SocketAddress> connect_addresses;
    int wake_descriptor = -1;  // eventfd, where MSG_RING is missing
    std::uint64_t wake_value = 0;
    std::atomic<bool> woken{false};
    Instant now{};
};

KernelRing::KernelRing(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
KernelRing::~KernelRing() = default;

std::expected<std::unique_ptr<KernelRing>, std::string> KernelRing::make(
    const KernelRingSettings& settings) {
    auto kernel = std::make_unique<Kernel>(settings);
    io_uring_params params;
    std::memset(&params, 0, sizeof(params));
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP;
    params.cq_entries = std::max(settings.completion_entries, settings.entries * 2);
    if (settings.features.single_issuer) params.flags |= IORING_SETUP_SINGLE_ISSUER;
    if (settings.features.defer_taskrun) {
        params.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    } else {
        params.flags |= IORING_SETUP_COOP_TASKRUN;
    }
    if (settings.features.restrictions) params.flags |= IORING_SETUP_R_DISABLED;
    if (const int error = io_uring_queue_init_params(settings.entries, &kernel->ring, &params);
        error != 0) {
        return std::unexpected(std::string("io_uring_setup: ") + std::strerror(-error) +
                               "; check RLIMIT_MEMLOCK and kernel.io_uring_disabled");
    }
    kernel->ring_open = true;
    note_mapped();
    io_uring_register_ring_fd(
        &kernel->ring);  // saves a descriptor look-up a turn; works without it too

    if (const auto error = kernel->register_buffers(); !error.empty())
        return std::unexpected(error);
    if (const auto error = kernel->enable(); !error.empty()) return std::unexpected(error);
    if (settings.features.msg_ring) {
        // Opened now: later the process may be forbidden to open rings.
        Waker::instance();
    } else {
        kernel->wake_descriptor = eventfd(0, EFD_CLOEXEC);
        if (kernel->wake_descriptor < 0) return std::unexpected("eventfd: out of file descriptors");
        kernel->arm_wake();
    }
    kernel->now = read_clock();
    return std::unique_ptr<KernelRing>(new KernelRing(std::move(kernel)));
}

/// An empty text when it went well.
std::string KernelRing::Kernel::register_buffers() {
    buffer_ring_entries = std::bit_ceil(settings.buffer_count);
    if (posix_memalign(&buffer_entries, 4096, buffer_ring_entries * sizeof(io_uring_buf)) != 0) {
        return "no memory for the receive buffer ring";
    }
    io_uring_buf_reg registration;
    std::memset(&registration, 0, sizeof(registration));
    registration.ring_addr = reinterpret_cast<std::uint64_t>(buffer_entries);
    registration.ring_entries = buffer_ring_entries;
    registration.bgid = kBufferGroup;
    if (const int error = io_uring_register_buf_ring(&ring, &registration, 0); error != 0) {
        return std::string("registering receive buffers: ") + std::strerror(-error) +
               "; Linux 6.1 or newer is needed";
    }
    buffer_ring = static_cast<io_uring_buf_ring*>(buffer_entries);
    io_uring_buf_ring_init(buffer_ring);
    return {};
}

std::string KernelRing::Kernel::enable() {
    if (!settings.features.restrictions) return {};
    const int error = restrict_and_enable(ring, kernel_ring_rules(!settings.features.msg_ring));
    if (error == 0) return {};
    return std::string("restricting the ring: ") + std::strerror(-error) +
           "; kernel_features_off = [\"restrictions\"] does without";
}

Instant KernelRing::now() const { return kernel_->now; }
BufferGroup& KernelRing::buffers() { return kernel_->buffers; }

// -- operations --

void KernelRing::accept(Op& op, Descriptor listener) {
    op.start(Op::Kind::accept, listener);
    kernel_->arm_accept(op);
}

void KernelRing::Kernel::arm_accept(Op& op) {
    io_uring_sqe* sqe = entry();
    if (settings.features.multishot_accept) {
        io_uring_prep_multishot_accept(sqe, op.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    } else {
        io_uring_prep_accept(sqe, op.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    }
    name(sqe, op);
}

void KernelRing::receive(Op& op, Descriptor socket, std::uint32_t credit_bytes) {
    RW_ASSERT_HOT(credit_bytes > 0);
    op.start(Op::Kind::receive, socket);
    op.credit = credit_bytes;
    kernel_->arm_receive(op, true);
}

void KernelRing::Kernel::arm_receive(Op& op, bool wait_first) {
    io_uring_sqe* sqe = entry();
    op.starved = false;
    if (settings.features.multishot_receive && settings.features.recv_credit) {
        io_uring_prep_recv_multishot(sqe, op.descriptor(), nullptr, 0, 0);
        set_receive_credit(sqe, op.credit);
    } else {
        const std::size_t bytes_max = std::min(op.credit, settings.buffer_bytes);
        io_uring_prep_recv(sqe, op.descriptor(), nullptr, bytes_max, 0);
        if (wait_first) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = kBufferGroup;
    name(sqe, op);
}

void KernelRing::send(Op& op, Descriptor socket, std::span<const iovec> pieces) {
    op.start(Op::Kind::send, socket);
    io_uring_sqe* sqe = kernel_->entry();
    if (kernel_->sends_pending == kernel_->sends.size()) kernel_->sends.emplace_back();
    Kernel::PendingSend& pending = kernel_->sends[kernel_->sends_pending++];
    const std::size_t count = std::min(pieces.size(), kPiecesMax);
    std::copy_n(pieces.begin(), count, pending.pieces.begin());
    std::memset(&pending.header, 0, sizeof(pending.header));
    pending.header.msg_iov = pending.pieces.data();
    pending.header.msg_iovlen = count;
    io_uring_prep_sendmsg(sqe, socket, &pending.header, MSG_NOSIGNAL);
    Kernel::name(sqe, op);
}

void KernelRing::connect(Op& op, Descriptor socket, const base::SocketAddress& to) {
    op.start(Op::Kind::connect, socket);
    io_uring_sqe* sqe = kernel_->entry();
    // The kernel reads it at submission, when the caller's may be gone.
    const base::SocketAddress& kept = kernel_->connect_addresses.emplace_back(to);
    io_uring_prep_connect(sqe, socket, kept.raw(), kept.raw_size());
    Kernel::name(sqe, op);
}

void KernelRing::poll(Op& op, Descriptor descriptor, PollFor what) {
    op.start(Op::Kind::poll, descriptor);
    io_uring_sqe* sqe = kernel_->entry();
    io_uring_prep_poll_add(sqe, descriptor, what == PollFor::readable ? POLLIN : POLLOUT);
    Kernel::name(sqe, op);
}

void KernelRing::timeout(Op& op, Instant at) {
    op.start(Op::Kind::timeout, kNoDescriptor);
    io_uring_sqe* sqe = kernel_->entry();
    const auto ns = at.time_since_epoch().count();
    kernel_->timeouts.push_back({ns / 1'000'000'000, ns % 1'000'000'000});
    io_uring_prep_timeout(sqe, &kernel_->timeouts.back(), 0, IORING_TIMEOUT_ABS);
    Kernel::name(sqe, op);
}

void KernelRing::cancel(Op& op) {
    if (!op.submitted() || op.canceling()) return;
    op.set_canceling();
    if (op.starved) {
        std::erase(kernel_->starved, &op);
        op.starved = false;
        kernel_->canceled_here.push_back(&op);
        return;
    }
    io_uring_sqe* sqe = kernel_->entry();
    io_uring_prep_cancel64(sqe, reinterpret_cast<std::uint64_t>(&op), 0);
    io_uring_sqe_set_data64(sqe, kIgnored);
}

// -- the turn --

void KernelRing::Kernel::post_buffers() {
    const auto mask = static_cast<int>(io_uring_buf_ring_mask(buffer_ring_entries));
    int added = 0;
    while (posted < post_target) {
        Buffer* buffer = buffers.take();
        if (buffer == nullptr) break;
        io_uring_buf_ring_add(buffer_ring, buffer->bytes, buffer->capacity, buffer->index, mask,
                              added++);
        ++posted;
    }
    if (added > 0) io_uring_buf_ring_advance(buffer_ring, added);
}

void KernelRing::Kernel::feed_starved() {
    // One receive for each buffer: re-arming more would only starve them again.
    std::size_t fed = std::min<std::size_t>(starved.size(), posted);
    for (std::size_t i = 0; i < fed; ++i) arm_receive(*starved[i], false);
    starved.erase(starved.begin(), starved.begin() + static_cast<std::ptrdiff_t>(fed));
}

void KernelRing::wait(Instant until) {
    Kernel& k = *kernel_;
    k.post_buffers();
    if (!k.starved.empty()) k.feed_starved();

    const bool idle = k.canceled_here.empty() && !k.woken.load(std::memory_order_relaxed);
    Instant before = idle && until != base::kNever ? read_clock() : Instant{};
    if (!idle || until <= before) {
        io_uring_submit_and_get_events(&k.ring);
    } else {
        bool found = false;
        if (k.settings.busy_poll > Duration{0}) {
            const Instant spin_until = std::min(until, read_clock() + k.settings.busy_poll);
            do {
                io_uring_submit_and_get_events(&k.ring);
                found = io_uring_cq_ready(&k.ring) > 0;
            } while (!found && read_clock() < spin_until);
        }
        if (!found) {
            io_uring_cqe* cqe = nullptr;
            if (until == base::kNever) {
                io_uring_submit_and_wait(&k.ring, 1);
            } else {
                const auto ns = std::max<std::int64_t>((until - before).count(), 1);
                __kernel_timespec timeout = {ns / 1'000'000'000, ns % 1'000'000'000};
                io_uring_submit_and_wait_timeout(&k.ring, &cqe, 1, &timeout, nullptr);
            }
        }
    }
    k.forget_submitted();
    k.now = read_clock();
}

std::size_t KernelRing::dispatch() {
    Kernel& k = *kernel_;
    k.woken.store(false, std::memory_order_relaxed);
    std::size_t count = 0;
    unsigned head;
    io_uring_cqe* cqe;
    io_uring_for_each_cqe(&k.ring, head, cqe) {
        const io_uring_cqe completion = *cqe;
        ++count;
        k.on_completion(completion);
    }
    io_uring_cq_advance(&k.ring, static_cast<unsigned>(count));
    if (!k.canceled_here.empty()) k.run_local();
    return count;
}

void KernelRing::Kernel::run_local() {
    std::vector<Op*> ended;
    ended.swap(canceled_here);
    for (Op* op : ended) op->complete(Completion{.error = Error::canceled});
}

void KernelRing::Kernel::on_completion(const io_uring_cqe& cqe) {
    if (cqe.user_data == kIgnored) return;
    if (cqe.user_data == kWoken) {
        if (wake_descriptor >= 0) arm_wake();
        return;
    }
    Op& op = *reinterpret_cast<Op*>(cqe.user_data);
    switch (op.kind()) {
        case Op::Kind::receive:
            on_receive(op, cqe.res, cqe.flags);
            return;
        case Op::Kind::accept:
            on_accept(op, cqe.res, cqe.flags);
            return;
        case Op::Kind::timeout:
        case Op::Kind::send:
        case Op::Kind::connect:
        case Op::Kind::poll:
        case Op::Kind::none:
            break;
    }
    Completion completion;
    if (cqe.res < 0) completion.error = error_from(-cqe.res);
    completion.result = cqe.res;
    op.complete(std::move(completion));
}

void KernelRing::Kernel::on_accept(Op& op, int result, unsigned flags) {
    Completion completion;
    completion.more = (flags & IORING_CQE_F_MORE) != 0;
    completion.result = result;
    if (result < 0) {
        completion.error = error_from(-result);
    } else if (!completion.more && !op.canceling()) {
        completion.more =
            true;  // the plain form, or a multishot that overflowed: armed anew for the owner
        arm_accept(op);
    }
    op.complete(std::move(completion));
}

void KernelRing::Kernel::on_receive(Op& op, int result, unsigned flags) {
    Completion completion;
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        --posted;
        Buffer& buffer = buffers.at(static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT));
        completion.buffer = buffers.filled(&buffer);
        if (result <= 0) completion.buffer.reset();
    }
    completion.more = (flags & IORING_CQE_F_MORE) != 0;
    completion.result = result;
    if (result == -ENOBUFS) {
        buffers.count_exhausted();
        post_target = std::min(settings.buffer_count, post_target * 2);
        if (op.canceling()) {
            completion.error = Error::canceled;
            op.complete(std::move(completion));
            return;
        }
        op.starved = true;
        starved.push_back(&op);
        return;
    }
    if (result < 0) {
        completion.error = error_from(-result);
    } else if (result > 0) {
        const auto bytes = static_cast<std::uint32_t>(result);
        op.credit = bytes < op.credit ? op.credit - bytes : 0;
        if (!completion.more && op.credit > 0 && !op.canceling()) {
            completion.more =
                true;  // the plain form, or a multishot that overflowed: armed anew for the owner
            arm_receive(op, (flags & IORING_CQE_F_SOCK_NONEMPTY) == 0);
        }
    }
    op.complete(std::move(completion));
}

void KernelRing::Kernel::arm_wake() {
    io_uring_sqe* sqe = entry();
    io_uring_prep_read(sqe, wake_descriptor, &wake_value, sizeof(wake_value), 0);
    io_uring_sqe_set_data64(sqe, kWoken);
}

void KernelRing::wake() {
    Kernel& k = *kernel_;
    k.woken.store(true, std::memory_order_relaxed);
    if (k.wake_descriptor < 0 && Waker::instance().wake(k.ring.ring_fd)) return;
    const std::uint64_t one = 1;
    if (k.wake_descriptor >= 0) {
        [[maybe_unused]] const ssize_t written = ::write(k.wake_descriptor, &one, sizeof(one));
    }
}

}  // namespace ringway::ring
