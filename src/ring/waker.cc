#include "waker.h"

#include "restricted.h"

namespace ringway::ring {

Waker& Waker::instance() {
    static Waker waker;
    return waker;
}

Waker::Waker() : open_(open_restricted() || io_uring_queue_init(8, &ring_, 0) == 0) {}

Waker::~Waker() {
    if (open_) io_uring_queue_exit(&ring_);
}

bool Waker::open_restricted() {
    if (io_uring_queue_init(8, &ring_, IORING_SETUP_R_DISABLED) != 0) return false;
    if (restrict_and_enable(ring_, waker_rules()) == 0) return true;
    io_uring_queue_exit(&ring_);
    return false;
}

bool Waker::wake(int ring_descriptor) {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return false;
    io_uring_prep_msg_ring(sqe, ring_descriptor, 0, kWoken, 0);
    io_uring_sqe_set_data64(sqe, kIgnored);
    if (io_uring_submit_and_wait(&ring_, 1) < 0) return false;
    io_uring_cqe* cqe = nullptr;
    bool delivered = false;
    while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
        delivered = cqe->res >= 0;
        io_uring_cqe_seen(&ring_, cqe);
    }
    return delivered;
}

}  // namespace ringway::ring
