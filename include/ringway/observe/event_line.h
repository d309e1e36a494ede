// An event as a sentence for the log and as JSON for the admin API. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "ringway/config/config.h"
#include "ringway/observe/event.h"
#include "ringway/observe/json.h"

namespace ringway::observe {

/// An event as the control plane keeps it: with its names, so that it holds no configuration alive
/// that was followed by others long ago.
struct Told {
    std::uint64_t id = 0;      // 1, 2, 3...: in the order in which they were told
    std::int64_t unix_ns = 0;  // wall clock of Event::at
    Event event;
    std::string pool;
    std::string upstream;     // empty: the whole pool
    bool by_control = false;  // published by no shard
    bool inherited = false;   // told by a process before this one, of whose views `event` speaks
};

/// Without id and time; the event's places refer to `config`.
Told told_of(const Event& event, const config::Config& config);

/// "pool api upstream a: unhealthy (probe_missed): no answer within 10 ms, after 12 ms"; of a pool
/// "pool api: total_failure". What took time says "after 12 ms" when it took something out, and
/// "out for 8 s" when it brought something back.
std::string event_sentence(const Told& told);

/// One object: {"id", "time", "kind", "severity", "pool", "upstream", "reason", "from", "to",
/// "took_ms", "evidence", "shard", "version"}; what does not apply is null: the upstream and states
/// of a whole pool's event, a time that nothing took, the shard when control told it.
void put_event(JsonWriter& json, const Told& told);

}  // namespace ringway::observe
