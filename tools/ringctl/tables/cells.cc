#include "tables/cells.h"

#include <fmt/format.h>

#include "tables/units.h"

namespace ringctl {

namespace {

Tone tone_of_state(std::string_view state) {
    if (state == "healthy") return Tone::good;
    if (state == "unhealthy") return Tone::bad;
    if (state == "unknown") return Tone::dim;
    return Tone::warning;  // degraded, draining, maintenance
}

}  // namespace

Cell count_cell(std::optional<double> count) {
    return {count_text(count), count.value_or(0) == 0 ? Tone::dim : Tone::plain};
}

Cell rate_cell(std::optional<double> per_second, Tone tone) {
    return {rate_text(per_second), per_second.value_or(0) == 0 ? Tone::dim : tone};
}

Cell milliseconds_cell(const Value& value) {
    const auto number = value.number();
    return {milliseconds_text(number), number ? Tone::plain : Tone::dim};
}

Cell state_cell(const Value& upstream) {
    Cell cell{upstream["state"].text(), tone_of_state(upstream["state"].text())};
    const std::string reason = upstream["reason"].text();
    const bool says_more = cell.tone != Tone::good && !reason.empty() && reason != "none";
    if (says_more) cell.text += fmt::format(" ({})", reason);
    const auto add = [&cell](const std::string& text) {
        cell.text += ", " + text;
        if (cell.tone == Tone::good) cell.tone = Tone::warning;
    };
    if (upstream["ejected"].is_object())
        add("ejected " + seconds_text(upstream["ejected"]["seconds"].number()));
    if (upstream["cooling_seconds"].number_or_zero() > 0)
        add("cooling " + seconds_text(upstream["cooling_seconds"].number()));
    if (upstream["credentials_fault"].flag()) add("credentials refused");
    return cell;
}

Cell weight_cell(const Value& upstream) {
    const auto used = upstream["weight"].number();
    const auto configured = upstream["weight_config"].number();
    if (const auto by_hand = upstream["weight_by_hand"].number())
        return {fmt::format("{} by hand", count_text(by_hand)), Tone::warning};
    if (!configured || used == configured) return {count_text(used)};
    return {fmt::format("{} of {}", count_text(used), count_text(configured)), Tone::warning};
}

Cell breaker_cell(const Value& breaker) {
    const std::string phase = breaker["phase"].text();
    if (phase == "closed") return {phase, Tone::dim};
    Cell cell{phase, phase == "open" ? Tone::bad : Tone::warning};
    if (breaker["until_seconds"].there())
        cell.text += ' ' + seconds_text(breaker["until_seconds"].number());
    return cell;
}

Cell eligible_cell(const Value& pool) {
    const double eligible = pool["eligible"].number_or_zero();
    const double all = pool["upstreams"].number_or_zero();
    Cell cell{fmt::format("{:.0f}/{:.0f}", eligible, all), Tone::good};
    if (eligible < all) cell.tone = Tone::warning;
    if (eligible == 0) cell.tone = Tone::bad;
    return cell;
}

Cell serving_cell(const Value& pool) {
    if (pool["panic"].flag()) return {"panic", Tone::bad};
    if (!pool["serving_tier"].there()) return {"nobody", Tone::bad};
    if (pool["serving_backup"].flag()) return {"backup", Tone::warning};
    return {"tier " + count_text(pool["serving_tier"].number())};
}

Cell upstream_cell(std::string_view pool, std::string_view name) {
    return {fmt::format("{}/{}", pool, name)};
}

}  // namespace ringctl
