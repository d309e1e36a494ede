#include "board_judge.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace ringway::sim {

using cluster::BreakerPhase;
using cluster::Reason;
using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::Event;
using observe::EventKind;

namespace {

// What became due is published at the end of a turn, and turns may come late.
constexpr Duration kDueSlack = std::chrono::milliseconds(200);
constexpr Duration kTrialSlack = std::chrono::milliseconds(2);

bool is_ejected(const UpstreamView& upstream) { return upstream.ejected_until != Instant{}; }

}  // namespace

BoardJudge::BoardJudge(const SimNet& net, Ledger& ledger, const config::Config& config)
    : net_(net), ledger_(ledger), rules_(config.pools[0]) {
    const std::size_t count = rules_.upstreams.size();
    models_.resize(count);
    standings_.resize(count);
    kept_.resize(count);
    for (Model& model : models_) {
        model.state =
            rules_.health.checks.empty() ? UpstreamState::healthy : UpstreamState::unknown;
    }
    for (Standing& standing : standings_) standing.since = net_.now();
}

void BoardJudge::look_at(failover::Board& board, std::size_t shard, Instant risen_at) {
    const cluster::View& view = *board.read();
    judge_wake(view, shard, risen_at);
    take_events(board);
    compare(view);
    if (keeps_breakers) keep_breakers(view, shard, risen_at);
}

// Whoever publishes wakes the others.
void BoardJudge::judge_wake(const cluster::View& view, std::size_t shard, Instant risen_at) {
    const Instant since = unseen_since_[shard];
    if (since != base::kNever && risen_at > since + wake_slack) {
        ledger_.violation("shard " + std::to_string(shard) + " slept for " +
                          std::to_string(base::to_us(risen_at - unseen_since_[shard])) +
                          " us after another one had published");
    }
    unseen_since_[shard] = base::kNever;
    Instant& other = unseen_since_[1 - shard];
    if (view.version != version_) other = std::min(other, net_.now());
}

void BoardJudge::violation(const Event& event, const std::string& what) {
    ledger_.violation("event " + std::to_string(event.version) + "." + std::to_string(event.part) +
                      " (" + observe::name_of(event.kind) + " of upstream " +
                      std::to_string(event.upstream) + ", " + cluster::name_of(event.reason) +
                      ") " + what);
}

// -- events --

void BoardJudge::take_events(failover::Board& board) {
    std::vector<Event> events;
    for (std::uint16_t teller = 0; teller <= board.shard_count(); ++teller) {
        std::pair<std::uint64_t, int> last{0, -1};
        for (Event event; board.events(teller).pop(event);) {
            const std::pair<std::uint64_t, int> place{event.version, event.part};
            if (place <= last) violation(event, "was told out of order");
            if (event.shard != teller) violation(event, "is in the ring of another shard");
            last = place;
            events.push_back(event);
        }
    }
    if (board.events_lost() > 0) ledger_.violation("events were lost");
    std::ranges::sort(events, {}, [](const Event& e) { return std::tuple(e.version, e.part); });
    std::set<std::tuple<std::uint64_t, std::uint16_t, EventKind>> told;
    std::set<std::pair<std::uint64_t, std::uint16_t>> places;
    for (const Event& event : events) {
        if (event.version <= version_) violation(event, "is of a version that was told before");
        if (event.version > board.read()->version) violation(event, "is of a view to come");
        if (!places.emplace(event.version, event.part).second)
            violation(event, "has the place of another one");
        if (!told.emplace(event.version, event.upstream, event.kind).second)
            violation(event, "is told twice");
        take(event);
    }
    version_ = board.read()->version;
}

void BoardJudge::take(const Event& event) {
    ++event_count_;
    ++counts_[static_cast<std::size_t>(event.kind)];
    ledger_.trace("board", std::string(observe::name_of(event.kind)) + " of upstream " +
                               std::to_string(event.upstream + 1) + ", " +
                               cluster::name_of(event.reason) + ": " +
                               std::string(event.evidence_text()));
    if (event.upstream == Event::kWholePool) return take_of_pool(event);
    Model& model = models_[event.upstream];
    standings_[event.upstream].since = net_.now();
    const auto turn = [&](bool& what, bool to) {
        if (what == to) violation(event, "tells what was so already");
        what = to;
    };
    switch (event.kind) {
        case EventKind::healthy:
        case EventKind::unhealthy:
        case EventKind::degraded:
        case EventKind::recovered:
        case EventKind::draining:
        case EventKind::maintenance:
            return take_state(event, model);
        case EventKind::ejected:
            return turn(model.ejected, true);
        case EventKind::readmitted:
            return turn(model.ejected, false);
        case EventKind::rate_limited:
            return turn(model.cooling, true);
        case EventKind::rate_limit_over:
            return turn(model.cooling, false);
        case EventKind::credentials_refused:
            return turn(model.credentials_fault, true);
        case EventKind::credentials_accepted:
            return turn(model.credentials_fault, false);
        case EventKind::breaker_open:
        case EventKind::breaker_half_open:
        case EventKind::breaker_closed:
            return take_breaker(event, model);
        case EventKind::weight_set:
            return violation(event, "is by hand, and no hand is in the simulation");
        case EventKind::failover:
        case EventKind::panic:
        case EventKind::panic_over:
        case EventKind::total_failure:
        case EventKind::total_recovery:
            violation(event, "is of a pool");
    }
}

void BoardJudge::take_state(const Event& event, Model& model) {
    if (event.from != model.state) violation(event, "does not begin where the last one ended");
    if (event.from == event.to) violation(event, "is no transition");
    const bool fits = event.kind == EventKind::healthy ? event.from == UpstreamState::unknown &&
                                                             event.to == UpstreamState::healthy
                      : event.kind == EventKind::recovered ? event.from != UpstreamState::unknown &&
                                                                 event.to == UpstreamState::healthy
                      : event.kind == EventKind::degraded ? event.to == UpstreamState::degraded
                                                          : event.to == UpstreamState::unhealthy;
    if (!fits) violation(event, "has the wrong kind");
    model.state = event.to;
    const bool dead = event.reason == Reason::probe_missed || event.reason == Reason::probe_refused;
    if (dead && event.to == UpstreamState::unhealthy && on_dead) on_dead(event.upstream);
}

Duration BoardJudge::time_open(int openings) const {
    Duration time = rules_.breaker.recovery_timeout;
    for (int i = 1; i < openings; ++i) time = std::min(2 * time, rules_.breaker.recovery_max);
    return time;
}

void BoardJudge::take_breaker(const Event& event, Model& model) {
    if (event.kind == EventKind::breaker_open) {
        if (model.phase == BreakerPhase::open) violation(event, "is of an open breaker");
        if (event.reason == Reason::trial_failed && model.phase != BreakerPhase::half_open)
            violation(event, "is of a trial, but the breaker was not half open");
        model.phase = BreakerPhase::open;
        model.until = event.at + time_open(++model.openings);
    } else if (event.kind == EventKind::breaker_half_open) {
        if (model.phase != BreakerPhase::open) violation(event, "is of a breaker not open");
        if (event.reason == Reason::time_passed && event.at < model.until)
            violation(event, "comes too soon");
        model.phase = BreakerPhase::half_open;
    } else {
        if (model.phase != BreakerPhase::half_open)
            violation(event, "is of a breaker that was not half open");
        model.phase = BreakerPhase::closed;
        model.openings = 0;
    }
}

void BoardJudge::take_of_pool(const Event& event) {
    const auto turn = [&](bool& what, bool to) {
        if (what == to) violation(event, "tells what was so already");
        what = to;
    };
    if (event.kind == EventKind::panic || event.kind == EventKind::panic_over) {
        turn(panic_, event.kind == EventKind::panic);
        for (Standing& standing : standings_) standing.since = net_.now();
    } else if (event.kind == EventKind::failover) {
        if (total_failure_) violation(event, "although nobody serves");
    } else {
        turn(total_failure_, event.kind == EventKind::total_failure);
    }
}

// -- the view --

void BoardJudge::compare(const cluster::View& view) {
    const cluster::PoolView& pool = *view.pools[0];
    const auto differs = [&](std::size_t i, const char* what) {
        ledger_.violation("version " + std::to_string(view.version) + ", upstream " +
                          std::to_string(i) + ": " + what);
    };
    const Instant now = net_.now();
    for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
        const UpstreamView& is = pool.upstreams[i];
        const Model& model = models_[i];
        if (is.state != model.state) differs(i, "its state was not told");
        if (is_ejected(is) != model.ejected) differs(i, "its ejection was not told");
        if ((is.cooling_until != Instant{}) != model.cooling) differs(i, "its cooling not told");
        if (is.credentials_fault != model.credentials_fault) differs(i, "its credential not told");
        if (is.breaker.phase != model.phase) differs(i, "its breaker was not told");
        if (is.breaker.phase == BreakerPhase::open && is.breaker.until != model.until)
            differs(i, "its breaker stays open for another time");
        for (const Instant until :
             {is.ejected_until, is.cooling_until,
              is.breaker.phase == BreakerPhase::open ? is.breaker.until : Instant{}}) {
            if (until != Instant{} && until + kDueSlack < now) differs(i, "its time has passed");
        }
        // naive settle(), for what this world has
        const bool good = is.state == UpstreamState::healthy || is.state == UpstreamState::degraded;
        const bool admits = model.phase == BreakerPhase::closed ||
                            (model.phase == BreakerPhase::half_open &&
                             is.breaker.trials < rules_.breaker.max_trial_requests);
        const bool reachable = !model.cooling && admits;
        const bool sound = good && !model.ejected && reachable;
        if (sound && !is.eligible) differs(i, "is out although nothing speaks against it");
        if (is.eligible && !reachable)
            differs(i, "is in although it cools, or its breaker is open");
        if (is.eligible && model.ejected && !pool.panic) differs(i, "is in although ejected");
        if (is.eligible && is.state == UpstreamState::unhealthy) differs(i, "is in, but unhealthy");
        Standing& standing = standings_[i];
        if (standing.eligible != is.eligible) {
            standing.eligible = is.eligible;
            standing.since = now;
        }
        standing.view = is;
    }
    if (pool.panic != panic_) ledger_.violation("the pool's panic was not told");
}

// -- breakers from outcomes --

void BoardJudge::note_outcome(std::size_t upstream, std::size_t shard, bool failed, bool trial) {
    outcomes_[shard].push_back({net_.now(), upstream, failed, trial});
}

void BoardJudge::note_trial(std::size_t upstream) {
    Kept& kept = kept_[upstream];
    if (!keeps_breakers) return;
    // Lost ones are given anew after a recovery time-out; they were taken before they were sent.
    const Instant due = kept.trial_at + rules_.breaker.recovery_timeout;
    if (net_.now() + kTrialSlack >= due) kept.trials = kept.successes;
    kept.trial_at = net_.now();
    if (++kept.trials <= rules_.breaker.max_trial_requests) return;
    ledger_.violation("upstream " + std::to_string(upstream) + " was sent " +
                      std::to_string(kept.trials) + " trials");
}

void BoardJudge::change(Kept& kept, BreakerPhase phase, std::size_t shard) {
    kept.phase = phase;
    kept.successes = kept.trials = 0;
    ++kept.changes;
    kept.in_row[shard] = 0;  // the other shard's are forgotten once it looks
    kept.seen[shard] = kept.changes;
}

void BoardJudge::open(Kept& kept, std::size_t shard, Instant at) {
    change(kept, BreakerPhase::open, shard);
    kept.until = at + time_open(++kept.openings);
}

/// The shard has handled what it had read when it rose, and then what was due.
void BoardJudge::keep_breakers(const cluster::View& view, std::size_t shard, Instant risen_at) {
    for (Kept& kept : kept_) {
        if (kept.seen[shard] != kept.changes) kept.in_row[shard] = 0;
        kept.seen[shard] = kept.changes;
    }
    auto& outcomes = outcomes_[shard];
    std::size_t done = 0;
    for (; done < outcomes.size() && outcomes[done].at <= risen_at; ++done) {
        const Outcome& outcome = outcomes[done];
        Kept& kept = kept_[outcome.upstream];
        const bool on_trial = outcome.trial && kept.phase == BreakerPhase::half_open;
        if (!outcome.failed) {
            kept.in_row[shard] = 0;
            if (!on_trial || ++kept.successes < rules_.breaker.success_threshold) continue;
            kept.openings = 0;
            change(kept, BreakerPhase::closed, shard);
            continue;
        }
        ++kept.in_row[shard];
        const bool enough = kept.in_row[0] + kept.in_row[1] >= rules_.breaker.failure_threshold;
        if (on_trial || (kept.phase == BreakerPhase::closed && enough)) open(kept, shard, risen_at);
    }
    outcomes.erase(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(done));
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        Kept& kept = kept_[i];
        const BreakerPhase phase = view.pools[0]->upstreams[i].breaker.phase;
        if (kept.phase == BreakerPhase::open && phase == BreakerPhase::half_open &&
            risen_at >= kept.until) {
            change(kept, BreakerPhase::half_open, shard);
        }
        if (phase == kept.phase) continue;
        ledger_.violation("the breaker of upstream " + std::to_string(i) + " is " +
                          cluster::name_of(phase) + ", by its outcomes " +
                          cluster::name_of(kept.phase));
    }
}

}  // namespace ringway::sim
