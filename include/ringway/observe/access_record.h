// One line of the access log, as a shard hands it over: plain values and short strings through a
// ring of bytes with one writer (the shard) and one reader (the control thread's log writer). Full
// means dropped and counted, never waited for.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "ringway/base/prng.h"
#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/config/config.h"

namespace ringway::observe {

/// Why an attempt was given up.
enum class AttemptEnd : std::uint8_t {
    connect_failed,
    connect_timeout,
    closed_early,
    stale,  // a reused connection that had died while it was idle
    first_byte_timeout,
    malformed_response,
    status_502,
    status_503,
    status_504,
    status_other,  // another one of retry.statuses
    rate_limited,
    credentials_refused,
    upstream_out,  // moved on: its upstream was found dead
    outrun,        // the hedge was faster, or the request faster than its hedge
};
inline constexpr std::size_t kAttemptEnds = 14;
const char* name_of(AttemptEnd end);

/// One send of a request that did not give its answer.
struct FailedAttempt {
    std::uint16_t upstream = 0;
    std::uint8_t cause = 0;  // AttemptEnd
    std::uint32_t took_ms = 0;
};

/// The values of a record. Times are durations from the moment that the request head was complete;
/// negative: that moment was not reached.
struct AccessFacts {
    std::int64_t started_unix_ns = 0;  // wall clock
    base::Duration queue{-1};          // waited for an upstream
    base::Duration connect{-1};        // connection to the upstream ready (0 when reused)
    base::Duration first_byte{-1};     // head of the response
    base::Duration total{-1};  // last byte handed to the kernel, or the end by whatever cause
    // of the attempt that did not fail, from its pick to the head of its response, or to the end
    base::Duration last_attempt{-1};
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::int32_t route = -1;
    std::int32_t pool = -1;
    std::int32_t upstream = -1;  // the last one tried
    std::uint16_t status = 0;    // sent to the client; 0: none
    std::uint16_t listener = 0;
    base::PeerAddress client;
    std::uint8_t attempts = 0;  // sends to upstreams
    bool upstream_reused = false;
    std::uint8_t minor_version = 1;
    std::int8_t refusal = -1;  // observe::Refusal, or -1: answered by the upstream or a route
};

/// With the texts, cut at 1 KiB each, and the attempts that failed, in order; cut at
/// kFailedAttemptsMax; fewer than `attempts` unless the last one failed too.
struct AccessRecord : AccessFacts {
    std::span<const FailedAttempt> failed_attempts;
    std::string_view method, target, host, request_id, user_agent, referer;
};

inline constexpr std::size_t kFailedAttemptsMax = 12;

/// Whether a request goes to the access log: by the sampling, or because it failed or was slow.
inline bool is_logged(const config::Log& settings, bool failed, base::Duration total,
                      base::Prng& prng) {
    if (settings.access_sampling >= 1.0) return true;
    if (failed && settings.access_errors_always) return true;
    if (settings.access_slow > base::Duration::zero() && total >= settings.access_slow) return true;
    return prng.unit() < settings.access_sampling;
}

class AccessRing {
 public:
    /// `bytes` is a power of two, at least 16 KiB: the longest record finds room in an empty ring,
    /// wherever it stands.
    explicit AccessRing(std::size_t bytes);
    AccessRing(const AccessRing&) = delete;
    AccessRing& operator=(const AccessRing&) = delete;
    ~AccessRing();

    /// Writer: copies the record in; false when there is no room.
    bool push(const AccessRecord& record);
    /// Reader: hands each waiting record to visit(const AccessRecord&) (its strings and attempts
    /// valid during the call); their number.
    std::size_t drain(void (*visit)(void* self, const AccessRecord& record), void* self);

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace ringway::observe
