// The product's time: monotonic nanoseconds. No clock is read here; `now` is always an argument,
// and only ring/ and control/ read the kernel's clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace ringway::base {

using Duration = std::chrono::nanoseconds;

/// Tag of the time line that Instants stand on (CLOCK_MONOTONIC). It has no now() on purpose.
struct Monotonic {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};

using Instant = Monotonic::time_point;

inline constexpr Instant kNever = Instant::max();

constexpr std::int64_t to_ns(Duration d) { return d.count(); }
constexpr std::int64_t to_us(Duration d) { return d.count() / 1'000; }
constexpr std::int64_t to_ms(Duration d) { return d.count() / 1'000'000; }

}  // namespace ringway::base
