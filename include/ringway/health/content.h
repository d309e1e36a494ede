// Whether the body of an answer to a check is what it must be. Pure; JSON by simdjson.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "ringway/config/config.h"

namespace ringway::health {

/// Nothing when every rule holds; else one sentence on the first that does not, such as
/// `"/models" is an empty array`. `cut`: the body was longer than max_body and is not whole (a
/// JSON rule then says so).
std::expected<void, std::string> check_content(std::span<const config::ContentRule> rules,
                                               std::string_view body, bool cut);

/// An agent's answer, in words ("up", "ready", "drain", "maint", "down", "75%", several separated
/// by spaces or commas, "#" ends it) or as JSON {"weight": 0..100, "cpu": percent, "memory":
/// percent, "drain": bool, "down": bool}. `cpu` and `memory` above 80 lower the weight in steps
/// down to 10 at 100.
struct AgentReport {
    enum class Wish : std::uint8_t { none, up, drain, maintenance, down };
    Wish wish = Wish::none;
    std::uint8_t percent = 100;
    float cpu_percent = -1;     // negative: not said
    float memory_percent = -1;
};
std::expected<AgentReport, std::string> parse_agent_report(std::string_view text);

}  // namespace ringway::health
