// Which events have been told: none is lost over a connection that was cut, none told twice, and a
// process that began anew is noticed although its ids start from 1 again. Pure; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/json.h"

namespace ringctl {

class EventHistory {
 public:
    /// `after`: the id of the last event that is known already.
    explicit EventHistory(std::uint64_t after) : last_id_(after) {}

    std::uint64_t last_id() const { return last_id_; }

    /// How an event follows on the last one.
    struct Verdict {
        bool is_new = false;
        std::uint64_t missed = 0;  // events before it that the server did not keep
    };
    Verdict take(std::uint64_t id, std::string time);

    /// What to ask after a cut: the event before the ones to come, so that it can be compared.
    /// Nothing when there is none.
    std::optional<std::uint64_t> probe_after() const;
    /// The answer, an array of at most one event, and the id of the server's newest one. True when
    /// they show that the server's events are no longer those that were told, and history begins
    /// anew. A new process that an upgrade has made counts on, though it may have none of those
    /// before it.
    bool begins_anew(const Value& events, std::uint64_t newest);

 private:
    std::uint64_t last_id_;
    std::string last_time_;  // "" when only the id is known
};

/// 0 when it has none.
std::uint64_t event_id(const Value& event);

}  // namespace ringctl
