#include "tables/units.h"

#include <fmt/format.h>

#include <cmath>

namespace ringctl {

namespace {

constexpr const char* kAbsent = "-";

}  // namespace

std::string count_text(std::optional<double> count) {
    return count ? fmt::format("{:.0f}", *count) : kAbsent;
}

std::string counted(std::optional<double> count, const std::string& one) {
    return count_text(count) + ' ' + one + (count == 1 ? "" : "s");
}

std::string rate_text(std::optional<double> per_second) {
    if (!per_second) return kAbsent;
    const double rate = *per_second;
    if (rate == 0) return "0";
    if (rate < 99.95) return fmt::format("{:.1f}", rate);
    if (rate < 9999.5) return fmt::format("{:.0f}", rate);
    if (rate < 999'950) return fmt::format("{:.1f}k", rate / 1e3);
    return fmt::format("{:.1f}M", rate / 1e6);
}

std::string milliseconds_text(std::optional<double> milliseconds) {
    if (!milliseconds) return kAbsent;
    const double ms = *milliseconds;
    if (ms < 9.995) return fmt::format("{:.2f} ms", ms);
    if (ms < 99.95) return fmt::format("{:.1f} ms", ms);
    if (ms < 999.5) return fmt::format("{:.0f} ms", ms);
    if (ms < 99'950) return fmt::format("{:.2f} s", ms / 1000);
    return fmt::format("{:.0f} s", ms / 1000);
}

std::string seconds_text(std::optional<double> seconds) {
    if (!seconds) return kAbsent;
    if (*seconds < 9.95) return fmt::format("{:.1f} s", *seconds);
    const auto whole = static_cast<std::int64_t>(std::llround(*seconds));
    if (whole < 120) return fmt::format("{} s", whole);
    if (whole < 2 * 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
    if (whole < 48 * 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
    return fmt::format("{}d {}h", whole / 86400, whole / 3600 % 24);
}

std::string share_text(std::optional<double> share) {
    return share ? fmt::format("{:.0f}%", *share * 100) : kAbsent;
}

std::string bytes_text(std::optional<double> bytes) {
    if (!bytes) return kAbsent;
    if (*bytes < 1024) return fmt::format("{:.0f} B", *bytes);
    double scaled = *bytes / 1024;
    const char* unit = "KiB";
    for (const char* const larger : {"MiB", "GiB", "TiB"}) {
        if (scaled < 1024) break;
        scaled /= 1024;
        unit = larger;
    }
    return fmt::format("{:.1f} {}", scaled, unit);
}

}  // namespace ringctl
