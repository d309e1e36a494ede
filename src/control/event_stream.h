// The events of the chronicle, as an array and as Server-Sent Events.
#pragma once

#include <string_view>

#include "ringway/control/admin_server.h"
#include "ringway/control/chronicle.h"

namespace ringway::control {

/// GET /events?after=ID&limit=N. Names are those of `config`; both outlive the reply.
AdminReply events_reply(const Chronicle& chronicle, const config::Config& config,
                        const AdminRequest& request);

}  // namespace ringway::control
