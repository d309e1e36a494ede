#include "load/gait.h"

#include <algorithm>
#include <array>

namespace ringload {

/// Smooth weighted round robin (nginx): who is owed most comes next.
std::vector<Gait> deal_gaits(const Misbehaviour& misbehaviour, std::uint32_t count) {
    const double slow = misbehaviour.slow_readers + misbehaviour.slow_senders;
    const std::array<double, 3> shares = {std::max(1 - slow, 0.0), misbehaviour.slow_readers,
                                          misbehaviour.slow_senders};
    std::array<double, 3> owed{};
    std::vector<Gait> gaits;
    gaits.reserve(count);
    while (gaits.size() < count) {
        for (std::size_t i = 0; i < owed.size(); ++i) owed[i] += shares[i];
        const auto most = static_cast<std::size_t>(std::ranges::max_element(owed) - owed.begin());
        owed[most] -= 1;
        gaits.push_back(static_cast<Gait>(most));
    }
    return gaits;
}

}  // namespace ringload
