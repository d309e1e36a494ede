#include "ringway/ring/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.h"

namespace ringway::ring {

namespace {

/// A unix socket's file outlives its process; it is in the way exactly when nobody listens on it
/// any more.
void remove_stale_socket(const base::SocketAddress& at) {
    const int trial = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (trial < 0) return;
    if (::connect(trial, at.raw(), at.raw_size()) != 0 && errno == ECONNREFUSED) {
        ::unlink(at.text().substr(std::strlen("unix:")).c_str());
    }
    ::close(trial);
}

/// Accepted sockets inherit these from their listener.
void set_inherited(Descriptor socket, const SocketOptions& options) {
    const int on = 1;
    if (options.no_delay) setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (options.congestion_control == nullptr) return;
    setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, options.congestion_control,
               static_cast<socklen_t>(std::strlen(options.congestion_control)));
}

int option_of(Descriptor socket, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

std::expected<Descriptor, Error> open_listening_socket(const base::SocketAddress& at,
                                                       const SocketOptions& options) {
    const int socket = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return std::unexpected(error_from(errno));
    const int on = 1;
    if (at.is_ip()) {
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (options.reuse_port) setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        if (at.family() == AF_INET6 && options.only_v6) {
            setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
        }
        set_inherited(socket, options);
    }
    if (at.family() == AF_UNIX) remove_stale_socket(at);
    if (::bind(socket, at.raw(), at.raw_size()) != 0 || ::listen(socket, options.backlog) != 0) {
        const Error error = error_from(errno);
        ::close(socket);
        return std::unexpected(error);
    }
    return socket;
}

bool adopt_listening_socket(Descriptor socket, const SocketOptions& options) {
    if (option_of(socket, SO_TYPE) != SOCK_STREAM) return false;
    if (option_of(socket, SO_ACCEPTCONN) != 1) return false;
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    const int flags = fcntl(socket, F_GETFL);
    fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
    if (bound_address(socket).is_ip()) set_inherited(socket, options);
    // listen(2) on a listening socket changes its backlog and nothing else.
    return ::listen(socket, options.backlog) == 0;
}

base::SocketAddress bound_address(Descriptor socket) {
    sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    return base::SocketAddress::from_kernel(reinterpret_cast<sockaddr*>(&address), size);
}

bool shares_port(Descriptor socket) { return option_of(socket, SO_REUSEPORT) == 1; }

std::expected<Descriptor, Error> duplicate(Descriptor socket) {
    const int copy = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return std::unexpected(error_from(errno));
    return copy;
}

void close_descriptor(Descriptor descriptor) { ::close(descriptor); }

}  // namespace ringway::ring
