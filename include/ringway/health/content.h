// Whether the body of an answer to a check is what it must be. Pure; JSON by simdjson.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "ringway/config/config.h"

namespace ringway::health {

/// Nothing when every rule holds; else one sentence on the first that does not, such as
/// `"/models" is an empty array`. `cut`: the body was longer than max_body and is not whole (a
/// JSON rule then says so).
///
/// The whole body must be JSON (RFC 8259, UTF-8, a byte order mark is passed over) for any JSON
/// rule to hold: at most 1024 levels deep, and without numbers beyond 64 bits or the range of a
/// double. `equals`: a string by its text; other values by their JSON, numbers by their value, so
/// that 1 equals 1.0, and objects only with their members in the same order. `matches`: a string of
/// at most kMatchedBytesMax, by an expression without back-references; its time is linear in the
/// string. Never throws but for want of memory. Any thread; expressions are compiled once a thread.
std::expected<void, std::string> check_content(std::span<const config::ContentRule> rules,
                                               std::string_view body, bool cut);

/// A longer string is not matched with an expression.
inline constexpr std::size_t kMatchedBytesMax = 8 * 1024;

/// What an upstream's agent says of its host. Words come several in a row, separated by white space
/// or commas; '#' ends them (as HAProxy's agent-check has them):
///   "up", "ready"; "drain"; "maint", "maintenance"; "down", "fail", "failed", "stopped";
///   "75%": the share of its weight that it wants; "cpu:83", "memory:91%" or "mem:91%": load;
///   "maxconn:30": passed over.
/// Or as JSON {"weight": 0..100, "cpu": percent, "memory": percent, "drain": bool, "down": bool},
/// other members passed over. Of several wishes the gravest counts; JSON that has "drain" or
/// "down", both false, wishes to be up. A share above 100 is taken for 100. `cpu` and `memory`
/// bound the share too: 77 above 80 %, 55 above 85, 32 above 90, 10 above 95.
struct AgentReport {
    // by gravity
    enum class Wish : std::uint8_t { none, up, drain, maintenance, down };
    Wish wish = Wish::none;
    std::uint8_t percent = 100;  // of its weight, 0..100
    float cpu_percent = -1;      // negative: not said
    float memory_percent = -1;
};
/// The report, or a sentence on what cannot be understood in it (an empty one cannot).
std::expected<AgentReport, std::string> parse_agent_report(std::string_view text);

}  // namespace ringway::health
