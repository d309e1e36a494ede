// The descriptors that a load needs: one a connection and some for rings, files and the terminal.
#pragma once

#include <cstdint>
#include <string>

#include "plan/plan.h"

namespace ringload {

std::uint64_t descriptors_of(const LoadPlan& plan);

/// Raises RLIMIT_NOFILE as far as the plan needs it, and makes room for them in the table of
/// descriptors, whose growth would hold a thread up while it measures. A sentence when it does not
/// fit; "" otherwise.
std::string make_room_for(const LoadPlan& plan);

}  // namespace ringload
