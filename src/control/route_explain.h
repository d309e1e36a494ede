// GET /routes/explain: which route a request would take, and why not each other one.
#pragma once

#include "ringway/config/config.h"
#include "ringway/control/admin_server.h"

namespace ringway::control {

AdminReply explain_reply(const config::Config& config, std::string_view query);

}  // namespace ringway::control
