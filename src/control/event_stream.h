// The events of the chronicle, as an array and as Server-Sent Events.
#pragma once

#include <cstdint>

#include "ringway/control/endpoints.h"

namespace ringway::control {

/// GET /events?after=ID&limit=N. What `sources` refers to outlives the reply.
AdminReply events_reply(const EndpointSources& sources, const AdminRequest& request);

/// The id of the last event, of this process or of those that it came after; 0: none yet.
std::uint64_t newest_event(const EndpointSources& sources);

}  // namespace ringway::control
