// What `top` shows: lines out of what the server said, for a screen of any size. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/json.h"
#include "tables/style.h"
#include "top/rates.h"

namespace ringctl {

/// One look at the server.
struct Reading {
    Rates::Clock::time_point at{};
    Document status, shards, pools, upstreams;
};

/// Every counter of a reading that a rate is shown of.
Rates::Counters counters_of(const Reading& reading);

enum class SortBy : std::uint8_t { name, rate, in_flight, failures, latency };
inline constexpr std::size_t kSorts = 5;
const char* name_of(SortBy sort);

/// What the keys have set.
struct Look {
    SortBy sort = SortBy::name;
    std::size_t first = 0;  // row of the upstreams that is shown at the top
    bool paused = false;
    std::string problem;  // why the figures are old; "" when they are not
    std::string clock;    // "19:37:03"
};

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// At most size.rows lines of at most size.columns characters. The upstreams get what the rest
/// leaves, and no table more than it needs. `look.first` is drawn back to where a row is.
std::vector<std::string> draw(const Reading& reading, const Rates& rates, Look& look,
                              ScreenSize size, const Style& style);

/// Everything, without the line of keys.
std::vector<std::string> draw_all(const Reading& reading, const Rates& rates, Look& look,
                                  const Style& style);

}  // namespace ringctl
