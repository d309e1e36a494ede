// Which connections of a run are slow clients. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace ringload {

enum class Gait : std::uint8_t { brisk, slow_reader, slow_sender };

/// The gaits of connections 0 to `count` - 1: as many of each as its share is, to within one
/// connection, and each evenly spread, among any number of the first ones as well.
std::vector<Gait> deal_gaits(const Misbehaviour& misbehaviour, std::uint32_t count);

}  // namespace ringload
