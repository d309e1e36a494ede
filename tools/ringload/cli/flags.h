// The table of flags: the parser, --help and docs/ringload.md all walk it. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ringload {

/// As the user wrote it; nothing when the flag was not given.
using Value = std::optional<std::string>;

/// What stands on the command line, not yet understood.
struct Arguments {
    std::vector<std::string> urls;

    Value connections, connections_max, threads, cpus, pipeline;
    Value duration, requests, warm_up, rate, arrivals, ramp, step, find_max, precision, seed;

    Value method, body, body_file, expect, checksum, mix, connect;
    std::vector<std::string> headers;
    Value timeout, connect_timeout;

    bool no_keepalive = false;
    Value requests_per_connection, churn, slow_readers, read_rate, slow_senders, send_rate, aborts,
        abort_after;

    Value json, csv, html, records, interval, watched_core;
    bool quiet = false;
    std::vector<std::string> assertions, watched;

    bool version = false;
    bool help = false;
};

struct Flag {
    std::string_view names;         // "-c,--connections"
    std::string_view value;         // what stands behind it: "N"; "" when nothing does
    std::string_view default_text;  // "" when it has none
    std::string_view meaning;
    std::variant<Value Arguments::*, bool Arguments::*, std::vector<std::string> Arguments::*> slot;

    /// "--connections"
    std::string_view long_name() const;
    bool may_be_repeated() const { return slot.index() == 2; }
};

struct FlagGroup {
    std::string_view name;
    std::vector<Flag> flags;
};

const std::vector<FlagGroup>& flag_groups();

/// All that one needs to use it.
std::string help_text();
/// The flags as Markdown, a table for each group.
std::string flags_markdown();

}  // namespace ringload
