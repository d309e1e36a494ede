// From the document to the state.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "image_reading.h"
#include "ringway/control/state_image.h"
#include "ringway/failover/merge.h"

namespace ringway::control {
namespace {

using cluster::UpstreamView;
using simdjson::dom::array;
using simdjson::dom::object;

bool read_breaker(const object& upstream, cluster::BreakerView& breaker) {
    object from;
    if (upstream["breaker"].get(from) != simdjson::SUCCESS) return true;
    read_count(from, "trials", breaker.trials);
    read_count(from, "successes", breaker.successes);
    read_count(from, "openings", breaker.openings);
    read_ns(from, "until", breaker.until);
    return read_name(from, "phase", 3, breaker.phase);
}

void read_addresses(const object& from, UpstreamView& view) {
    array texts;
    if (!view.addresses.empty() || from["addresses"].get(texts) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element element : texts) {
        std::string_view text;
        if (element.get(text) != simdjson::SUCCESS) continue;
        if (const auto address = base::SocketAddress::parse(text))
            view.addresses.push_back(*address);
    }
}

/// What was observed; nothing when there is a value that this version does not know.
std::optional<UpstreamView> read_upstream(const object& from, const UpstreamView& start) {
    UpstreamView view = start;
    const bool known = read_name(from, "state", cluster::kUpstreamStates, view.state) &&
                       read_name(from, "reason", cluster::kReasons, view.reason) &&
                       read_name(from, "ejected_for", cluster::kReasons, view.ejected_for) &&
                       read_breaker(from, view.breaker);
    if (!known) return {};
    read_ns(from, "state_since", view.state_since);
    object times;
    if (from["time_in_state"].get(times) == simdjson::SUCCESS) {
        for (std::size_t i = 0; i < cluster::kUpstreamStates; ++i) {
            read_ns(times, cluster::name_of(static_cast<cluster::UpstreamState>(i)),
                    view.time_in_state[i]);
        }
    }
    read_ns(from, "out_since", view.out_since);
    read_ns(from, "ejected_until", view.ejected_until);
    read_count(from, "ejections", view.ejections);
    read_ns(from, "readmitted_at", view.readmitted_at);
    read_ns(from, "cooling_until", view.cooling_until);
    read_member(from, "credentials_fault", view.credentials_fault);
    read_count(from, "agent_percent", view.agent_percent);
    view.agent_percent = std::min<std::uint8_t>(view.agent_percent, 100);
    std::uint64_t weight = 0;
    if (from["weight_by_hand"].get(weight) == simdjson::SUCCESS) {
        view.weight_by_hand =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(weight, cluster::kWeightMax));
    }
    read_addresses(from, view);
    return view;
}

health::LatencyMemory read_latency(const object& upstream) {
    health::LatencyMemory memory;
    object from;
    if (upstream["latency"].get(from) != simdjson::SUCCESS) return memory;
    read_ns(from, "rttvar", memory.rttvar);
    std::int64_t srtt = -1;
    read_member(from, "srtt", srtt);
    memory.srtt = base::Duration(std::max<std::int64_t>(srtt, -1));
    array counts;
    if (from["counts"].get(counts) != simdjson::SUCCESS) return memory;
    for (const simdjson::dom::element element : counts) {
        std::uint64_t count = 0;
        if (element.get(count) != simdjson::SUCCESS) count = 0;
        memory.counts.push_back(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT16_MAX * 256ull)));
    }
    return memory;
}

/// One pool of the document, onto the pool of that name.
class PoolReader {
 public:
    PoolReader(const object& from, const config::Pool& config, cluster::PoolView& view,
               std::vector<health::LatencyMemory>& latencies)
        : from_(from), config_(config), view_(view), latencies_(latencies) {
        std::string_view digest;
        read_member(from_, "checks", digest);
        same_checks_ = digest == fmt::format("{:016x}", digest_of(config_.health));
    }

    /// The upstreams that go on from what was known.
    std::size_t read_upstreams() {
        array upstreams;
        if (from_["upstreams"].get(upstreams) != simdjson::SUCCESS) return 0;
        std::size_t count = 0;
        for (const simdjson::dom::element element : upstreams) {
            object upstream;
            if (element.get(upstream) != simdjson::SUCCESS) continue;
            const auto place = find(upstream);
            if (place && read_one(upstream, *place)) ++count;
        }
        return count;
    }

 private:
    std::optional<std::size_t> find(const object& upstream) const {
        std::string_view name, address;
        read_member(upstream, "name", name);
        read_member(upstream, "address", address);
        for (std::size_t i = 0; i < config_.upstreams.size(); ++i) {
            const config::Upstream& candidate = config_.upstreams[i];
            if (candidate.name == name && candidate.address == address) return i;
        }
        return {};
    }
    bool read_one(const object& upstream, std::size_t place) {
        const auto found = read_upstream(upstream, view_.upstreams[place]);
        if (!found) return false;
        if (same_checks_) {
            view_.upstreams[place] = *found;
            latencies_[place] = read_latency(upstream);
            return true;
        }
        if (found->reason != cluster::Reason::by_hand) return false;
        view_.upstreams[place].state = found->state;
        view_.upstreams[place].reason = found->reason;
        view_.upstreams[place].state_since = found->state_since;
        return true;
    }

    const object& from_;
    const config::Pool& config_;
    cluster::PoolView& view_;
    std::vector<health::LatencyMemory>& latencies_;
    bool same_checks_ = false;
};

void read_budget(const object& pool, forward::RetryBudget::Memory& budget) {
    object from;
    if (pool["budget"].get(from) != simdjson::SUCCESS) return;
    read_member(from, "requests", budget.requests);
    read_member(from, "retries", budget.retries);
    budget.requests = std::clamp(budget.requests, 0.0, 1e12);
    budget.retries = std::min<std::uint64_t>(budget.retries, 1'000'000'000);
}

}  // namespace

RestoredState restore_state(std::string_view document, const config::Config& config,
                            std::unique_ptr<const cluster::View> first, base::Instant now) {
    RestoredState restored{.view = std::move(first)};
    simdjson::dom::parser parser;
    array pools;
    if (parser.parse(simdjson::padded_string(document))["pools"].get(pools) != simdjson::SUCCESS)
        return restored;
    auto view = std::make_unique<cluster::View>(*restored.view);
    for (const config::Pool& pool : config.pools)
        restored.memory.latencies.emplace_back(pool.upstreams.size());
    restored.memory.retry_budgets.resize(config.pools.size());
    for (const simdjson::dom::element element : pools) {
        object from;
        std::string_view name;
        if (element.get(from) != simdjson::SUCCESS) continue;
        read_member(from, "name", name);
        const auto pool = std::ranges::find(config.pools, name, &config::Pool::name);
        if (pool == config.pools.end()) continue;
        const auto index = static_cast<std::size_t>(pool - config.pools.begin());
        auto next = std::make_shared<cluster::PoolView>(*view->pools[index]);
        restored.upstreams +=
            PoolReader(from, *pool, *next, restored.memory.latencies[index]).read_upstreams();
        read_budget(from, restored.memory.retry_budgets[index]);
        failover::settle(*pool, *next, now);
        view->pools[index] = std::move(next);
    }
    restored.view = std::move(view);
    return restored;
}

}  // namespace ringway::control
