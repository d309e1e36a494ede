#include "scenario/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "report/digest.h"
#include "report/show.h"

namespace ringload {

namespace {

using Numbers = std::vector<std::optional<double>>;

/// A row of the table: what it takes of each round, nothing where the round has no such figure.
struct Row {
    std::string name;
    int digits = 0;
    bool more_is_worse = true;
    // true exactly when nothing means that it never happened, and not that nobody looked
    bool may_never_happen = false;
    std::function<std::optional<double>(const RoundFigures&)> of;
};

std::vector<Row> load_rows() {
    return {{"rate 1/s", 0, false, false, [](const RoundFigures& r) { return r.rate; }},
            {"errors", 0, true, false,
             [](const RoundFigures& r) { return static_cast<double>(r.errors); }},
            {"mean ms", 1, true, false, [](const RoundFigures& r) { return r.mean_ms; }},
            {"p99 ms", 1, true, false, [](const RoundFigures& r) { return r.p99_ms; }}};
}

std::vector<Row> fault_rows(std::size_t index, const std::string& name) {
    std::vector<Row> rows;
    const auto add = [&](const char* what, int digits, bool may_never_happen, auto figure) {
        rows.push_back({fmt::format("{}: {}", name, what), digits, true, may_never_happen,
                        [index, figure](const RoundFigures& round) -> std::optional<double> {
                            if (index >= round.faults.size()) return {};
                            return figure(round.faults[index]);
                        }});
    };
    const auto whole = [](std::uint64_t n) { return static_cast<double>(n); };
    const auto perhaps = [](const std::optional<std::uint64_t>& n) {
        return n ? std::optional(static_cast<double>(*n)) : std::nullopt;
    };
    add("errors", 0, false, [=](const FaultFigures& f) { return whole(f.errors); });
    add("slow requests", 0, false, [=](const FaultFigures& f) { return whole(f.slow); });
    add("added ms", 1, false, [](const FaultFigures& f) { return f.worst_added_ms; });
    add("noise ms", 1, false, [](const FaultFigures& f) { return f.noise_ms; });
    add("detected ms", 0, true, [](const FaultFigures& f) { return f.detected_ms; });
    add("traffic halved ms", 0, true, [](const FaultFigures& f) { return f.halved_ms; });
    add("ringway told ms", 0, true, [](const FaultFigures& f) { return f.told_ms; });
    add("sent after", 0, false, [=](const FaultFigures& f) { return perhaps(f.sent_after); });
    add("sent while cooling", 0, false,
        [=](const FaultFigures& f) { return perhaps(f.sent_cooling); });
    add("recovered ms", 0, false, [](const FaultFigures& f) { return f.recovered_ms; });
    add("taken back ms", 0, true, [](const FaultFigures& f) { return f.taken_back_ms; });
    add("errors on return", 0, false,
        [=](const FaultFigures& f) { return whole(f.errors_on_return); });
    add("added on return ms", 1, false,
        [](const FaultFigures& f) { return f.worst_added_on_return_ms; });
    return rows;
}

/// Nothing when no variant has the figure at all.
std::optional<std::vector<std::string>> cells_of(const Row& row,
                                                 const std::vector<VariantRounds>& variants) {
    std::vector<std::string> cells{row.name};
    bool is_known = false;
    for (const VariantRounds& variant : variants) {
        Numbers numbers;
        for (const RoundFigures& round : variant.rounds) numbers.push_back(row.of(round));
        const bool has_any = std::ranges::any_of(numbers, [](auto n) { return n.has_value(); });
        is_known = is_known || has_any;
        if (!row.may_never_happen) std::erase(numbers, std::nullopt);
        cells.push_back(worst_and_median(numbers, row.digits, row.more_is_worse));
    }
    if (!is_known) return {};
    return cells;
}

}  // namespace

RoundFigures figures_of_round(const Result& result) {
    return {result.rate(), result.counts.errors(), to_ms(mean_ns(result.latency)),
            to_ms(static_cast<double>(result.latency.quantile_ns(0.99))), result.faults};
}

std::string worst_and_median(const Numbers& numbers, int digits, bool more_is_worse) {
    if (numbers.empty()) return "-";
    Numbers sorted = numbers;
    std::ranges::sort(sorted, [&](const auto& a, const auto& b) {
        if (!a || !b) return a.has_value() && !b.has_value();
        return more_is_worse ? *a < *b : *a > *b;
    });
    const auto never = std::ranges::count_if(sorted, [](const auto& n) { return !n; });
    if (never == std::ssize(sorted)) return "never";
    std::string worst = never > 0 ? fmt::format("never {}x", never)
                                  : fmt::format("{:.{}f}", *sorted.back(), digits);
    if (sorted.size() == 1) return worst;
    const std::size_t half = sorted.size() / 2;
    std::optional<double> middle = sorted[half];
    if (sorted.size() % 2 == 0 && middle && sorted[half - 1])
        middle = (*middle + *sorted[half - 1]) / 2;
    return fmt::format("{} ({})", worst,
                       middle ? fmt::format("{:.{}f}", *middle, digits) : "never");
}

std::string table_of_rounds(const std::vector<VariantRounds>& variants) {
    Table table;
    std::vector<std::string> head{"worst (median)"};
    std::size_t faults = 0;
    for (const VariantRounds& variant : variants) {
        head.push_back(fmt::format("{}{}{} rounds", variant.name, variant.name.empty() ? "" : ", ",
                                   variant.rounds.size()));
        for (const RoundFigures& round : variant.rounds)
            faults = std::max(faults, round.faults.size());
    }
    table.row(std::move(head));
    std::vector<Row> rows = load_rows();
    for (std::size_t i = 0; i < faults; ++i) {
        std::string name;
        for (const VariantRounds& variant : variants) {
            for (const RoundFigures& round : variant.rounds) {
                if (i >= round.faults.size() || !name.empty()) continue;
                name = fmt::format("{} {}", round.faults[i].kind, round.faults[i].origin);
            }
        }
        for (Row& row : fault_rows(i, name)) rows.push_back(std::move(row));
    }
    for (const Row& row : rows) {
        if (auto cells = cells_of(row, variants)) table.row(std::move(*cells));
    }
    return table.str();
}

}  // namespace ringload
