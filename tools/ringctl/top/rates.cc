#include "top/rates.h"

#include <utility>

namespace ringctl {

void Rates::take(Clock::time_point at, Counters counters) {
    before_ = std::exchange(now_, std::move(counters));
    const bool first = at_ == Clock::time_point{};
    seconds_ = first ? 0 : std::chrono::duration<double>(at - at_).count();
    at_ = at;
}

std::optional<double> Rates::per_second(const std::string& counter) const {
    const auto now = now_.find(counter);
    const auto before = before_.find(counter);
    if (seconds_ <= 0 || now == now_.end() || before == before_.end()) return {};
    if (now->second < before->second) return {};
    return (now->second - before->second) / seconds_;
}

}  // namespace ringctl
