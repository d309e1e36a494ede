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
    Machine(const MonitorParts& parts, Upstreams& upstreams);

    void start();
    void look_at(const cluster::View& view);
    void on_published(const cluster::View& view) override { look_at(view); }  // as Desk::view()
    bool silence_counts(cluster::Place place) const override;
    void ask_owner(cluster::Place place, base::Instant first_sign) const override;
    void serve_asked();
    void note_changes(const cluster::View& view, std::size_t pool);
    void on_tick();
    void on_due();
    void share_out();
    std::uint16_t owner_of(std::size_t number) const;
    std::uint16_t owner_of(cluster::Place place) const {
        return owner_of(std::size_t{place.pool.value} + place.upstream.value);
    }
    void adopt(const cluster::View& view);
    void make_room(cluster::Place place, const std::string& address_before);
    void stop();
    bool over() const;

    /// nullptr: retired.
    Watch* watch(cluster::Place place) {
        return slots[place.pool.value][place.upstream.value].watch.get();
    }
    void suspect(cluster::Place place, base::Instant first_sign, Watch::Sign sign) {
        if (Watch* const of = watch(place)) of->suspect(first_sign, sign);
    }
    /// (place, its Slot&) of every upstream that is not retired.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (std::size_t pool = 0; pool < slots.size(); ++pool) {
            for (std::size_t i = 0; i < slots[pool].size(); ++i) {
                const cluster::Place place{{static_cast<std::uint16_t>(pool)},
                                           {static_cast<std::uint16_t>(i)}};
                if (slots[pool][i].watch != nullptr) visit(place, slots[pool][i]);
            }
        }
    }

    /// What of an upstream's view ends its failures in a row.
    struct Seen {
        base::Instant ejected_until{};
        cluster::BreakerPhase phase = cluster::BreakerPhase::closed;
        std::uint16_t breaker_resets = 0;
        bool credentials_fault = false;
        base::Instant credentials_refused_at{};
    };

    struct Slot {
        std::unique_ptr<Watch> watch;
        Seen seen;
    };

    Desk desk;
    Upstreams& upstreams;
    std::vector<std::vector<Slot>> slots;          // [pool][upstream]
    std::vector<std::unique_ptr<Watch>> replaced;  // until their probes are home
    std::vector<std::uint64_t> seen_versions;      // of pools
    Steward steward;
    base::TimerOf<&Machine::on_tick> tick_timer{*this};
    base::TimerOf<&Machine::on_due> due_timer{*this};
    std::uint64_t asked_served = 0;
    bool started = false;
    bool stopped = false;
};

}  // namespace ringway::health
