// What requests tell the Monitor.
#include <fmt/format.h>

#include "monitor_machine.h"

namespace ringway::health {

using cluster::BreakerPhase;
using cluster::Place;
using cluster::Reason;
using cluster::UpstreamView;
using cluster::View;

namespace {

std::uint64_t failures_in_row(const MonitorParts& parts, Place place) {
    std::uint64_t sum = 0;
    for (const observe::ShardCounters* shard : parts.all_counters) {
        sum += shard->upstreams[place.pool.value][place.upstream.value].failures_in_row.get();
    }
    return sum;
}

constexpr base::Duration kCredentialsPause = std::chrono::seconds(1);

}  // namespace

void Monitor::on_fault(Place place, Fault fault, base::Instant sent_at) {
    Desk& desk = machine_->desk;
    observe::UpstreamCounters& counters = desk.counters(place);
    counters.failures.add();
    counters.failures_in_row.add();
    const config::Pool& pool = desk.pool(place);
    const std::uint64_t in_row = failures_in_row(desk.parts, place);
    const UpstreamView& upstream = desk.view().upstream(place);
    const bool ejects = pool.outlier.enabled && pool.outlier.consecutive > 0 &&
                        in_row >= pool.outlier.consecutive &&
                        upstream.ejected_until == base::Instant{};
    const bool opens = pool.breaker.enabled && in_row >= pool.breaker.failure_threshold &&
                       upstream.breaker.phase == BreakerPhase::closed;
    const auto evidence = [in_row] { return fmt::format("{} requests failed in a row", in_row); };
    if (opens) {
        desk.publish(evidence(), sent_at, [&](const View& view, base::Instant now) {
            return failover::open_breaker(view, place, Reason::consecutive_failures, now);
        });
    }
    if (ejects) {
        desk.publish(evidence(), sent_at, [&](const View& view, base::Instant now) {
            return failover::eject(view, place, Reason::consecutive_failures, now);
        });
    }
    switch (fault) {
        case Fault::refused:
        case Fault::reset:
        case Fault::timed_out:
            machine_->suspect(place, sent_at, Watch::Sign::failure);
            return;
        case Fault::malformed:
        case Fault::bad_status:
            return;
    }
}

void Monitor::on_sign(Place place) {
    machine_->suspect(place, machine_->desk.now(), Watch::Sign::failure);
}

bool Monitor::take_trial(Place place) {
    return machine_->desk.publish({}, {}, [&](const View& view, base::Instant now) {
        return failover::take_trial(view, place, now);
    });
}

void Monitor::on_trial_passed(Place place) {
    machine_->desk.publish({}, {}, [&](const View& view, base::Instant now) {
        return failover::pass_trial(view, place, now);
    });
}

void Monitor::on_trial_failed(Place place) {
    machine_->desk.publish({}, {}, [&](const View& view, base::Instant now) {
        return failover::open_breaker(view, place, Reason::trial_failed, now);
    });
}

void Monitor::on_trial_abandoned(Place place) {
    machine_->desk.publish({}, {}, [&](const View& view, base::Instant now) {
        return failover::return_trial(view, place, now);
    });
}

void Monitor::on_rate_limited(Place place, base::Duration retry_after) {
    Desk& desk = machine_->desk;
    desk.counters(place).rate_limited.add();
    const std::string evidence =
        fmt::format("429, retry after {:.3g} s", static_cast<double>(retry_after.count()) / 1e9);
    desk.publish(evidence, {}, [&](const View& view, base::Instant now) {
        return failover::cool_down(view, place, now + retry_after, now);
    });
}

void Monitor::on_credentials(Place place, bool refused, std::uint16_t status) {
    Desk& desk = machine_->desk;
    if (refused) desk.counters(place).credentials_refused.add();
    if (desk.view().upstream(place).credentials_fault == refused) return;
    // One resource may be refused where others are not: that must not turn with every answer.
    const base::Instant refused_at =
        machine_->slots[place.pool.value][place.upstream.value].seen.credentials_refused_at;
    if (!refused && desk.now() - refused_at < kCredentialsPause) return;
    desk.publish(fmt::format("{} to a request", status), {},
                 [&](const View& view, base::Instant now) {
                     return failover::set_credentials_fault(view, place, refused, now);
                 });
}

void Monitor::suspect(Place place, base::Instant sent_at) {
    machine_->suspect(place, sent_at, Watch::Sign::overdue);
}

void Monitor::unsuspect(Place place) {
    if (Watch* const watch = machine_->watch(place)) watch->unsuspect();
}

}  // namespace ringway::health
