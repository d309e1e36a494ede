// Kernel interface newer than the distribution's headers. Values from include/uapi/linux/io_uring.h
// of Linux 6.18.
#pragma once

#include <liburing.h>

namespace ringway::ring {

/// 6.16: bytes that a multishot receive delivers before it ends. The field shares its place in the
/// entry with splice_fd_in.
inline void set_receive_credit(io_uring_sqe* sqe, unsigned bytes) {
    sqe->splice_fd_in = static_cast<int>(bytes);
}

}  // namespace ringway::ring
