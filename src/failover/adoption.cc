// The step to another configuration: what is known of upstreams is carried over. Pure.
#include <algorithm>
#include <utility>

#include "draft.h"
#include "first.h"
#include "ringway/base/assert.h"

namespace ringway::failover {

using cluster::PoolView;
using cluster::UpstreamState;
using cluster::UpstreamView;

namespace {

UpstreamView vacancy() {
    UpstreamView view;
    view.retired = true;
    view.eligible = false;
    return view;
}

/// The same knowledge in the shape of the next configuration: vacancies where it has more.
View grown(const View& view, std::shared_ptr<const config::Config> next) {
    View result = view;
    result.config = std::move(next);
    const config::Config& config = *result.config;
    RW_ASSERT(config.pools.size() >= view.pools.size());
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const std::size_t wanted = config.pools[i].upstreams.size();
        if (i < view.pools.size() && view.pools[i]->upstreams.size() == wanted) continue;
        auto pool = i < view.pools.size() ? std::make_shared<PoolView>(*view.pools[i])
                                          : std::make_shared<PoolView>();
        RW_ASSERT(pool->upstreams.size() <= wanted);
        pool->upstreams.resize(wanted, vacancy());
        if (i < result.pools.size()) {
            result.pools[i] = std::move(pool);
        } else {
            result.pools.push_back(std::move(pool));
        }
    }
    return result;
}

bool is_by_hand(const UpstreamView& view) {
    return view.reason == Reason::by_hand &&
           (view.state == UpstreamState::draining || view.state == UpstreamState::maintenance);
}

bool asks_an_agent(const config::Pool& pool) {
    return std::ranges::any_of(pool.health.checks, [](const config::HealthCheck& check) {
        return check.enabled && check.kind == config::CheckKind::agent;
    });
}

/// One upstream's way from the rules before to those after it.
struct Move {
    const config::Upstream* from;  // nullptr: it was not there
    const config::Pool& pool;
    const config::Upstream& to;
    const std::vector<base::SocketAddress>& resolved;
};

void carry_over(const Move& move, UpstreamView& view, Instant now) {
    view.backup = move.to.backup;
    view.tier = move.to.priority;
    view.weight_config = std::clamp<std::uint32_t>(move.to.weight, 1, cluster::kWeightMax);
    if (!move.resolved.empty()) view.addresses = move.resolved;
    if (!move.pool.breaker.enabled) view.breaker = {};
    if (!move.pool.outlier.enabled) {
        view.ejected_until = Instant{};
        view.ejected_for = Reason::none;
    }
    if (move.from->request_headers != move.to.request_headers) view.credentials_fault = false;
    if (!asks_an_agent(move.pool)) view.agent_percent = 100;
    const bool is_orphan = (view.reason == Reason::agent_asked && !asks_an_agent(move.pool)) ||
                           view.state == UpstreamState::unknown;
    if (!is_orphan || view.state == first_state(move.pool)) return;
    view.time_in_state[static_cast<std::size_t>(view.state)] += now - view.state_since;
    view.state = first_state(move.pool);
    view.reason = Reason::started;
    view.state_since = now;
}

UpstreamView after(const Move& move, const UpstreamView& before, Instant now) {
    if (move.to.retired) {
        UpstreamView gone = before;
        gone.retired = true;
        return gone;
    }
    if (move.from != nullptr && !before.retired && move.from->address == move.to.address) {
        UpstreamView same = before;
        carry_over(move, same, now);
        return same;
    }
    UpstreamView fresh = first_of(move.to, move.resolved, first_state(move.pool), now);
    if (move.from != nullptr && !before.retired && is_by_hand(before)) {
        fresh.state = before.state;
        fresh.reason = before.reason;
        fresh.state_since = before.state_since;
    }
    return fresh;
}

/// The pool of the same name at that place; nullptr where another has it now, which has nothing of
/// the one before, and where one that was gone is back.
const config::Pool* same_pool(const config::Config& before, const config::Config& now,
                              std::size_t place) {
    if (place >= before.pools.size()) return nullptr;
    const config::Pool& was = before.pools[place];
    const config::Pool& is = now.pools[place];
    return was.name == is.name && (is.retired || !was.retired) ? &was : nullptr;
}

}  // namespace

Step adopt(const View& view, std::shared_ptr<const config::Config> next, const Addresses& resolved,
           Instant now) {
    const config::Config& before = *view.config;
    const config::Config& config = *next;
    RW_ASSERT(resolved.size() == config.pools.size());
    View base = grown(view, std::move(next));
    Draft draft(base, now);
    for (std::size_t p = 0; p < config.pools.size(); ++p) {
        const config::Pool& pool = config.pools[p];
        const config::Pool* const known = same_pool(before, config, p);
        for (std::size_t u = 0; u < pool.upstreams.size(); ++u) {
            const Place place{{static_cast<std::uint16_t>(p)}, {static_cast<std::uint16_t>(u)}};
            const bool was_there = known != nullptr && u < known->upstreams.size();
            const Move move{was_there ? &known->upstreams[u] : nullptr, pool, pool.upstreams[u],
                            resolved[p][u]};
            UpstreamView moved = after(move, draft.before(place), now);
            if (moved != draft.before(place)) draft.edit(place) = std::move(moved);
        }
        // other rules may lead to other conclusions
        if (known != &pool && !pool.upstreams.empty())
            draft.edit({{static_cast<std::uint16_t>(p)}, {0}});
    }
    Step step = draft.finish(Reason::by_hand);
    if (!step) {
        ++base.version;
        return Next{std::make_unique<const View>(std::move(base)), {}};
    }
    std::erase_if(step->events, [&](const observe::Event& event) {
        return event.pool >= before.pools.size() || before.pools[event.pool].retired ||
               config.pools[event.pool].retired;
    });
    return step;
}

}  // namespace ringway::failover
