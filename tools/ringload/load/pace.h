// How many bytes a slow client moves at each tick. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "ringway/base/time.h"

namespace ringload {

class Pace {
 public:
    Pace() = default;
    /// A tick moves a byte at least and lasts 50 ms at least.
    explicit Pace(std::uint64_t bytes_per_s) {
        const auto per_s =
            static_cast<std::int64_t>(std::clamp<std::uint64_t>(bytes_per_s, 1, kMax));
        // rounded up: rounded down, 39 bytes a second would be one every 25 ms
        const std::int64_t bytes = (per_s * kTick.count() + kSecond.count() - 1) / kSecond.count();
        bytes_ = static_cast<std::uint64_t>(bytes);
        tick_ = kSecond * bytes / per_s;
    }

    std::uint64_t bytes() const { return bytes_; }
    ringway::base::Duration tick() const { return tick_; }

 private:
    static constexpr ringway::base::Duration kSecond = std::chrono::seconds(1);
    static constexpr ringway::base::Duration kTick = std::chrono::milliseconds(50);
    static constexpr std::uint64_t kMax = 1'000'000'000;
    std::uint64_t bytes_ = 1;
    ringway::base::Duration tick_ = kSecond;
};

}  // namespace ringload
