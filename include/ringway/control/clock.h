// The kernel's clocks, read together.
#pragma once

#include <chrono>

#include "ringway/base/time.h"

namespace ringway::control {

/// One moment on both time lines: the product's, and the wall clock's.
struct Moment {
    base::Instant now;
    std::int64_t unix_ns;

    std::int64_t unix_ns_of(base::Instant at) const { return unix_ns + base::to_ns(at - now); }
};

inline Moment read_clocks() {
    using std::chrono::duration_cast;
    const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {base::Instant(duration_cast<base::Duration>(monotonic)),
            duration_cast<base::Duration>(wall).count()};
}

}  // namespace ringway::control
