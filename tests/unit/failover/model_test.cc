// Random steps on two pools, against a naive picture of each: the same news, the same upstreams
// eligible, and exactly the events that tell the difference.
#include <gtest/gtest.h>

#include <map>

#include "../rounds.h"
#include "naive.h"
#include "ringway/base/prng.h"
#include "ringway/failover/by_hand.h"
#include "world.h"

namespace ringway::failover {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

config::Config random_config(base::Prng& prng) {
    config::Config config = config_of({1 + prng.below(5), 1 + prng.below(12)});
    for (config::Pool& pool : config.pools) {
        for (config::Upstream& upstream : pool.upstreams) {
            upstream.backup = prng.chance(20);
            upstream.priority = prng.chance(60) ? 0 : prng.below(3);
            upstream.weight = 1 + prng.below(4);
            if (prng.chance(20)) upstream.literal.reset();
        }
        if (prng.chance(50)) pool.health.checks.resize(1);
        pool.health.panic_percent = prng.chance(30) ? 0 : prng.below(101);
        pool.suspicion.max_out_percent = prng.below(101);
        pool.outlier.max_ejected_percent = prng.chance(10) ? 0 : prng.below(101);
        pool.outlier.ejection_time = milliseconds(1 + prng.below(3000));
        pool.outlier.ejection_max = pool.outlier.ejection_time * (1 + prng.below(5));
        pool.breaker.recovery_timeout = milliseconds(1 + prng.below(2000));
        pool.breaker.recovery_max = pool.breaker.recovery_timeout * (1 + prng.below(9));
        pool.breaker.max_trial_requests = 1 + prng.below(4);
        pool.breaker.success_threshold = 1 + prng.below(pool.breaker.max_trial_requests);
    }
    return config;
}

NaivePool naive_of(const config::Pool& rules) {
    NaivePool pool{rules, {}};
    for (const config::Upstream& upstream : rules.upstreams) {
        NaiveUpstream one;
        one.backup = upstream.backup;
        one.tier = upstream.priority;
        one.literal = one.has_address = upstream.literal.has_value();
        if (!rules.health.checks.empty()) one.state = UpstreamState::unknown;
        pool.upstreams.push_back(one);
    }
    return pool;
}

class Walk {
 public:
    explicit Walk(std::uint64_t seed)
        : prng_(seed), world_(random_config(prng_)), resolved_(none_resolved(world_.config)) {
        for (const config::Pool& pool : world_.config.pools) naive_.push_back(naive_of(pool));
    }

    void go(int steps) {
        compare();
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            let_time_pass();
            one_step();
            compare();
        }
    }
    std::map<std::string, std::uint64_t> told;  // events by kind
    std::uint64_t news = 0, old_news = 0;

 private:
    std::optional<Instant> due() const {
        std::optional<Instant> first;
        for (const NaivePool& pool : naive_) {
            if (const auto at = pool.due()) first = std::min(first.value_or(*at), *at);
        }
        return first;
    }

    /// Often to the very moment at which something is due, or to just before it.
    void let_time_pass() {
        const auto at = due();
        ASSERT_EQ(next_due(*world_.view), at.value_or(base::kNever));
        if (at && *at > world_.now && prng_.chance(40)) {
            world_.now = *at - Duration(prng_.below(2));
        } else {
            world_.now += milliseconds(prng_.below(prng_.chance(20) ? 2000 : 50));
        }
    }

    /// What the model knows it, and the step takes; the step twice is old news where `once`.
    template <class MakeStep, class Model>
    void both(MakeStep&& make_step, Model&& model, bool once = true) {
        const std::vector<NaivePool> before = naive_;
        const auto pools = world_.view->pools;
        const std::uint64_t version = world_.view->version;
        const bool expected = model();
        ASSERT_EQ(world_.take(make_step(*world_.view)), expected);
        ASSERT_EQ(world_.view->version, version + (expected ? 1 : 0));
        expected ? ++news : ++old_news;
        check_events(before);
        for (std::size_t i = 0; i < pools.size(); ++i) {
            const bool shared = pools[i] == world_.view->pools[i];
            const bool equal = pools[i]->upstreams == world_.view->pools[i]->upstreams;
            ASSERT_EQ(shared, equal) << "pool " << i;
            ASSERT_EQ(world_.view->pools[i]->version, pools[i]->version + (shared ? 0 : 1));
        }
        if (expected && once) {
            ASSERT_FALSE(make_step(*world_.view)) << "news twice";
        }
    }

    void check_events(const std::vector<NaivePool>& before) {
        std::vector<std::vector<std::string>> by_pool(naive_.size());
        std::uint16_t part = 0;
        for (const observe::Event& event : world_.told) {
            ASSERT_EQ(event.version, world_.view->version);
            ASSERT_EQ(event.part, part++);
            ASSERT_EQ(event.at, world_.now);
            std::string text = name_of(event.kind);
            ++told[text];
            if (event.upstream != observe::Event::kWholePool) {
                text += ' ' + std::to_string(event.upstream);
                check_took(event, before[event.pool]);
            }
            by_pool[event.pool].push_back(text);
        }
        for (std::size_t i = 0; i < naive_.size(); ++i) {
            std::ranges::sort(by_pool[i]);
            ASSERT_EQ(by_pool[i], differences(before[i], naive_[i])) << "pool " << i;
        }
    }

    /// A time is told only of an upstream that went or came.
    void check_took(const observe::Event& event, const NaivePool& before) {
        if (event.took < Duration(0)) return;
        const bool was = before.eligible(event.upstream);
        const bool is = naive_[event.pool].eligible(event.upstream);
        ASSERT_NE(was, is) << name_of(event.kind);
        if (was) {
            ASSERT_EQ(event.took, Duration(0));
        } else {
            const auto since = out_since_.at({event.pool, event.upstream});
            ASSERT_EQ(event.took, world_.now - since);
        }
    }

    void compare() {
        for (std::uint16_t pool = 0; pool < naive_.size(); ++pool) {
            ASSERT_EQ(world_.view->pools[pool]->panic, naive_[pool].panics());
            for (std::uint16_t i = 0; i < naive_[pool].upstreams.size(); ++i) {
                SCOPED_TRACE("upstream " + std::to_string(i) + " of pool " + std::to_string(pool));
                const auto& seen = world_.see(at(i, pool));
                const NaiveUpstream& one = naive_[pool].upstreams[i];
                ASSERT_EQ(seen.state, one.state);
                ASSERT_EQ(seen.reason, one.reason);
                ASSERT_EQ(seen.ejected_until, one.ejected_until.value_or(Instant{}));
                ASSERT_EQ(seen.cooling_until, one.cooling_until.value_or(Instant{}));
                ASSERT_EQ(seen.breaker.phase, one.phase);
                ASSERT_EQ(seen.breaker.trials, one.trials);
                ASSERT_EQ(seen.eligible, naive_[pool].eligible(i));
                note_out(seen, {pool, i});
            }
        }
    }

    void note_out(const cluster::UpstreamView& seen, std::pair<std::uint16_t, std::uint16_t> who) {
        if (seen.eligible) {
            out_since_.erase(who);
            was_in_.insert(who);
        } else if (was_in_.contains(who)) {
            out_since_.emplace(who, world_.now);
        }
        const auto out = out_since_.find(who);
        ASSERT_EQ(seen.out_since, out == out_since_.end() ? Instant{} : out->second);
    }

    void one_step() {
        const auto pool = static_cast<std::uint16_t>(prng_.below(2));
        const auto i = static_cast<std::uint16_t>(
            prng_.below(static_cast<std::uint32_t>(naive_[pool].upstreams.size())));
        switch (prng_.below(3)) {
            case 0:
                return verdict(naive_[pool], i, at(i, pool));
            case 1:
                return breaker_step(naive_[pool], i, at(i, pool));
            default:
                return other_step(naive_[pool], i, at(i, pool));
        }
    }

    void verdict(NaivePool& pool, std::size_t i, Place place) {
        const Instant now = world_.now;
        if (prng_.chance(25)) {
            return both([&](const View& view) { return set_missing(view, place, now); },
                        [&] { return pool.set_missing(i, now); });
        }
        const auto state =
            prng_.chance(50) ? UpstreamState::healthy : static_cast<UpstreamState>(prng_.below(6));
        constexpr Reason kReasons[] = {Reason::check_failed, Reason::agent_asked, Reason::by_hand};
        const Reason reason = kReasons[prng_.below(3)];
        both([&](const View& view) { return set_state(view, place, state, reason, now); },
             [&] { return pool.set_state(i, state, reason, now); });
    }

    void breaker_step(NaivePool& pool, std::size_t i, Place place) {
        const Instant now = world_.now;
        const Reason reason = prng_.chance(50) ? Reason::trial_failed : Reason::error_rate;
        switch (prng_.below(6)) {
            case 0:
                return both(
                    [&](const View& view) { return open_breaker(view, place, reason, now); },
                    [&] { return pool.open(i, reason, now); });
            case 1:
            case 2:
                return both([&](const View& view) { return take_trial(view, place, now); },
                            [&] { return pool.take_trial(i, now); }, false);
            case 3:
            case 4:
                return both([&](const View& view) { return pass_trial(view, place, now); },
                            [&] { return pool.pass_trial(i); }, false);
            default:
                return both([&](const View& view) { return return_trial(view, place, now); },
                            [&] { return pool.return_trial(i); }, false);
        }
    }

    void other_step(NaivePool& pool, std::size_t i, Place place) {
        const Instant now = world_.now;
        switch (prng_.below(7)) {
            case 0:
                return both(
                    [&](const View& view) { return eject(view, place, Reason::error_rate, now); },
                    [&] { return pool.eject(i, now); });
            case 1: {
                const Instant until = now + milliseconds(prng_.below(2000)) - milliseconds(100);
                return both([&](const View& view) { return cool_down(view, place, until, now); },
                            [&] { return pool.cool_down(i, until, now); });
            }
            case 2: {
                const bool fault = prng_.chance(50);
                return both(
                    [&](const View& view) {
                        return set_credentials_fault(view, place, fault, now);
                    },
                    [&] { return pool.set_fault(i, fault); });
            }
            case 3: {
                const auto percent = static_cast<std::uint8_t>(prng_.below(3) * 50);
                return both(
                    [&](const View& view) { return set_agent_percent(view, place, percent, now); },
                    [&] { return pool.set_percent(i, percent); });
            }
            case 4: {
                std::optional<std::uint32_t> weight;
                if (prng_.chance(60)) weight = prng_.below(3);
                return both(
                    [&](const View& view) { return set_weight_by_hand(view, place, weight, now); },
                    [&] { return pool.set_weight(i, weight); });
            }
            case 5: {
                const bool has = prng_.chance(70);
                auto& addresses = resolved_[place.pool.value][i];
                addresses.clear();
                if (has) addresses.push_back(*base::SocketAddress::parse("10.0.0.2:80"));
                return both([&](const View& view) { return set_addresses(view, resolved_, now); },
                            [&] { return pool.set_address(i, has); });
            }
            default:
                return both([&](const View& view) { return pass_time(view, now); },
                            [&] {
                                const bool first = naive_[0].pass_time(now);
                                const bool second = naive_[1].pass_time(now);
                                return first || second;
                            });
        }
    }

    base::Prng prng_;
    World world_;
    Addresses resolved_;
    std::vector<NaivePool> naive_;
    std::map<std::pair<std::uint16_t, std::uint16_t>, Instant> out_since_;
    std::set<std::pair<std::uint16_t, std::uint16_t>> was_in_;
};

TEST(Merge, DoesAsANaivePictureOfThePools) {
    constexpr std::uint64_t kSeeds = rounds(100);
    std::map<std::string, std::uint64_t> told;
    std::uint64_t news = 0, old_news = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk(seed);
        walk.go(400);
        ASSERT_FALSE(HasFailure());
        for (const auto& [kind, count] : walk.told) told[kind] += count;
        news += walk.news;
        old_news += walk.old_news;
    }
    EXPECT_GT(news, 50 * kSeeds);
    EXPECT_GT(old_news, 50 * kSeeds);
    for (std::size_t i = 0; i < observe::kEventKinds; ++i) {
        const char* kind = name_of(static_cast<EventKind>(i));
        EXPECT_GT(told[kind], kSeeds / 4) << kind;
    }
}

}  // namespace
}  // namespace ringway::failover
