// Members of a JSON document of another process: what is missing or of another type leaves what was
// there. Pure.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include "ringway/base/time.h"

namespace ringway::control {

template <class T>
void read_member(const simdjson::dom::object& from, std::string_view name, T& value) {
    T found{};
    if (from[name].get(found) == simdjson::SUCCESS) value = found;
}

/// At most what T holds.
template <class T>
void read_count(const simdjson::dom::object& from, std::string_view name, T& value) {
    std::uint64_t found = value;
    read_member(from, name, found);
    value = static_cast<T>(std::min<std::uint64_t>(found, std::numeric_limits<T>::max()));
}

/// Not below 0.
inline void read_ns(const simdjson::dom::object& from, std::string_view name,
                    base::Duration& value) {
    std::int64_t found = base::to_ns(value);
    read_member(from, name, found);
    value = base::Duration(std::max<std::int64_t>(found, 0));
}

inline void read_ns(const simdjson::dom::object& from, std::string_view name,
                    base::Instant& value) {
    base::Duration since = value.time_since_epoch();
    read_ns(from, name, since);
    value = base::Instant(since);
}

/// False when the member has a name that none of the `count` values of T has.
template <class T>
bool read_name(const simdjson::dom::object& from, std::string_view name, std::size_t count,
               T& value) {
    std::string_view found;
    if (from[name].get(found) != simdjson::SUCCESS) return true;
    for (std::size_t i = 0; i < count; ++i) {
        if (name_of(static_cast<T>(i)) != found) continue;
        value = static_cast<T>(i);
        return true;
    }
    return false;
}

}  // namespace ringway::control
