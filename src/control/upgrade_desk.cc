#include "ringway/control/upgrade_desk.h"

namespace ringway::control {

UpgradeDesk::Answer UpgradeDesk::ask() {
    std::unique_lock lock(mutex_);
    const std::uint64_t seen = answers_;
    if (!closed_) wake_();
    answered_.wait(lock, [&] { return closed_ || answers_ > seen; });
    if (answers_ > seen) return last_;
    return std::unexpected("this process is ending");
}

void UpgradeDesk::answer(const Answer& answer) {
    const std::lock_guard lock(mutex_);
    last_ = answer;
    ++answers_;
    answered_.notify_all();
}

void UpgradeDesk::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    answered_.notify_all();
}

}  // namespace ringway::control
