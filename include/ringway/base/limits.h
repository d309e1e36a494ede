// Bounds that no configuration can exceed; the configurable ones have their defaults in
// config/config.h.
#pragma once

#include <cstddef>

namespace ringway::base {

inline constexpr std::size_t kShardsMax = 256;
inline constexpr std::size_t kListenersMax = 64;
inline constexpr std::size_t kRoutesMax = 4096;
inline constexpr std::size_t kPoolsMax = 1024;
inline constexpr std::size_t kUpstreamsPerPoolMax = 256;
inline constexpr std::size_t kAddressesPerUpstreamMax = 16;
inline constexpr std::size_t kAttemptsMax = 8;  // sends of one request, the first included
// fields of one head, whatever the configuration says
inline constexpr std::size_t kFieldsMax = 256;
inline constexpr std::size_t kHeaderEditsMax = 64;  // set, add and remove together, per route
inline constexpr std::size_t kSplitTargetsMax = 16;
inline constexpr std::size_t kChecksPerPoolMax = 8;
inline constexpr std::size_t kContentRulesMax = 16;  // of one check

}  // namespace ringway::base
