// A configuration that follows another while the process goes on. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"

namespace ringway::config {

/// Whether nothing is left that knows a retired thing by its place, so that another may have it.
struct Vacancies {
    std::function<bool(std::uint16_t)> listener, route;
    std::function<bool(cluster::PoolIndex)> pool;
    std::function<bool(cluster::Place)> upstream;
};

struct Merged {
    std::shared_ptr<const Config> config;  // its generation is one higher
    // sentences: "pool `x`: upstream `y` is new"
    std::vector<std::string> changed;
    // what of the file takes effect with the next start or upgrade only
    std::vector<std::string> needs_restart;
};

/// `next` in the places of `current`: a listener, route, pool, or upstream of a pool, has the place
/// that one of the same name has; a new one has a vacant place, or one behind all others; one that
/// is not in `next` is retired where it stands. What is equal is shared. [process], [shards]
/// and [admin] stay as they are, the admin token excepted, and of [log] its files and formats do.
Merged merge(const Config& current, Config next, const Vacancies& vacancies);

}  // namespace ringway::config
