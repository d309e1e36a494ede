// From a View and one piece of news to the next View, and the transitions between them. Pure: the
// same view and news always give the same answer, and news that the view knows already gives
// nothing. That makes failover single-flight: of many shards with one piece of news the first
// publishes, and the others, who look at the view again, find nothing left to say.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/observe/event.h"

namespace ringway::failover {

using base::Duration;
using base::Instant;
using cluster::Place;
using cluster::Reason;
using cluster::View;

/// The next view (its version one higher) and what it changes, in the order in which it is told.
/// Events have version, part, kind, reason, from, to, pool, upstream, at and, where one came back
/// in, took; their publisher adds the rest. Some changes are too small for an event (a trial).
struct Next {
    std::unique_ptr<const View> view;
    std::vector<observe::Event> events;
};
using Step = std::optional<Next>;

/// [pool][upstream] -> addresses of its name, ports included; of literal addresses whatever.
using Addresses = std::vector<std::vector<std::vector<base::SocketAddress>>>;

/// Version 1. Upstreams of a pool with an enabled check start unknown, others healthy.
std::unique_ptr<const View> first_view(const config::Config& config, const Addresses& resolved,
                                       Instant now);

/// Names have these addresses now. A pool's version counts up exactly when one of its upstreams
/// changed.
Step set_addresses(const config::Config& config, const View& view, const Addresses& resolved,
                   Instant now);

/// The verdict on an upstream. To healthy also ends its ejection and makes an open breaker half
/// open. Draining and maintenance are left only with Reason::by_hand or agent_asked.
Step set_state(const config::Config& config, const View& view, Place place,
               cluster::UpstreamState state, Reason reason, Instant now);

/// As set_state(unhealthy, probe_missed), unless that was the pool's last eligible upstream, or
/// more than Suspicion::max_out_percent of the pool (at least one) would be out by missed probes.
Step set_missing(const config::Config& config, const View& view, Place place, Instant now);

/// Ejects it for ejection_time x ejections in a row (at most ejection_max), unless max_ejected
/// of the pool (at least one, rounded down beyond; none when 0) are ejected already, or it is.
Step eject(const config::Config& config, const View& view, Place place, Reason reason, Instant now);

/// Rate limited until then; nothing when it cools as long or longer already.
Step cool_down(const config::Config& config, const View& view, Place place, Instant until,
               Instant now);

Step set_credentials_fault(const config::Config& config, const View& view, Place place, bool fault,
                           Instant now);

/// What its agent asked for; 0 percent: no traffic.
Step set_agent_percent(const config::Config& config, const View& view, Place place,
                       std::uint8_t percent, Instant now);

/// The steps of breaker/breaker.h on the upstream's breaker; nothing where those give nothing, or
/// the breaker is not enabled.
Step open_breaker(const config::Config& config, const View& view, Place place, Reason reason,
                  Instant now);
Step take_trial(const config::Config& config, const View& view, Place place, Instant now);
Step pass_trial(const config::Config& config, const View& view, Place place, Instant now);
Step return_trial(const config::Config& config, const View& view, Place place, Instant now);

/// Everything that became due by `now`: ejections, coolings and recovery time-outs that are over.
Step pass_time(const config::Config& config, const View& view, Instant now);
/// When pass_time() would do something; kNever when never.
Instant next_due(const config::Config& config, const View& view);

/// The soonest moment at which an upstream of the pool stops cooling, when every upstream that is
/// in a state to take traffic is cooling; nothing otherwise.
std::optional<Instant> all_cooling_until(const cluster::PoolView& pool);

/// Works out what follows for each upstream of the pool (eligible, weight, out_since) and the pool
/// (panic):
/// - usable: it has an address, is healthy or degraded, not ejected, not cooling, its agent wants
///   more than 0 percent, and its breaker admits;
/// - when fewer than panic_percent of the upstreams that are not draining or in maintenance are
///   usable, those that are out for nothing but their ejection are used as well;
/// - when nobody is usable, those that are unknown and out for nothing else are.
/// Weight: configured x degraded_weight_percent when degraded x agent_percent, at least 1.
void settle(const config::Pool& config, cluster::PoolView& pool, Instant now);

}  // namespace ringway::failover
