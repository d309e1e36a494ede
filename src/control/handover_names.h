// The words of a handover, as both sides write them.
#pragma once

#include <string_view>

namespace ringway::control {

inline constexpr std::string_view kHandoverVariable = "RINGWAY_HANDOVER";  // a descriptor number
inline constexpr int kHandoverDescriptor = 3;

// Kinds of messages; old to new:
inline constexpr std::string_view kListeners = "listeners";  // sockets, with their addresses
inline constexpr std::string_view kAdmin = "admin";          // a socket, with its address
inline constexpr std::string_view kPidFile = "pid_file";     // a file
inline constexpr std::string_view kState = "state";          // a file with a StateImage
inline constexpr std::string_view kEstateEnd = "estate_end";
inline constexpr std::string_view kGo = "go";  // event_id, a file with the events
// new to old:
inline constexpr std::string_view kReady = "ready";
inline constexpr std::string_view kFailed = "failed";  // reason
inline constexpr std::string_view kServing = "serving";

}  // namespace ringway::control
