#include "top/screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "tables/cells.h"
#include "tables/units.h"

namespace ringctl {

namespace {

std::string key_of(std::string_view kind, std::string_view name, std::string_view counter) {
    return fmt::format("{}\n{}\n{}", kind, name, counter);
}

std::string name_of(const Value& upstream) {
    return upstream_cell(upstream["pool"].text(), upstream["name"].text()).text;
}

void count(Rates::Counters& out, std::string_view kind, const std::string& name, const Value& owner,
           std::initializer_list<const char*> counters) {
    for (const char* const counter : counters) {
        if (const auto value = owner[counter].number()) out[key_of(kind, name, counter)] = *value;
    }
}

Table shards_table(const Reading& reading, const Rates& rates) {
    Table table({{"SHARD", true},
                 {"CPU", true},
                 {"BUSY", true},
                 {"CONNECTIONS", true},
                 {"EXCHANGES", true},
                 {"REQ/S", true},
                 {"TURNS/S", true}});
    for (const Value& shard : reading.shards.root().elements()) {
        const std::string name = shard["shard"].text();
        const auto rate = [&](const char* counter) {
            return rates.per_second(key_of("shard", name, counter));
        };
        table.add({{name},
                   {shard["cpu"].there() ? shard["cpu"].text() : "-"},
                   {share_text(rate("cpu_seconds"))},
                   count_cell(shard["connections"].number()),
                   count_cell(shard["exchanges"].number()),
                   rate_cell(rate("requests")),
                   rate_cell(rate("turns"))});
    }
    return table;
}

Table pools_table(const Reading& reading, const Rates& rates) {
    Table table({{"POOL"},
                 {"UP", true},
                 {"SERVING"},
                 {"REQ/S", true},
                 {"UNSERVED/S", true},
                 {"RETRIES/S", true},
                 {"HEDGES/S", true},
                 {"QUEUE", true},
                 {"P50", true},
                 {"P99", true}});
    for (const Value& pool : reading.pools.root().elements()) {
        const std::string name = pool["name"].text();
        const auto rate = [&](const char* counter) {
            return rates.per_second(key_of("pool", name, counter));
        };
        table.add({{name},
                   eligible_cell(pool),
                   serving_cell(pool),
                   rate_cell(rate("requests")),
                   rate_cell(rate("no_upstream"), Tone::bad),
                   rate_cell(rate("retries"), Tone::warning),
                   rate_cell(rate("hedges")),
                   count_cell(pool["queue"]["length"].number()),
                   milliseconds_cell(pool["latency"]["p50_ms"]),
                   milliseconds_cell(pool["latency"]["p99_ms"])});
    }
    return table;
}

double weight_of(const Value& upstream, const Rates& rates, SortBy sort) {
    const auto rate = [&](const char* counter) {
        return rates.per_second(key_of("upstream", name_of(upstream), counter)).value_or(0);
    };
    switch (sort) {
        case SortBy::name:
            return 0;
        case SortBy::rate:
            return rate("requests");
        case SortBy::in_flight:
            return upstream["in_flight"].number_or_zero();
        case SortBy::failures:
            return rate("failures");
        case SortBy::latency:
            return upstream["latency"]["ewma_ms"].number_or_zero();
    }
    return 0;
}

/// The largest first; of equal ones, and by name, in the order of the configuration.
std::vector<Value> sorted_upstreams(const Reading& reading, const Rates& rates, SortBy sort) {
    const auto all = reading.upstreams.root().elements();
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < all.size(); ++i)
        order.emplace_back(-weight_of(all[i], rates, sort), i);
    std::ranges::sort(order);
    std::vector<Value> upstreams;
    upstreams.reserve(order.size());
    for (const auto& [weight, place] : order) upstreams.push_back(all[place]);
    return upstreams;
}

Table upstreams_table(const Reading& reading, const Rates& rates, SortBy sort) {
    Table table({{"UPSTREAM"},
                 {"STATE"},
                 {"WEIGHT", true},
                 {"BREAKER"},
                 {"IN FLIGHT", true},
                 {"REQ/S", true},
                 {"FAIL/S", true},
                 {"EWMA", true},
                 {"P99", true}});
    for (const Value& upstream : sorted_upstreams(reading, rates, sort)) {
        const std::string name = name_of(upstream);
        const auto rate = [&](const char* counter) {
            return rates.per_second(key_of("upstream", name, counter));
        };
        table.add({{name},
                   state_cell(upstream),
                   weight_cell(upstream),
                   breaker_cell(upstream["breaker"]),
                   count_cell(upstream["in_flight"].number()),
                   rate_cell(rate("requests")),
                   rate_cell(rate("failures"), Tone::bad),
                   milliseconds_cell(upstream["latency"]["ewma_ms"]),
                   milliseconds_cell(upstream["latency"]["p99_ms"])});
    }
    return table;
}

/// A line of parts with tones, cut to the screen.
std::string painted(const std::vector<Cell>& parts, const Style& style, std::size_t columns) {
    std::string out;
    for (const Cell& part : parts) {
        const std::string_view text = cut_to(part.text, columns);
        columns -= width_of(text);
        out += style.paint(part.tone, text);
    }
    return out;
}

std::vector<Cell> who_line(const Reading& reading, const Look& look) {
    const Value status = reading.status.root();
    const std::string phase = status["phase"].text();
    std::vector<Cell> parts{
        {fmt::format("ringway {}", status["version"].text()), Tone::strong},
        {fmt::format("  pid {}  up {}  ", status["pid"].text(),
                     seconds_text(status["uptime_seconds"].number()))},
        {phase, phase == "accepting" ? Tone::good : Tone::warning},
        {fmt::format("  generation {}  {}", status["generation"].text(), look.clock)}};
    if (look.paused) parts.push_back({"  paused", Tone::warning});
    if (!look.problem.empty()) parts.push_back({"  " + look.problem, Tone::bad});
    return parts;
}

std::vector<Cell> totals_line(const Reading& reading, const Rates& rates) {
    double requests = 0;
    double connections = 0;
    double exchanges = 0;
    bool known = true;
    for (const Value& shard : reading.shards.root().elements()) {
        const auto rate = rates.per_second(key_of("shard", shard["shard"].text(), "requests"));
        known = known && rate.has_value();
        requests += rate.value_or(0);
        connections += shard["connections"].number_or_zero();
        exchanges += shard["exchanges"].number_or_zero();
    }
    return {{fmt::format("{} requests/s  {:.0f} connections  {:.0f} exchanges",
                         rate_text(known ? std::optional(requests) : std::nullopt), connections,
                         exchanges)}};
}

void append(std::vector<std::string>& out, std::vector<std::string> lines, std::size_t most) {
    for (std::size_t i = 0; i < std::min(most, lines.size()); ++i)
        out.push_back(std::move(lines[i]));
}

/// How many lines the tables get, blank lines between them not counted.
struct Shares {
    std::size_t shards, pools, upstreams;
};

Shares share_out(std::size_t rows, std::size_t shards, std::size_t pools, std::size_t upstreams) {
    const std::size_t shards_given = std::min(shards, std::max<std::size_t>(rows / 4, 2));
    const std::size_t pools_given = std::min(pools, std::max<std::size_t>(rows / 3, 2));
    const std::size_t used = std::min(rows, shards_given + pools_given);
    return {shards_given, pools_given, std::min(rows - used, upstreams)};
}

}  // namespace

Rates::Counters counters_of(const Reading& reading) {
    Rates::Counters out;
    for (const Value& shard : reading.shards.root().elements())
        count(out, "shard", shard["shard"].text(), shard, {"requests", "turns", "cpu_seconds"});
    for (const Value& pool : reading.pools.root().elements())
        count(out, "pool", pool["name"].text(), pool,
              {"requests", "no_upstream", "retries", "hedges"});
    for (const Value& upstream : reading.upstreams.root().elements())
        count(out, "upstream", name_of(upstream), upstream, {"requests", "failures"});
    return out;
}

const char* name_of(SortBy sort) {
    switch (sort) {
        case SortBy::name:
            return "name";
        case SortBy::rate:
            return "requests";
        case SortBy::in_flight:
            return "in flight";
        case SortBy::failures:
            return "failures";
        case SortBy::latency:
            return "latency";
    }
    return "";
}

std::vector<std::string> draw(const Reading& reading, const Rates& rates, Look& look,
                              ScreenSize size, const Style& style) {
    constexpr std::size_t kFrame = 6;  // two lines of head, three blank ones, and the keys
    std::vector<std::string> out{painted(who_line(reading, look), style, size.columns),
                                 painted(totals_line(reading, rates), style, size.columns)};
    auto shards = shards_table(reading, rates).lines(style, size.columns);
    auto pools = pools_table(reading, rates).lines(style, size.columns);
    auto upstreams = upstreams_table(reading, rates, look.sort).lines(style, size.columns);
    const std::size_t rows = size.rows > kFrame ? size.rows - kFrame : 0;
    const Shares shares = share_out(rows, shards.size(), pools.size(), upstreams.size());
    out.emplace_back();
    append(out, std::move(shards), shares.shards);
    out.emplace_back();
    append(out, std::move(pools), shares.pools);
    out.emplace_back();
    const std::size_t shown = shares.upstreams > 0 ? shares.upstreams - 1 : 0;
    const std::size_t all = upstreams.size() - 1;
    look.first = std::min(look.first, all - std::min(all, shown));
    upstreams.erase(upstreams.begin() + 1,
                    upstreams.begin() + 1 + static_cast<std::ptrdiff_t>(look.first));
    append(out, std::move(upstreams), shares.upstreams);
    out.resize(std::min(out.size(), size.rows > 0 ? size.rows - 1 : 0));
    const std::string part = shown < all ? fmt::format("  upstreams {}-{} of {}", look.first + 1,
                                                       look.first + shown, all)
                                         : "";
    const std::string keys = fmt::format("q quit  p {}  s sort: {}  arrows scroll{}",
                                         look.paused ? "go on" : "pause", name_of(look.sort), part);
    if (size.rows > 0) out.push_back(painted({{keys, Tone::dim}}, style, size.columns));
    return out;
}

std::vector<std::string> draw_all(const Reading& reading, const Rates& rates, Look& look,
                                  const Style& style) {
    const std::size_t any = Table::kAnyWidth;
    std::vector<std::string> out{painted(who_line(reading, look), style, any),
                                 painted(totals_line(reading, rates), style, any)};
    for (const Table& table : {shards_table(reading, rates), pools_table(reading, rates),
                               upstreams_table(reading, rates, look.sort)}) {
        out.emplace_back();
        append(out, table.lines(style), any);
    }
    return out;
}

}  // namespace ringctl
