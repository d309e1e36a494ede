// The metrics page: what the shards counted, as Prometheus text. Pure: every number is an argument.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/observe/counters.h"

namespace ringway::observe {

/// What became of the configuration since the start; the first load is one of them.
struct ReloadFacts {
    bool last_success = true;  // false exactly when the last one that was tried was refused
    double last_success_unix_seconds = 0;
    std::uint64_t generation = 1;  // counts those that took effect
};

/// What the process and its control threads know of themselves, read at the time of the page.
struct ProcessFacts {
    std::string_view version;
    double started_unix_seconds = 0;
    double cpu_seconds = 0;  // user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t descriptors_max = 0;
    bool draining = false;
    ReloadFacts reload;
    std::uint64_t access_lines = 0;       // written
    std::uint64_t access_lines_lost = 0;  // taken from a shard, but not written
    std::uint64_t access_write_failures = 0;
    std::uint64_t name_lookups = 0;  // of upstream names, failed ones included
    std::uint64_t name_lookup_failures = 0;
    std::uint64_t admin_requests = 0;
    std::uint64_t events_lost = 0;
};

/// What one active check of one upstream came to.
struct CheckFacts {
    cluster::Place place;
    std::string_view check;  // its name
    std::uint64_t passed = 0, failed = 0, rate_limited = 0, credentials = 0;
    base::Duration ewma{0}, p95{0};  // of its latency
};

/// Of one pool: the events that control published, which no shard has counted.
using EventCounts = std::array<std::uint64_t, kEventKinds>;

/// Sources of a page. `view` and the counters have the shape of `config`.
struct Exposition {
    const config::Config& config;
    std::span<const ShardCounters* const> shards;
    const cluster::View& view;
    const ProcessFacts& process;
    std::span<const CheckFacts> checks = {};           // in any order
    std::span<const EventCounts> control_events = {};  // of each pool, or empty
};

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// The page in the Prometheus text format 0.0.4. Counters of listeners, routes, pools and upstreams
/// are summed over the shards; those of a shard itself carry its index. Histograms have 16 fixed
/// bounds from 0.5 ms to 60 s; a record within 3.2 % below a bound may be counted in the next
/// bucket (see Histogram). docs/metrics.md lists every family.
std::string exposition_text(const Exposition& sources);

}  // namespace ringway::observe
