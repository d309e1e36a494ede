// How long an upstream that answered 429 asks to be left alone. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ringway/base/time.h"
#include "ringway/http/head.h"

namespace ringway::health {

/// The longest of what its fields ask for, at most an hour: Retry-After (RFC 9110 10.2.3, seconds
/// or HTTP date); RateLimit-Reset and X-RateLimit-Reset (seconds, or Unix seconds, or Unix
/// milliseconds, told apart by size), X-RateLimit-Reset-Requests and -Tokens ("1s", "6m0s",
/// "120ms"), those only where Retry-After is missing. Nothing when no field says anything that can
/// be understood.
std::optional<base::Duration> retry_after(const http::Fields& fields, std::int64_t unix_now_ns);

/// Where no field says anything.
inline constexpr base::Duration kRetryAfterDefault = std::chrono::seconds(2);
inline constexpr base::Duration kRetryAfterMax = std::chrono::hours(1);

/// An HTTP date in any of its three forms (RFC 9110 5.6.7) in Unix seconds.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace ringway::health
