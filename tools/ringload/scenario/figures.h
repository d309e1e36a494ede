// From what the clients and the watch wrote down to the figures of one fault. Pure: records in,
// numbers out. Times are ns of the monotonic clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tally/result.h"

namespace ringload {

/// What was seen at the network of the origins.
struct Sight {
    enum class Kind : std::uint8_t {
        connect,  // a new connection to an origin, however often TCP tries
        request,  // the first bytes of a request to an origin
        end,      // FIN or RST from an origin, of a connection that it had
    };
    std::int64_t at_ns = 0;
    std::uint16_t origin = 0;  // index
    Kind kind = Kind::connect;
};

struct FaultMoments {
    std::int64_t calm_ns = 0;   // from here on all was well
    std::int64_t fault_ns = 0;  // it took effect
    std::int64_t back_ns = 0;   // it was over; end_ns when it was never
    std::int64_t end_ns = 0;    // of what is looked at
};

struct FaultSettings {
    std::uint8_t record_origin = Record::kNoOrigin;  // what records call it
    std::optional<std::uint16_t> origin;             // index in sights
    std::size_t origins = 1;                         // that share the traffic
    double rate = 0;                                 // requests a second; 0: as before the fault
    Duration round_trip{0};
    Duration latency{0};                  // of the origin
    std::optional<Duration> retry_after;  // of a 429
};

/// All but what ringway says of itself. `records` are by due_ns, `sights` by at_ns; nullptr:
/// nobody watched.
FaultFigures figures_of(std::span<const Record> records, const std::vector<Sight>* sights,
                        const FaultMoments& moments, const FaultSettings& settings);

/// Answered later than normal by a round trip and this counts as slow.
inline constexpr Duration kSlowBeyond = std::chrono::milliseconds(2);
/// An origin that nothing was sent to for so long has been detected.
inline constexpr Duration kLeftAlone = std::chrono::milliseconds(250);
/// Time over which a share of the traffic is counted.
inline constexpr Duration kShare = std::chrono::milliseconds(500);
/// Later than slow by this is not recovered.
inline constexpr Duration kBadBeyond = std::chrono::milliseconds(50);

}  // namespace ringload
