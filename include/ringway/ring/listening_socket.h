// Listening sockets outside a ring: made, taken over, duplicated and closed by threads that have
// none. Any thread; each call is one or a few system calls that do not wait.
#pragma once

#include <expected>

#include "ringway/base/socket_address.h"
#include "ringway/ring/ring.h"

namespace ringway::ring {

/// A bound and listening stream socket. Blocking: io_uring may take a descriptor's O_NONBLOCK for
/// "do not wait". A unix socket's file that nobody listens on any more is replaced.
std::expected<Descriptor, Error> open_listening_socket(const base::SocketAddress& at,
                                                       const SocketOptions& options);

/// Makes a listening socket that came from elsewhere what open_listening_socket() would have made:
/// blocking, closed on exec, with these options as far as they can change after the bind. False
/// when it does not listen for streams.
bool adopt_listening_socket(Descriptor socket, const SocketOptions& options);

/// Where a socket is bound; none when it is no socket.
base::SocketAddress bound_address(Descriptor socket);
/// Others of the same user may bind the same address beside it (SO_REUSEPORT).
bool shares_port(Descriptor socket);

/// Another descriptor of the same open socket: it and its queue of connections live until the last
/// one is closed.
std::expected<Descriptor, Error> duplicate(Descriptor socket);
void close_descriptor(Descriptor descriptor);

}  // namespace ringway::ring
