#include "client/follow.h"

namespace ringctl {

EventHistory::Verdict EventHistory::take(std::uint64_t id, std::string time) {
    if (id <= last_id_) return {};
    // without a first event nothing is missed: the first one that comes begins the story
    const std::uint64_t missed = last_id_ == 0 ? 0 : id - last_id_ - 1;
    last_id_ = id;
    last_time_ = std::move(time);
    return {true, missed};
}

std::optional<std::uint64_t> EventHistory::probe_after() const {
    if (last_id_ == 0) return {};
    return last_id_ - 1;
}

bool EventHistory::begins_anew(const Value& events, std::uint64_t newest) {
    const auto found = events.elements();
    const std::uint64_t id = found.empty() ? 0 : event_id(found.front());
    // later ones: the last one told is no longer kept, which take() will count
    if (id > last_id_ || (id == 0 && newest >= last_id_)) return false;
    const bool same_time =
        last_time_.empty() || (id != 0 && found.front()["time"].text() == last_time_);
    if (id == last_id_ && same_time) return false;
    last_id_ = 0;
    last_time_.clear();
    return true;
}

std::uint64_t event_id(const Value& event) {
    const double id = event["id"].number_or_zero();
    return id > 0 ? static_cast<std::uint64_t>(id) : 0;
}

}  // namespace ringctl
