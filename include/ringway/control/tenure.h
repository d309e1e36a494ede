// How long this process is the service: until it hands over to a newer one. What is told and
// changed around that moment must be neither lost nor told twice.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "ringway/control/chronicle.h"

namespace ringway::control {

/// The main thread hands over; any thread asks. The successor begins with an image of a View: the
/// events up to that View's version are this process's to tell, and what comes later the successor
/// finds by itself. So later ones are held back from the handover's begin until it is known whether
/// a successor came.
class Tenure {
 public:
    /// The view of `version` is in force, and will be in the image, or a later one. From now on no
    /// change by hand is taken, which would be lost to a successor.
    void begin_handover(std::uint64_t version);
    /// The image is of this version.
    void cover(std::uint64_t version) { version_ = version; }
    /// The id of the last event that is this process's, from which the successor counts on. Waits,
    /// for as long as `patience`, until the chronicle has told what was published before the call.
    std::uint64_t conclude(const Chronicle& chronicle,
                           std::chrono::milliseconds patience = std::chrono::seconds(2)) const;
    /// No successor came: all is as it was before.
    void resume();

    /// Calls `change` unless a handover has begun, and lets none begin meanwhile. False when it was
    /// not called. Any thread.
    template <class Change>
    bool change(const Change& change) {
        const std::lock_guard lock(changes_);
        if (handing_over_) return false;
        change();
        return true;
    }

    /// Of events in the order of their ids, those up to the first that is not this process's to
    /// tell. Any thread.
    std::vector<observe::Told> own(std::vector<observe::Told> told) const;
    /// The id of the last event that may be told. Any thread.
    std::uint64_t last_event(const Chronicle& chronicle) const;

 private:
    static constexpr std::uint64_t kOpen = UINT64_MAX;

    std::mutex changes_;
    bool handing_over_ = false;  // by the mutex
    std::atomic<std::uint64_t> version_{kOpen};
};

}  // namespace ringway::control
