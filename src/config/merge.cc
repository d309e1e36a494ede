#include "ringway/config/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ringway::config {

std::vector<std::uint16_t> route_order(const Config& config) {
    return config.route_order.empty() ? places_in_use(config.routes) : config.route_order;
}

std::vector<cluster::Place> upstreams_in_use(const Config& config) {
    std::vector<cluster::Place> places;
    for (const std::uint16_t pool : places_in_use(config.pools)) {
        const auto& upstreams = config.pools[pool].upstreams;
        for (std::size_t i = 0; i < upstreams.size(); ++i) {
            if (!upstreams[i].retired) places.push_back({{pool}, {static_cast<std::uint16_t>(i)}});
        }
    }
    return places;
}

namespace {

/// For each of `wanted` (by name), its place among `present`. `is_vacant` is asked of retired ones.
template <class Wanted, class Present, class IsVacant>
std::vector<std::uint16_t> places_for(const Wanted& wanted, const Present& present,
                                      IsVacant&& is_vacant) {
    std::vector<bool> taken(present.size(), false);
    std::vector<std::optional<std::uint16_t>> places(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        for (std::size_t k = 0; k < present.size(); ++k) {
            if (taken[k] || present[k].name != wanted[i].name) continue;
            taken[k] = true;
            places[i] = static_cast<std::uint16_t>(k);
            break;
        }
    }
    std::vector<std::uint16_t> result;
    std::size_t vacant = 0, end = present.size();
    for (const std::optional<std::uint16_t>& place : places) {
        if (place) {
            result.push_back(*place);
            continue;
        }
        const auto is_free = [&](std::size_t at) {
            return !taken[at] && present[at].retired && is_vacant(static_cast<std::uint16_t>(at));
        };
        while (vacant < present.size() && !is_free(vacant)) ++vacant;
        result.push_back(static_cast<std::uint16_t>(vacant < present.size() ? vacant++ : end++));
    }
    return result;
}

std::size_t size_for(const std::vector<std::uint16_t>& places, std::size_t present) {
    std::size_t size = present;
    for (const std::uint16_t place : places) size = std::max<std::size_t>(size, place + 1u);
    return size;
}

/// Puts each of `wanted` in its place; what is not wanted any more is retired where it stands.
/// `tell(name, word)`: what became of it.
template <class T, class Tell>
SharedVector<T> arranged(const SharedVector<T>& wanted, const std::vector<std::uint16_t>& places,
                         const SharedVector<T>& present, Tell&& tell) {
    SharedVector<T> result;
    result.resize(size_for(places, present.size()));
    std::vector<bool> filled(result.size(), false);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::uint16_t at = places[i];
        filled[at] = true;
        const bool was_there =
            at < present.size() && present[at].name == wanted[i].name && !present[at].retired;
        if (was_there && present[at] == wanted[i]) {
            result.take_over(at, present, at);
            continue;
        }
        result.take_over(at, wanted, i);
        tell(wanted[i].name, was_there ? "has changed" : "is new");
    }
    for (std::size_t at = 0; at < present.size(); ++at) {
        if (filled[at]) continue;
        result.take_over(at, present, at);
        if (present[at].retired) continue;
        T gone = present[at];
        gone.retired = true;
        result.replace(at, std::move(gone));
        tell(present[at].name, "is gone");
    }
    return result;
}

/// Those of `of` that are in `other` too.
std::vector<std::uint16_t> common(std::vector<std::uint16_t> of,
                                  const std::vector<std::uint16_t>& other) {
    std::erase_if(
        of, [&](std::uint16_t place) { return std::ranges::find(other, place) == other.end(); });
    return of;
}

class Merge {
 public:
    Merge(const Config& current, Config next, const Vacancies& vacancies)
        : current_(current), next_(std::move(next)), vacancies_(vacancies) {}

    Merged run() {
        next_.listeners.unshare();
        next_.routes.unshare();
        next_.pools.unshare();
        keep_what_stays();
        merge_listeners();
        merge_pools();
        merge_routes();
        next_.generation = current_.generation + 1;
        merged_.config = std::make_shared<const Config>(std::move(next_));
        return std::move(merged_);
    }

 private:
    template <class Section>
    void keep(Section Config::* section, std::string_view name) {
        if (current_.*section == next_.*section) return;
        merged_.needs_restart.emplace_back(name);
        next_.*section = current_.*section;
    }

    void keep_what_stays() {
        keep(&Config::process, "[process]");
        keep(&Config::shards, "[shards]");
        if (next_.alerts != current_.alerts) merged_.changed.emplace_back("[alerts]");
        const std::string token = std::exchange(next_.admin.token, current_.admin.token);
        keep(&Config::admin, "[admin]");
        if (token != current_.admin.token) merged_.changed.emplace_back("[admin]: the token");
        next_.admin.token = token;
        keep_log_files();
    }

    /// Where logs go, and how their lines look; what is logged may change.
    void keep_log_files() {
        Log next = current_.log;
        next.level = next_.log.level;
        next.access_sampling = next_.log.access_sampling;
        next.access_errors_always = next_.log.access_errors_always;
        next.access_slow = next_.log.access_slow;
        if (next != next_.log) merged_.needs_restart.emplace_back("[log] files and formats");
        if (next != current_.log) merged_.changed.emplace_back("[log]");
        next_.log = next;
    }

    auto teller(std::string_view kind) {
        return [this, kind](const std::string& name, std::string_view word) {
            merged_.changed.push_back(fmt::format("{} `{}` {}", kind, name, word));
        };
    }

    void merge_listeners() {
        listener_places_ = places_for(next_.listeners, current_.listeners, vacancies_.listener);
        next_.listeners =
            arranged(next_.listeners, listener_places_, current_.listeners, teller("listener"));
    }

    void merge_pools() {
        const auto is_vacant = [this](std::uint16_t place) {
            return vacancies_.pool(cluster::PoolIndex{place});
        };
        pool_places_ = places_for(next_.pools, current_.pools, is_vacant);
        for (std::size_t i = 0; i < next_.pools.size(); ++i) {
            if (pool_places_[i] < current_.pools.size())
                merge_upstreams(next_.pools[i], cluster::PoolIndex{pool_places_[i]});
        }
        next_.pools = arranged(next_.pools, pool_places_, current_.pools, teller("pool"));
    }

    void merge_upstreams(Pool& pool, cluster::PoolIndex index) {
        const Pool& present = std::as_const(current_.pools)[index.value];
        // who took the place of another pool has its vacant upstreams too
        const bool is_successor = present.name != pool.name;
        std::vector<Upstream> slots = present.upstreams;
        for (Upstream& slot : slots) slot.retired = slot.retired || is_successor;
        const auto is_vacant = [&](std::uint16_t place) {
            return is_successor || vacancies_.upstream({index, {place}});
        };
        const auto places = places_for(pool.upstreams, slots, is_vacant);
        slots.resize(size_for(places, slots.size()));
        std::vector<bool> filled(slots.size(), false);
        for (std::size_t i = 0; i < places.size(); ++i) {
            filled[places[i]] = true;
            slots[places[i]] = std::move(pool.upstreams[i]);
        }
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (!filled[i]) slots[i].retired = true;
        }
        pool.upstreams = std::move(slots);
    }

    void merge_routes() {
        for (Route& route : next_.routes) {
            for (std::uint16_t& listener : route.listeners) listener = listener_places_[listener];
            if (route.to_pool) route.to_pool->value = pool_places_[route.to_pool->value];
            if (!route.split) continue;
            for (auto& [pool, weight] : route.split->targets) pool.value = pool_places_[pool.value];
        }
        const auto places = places_for(next_.routes, current_.routes, vacancies_.route);
        // where a route stands in the file is no change of it
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i] >= current_.routes.size()) continue;
            const Route& known = std::as_const(current_.routes)[places[i]];
            Route moved = known;
            moved.config_place = next_.routes[i].config_place;
            if (moved == next_.routes[i]) next_.routes[i].config_place = known.config_place;
        }
        next_.routes = arranged(next_.routes, places, current_.routes, teller("route"));
        if (common(places, route_order(current_)) != common(route_order(current_), places))
            merged_.changed.emplace_back("the order of the routes");
        next_.route_order = places;
    }

    const Config& current_;
    Config next_;
    const Vacancies& vacancies_;
    std::vector<std::uint16_t> listener_places_, pool_places_;
    Merged merged_;
};

}  // namespace

Merged merge(const Config& current, Config next, const Vacancies& vacancies) {
    return Merge(current, std::move(next), vacancies).run();
}

}  // namespace ringway::config
