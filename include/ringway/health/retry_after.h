// How long an upstream that answered 429 asks to be left alone. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ringway/base/time.h"
#include "ringway/http/head.h"

namespace ringway::health {

/// The longest of what its fields ask for, from 0 (a time that has passed) to kRetryAfterMax:
/// Retry-After (RFC 9110 10.2.3: seconds or HTTP date) and its forms in milliseconds
/// (Retry-After-Ms, X-Ms-Retry-After-Ms). Only where none of those can be understood:
/// - RateLimit-Reset, X-RateLimit-Reset, X-Rate-Limit-Reset, X-RateLimit-Reset-After;
/// - X-RateLimit-Reset-Requests and -Tokens ("1s", "6m0s", "120ms");
/// - Anthropic-RateLimit-{Requests,Tokens,Input-Tokens,Output-Tokens}-Reset (RFC 3339 times);
/// - RateLimit (draft-ietf-httpapi-ratelimit-headers: `"default";r=0;t=30`, and `reset=30` before
///   its eighth version).
/// Each of them is read in every form: a number (with a fraction or not) is seconds below 10^8, a
/// Unix time in seconds below 10^11, else one in milliseconds. Nothing when no field says anything
/// that can be understood. `unix_now_ns`: the wall clock.
std::optional<base::Duration> retry_after(const http::Fields& fields, std::int64_t unix_now_ns);

/// Where no field says anything.
inline constexpr base::Duration kRetryAfterDefault = std::chrono::seconds(2);
inline constexpr base::Duration kRetryAfterMax = std::chrono::hours(1);

/// An HTTP date in any of its three forms (RFC 9110 5.6.7) in Unix seconds. A year of two digits is
/// one of 1970 to 2069. The name of the day is not compared with the date.
std::optional<std::int64_t> parse_http_date(std::string_view text);

/// An Internet time (RFC 3339 5.6: "2024-06-01T12:00:00.5+02:00") in Unix milliseconds, rounded
/// down.
std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text);

}  // namespace ringway::health
