// Steps that an operator asks for, in the manner of failover/merge.h: from a View to the next one,
// nothing where nothing is new. What they set stays until it is changed by hand again. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/failover/merge.h"

namespace ringway::failover {

/// Draining or maintenance, whoever asked for it before; or healthy, from where health checks go
/// on as after any recovery: it also ends an ejection and makes an open breaker half open.
Step set_state_by_hand(const View& view, Place place, cluster::UpstreamState state, Instant now);

/// The weight, 0..kWeightMax; nothing: that of the configuration. With 0 it gets no traffic.
Step set_weight_by_hand(const View& view, Place place, std::optional<std::uint32_t> weight,
                        Instant now);

/// Open until it is closed by hand: neither time nor a passed check makes it half open. Nothing
/// when the pool's breakers are not enabled, here and below.
Step open_breaker_by_hand(const View& view, Place place, Instant now);

/// Closed now. It remembers how often in a row it had opened.
Step close_breaker_by_hand(const View& view, Place place, Instant now);

/// Closed as if it had never opened, and what the shards counted towards its opening is forgotten.
/// Never nothing, where breakers are enabled: it cannot be seen from here what they counted.
Step reset_breaker(const View& view, Place place, Instant now);

/// What of an upstream was set by hand.
struct ByHand {
    bool state = false;
    bool weight = false;
    bool breaker = false;
};
ByHand set_by_hand(const cluster::UpstreamView& upstream);

}  // namespace ringway::failover
