// One active check of one upstream, carried out: connect or take the warm connection, ask, look at
// the answer layer by layer. Also the probe of a suspicion, which is the same with a shorter
// deadline. Owned by the shard's Monitor, on the shard's thread; its times are ring timeouts.
//
//   state      | event                                          -> next
//   -----------+-----------------------------------------------------------
//   rest       | start(), no warm connection                    -> connecting
//              | start(), warm connection                       -> asking
//   connecting | connected                                      -> asking
//              | connected, nothing to send and none expected   -> rest, told
//              | refused, reset, unreachable, deadline          -> rest, told
//   asking     | whole answer, or as much as decides            -> rest, told
//              | redirect                                       -> asking, connecting
//              | FIN or RST of a warm connection before a byte  -> connecting
//              | FIN, RST, malformed, deadline                  -> rest, told
// stop() leads to rest from everywhere, untold. A connection that is let go of is closed when its
// operations are home, while the probe may be started again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/config/config.h"
#include "ringway/ring/ring.h"

namespace ringway::health {

/// The layers of a check, from the ground up.
enum class Layer : std::uint8_t { network, http, content };
inline constexpr std::size_t kLayers = 3;
const char* name_of(Layer layer);

enum class ProbeEnd : std::uint8_t {
    passed,
    refused,  // nobody listens, or the path or address leads nowhere
    reset,    // FIN or RST before a whole answer
    unreachable,
    timed_out,   // silent past the deadline
    malformed,   // not HTTP, or not what `expect` says
    bad_status,  // not one of expected_statuses
    bad_content,
    rate_limited,  // 429: ask again after retry_after
    credentials,   // 401 or 403, where not expected
    local_fault,   // no descriptor or memory here: says nothing of the upstream
};
inline constexpr std::size_t kProbeEnds = 11;
const char* name_of(ProbeEnd end);

struct ProbeResult {
    ProbeEnd end = ProbeEnd::passed;
    // how far it got: every layer below it is sound; of a passed one the highest that it has
    Layer layer = Layer::network;
    std::uint16_t status = 0;
    base::Instant started{};
    base::Duration connect{-1};  // negative: a warm connection was used
    base::Duration latency{-1};  // from the request (or connect, for plain tcp) to the whole answer
    // of the network alone: the connect, or on a warm connection TCP's own estimate, at most
    // `answered`
    base::Duration round_trip{-1};
    base::Duration answered{-1};  // from the request to the first byte of its answer
    base::Duration retry_after{0};
    std::string_view detail;  // a sentence on what went wrong; valid during the call
    std::string_view body;    // of an agent's answer; valid during the call
};

class Probe;
class ProbeOwner {
 public:
    virtual void on_probe_ended(Probe& probe, const ProbeResult& result) = 0;
    /// The present step of the probe has outlasted its Patience; it goes on until its deadline.
    virtual void on_probe_overdue(Probe& probe) = 0;

 protected:
    ~ProbeOwner() = default;
};

/// How long a step of a probe may last before its owner is told. An upstream answers a connect in
/// the kernel and a request when its program gets to it, so each has a measure of its own.
struct Patience {
    static constexpr base::Duration kEndless = base::Duration::max();
    base::Duration connect = kEndless;
    base::Duration answer = kEndless;
};

/// What a probe says of itself to the upstream, and what it needs to read the answer's dates.
struct ProbeIdentity {
    std::string instance_id;          // X-Instance-ID: one for the life of the process
    std::string app_name;             // X-App-Name
    std::int64_t unix_offset_ns = 0;  // wall clock minus monotonic clock
};

class Probe {
 public:
    /// All referred to objects outlive it. `fine` has ticks fit for deadlines of milliseconds.
    Probe(ring::Ring& ring, base::TimerWheel& fine, const config::HealthCheck& check,
          const config::Upstream& upstream, const ProbeIdentity& identity, ProbeOwner& owner);
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    /// True between start() and the call of on_probe_ended().
    bool running() const;
    /// How long its present step has lasted; only while running.
    base::Duration waited() const;
    /// Begins; not while running. `to` is the upstream's address (the check's port laid over it
    /// here). The probe ends at `deadline` at the latest, which is of all its steps together. The
    /// owner is never called from within.
    void start(const base::SocketAddress& to, base::Instant deadline, const Patience& patience);
    /// Another patience for a running probe, its present step included (the owner is told again
    /// when that has outlasted this one): an active check that a suspicion joins.
    void set_patience(const Patience& patience);
    /// Ends without telling; the warm connection goes too.
    void stop();
    /// No operation is in flight and no descriptor is open: it may be destroyed, but not from
    /// within a call to its owner.
    bool at_rest() const;

    const config::HealthCheck& check() const;

 private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace ringway::health
