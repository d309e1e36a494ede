#include "cli/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "ringway/ring/descriptor_table.h"

namespace ringload {

std::uint64_t descriptors_of(const LoadPlan& plan) {
    constexpr std::uint64_t kOfProcess = 32;
    constexpr std::uint64_t kOfThread = 8;  // its ring, event and timer descriptors
    // a connection that is replaced may be open a moment longer than its successor
    return plan.connections_max + plan.connections_max / 16 + kOfProcess + kOfThread * plan.threads;
}

std::string make_room_for(const LoadPlan& plan) {
    const std::uint64_t needed = descriptors_of(plan);
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return "";
    const rlim_t hard = limit.rlim_max;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = needed;
        limit.rlim_max = std::max<rlim_t>(hard, needed);  // above it only for root
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return fmt::format(
                "{} connections need {} file descriptors, but this process may open {}: lower "
                "--connections, or raise the limit (ulimit -n {}, as root)",
                plan.connections_max, needed, hard, needed);
        }
    }
    ringway::ring::reserve_descriptor_table(needed);
    return "";
}

}  // namespace ringload
