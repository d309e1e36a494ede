// Listening sockets that the service manager has opened (sd_listen_fds(3)).
#pragma once

#include <vector>

#include "ringway/accept/listen_sockets.h"

namespace ringway::control {

/// The sockets that LISTEN_PID and LISTEN_FDS give to this process, with the addresses that they
/// are bound to; their names (LISTEN_FDNAMES) are not needed. The variables are taken out of the
/// environment, so that no other process thinks that they are its own. Once, before any thread.
std::vector<accept::InheritedSocket> take_activation_sockets();

}  // namespace ringway::control
