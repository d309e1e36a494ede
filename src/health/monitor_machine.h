// The inside of a Monitor: the watches of all upstreams, the steward, and their clockwork. Owned by
// the Monitor, on the shard's thread.
#pragma once

#include <memory>
#include <vector>

#include "desk.h"
#include "steward.h"
#include "watch.h"

namespace ringway::health {

struct Monitor::Machine final : ViewReader, Suspects {
    Machine(const MonitorParts& parts, std::vector<Upstream>& upstreams,
            const std::vector<std::size_t>& first_of_pool);

    void start();
    void look_at(const cluster::View& view);
    void on_published(const cluster::View& view) override { look_at(view); }
    bool silence_counts(cluster::Place place) const override;
    void ask_owner(cluster::Place place, base::Instant first_sign) const override;
    void serve_asked();
    void note_changes(const cluster::View& view, std::size_t pool);
    void on_tick();
    void on_due();
    void share_out();
    std::uint16_t owner_of(std::size_t number) const;
    void stop();

    std::size_t flat(cluster::Place place) const {
        return first_of_pool[place.pool.value] + place.upstream.value;
    }
    Watch& watch(cluster::Place place) { return *watches[flat(place)]; }

    /// What of an upstream's view ends its failures in a row.
    struct Seen {
        base::Instant ejected_until{};
        cluster::BreakerPhase phase = cluster::BreakerPhase::closed;
        std::uint16_t breaker_resets = 0;
        bool credentials_fault = false;
        base::Instant credentials_refused_at{};
    };

    Desk desk;
    std::vector<Upstream>& upstreams;
    const std::vector<std::size_t>& first_of_pool;
    std::vector<std::unique_ptr<Watch>> watches;
    std::vector<Seen> seen;
    std::vector<std::uint64_t> seen_versions;  // of pools
    Steward steward;
    base::TimerOf<&Machine::on_tick> tick_timer{*this};
    base::TimerOf<&Machine::on_due> due_timer{*this};
    std::uint64_t asked_served = 0;
    bool started = false;
    bool stopped = false;
};

}  // namespace ringway::health
