#include "ringway/ring/descriptor_table.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace ringway::ring {

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

void reserve_descriptor_table(std::uint64_t count) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
    const std::uint64_t size = std::min<std::uint64_t>({count, limit.rlim_cur, kMost});
    const int any = eventfd(0, EFD_CLOEXEC);
    if (any < 0) return;
    // The table reaches to the highest descriptor that was ever open.
    const int highest = size == 0 ? -1 : fcntl(any, F_DUPFD_CLOEXEC, static_cast<int>(size - 1));
    if (highest >= 0) close(highest);
    close(any);
}

}  // namespace ringway::ring
