// The listening socket of the admin server.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>

#include "ringway/base/socket_address.h"

namespace ringway::control {

/// Bound, listening and non-blocking. close() it with close_admin_socket().
struct AdminSocket {
    int descriptor = -1;
    base::SocketAddress address;  // with the port that the kernel chose
    dev_t device = 0;             // of the file of a unix socket, to know it again
    ino_t inode = 0;
};

std::expected<AdminSocket, std::string> open_admin_socket(const base::SocketAddress& address);

/// A listening socket at that address that another process has opened, whose file is that one's
/// until claim_admin_socket().
AdminSocket adopt_admin_socket(const base::SocketAddress& address, int descriptor);

void claim_admin_socket(AdminSocket& socket);

/// Closes, and removes the file of a unix socket when it is still the one that was made.
void close_admin_socket(AdminSocket& socket);

}  // namespace ringway::control
