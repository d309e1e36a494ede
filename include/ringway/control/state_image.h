// What a process knows of its upstreams, as a JSON document for its successor: what stands in the
// View, latencies and retry budgets. Pure.
//
// {"version":1,"pools":[{"name":...,"budget":{"requests":...,"retries":...},"upstreams":[{"name":...,
// "address":...,"checks":...,"state":...,...}]}]}
//
// Instants are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. Members that
// the reader does not know are passed over and missing ones keep their start value, so that an
// older and a newer version understand each other; a value that the reader does not know leaves out
// its upstream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/shard/shard_memory.h"

namespace ringway::control {

/// What the checks of a pool ask and what they take for an answer. Equal on every machine; how
/// often they ask is left out.
std::uint64_t digest_of(const config::Health& health);

std::string write_state(const cluster::View& view, const shard::ShardMemory& memory);

struct RestoredState {
    std::unique_ptr<const cluster::View> view;
    shard::ShardMemory memory;  // of each pool and upstream of the configuration; empty: nothing
    std::size_t upstreams = 0;  // that go on from what was known
};

/// `first` with what the document knows of upstreams that have the same pool, name, address and
/// checks; of one whose checks are others only what was done by hand. A name that was not resolved
/// keeps its addresses. A document that cannot be read: `first` itself.
RestoredState restore_state(std::string_view document, const config::Config& config,
                            std::unique_ptr<const cluster::View> first, base::Instant now);

}  // namespace ringway::control
