// The direct calls of KernelRing: what is done at once, without the ring, and the clocks.
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "error.h"
#include "ringway/ring/kernel_ring.h"
#include "ringway/ring/listening_socket.h"

namespace ringway::ring {

using base::Duration;
using base::Instant;

Instant read_clock() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return Instant(Duration(now.tv_sec * 1'000'000'000 + now.tv_nsec));
}

std::int64_t read_unix_offset_ns() {
    timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return wall.tv_sec * 1'000'000'000 + wall.tv_nsec - read_clock().time_since_epoch().count();
}

std::expected<std::size_t, Error> KernelRing::send_now(Descriptor socket,
                                                       std::span<const iovec> pieces,
                                                       bool more_follows) {
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more_follows ? MSG_MORE : 0);
    ssize_t sent = 0;
    if (pieces.size() == 1) {  // spares the kernel a look at a header and a list
        sent = ::send(socket, pieces[0].iov_base, pieces[0].iov_len, flags);
    } else {
        msghdr header;
        std::memset(&header, 0, sizeof(header));
        header.msg_iov = const_cast<iovec*>(pieces.data());
        header.msg_iovlen = pieces.size();
        sent = ::sendmsg(socket, &header, flags);
    }
    if (sent < 0) return std::unexpected(error_from(errno));
    return static_cast<std::size_t>(sent);
}

void KernelRing::mark_splicing(Descriptor socket, bool on) {
    const int flags = fcntl(socket, F_GETFL);
    fcntl(socket, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

std::expected<std::size_t, Error> KernelRing::splice_now(Descriptor from, Descriptor to,
                                                         std::size_t bytes_max, bool more_follows) {
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more_follows ? SPLICE_F_MORE : 0u);
    const ssize_t moved = ::splice(from, nullptr, to, nullptr, bytes_max, flags);
    if (moved < 0) return std::unexpected(error_from(errno));
    return static_cast<std::size_t>(moved);
}

std::expected<Descriptor, Error> KernelRing::open_socket(int family) {
    const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return std::unexpected(error_from(errno));
    if (family != AF_UNIX) {
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    return socket;
}

std::expected<Descriptor, Error> KernelRing::open_listener(const base::SocketAddress& at,
                                                           const SocketOptions& options) {
    return open_listening_socket(at, options);
}

std::expected<Pipe, Error> KernelRing::open_pipe(std::size_t capacity_bytes) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::unexpected(error_from(errno));
    fcntl(ends[1], F_SETPIPE_SZ,
          static_cast<int>(capacity_bytes));  // stays at 64 KiB when the user's limit says so
    return Pipe{ends[0], ends[1]};
}

base::SocketAddress KernelRing::peer_of(Descriptor socket) {
    sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    return base::SocketAddress::from_kernel(reinterpret_cast<sockaddr*>(&address), size);
}

base::SocketAddress KernelRing::local_of(Descriptor socket) { return bound_address(socket); }

base::Duration KernelRing::least_round_trip_of(Descriptor socket) {
    tcp_info info;
    std::memset(&info, 0, sizeof(info));
    socklen_t size = sizeof(info);
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
    const bool none = info.tcpi_min_rtt == ~0u;  // no sample yet
    return std::chrono::microseconds(none ? 0 : info.tcpi_min_rtt);
}

void KernelRing::shutdown_send(Descriptor socket) { ::shutdown(socket, SHUT_WR); }
void KernelRing::shutdown_both(Descriptor socket) { ::shutdown(socket, SHUT_RDWR); }

void KernelRing::close(Descriptor descriptor, bool reset) {
    if (reset) {
        const linger now = {1, 0};
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    ::close(descriptor);
}

}  // namespace ringway::ring
