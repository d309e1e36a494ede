#include "fault_judge.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace ringway::sim {

using cluster::BreakerPhase;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kReplayBytesMax = 60 * 1024;

std::vector<SocketAddress> addresses_of(const config::Pool& pool) {
    std::vector<SocketAddress> result;
    for (const config::Upstream& upstream : pool.upstreams) result.push_back(*upstream.literal);
    return result;
}

Duration ms_between(base::Prng& prng, std::uint32_t from, std::uint32_t to) {
    return milliseconds(from + prng.below(to - from + 1));
}

config::HealthCheck draw_check(base::Prng& prng) {
    config::HealthCheck check;
    check.name = "http /health";
    check.path = "/health";
    check.interval = ms_between(prng, 200, 1000);
    check.fast_interval = check.interval / (1 + prng.below(3));
    check.timeout = check.interval / (1 + prng.below(2));
    check.fall = 1 + prng.below(3);
    check.rise = 1 + prng.below(2);
    check.keep_alive = prng.chance(70);
    check.retries = prng.below(2);
    if (prng.chance(20)) check.expected_latency = milliseconds(5);
    return check;
}

void draw_breaker(base::Prng& prng, config::Breaker& breaker) {
    breaker.failure_threshold = 2 + prng.below(4);
    breaker.recovery_timeout = ms_between(prng, 200, 1500);
    breaker.recovery_max = seconds(4);
    breaker.max_trial_requests = 1 + prng.below(3);
    breaker.success_threshold = 1 + prng.below(breaker.max_trial_requests);
    breaker.window = seconds(1 + prng.below(5));
    breaker.requests_min = 5 + prng.below(10);
}

void draw_outlier(base::Prng& prng, config::Outlier& outlier) {
    outlier.consecutive = 2 + prng.below(4);
    outlier.ejection_time = ms_between(prng, 200, 1500);
    outlier.ejection_max = seconds(4);
    outlier.max_ejected_percent = 10 + prng.below(60);
    outlier.requests_min = 5 + prng.below(10);
    outlier.window = seconds(1 + prng.below(5));
}

}  // namespace

void FaultJudge::draw_rules(base::Prng& prng, const FaultPlan& plan, config::Pool& pool) {
    const auto on = [&](std::uint32_t percent) { return !plan.by_chance || prng.chance(percent); };
    pool.connect_timeout = ms_between(prng, 200, 1000);
    pool.first_byte_timeout = ms_between(prng, 7000, 9000);  // a slow answer takes up to 7 s
    pool.response_timeout = seconds(8);
    if (on(80)) pool.health.checks.push_back(draw_check(prng));
    pool.suspicion.enabled = on(80);
    pool.suspicion.overdue_max = ms_between(prng, 100, 3000);
    pool.suspicion.probe_max = ms_between(prng, 50, 500);
    pool.breaker.enabled = on(70);
    draw_breaker(prng, pool.breaker);
    pool.outlier.enabled = on(60);
    draw_outlier(prng, pool.outlier);
    const auto count = static_cast<std::uint32_t>(pool.upstreams.size());
    pool.retry.attempts_max = 1 + prng.below(5);
    pool.retry.backoff_max = ms_between(prng, 25, 250);
    if (prng.chance(30)) pool.retry.budget_per_second = prng.below(5);
    pool.retry.repeat_refused = prng.chance(80);
    pool.hedge.connect = prng.chance(70);
    if (plan.hedges) {
        pool.hedge.quantile = 0.5 + prng.unit() * 0.49;
        pool.hedge.percent_max = 100;
    }
    pool.queue.length_max = prng.below(3) * 20;
    pool.queue.wait_max = ms_between(prng, 50, 2000);
    if (prng.chance(30)) pool.slow_start = seconds(1);
    for (std::uint32_t i = 0; i < count; ++i) {
        pool.upstreams[i].priority = prng.chance(20) ? 1 : 0;
        pool.upstreams[i].backup = i > 0 && prng.chance(15);
        if (prng.chance(20)) pool.upstreams[i].weight = 1 + prng.below(5);
        if (prng.chance(60)) {
            pool.upstreams[i].request_headers.push_back(
                {.kind = config::HeaderEdit::Kind::set,
                 .name = "Authorization",
                 .value = "Bearer key-" + std::to_string(i)});
        }
        if (prng.chance(20)) pool.upstreams[i].in_flight_max = 1 + prng.below(4);
    }
    if (plan.one_stays_well) {
        for (config::Upstream& upstream : pool.upstreams) upstream.in_flight_max = 4096;
        pool.retry.attempts_max = 3 * count + 2;
        pool.retry.budget_per_second = 10'000;
        pool.queue.length_max = 1000;
        pool.queue.wait_max = seconds(20);
        for (config::Upstream& upstream : pool.upstreams) {
            upstream.request_headers.push_back(
                {.kind = config::HeaderEdit::Kind::set, .name = "X-Api-Key", .value = "k"});
        }
    }
    if (plan.nobody_there) {
        pool.queue.length_max = 1000;
        pool.queue.wait_max = seconds(3);
    }
    if (plan.tells_breakers) {
        pool.health.checks.clear();
        pool.suspicion.enabled = false;
        pool.outlier.enabled = false;
        pool.breaker.enabled = true;
        pool.breaker.error_percent = 0;
    }
}

FaultJudge::FaultJudge(SimNet& net, Ledger& ledger, base::Prng& prng, const FaultPlan& plan,
                       const config::Config& config,
                       std::vector<std::unique_ptr<ScriptedOrigin>>& origins, bool kernel_is_late)
    : net_(net),
      ledger_(ledger),
      prng_(prng),
      plan_(plan),
      rules_(config.pools[0]),
      origins_(origins),
      board_(net, ledger, config),
      tap_(net, ledger, addresses_of(rules_)) {
    // a connect, a head in pieces, and the turn
    slack_ = 4 * net.options().latency_max + net.options().connect_delay_max + milliseconds(2);
    if (kernel_is_late) slack_ += milliseconds(200);  // a few stalls in a row
    periods_.resize(origins_.size());
    cools_from_.resize(origins_.size());
    cools_until_.resize(origins_.size());
    board_.keeps_breakers = plan_.tells_breakers;
    if (kernel_is_late) board_.wake_slack = milliseconds(200);
    board_.on_dead = [this](std::size_t upstream) { on_dead(upstream); };
    tap_.on_send = [this](Entry& entry) { on_send(entry); };
    tap_.on_answer = [this](Entry& entry, std::size_t send, std::size_t shard,
                            const WireHead& head) { on_answer(entry, send, shard, head); };
    ledger_.on_turned_away = [this](const Entry& entry) { on_turned_away(entry); };
    const std::size_t well = plan_.one_stays_well
                                 ? prng_.below(static_cast<std::uint32_t>(origins_.size()))
                                 : origins_.size();
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        if (i != well) schedule(i);
    }
}

// One to three troubles, one after the other.
void FaultJudge::schedule(std::size_t upstream) {
    Instant at = net_.now();
    // Before the first checks nobody can know who is well.
    if (plan_.one_stays_well) at += seconds(1);
    const bool breaks_down = plan_.nobody_there || prng_.chance(85);
    const std::uint32_t count = breaks_down ? 1 + prng_.below(3) : 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto kinds = static_cast<std::uint32_t>(plan_.faults.size());
        const Fault fault = plan_.faults[prng_.below(kinds)];
        Instant from = at + net_.random_duration(plan_.during / 2);
        if (plan_.nobody_there && i == 0) from = at + milliseconds(500);
        Instant to = from + milliseconds(5) + net_.random_duration(plan_.during / 2);
        if (plan_.nobody_there && i == 0) to = from + plan_.during / 2;
        const int retry_after_s = 1 + static_cast<int>(prng_.below(3));
        const bool checks_see = prng_.chance(50);
        net_.at(from, [this, upstream, fault, retry_after_s, checks_see] {
            origins_[upstream]->set_fault(fault, retry_after_s, checks_see);
        });
        net_.at(to, [this, upstream] { origins_[upstream]->set_fault(Fault::none, 1, false); });
        periods_[upstream].push_back({fault, from, to});
        at = to;
    }
}

bool FaultJudge::is_well(std::size_t upstream, Instant from, Instant to) const {
    return std::ranges::none_of(periods_[upstream], [&](const Period& period) {
        return period.from <= to && from <= period.to + seconds(2);
    });
}

// -- while it runs --

void FaultJudge::on_send(Entry& entry) {
    Send& send = entry.sends.back();
    const BoardJudge::Standing& standing = board_.standing(send.upstream);
    const cluster::UpstreamView& upstream = board_.upstream(send.upstream);
    send.trial = upstream.breaker.phase == BreakerPhase::half_open;
    const bool out = !upstream.eligible && !standing.eligible;
    // Within this turn it may have come back, and perhaps gone again with its last trial.
    const bool changed =
        upstream.state != standing.view.state ||
        upstream.ejected_until != standing.view.ejected_until ||
        upstream.cooling_until != standing.view.cooling_until ||
        upstream.breaker.phase != standing.view.breaker.phase ||
        (standing.view.ejected_until != Instant{} && board_.is_turning());  // panic
    // Whom it was dialled for may have been known for out only then.
    const bool in_time = send.reused ? net_.now() <= standing.since + slack_
                                     : send.dialled_at <= standing.since + slack_;
    const std::string what = "request " + std::to_string(entry.plan.id) + " was sent to upstream " +
                             std::to_string(send.upstream);
    // The last trial, given back by a client that left, goes to the next request at once.
    const bool on_trial = send.trial && upstream.state != cluster::UpstreamState::unhealthy &&
                          upstream.ejected_until == Instant{} &&
                          upstream.cooling_until == Instant{};
    if (out && !changed && !in_time && !on_trial) {
        ledger_.violation(what + ", which has been out for " +
                          std::to_string(base::to_us(net_.now() - standing.since)) + " us");
    }
    if (cools_from_[send.upstream] + slack_ < net_.now() &&
        net_.now() < cools_until_[send.upstream]) {
        ledger_.violation(what + ", which cools");
    }
    if (send.trial) board_.note_trial(send.upstream);
    judge_repetition(entry);
    judge_choice(entry);
}

// Who waits in the queue is served once somebody can take it.
void FaultJudge::on_turned_away(const Entry& entry) {
    const bool connects_fail = std::ranges::any_of(plan_.faults, [](Fault fault) {
        return fault == Fault::refuses || fault == Fault::silent || fault == Fault::killed;
    });
    const bool full = std::ranges::any_of(
        rules_.upstreams, [](const config::Upstream& u) { return u.in_flight_max < 100; });
    if (connects_fail || full || !entry.sends.empty() || entry.answer_status != 503) return;
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        const BoardJudge::Standing& standing = board_.standing(i);
        const bool there = standing.eligible && standing.since + 2 * slack_ < net_.now();
        if (!there || standing.view.breaker.phase != BreakerPhase::closed) continue;
        ledger_.violation("request " + std::to_string(entry.plan.id) +
                          " was turned away although upstream " + std::to_string(i) +
                          " could take it");
    }
}

// What waits on it and may be repeated moves on at once.
void FaultJudge::on_dead(std::size_t upstream) {
    if (!plan_.one_stays_well || plan_.hedges) return;
    for (const auto& [id, entry] : ledger_.entries()) {
        if (!waits_on(entry, upstream) || !another_is_well(entry)) continue;
        net_.after(slack_, [this, upstream, &waiter = entry, count = entry.sends.size()] {
            if (!waits_on(waiter, upstream) || waiter.sends.size() != count) return;
            if (!another_is_well(waiter)) return;
            ledger_.violation("request " + std::to_string(waiter.plan.id) +
                              " was left waiting on upstream " + std::to_string(upstream) +
                              ", which is dead");
        });
    }
}

bool FaultJudge::waits_on(const Entry& entry, std::size_t upstream) const {
    if (entry.sends.empty() || entry.sends.back().upstream != upstream) return false;
    const bool movable = entry.plan.repeatable() && entry.plan.body_bytes <= kReplayBytesMax &&
                         entry.plan.interims == 0 && !entry.plan.expect;
    return movable && entry.sends.back().status == 0 && entry.answers == 0 && !entry.unanswered;
}

/// Whom the proxy could ask now are untried and well, all of them.
bool FaultJudge::another_is_well(const Entry& entry) const {
    bool some = false;
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        const BoardJudge::Standing& standing = board_.standing(i);
        if (!board_.upstream(i).eligible) continue;
        const bool tried =
            std::ranges::any_of(entry.sends, [i](const Send& send) { return send.upstream == i; });
        const bool closed = board_.upstream(i).breaker.phase == BreakerPhase::closed;
        if (tried || !closed || standing.since + slack_ > net_.now()) return false;
        if (!is_well(i, net_.now() - seconds(1), net_.now())) return false;
        some = true;
    }
    return some;
}

void FaultJudge::judge_repetition(const Entry& entry) {
    const std::size_t count = entry.sends.size();
    if (count == 1 || entry.plan.repeatable()) return;
    const bool refused = std::all_of(entry.sends.begin(), entry.sends.end() - 1, [](const Send& s) {
        return s.status == 429 || s.status == 401;
    });
    if (refused && rules_.retry.repeat_refused) return;
    ledger_.violation("request " + std::to_string(entry.plan.id) +
                      " may not be repeated and was sent " + std::to_string(count) + " times");
}

// Not the same one again while another one was there to be asked.
void FaultJudge::judge_choice(const Entry& entry) {
    const Send& last = entry.sends.back();
    const auto asked_before = [&](std::size_t upstream) {
        return std::any_of(entry.sends.begin(), entry.sends.end() - 1,
                           [&](const Send& send) { return send.upstream == upstream; });
    };
    if (!asked_before(last.upstream)) return;
    // on a connection that had died: sent again to where it was
    const Send& before = entry.sends[entry.sends.size() - 2];
    if (before.upstream == last.upstream && before.reused && before.status == 0) return;
    const Instant began = entry.sends.front().at;
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        const BoardJudge::Standing& standing = board_.standing(i);
        const bool there = standing.eligible && standing.since + slack_ < net_.now() &&
                           standing.view.breaker.phase == BreakerPhase::closed;
        if (!there || asked_before(i) || !is_well(i, began - seconds(1), net_.now())) continue;
        if (rules_.upstreams[i].in_flight_max < 100) continue;  // it may be full
        ledger_.violation("request " + std::to_string(entry.plan.id) + " was sent to upstream " +
                          std::to_string(last.upstream) + " again, and never to " +
                          std::to_string(i));
    }
}

void FaultJudge::on_answer(Entry& entry, std::size_t at, std::size_t shard, const WireHead& head) {
    const Send& send = entry.sends[at];
    const bool failed = send.status >= 502 && send.status <= 504;
    board_.note_outcome(send.upstream, shard, failed, send.trial);
    if (send.status != 429) return;
    int retry_after_s = 0;
    const std::string_view text = head.value("retry-after");
    std::from_chars(text.data(), text.data() + text.size(), retry_after_s);
    const Instant until = net_.now() + seconds(retry_after_s);
    if (until <= cools_until_[send.upstream]) return;
    if (cools_until_[send.upstream] <= net_.now()) cools_from_[send.upstream] = net_.now();
    cools_until_[send.upstream] = until;
}

// -- at the end --

void FaultJudge::judge() {
    for (const auto& [id, entry] : ledger_.entries()) judge_entry(entry);
}

// Its answer had begun when its upstream broke down, or it had been told to go on.
bool FaultJudge::is_excused(const Entry& entry) const {
    if (entry.plan.interims > 0 || entry.plan.expect) return true;
    if (entry.answers > 0 && entry.answered_by_origin && !entry.complete) return true;
    // Killed within the head of its answer, which counts as one that began.
    const bool in_head = !entry.sends.empty() && entry.sends.back().status == 0 &&
                         !entry.attempts.empty() && entry.attempts.back().answer_began;
    if (in_head && entry.answer_status == 502) return true;
    return !entry.started;
}

void FaultJudge::judge_entry(const Entry& entry) {
    const std::string what =
        "request " + std::to_string(entry.plan.id) + " (" + entry.plan.method + ") ";
    // Where a head had come from the upstream, the connection was cut with it.
    const bool began =
        std::ranges::any_of(entry.sends, [](const Send& s) { return s.status != 0; });
    if (entry.unanswered && !began) ledger_.violation(what + "got no answer at all");
    if (!plan_.one_stays_well) return;
    const bool repeatable = entry.plan.repeatable() && entry.plan.body_bytes <= kReplayBytesMax;
    if (!repeatable || is_excused(entry)) return;
    if (entry.complete && entry.answered_by_origin && !entry.fault_passed_on) return;
    if (!entry.complete && !entry.unanswered && entry.answers == 0)
        return;  // behind one that broke
    ledger_.violation(what + "was not answered by the upstream that is well: status " +
                      std::to_string(entry.answer_status) + ", sent " +
                      std::to_string(entry.sends.size()) + " times");
}

}  // namespace ringway::sim
