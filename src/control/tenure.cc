#include "ringway/control/tenure.h"

#include <algorithm>
#include <thread>

namespace ringway::control {

namespace {

// A visit that is under way may have passed a publisher by; the next one finds its events, and the
// one behind it tells them.
constexpr std::uint64_t kVisitsToTell = 3;

}  // namespace

void Tenure::begin_handover(std::uint64_t version) {
    const std::lock_guard lock(changes_);
    handing_over_ = true;
    version_ = version;
}

std::uint64_t Tenure::conclude(const Chronicle& chronicle,
                               std::chrono::milliseconds patience) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    const std::uint64_t told = chronicle.visits() + kVisitsToTell;
    while (chronicle.visits() < told && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return last_event(chronicle);
}

void Tenure::resume() {
    const std::lock_guard lock(changes_);
    handing_over_ = false;
    version_ = kOpen;
}

std::vector<observe::Told> Tenure::own(std::vector<observe::Told> told) const {
    const std::uint64_t version = version_;
    const auto later = [version](const observe::Told& one) {
        return !one.inherited && one.event.version > version;
    };
    told.erase(std::ranges::find_if(told, later), told.end());
    return told;
}

std::uint64_t Tenure::last_event(const Chronicle& chronicle) const {
    const std::uint64_t last = chronicle.last_id();  // before what may be added
    if (version_ == kOpen) return last;
    const auto kept = chronicle.events_after(0, Chronicle::kKept);
    if (kept.empty()) return last;
    const auto mine = own(kept);
    return mine.empty() ? kept.front().id - 1 : mine.back().id;
}

}  // namespace ringway::control
