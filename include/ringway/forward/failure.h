// How an exchange fails: one value from which the status, the counters and the question of
// repeating all derive.
#pragma once

#include <cstdint>

#include "ringway/observe/counters.h"

namespace ringway::forward {

enum class Cause : std::uint8_t {
    connect_failed,  // refused, unreachable, no such socket, no descriptor left
    connect_timeout,
    closed_early,  // FIN or RST before the first byte of a response
    first_byte_timeout,
    malformed_response,
    truncated_response,  // ended inside the response
    response_stalled,    // silent inside the response
};

struct Failure {
    Cause cause;
    bool reached_wire;  // bytes of the request may have reached the upstream
};

constexpr std::uint16_t status_of(Cause cause) {
    return cause == Cause::connect_timeout || cause == Cause::first_byte_timeout ? 504 : 502;
}

/// Whether another try can help at all; whether the request may be repeated is the exchange's
/// question.
constexpr bool is_retriable(Cause cause) {
    return cause == Cause::connect_failed || cause == Cause::connect_timeout ||
           cause == Cause::closed_early || cause == Cause::first_byte_timeout ||
           cause == Cause::malformed_response;
}

constexpr observe::Refusal refusal_of(Cause cause) {
    switch (cause) {
        case Cause::connect_failed:
            return observe::Refusal::upstream_connect_failed;
        case Cause::connect_timeout:
        case Cause::first_byte_timeout:
        case Cause::response_stalled:
            return observe::Refusal::upstream_timeout;
        case Cause::closed_early:
            return observe::Refusal::upstream_reset;
        case Cause::malformed_response:
            return observe::Refusal::upstream_malformed;
        case Cause::truncated_response:
            return observe::Refusal::upstream_truncated;
    }
    return observe::Refusal::upstream_reset;
}

}  // namespace ringway::forward
