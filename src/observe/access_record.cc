// Names of what the access log tells. Any thread; no state.
#include "ringway/observe/access_record.h"

#include <array>

namespace ringway::observe {

const char* name_of(AttemptEnd end) {
    constexpr std::array<const char*, kAttemptEnds> kNames = {
        "connect_failed",     "connect_timeout",
        "closed_early",       "stale",
        "first_byte_timeout", "malformed_response",
        "status_502",         "status_503",
        "status_504",         "status_other",
        "rate_limited",       "credentials_refused",
        "upstream_out",       "outrun",
    };
    return kNames[static_cast<std::size_t>(end)];
}

}  // namespace ringway::observe
