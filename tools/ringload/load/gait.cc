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

std::uint32_t brisk_at_start(const LoadPlan& plan, const std::vector<Gait>& gaits) {
    const auto end = gaits.begin() + plan.connections;
    return static_cast<std::uint32_t>(std::count(gaits.begin(), end, Gait::brisk));
}

std::vector<std::uint32_t> connections_of_thread(const std::vector<Gait>& gaits,
                                                 std::uint32_t index, std::uint32_t count) {
    std::vector<std::uint32_t> numbers;
    std::uint32_t brisk = 0, slow = 0;
    for (std::uint32_t number = 0; number < gaits.size(); ++number) {
        // slow ones from the last thread on: the first ones have the brisk ones that are left over
        const std::uint32_t thread =
            gaits[number] == Gait::brisk ? brisk++ % count : count - 1 - slow++ % count;
        if (thread == index) numbers.push_back(number);
    }
    return numbers;
}

}  // namespace ringload
