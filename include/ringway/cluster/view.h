// The shared vocabulary of pools and upstreams, and the View: the immutable picture of who may be
// picked, which control publishes and shards read.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "ringway/base/socket_address.h"

namespace ringway::cluster {

/// Place of a pool in Config::pools and View::pools.
struct PoolIndex {
    std::uint16_t value = 0;
    auto operator<=>(const PoolIndex&) const = default;
};

/// Place of an upstream within its pool.
struct UpstreamIndex {
    std::uint16_t value = 0;
    auto operator<=>(const UpstreamIndex&) const = default;
};

struct UpstreamView {
    bool eligible = true;      // may be picked now
    bool backup = false;       // picked only when no other upstream of the pool is eligible
    std::uint32_t weight = 1;  // 1..kWeightMax; relative within the pool
    std::uint32_t tier = 0;  // priority: the lowest number with an eligible upstream is used first
    // where to connect; empty until a name was resolved (then not eligible)
    std::vector<base::SocketAddress> addresses;
};

inline constexpr std::uint32_t kWeightMax = 1000;

struct PoolView {
    // differs from the last one exactly when an upstream of this pool changed
    std::uint64_t version = 0;
    std::vector<UpstreamView> upstreams;
};

struct View {
    std::uint64_t version = 0;
    std::vector<PoolView> pools;
};

}  // namespace ringway::cluster
