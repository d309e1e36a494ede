#include "report/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "report/report.h"

namespace ringload {

namespace {

struct Unit {
    const char* name;
    double size;
};
constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
constexpr Unit kSizes[] = {
    {"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};

/// To three significant digits, which may lift it into the next unit: 999.7 us is 1 ms.
double rounded(double value) {
    if (value <= 0) return 0;
    const double step = std::pow(10, std::floor(std::log10(value)) - 2);
    return step >= 1 ? std::round(value / step) * step
                     : std::round(value * (1 / step)) / (1 / step);
}

std::string in_units(double value, std::span<const Unit> units) {
    const Unit* unit = &units.front();
    for (const Unit& larger : units) {
        if (rounded(value / larger.size) >= 1) unit = &larger;
    }
    const double shown = rounded(value / unit->size);
    return shown >= 1000 ? fmt::format("{:.0f} {}", shown, unit->name)
                         : fmt::format("{:.3g} {}", shown, unit->name);
}

/// Code points: what a terminal shows of names in most scripts.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

}  // namespace

std::string show_ns(std::uint64_t ns) { return in_units(static_cast<double>(ns), kTimes); }

std::string show_duration(ringway::base::Duration duration) {
    const auto ns = static_cast<double>(duration.count());
    return duration.count() == 0 ? "0 s" : (ns < 0 ? "-" : "") + in_units(std::abs(ns), kTimes);
}

std::string show_ms(double ms) {
    return ms == 0 ? "0 ms" : (ms < 0 ? "-" : "") + in_units(std::abs(ms) * 1e6, kTimes);
}

std::string show_bytes(double bytes) { return in_units(bytes, kSizes); }

std::string show_rate(double per_second) {
    return per_second >= 100 ? fmt::format("{:.0f}/s", per_second)
                             : fmt::format("{:.3g}/s", per_second);
}

std::string show_share(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "-";
    return fmt::format("{:.3g} %", static_cast<double>(part) / static_cast<double>(whole) * 100);
}

std::string Table::str(std::size_t indent) const {
    std::vector<std::size_t> widths;
    for (const auto& cells : rows_) {
        widths.resize(std::max(widths.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(cells[i]));
        }
    }
    std::string out;
    for (const auto& cells : rows_) {
        std::string line(indent, ' ');
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string blanks(widths[i] - width_of(cells[i]), ' ');
            if (i > 0) line += "  ";
            line += i == 0 || i >= texts_from_ ? cells[i] + blanks : blanks + cells[i];
        }
        line.resize(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

}  // namespace ringload
