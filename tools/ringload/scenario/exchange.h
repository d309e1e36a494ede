// One HTTP request and its answer, on a connection of their own: to tell an origin to fail, to see
// whether a proxy is up, and to ask ringway what it knows. Blocking, bounded; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"

namespace ringload {

struct Answer {
    std::uint16_t status = 0;
    std::string body;
};

/// The whole answer; a sentence when none came in time. With `head_only` the body is not waited
/// for.
std::expected<Answer, std::string> ask(const ringway::base::SocketAddress& address,
                                       std::string_view method, std::string_view target,
                                       std::string_view host, ringway::base::Duration patience,
                                       bool head_only = false);

}  // namespace ringload
