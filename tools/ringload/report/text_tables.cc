#include "report/text_tables.h"

#include <fmt/format.h>

#include <optional>

#include "report/digest.h"
#include "report/report.h"
#include "report/show.h"
#include "ringway/base/printable.h"

namespace ringload {

namespace {

using ringway::base::shown;

constexpr std::size_t kIndent = 2;

struct Column {
    const char* name;
    const LatencySum& latency;
};

std::vector<Column> latency_columns(const Result& result) {
    const bool is_open = result.plan.arrivals != Arrivals::closed;
    std::vector<Column> columns = {{is_open ? "corrected" : "latency", result.latency}};
    const auto add = [&](const char* name, const LatencySum& latency) {
        if (latency.count() > 0) columns.push_back({name, latency});
    };
    if (is_open) add("uncorrected", result.uncorrected);
    add("first byte", result.first_byte);
    add("connect", result.connect);
    if (is_open) add("sent late", result.lag);
    add("slow clients", result.slow);
    return columns;
}

std::string show_mean(const LatencySum& latency) {
    return show_ns(static_cast<std::uint64_t>(mean_ns(latency)));
}

/// mean, p50, p99, p99.9 and max of what may be empty.
void add_figures(std::vector<std::string>& cells, const LatencySum& latency) {
    if (latency.count() == 0) {
        cells.insert(cells.end(), 5, "-");
        return;
    }
    cells.push_back(show_mean(latency));
    for (const double quantile : {0.5, 0.99, 0.999, 1.0}) {
        cells.push_back(show_ns(latency.quantile_ns(quantile)));
    }
}

std::string optional_ms(const std::optional<double>& ms) { return ms ? show_ms(*ms) : "-"; }

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + shown(text);
    return out;
}

void cpu_row(Table& table, const std::string& name, const CpuUse& use, const Result& result) {
    const auto each = us_per_request(use, result);
    const double measured = to_seconds(result.measured);
    const double share = measured > 0 ? to_seconds(use.user_and_system) / measured : 0;
    table.row({name, show_duration(use.user_and_system), fmt::format("{:.2f}", share),
               each ? fmt::format("{:.2f} us", *each) : "-"});
}

}  // namespace

std::string latency_table(const Result& result) {
    if (result.latency.count() == 0 && result.slow.count() == 0) return {};
    const std::vector<Column> columns = latency_columns(result);
    Table table;
    const auto row = [&](std::string name, auto figure) {
        std::vector<std::string> cells{std::move(name)};
        for (const Column& column : columns) {
            cells.push_back(column.latency.count() > 0 ? figure(column.latency) : "-");
        }
        table.row(std::move(cells));
    };
    std::vector<std::string> head{""};
    for (const Column& column : columns) head.emplace_back(column.name);
    table.row(std::move(head));
    row("count", [](const LatencySum& latency) { return std::to_string(latency.count()); });
    row("mean", show_mean);
    for (const NamedQuantile& named : kQuantiles) {
        row(std::string(named.name), [&](const LatencySum& latency) {
            return show_ns(latency.quantile_ns(named.quantile));
        });
    }
    row("max", [](const LatencySum& latency) { return show_ns(latency.max_ns()); });
    return table.str(kIndent);
}

std::string status_table(const Result& result) {
    if (result.by_status.empty()) return {};
    Table table;
    table.row({"answers", "count", "share", "mean", "p50", "p99", "p99.9", "max"});
    for (const auto& [status, latency] : result.by_status) {
        std::vector<std::string> cells = {fmt::format("  {}", status),
                                          std::to_string(latency.count()),
                                          show_share(latency.count(), result.counts.due)};
        add_figures(cells, latency);
        table.row(std::move(cells));
    }
    return table.str();
}

std::string failure_table(const Result& result) {
    if (result.counts.errors() == 0) return {};
    Table table;
    table.row({"errors", "count", "share"});
    for (std::size_t i = 1; i < kFailures; ++i) {
        const std::uint64_t n = result.counts.failures[i];
        if (n == 0) continue;
        table.row({fmt::format("  {}", name_of(static_cast<Failure>(i))), std::to_string(n),
                   show_share(n, result.counts.due)});
    }
    return table.str();
}

std::string kind_table(const Result& result) {
    if (result.by_kind.size() < 2) return {};
    Table table;
    table.row({"requests", "answers", "errors", "mean", "p50", "p99", "p99.9", "max"});
    for (const KindResult& kind : result.by_kind) {
        std::vector<std::string> cells = {"  " + shown(kind.name),
                                          std::to_string(kind.latency.count()),
                                          std::to_string(kind.failed)};
        add_figures(cells, kind.latency);
        table.row(std::move(cells));
    }
    return table.str();
}

std::string step_table(const Result& result) {
    std::string out;
    if (!result.steps.empty()) {
        Table table(8);
        table.row({"steps", "for", "answered", "errors", "p50", "p99", "p99.9", "max",
                   result.found_max ? "bound" : ""});
        for (const StepResult& step : result.steps) {
            table.row({"  " + show_rate(step.rate), show_duration(step.duration),
                       show_rate(step.answered_rate), std::to_string(step.errors),
                       show_ns(step.p50_ns), show_ns(step.p99_ns), show_ns(step.p999_ns),
                       show_ns(step.max_ns), step.met ? (*step.met ? "met" : "missed") : ""});
        }
        out = table.str();
    }
    if (!result.found_max) return out;
    const FoundMax& found = *result.found_max;
    if (found.rate == 0) {
        return out + fmt::format("find max   no rate met {}\n", shown(found.bound));
    }
    out += fmt::format("find max   {} is the highest rate that met {}", show_rate(found.rate),
                       shown(found.bound));
    return out + (found.next_failed > 0
                      ? fmt::format("; {} did not\n", show_rate(found.next_failed))
                      : std::string("; none was found that did not\n"));
}

std::string cpu_table(const Result& result) {
    Table table;
    table.row({"cpu", "time", "cores", "per request"});
    cpu_row(table, "  ringload", result.own_cpu, result);
    for (const CpuUse& use : result.watched_cpu) {
        cpu_row(table, fmt::format("  process {}", use.pid), use, result);
    }
    if (result.core) {
        CpuUse use;
        use.user_and_system = result.core->busy;
        cpu_row(table, fmt::format("  all on CPU {}", result.core->cpu), use, result);
    }
    return table.str();
}

std::string fault_table(const Result& result) {
    if (result.faults.empty()) return {};
    Table table;
    table.row({"faults", "at", "until", "requests", "errors", "slow", "added", "noise", "detected",
               "told", "recovered", "taken back", "errors then"});
    std::string kinds;
    for (const FaultFigures& fault : result.faults) {
        table.row({fmt::format("  {} {}", shown(fault.kind), shown(fault.origin)),
                   show_duration(fault.at), show_duration(fault.until),
                   std::to_string(fault.requests), std::to_string(fault.errors),
                   std::to_string(fault.slow), show_ms(fault.worst_added_ms),
                   show_ms(fault.noise_ms), optional_ms(fault.detected_ms),
                   optional_ms(fault.told_ms), show_ms(fault.recovered_ms),
                   optional_ms(fault.taken_back_ms), std::to_string(fault.errors_on_return)});
        if (fault.error_kinds.empty()) continue;
        kinds += fmt::format("  errors of {} {}: {}\n", shown(fault.kind), shown(fault.origin),
                             joined(fault.error_kinds));
    }
    return table.str() + kinds;
}

std::string assertion_table(const Result& result) {
    if (result.assertions.empty()) return {};
    Table table(1);
    table.row({"assertions"});
    for (const AssertionOutcome& outcome : result.assertions) {
        table.row({"  " + shown(outcome.text), outcome.holds ? "holds" : "FAILS",
                   "found " + shown(outcome.found)});
    }
    return table.str();
}

}  // namespace ringload
