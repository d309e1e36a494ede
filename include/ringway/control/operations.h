// What an operator may ask of the process as a whole, as the admin API calls it. Main fills it in;
// the endpoints turn the answers into JSON (docs/admin.md).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/observe/exposition.h"

namespace ringway::control {

/// Why an operation did not happen; what was there before goes on.
struct OperationError {
    std::uint16_t status = 500;        // of the reply: 409, 422, 500
    std::string code;                  // "invalid_config", in snake_case
    std::string message;               // a sentence
    std::vector<std::string> details;  // file:line:column: sentence; all errors of a file
};

template <class T>
using Outcome = std::expected<T, OperationError>;

/// A configuration that took effect.
struct Reloaded {
    std::uint64_t generation = 0;            // of the configuration now in use
    std::vector<std::string> changed;        // what is different now: "pool `api`"
    std::vector<std::string> needs_restart;  // what the file says, and a new process would do
};

/// A configuration to be tried, which goes away by itself unless it is confirmed in time.
struct ApplyOrder {
    std::string toml;
    std::string name;                // of the text in its errors; empty: the file's
    base::Duration confirm{};        // > 0
    std::optional<double> abort_if;  // reverts when this share of requests fails (0.01: 1 %)
};

struct Applied {
    Reloaded reloaded;
    std::int64_t confirm_by_unix_ns = 0;
};

/// A configuration that waits for its confirmation.
struct Pending {
    std::uint64_t generation = 0;
    std::int64_t confirm_by_unix_ns = 0;
    std::optional<double> abort_if;
};

struct Upgraded {
    pid_t pid = 0;  // of the new process, which is ready
};

/// Each may be empty, which the API answers with 501. Called on the admin server's worker thread,
/// one at a time, where they may block for as long as they need; but `pending`, `drain`,
/// `drain_left` and `reload_facts` on the server's own thread, which they do not hold up. They
/// throw nothing.
struct Operations {
    std::function<Outcome<Reloaded>()> reload;
    std::function<Outcome<Applied>(const ApplyOrder&)> apply;
    std::function<Outcome<Reloaded>()> confirm;  // 409 when none is pending, as in revert
    std::function<Outcome<Reloaded>()> revert;
    std::function<std::optional<Pending>()> pending;
    std::function<Outcome<Upgraded>()> upgrade;
    std::function<void()> drain;  // as SIGTERM; returns at once

    /// Of a process that drains, until its connections are cut; nothing while it does not.
    std::function<std::optional<base::Duration>()> drain_left;
    std::function<observe::ReloadFacts()> reload_facts;
};

}  // namespace ringway::control
