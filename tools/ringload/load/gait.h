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

/// How many of the connections that are opened at the start carry the load.
std::uint32_t brisk_at_start(const LoadPlan& plan, const std::vector<Gait>& gaits);

/// The numbers of the connections of thread `index` of `count`, ascending. Brisk ones and slow ones
/// are dealt out in turn, each by themselves: a thread has its part of the load, which only brisk
/// ones carry.
std::vector<std::uint32_t> connections_of_thread(const std::vector<Gait>& gaits,
                                                 std::uint32_t index, std::uint32_t count);

}  // namespace ringload
