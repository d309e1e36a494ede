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
/// Events have version, part, kind, reason, from, to, pool, upstream and at, those of upstreams
/// first. The one that brought an upstream back in has took, the time that it was not eligible; the
/// one that took it out has took 0, which the publisher replaces; their publisher adds the rest.
/// Some changes are too small for an event (a trial, a weight, a longer cooling, becoming unknown).
///
/// Events of a pool: `panic` and `panic_over` as PoolView::panic turns; `total_failure` when nobody
/// is left, `total_recovery` when one is back, `failover` when the lowest tier with an eligible
/// upstream changes, backups being the last tier. An upstream whose breaker has given out all its
/// trials counts as eligible for these: nothing has been found out yet.
struct Next {
    std::unique_ptr<const View> view;
    std::vector<observe::Event> events;
};
using Step = std::optional<Next>;

/// [pool][upstream] -> addresses of its name, ports included; of literal addresses whatever.
using Addresses = std::vector<std::vector<std::vector<base::SocketAddress>>>;

/// Version 1. Upstreams of a pool with an enabled check start unknown, others healthy.
std::unique_ptr<const View> first_view(std::shared_ptr<const config::Config> config,
                                       const Addresses& resolved, Instant now);
/// As above with a configuration that outlives the view and all that follow it.
std::unique_ptr<const View> first_view(const config::Config& config, const Addresses& resolved,
                                       Instant now);

/// The configuration that follows the view's (config::merge). What is known of an upstream stays
/// while its address does, but for what the new rules do not know: a breaker or an ejection where
/// there are none now, the wish of an agent that is not asked any more, the fault of a credential
/// that was replaced. One with another address begins anew; a drain or maintenance by hand stays in
/// any case. A name without an answer in `resolved` keeps the addresses that it had.
Step adopt(const View& view, std::shared_ptr<const config::Config> next, const Addresses& resolved,
           Instant now);

/// Names have these addresses now. A pool's version counts up exactly when one of its upstreams
/// changed.
Step set_addresses(const View& view, const Addresses& resolved, Instant now);

/// The verdict on an upstream; nothing when it is in that state already, for whatever reason. To
/// healthy also ends its ejection and makes an open breaker half open. Draining and maintenance are
/// left only with Reason::by_hand or agent_asked, and those set by hand only by hand.
Step set_state(const View& view, Place place, cluster::UpstreamState state, Reason reason,
               Instant now);

/// As set_state(unhealthy, probe_missed), unless that was the pool's last eligible upstream, or
/// more than Suspicion::max_out_percent of the pool (at least one) would be out by missed probes.
Step set_missing(const View& view, Place place, Instant now);

/// Ejects it for ejection_time x ejections in a row (at most ejection_max), unless max_ejected
/// of the pool (at least one, rounded down beyond; none when 0) are ejected already, or it is, or
/// outliers are not looked for. A row ends when it was back for longer than ejection_max.
Step eject(const View& view, Place place, Reason reason, Instant now);

/// Rate limited until then, rounded up to 0.1 s, so that a thousand answers of one moment change
/// the view once; nothing when it cools as long or longer already, or when that is past.
Step cool_down(const View& view, Place place, Instant until, Instant now);

Step set_credentials_fault(const View& view, Place place, bool fault, Instant now);

/// What its agent asked for; 0 percent: no traffic.
Step set_agent_percent(const View& view, Place place, std::uint8_t percent, Instant now);

/// The steps of breaker/breaker.h on the upstream's breaker; nothing where those give nothing, or
/// the breaker is not enabled. With Reason::trial_failed only a half-open one opens.
Step open_breaker(const View& view, Place place, Reason reason, Instant now);
Step take_trial(const View& view, Place place, Instant now);
Step pass_trial(const View& view, Place place, Instant now);
Step return_trial(const View& view, Place place, Instant now);

/// Everything that became due by `now`: ejections, coolings and recovery time-outs that are over.
Step pass_time(const View& view, Instant now);
/// When pass_time() would do something; kNever when never.
Instant next_due(const View& view);

/// The soonest moment at which an upstream of the pool stops cooling, when nothing but that keeps
/// it from traffic, and no upstream is there that could take traffic now; nothing otherwise.
std::optional<Instant> all_cooling_until(const cluster::PoolView& pool);

/// Works out what follows for each upstream of the pool (eligible, weight, out_since) and the pool
/// (panic):
/// - usable: it has an address, is healthy or degraded, not ejected, not cooling, its agent wants
///   more than 0 percent, its weight is not 0 by hand, and its breaker admits;
/// - when fewer than panic_percent of the upstreams that are not draining or in maintenance are
///   usable, those that are out for nothing but their ejection are used as well; panic when there
///   is such a one;
/// - when nobody is usable, those that are unknown and out for nothing else are.
/// Weight: by hand, else configured, x degraded_weight_percent when degraded or its credential is
/// refused x agent_percent. Where that leaves no whole number, all weights of the pool are
/// multiplied by what makes them whole (1, 1 and 25 % of 1 are 4, 4 and 1), within 1..kWeightMax.
void settle(const config::Pool& config, cluster::PoolView& pool, Instant now);

}  // namespace ringway::failover
