// Names of upstreams -> addresses -> View. The one place where names are looked up; shards see
// addresses only.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/control/log.h"
#include "ringway/failover/board.h"

namespace ringway::control {

/// Addresses of a host (their ports mean nothing), or why there are none.
using LookupAnswer = std::expected<std::vector<base::SocketAddress>, std::string>;
using Lookup = std::function<LookupAnswer(const std::string& host)>;

/// getaddrinfo, in the system's order of preference (RFC 6724). Blocks.
LookupAnswer system_lookup(const std::string& host);

/// Looks every name up again each Pool::resolve_period. A failure keeps the last good answer and is
/// tried again after 5 s (or the period, when that is shorter); it is logged once until the name
/// resolves again. An answer with the same addresses in another order changes nothing. Look-ups run
/// on up to 8 threads of their own that nobody waits for, since getaddrinfo can neither be bounded
/// nor cancelled.
class Resolver {
 public:
    /// The log outlives it; `lookup` is copied and may be in use after it.
    Resolver(std::shared_ptr<const config::Config> config, Log& log, Lookup lookup = system_lookup);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    /// Looks all names up side by side and waits up to `bound`; a name without an answer by then
    /// comes with the thread. Called once, before start().
    std::unique_ptr<const cluster::View> first_view(base::Duration bound);

    /// Looks up the names that are new in the next configuration, at most for `bound`: the
    /// addresses of all of its upstreams, as far as they are known. Nothing else changes until
    /// adopt().
    failover::Addresses prepare(std::shared_ptr<const config::Config> next, base::Duration bound);
    /// Goes by what prepare() was last given; the board has adopted it. The thread that prepared.
    void adopt(failover::Board& board);

    /// Starts the thread, which publishes new addresses on the board (made with what first_view()
    /// returned) as Teller::shard board.shard_count(). No thread when the configuration has no
    /// names.
    void start(failover::Board& board);

    /// Ends the thread, without waiting for a look-up in flight. Not to be called by an online
    /// RcuReader.
    void stop();

    struct Counts {
        std::uint64_t lookups = 0;  // answered, failures included
        std::uint64_t failures = 0;
    };
    /// Any thread.
    Counts counts() const;

 private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<Machine> prepared_;  // nullptr: nothing was
    mutable std::mutex mutex_;           // of which machine it is, for counts()
};

}  // namespace ringway::control
