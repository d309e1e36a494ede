// status, pools, upstreams, shards, breakers: what is, as tables.
#include <fmt/format.h>

#include "commands/commands.h"
#include "tables/cells.h"
#include "tables/units.h"

namespace ringctl {

namespace {

struct NoArguments {};

struct PoolArgument {
    std::string pool;
};

Result<int> show_page(Session& session, const char* target, Table (*table_of)(const Value&)) {
    return session.show(session.ask({.target = target}),
                        [&](const Value& page) { return table_of(page).text(session.style()); });
}

Table pools_table(const Value& pools) {
    Table table({{"POOL"},
                 {"UP", true},
                 {"SERVING"},
                 {"REQUESTS", true},
                 {"UNSERVED", true},
                 {"RETRIES", true},
                 {"QUEUE", true},
                 {"P50", true},
                 {"P99", true}});
    for (const Value& pool : pools.elements()) {
        Cell unserved = count_cell(pool["no_upstream"].number());
        if (pool["no_upstream"].number_or_zero() > 0) unserved.tone = Tone::bad;
        table.add({{pool["name"].text()},
                   eligible_cell(pool),
                   serving_cell(pool),
                   count_cell(pool["requests"].number()),
                   std::move(unserved),
                   count_cell(pool["retries"].number()),
                   count_cell(pool["queue"]["length"].number()),
                   milliseconds_cell(pool["latency"]["p50_ms"]),
                   milliseconds_cell(pool["latency"]["p99_ms"])});
    }
    return table;
}

std::string first_address(const Value& upstream) {
    const auto addresses = upstream["addresses"].elements();
    if (addresses.empty()) return "-";
    const std::string more = addresses.size() > 1 ? fmt::format(" +{}", addresses.size() - 1) : "";
    return addresses.front().text() + more;
}

Table upstreams_table(const Value& upstreams, const std::string& pool) {
    Table table({{"UPSTREAM"},
                 {"ADDRESS"},
                 {"STATE"},
                 {"WEIGHT", true},
                 {"BREAKER"},
                 {"IN FLIGHT", true},
                 {"REQUESTS", true},
                 {"FAILURES", true},
                 {"P50", true},
                 {"P99", true}});
    for (const Value& upstream : upstreams.elements()) {
        if (!pool.empty() && upstream["pool"].raw_text() != pool) continue;
        Cell failures = count_cell(upstream["failures"].number());
        if (failures.tone != Tone::dim) failures.tone = Tone::warning;
        table.add({upstream_cell(upstream["pool"].text(), upstream["name"].text()),
                   {first_address(upstream)},
                   state_cell(upstream),
                   weight_cell(upstream),
                   breaker_cell(upstream["breaker"]),
                   count_cell(upstream["in_flight"].number()),
                   count_cell(upstream["requests"].number()),
                   std::move(failures),
                   milliseconds_cell(upstream["latency"]["p50_ms"]),
                   milliseconds_cell(upstream["latency"]["p99_ms"])});
    }
    return table;
}

Table breakers_table(const Value& breakers) {
    Table table({{"UPSTREAM"}, {"BREAKER"}, {"OPENINGS", true}, {"FAILURES IN A ROW", true}});
    for (const Value& one : breakers.elements()) {
        Cell state = breaker_cell(one["breaker"]);
        if (!one["enabled"].flag() && state.text == "closed") state.text = "off";
        table.add({upstream_cell(one["pool"].text(), one["upstream"].text()), std::move(state),
                   count_cell(one["breaker"]["openings"].number()),
                   count_cell(one["failures_in_row"].number())});
    }
    return table;
}

Table shards_table(const Value& shards) {
    Table table({{"SHARD", true},
                 {"CPU", true},
                 {"CONNECTIONS", true},
                 {"EXCHANGES", true},
                 {"REQUESTS", true},
                 {"TURNS", true},
                 {"CPU TIME", true}});
    for (const Value& shard : shards.elements()) {
        table.add({{shard["shard"].text()},
                   {shard["cpu"].there() ? shard["cpu"].text() : "-"},
                   count_cell(shard["connections"].number()),
                   count_cell(shard["exchanges"].number()),
                   count_cell(shard["requests"].number()),
                   count_cell(shard["turns"].number()),
                   {seconds_text(shard["cpu_seconds"].number())}});
    }
    return table;
}

Result<int> run_pools(Session& session, const NoArguments&) {
    return show_page(session, "/pools", pools_table);
}
Result<int> run_shards(Session& session, const NoArguments&) {
    return show_page(session, "/shards", shards_table);
}
Result<int> run_breakers(Session& session, const NoArguments&) {
    return show_page(session, "/breakers", breakers_table);
}

/// The array without the upstreams of other pools.
std::string json_of_pool(const Value& upstreams, const std::string& pool) {
    std::string out;
    for (const Value& upstream : upstreams.elements()) {
        if (upstream["pool"].raw_text() != pool) continue;
        out += (out.empty() ? "" : ",") + upstream.json();
    }
    return '[' + out + ']';
}

/// A name that the server knows, or why not.
Result<std::string> known_pool(Session& session, const std::string& wanted) {
    const auto pools = session.get("/pools");
    if (!pools) return std::unexpected(pools.error());
    std::vector<std::string> names;
    for (const Value& pool : pools->root().elements()) names.push_back(pool["name"].raw_text());
    return find_pool(wanted, names);
}

Result<int> run_upstreams(Session& session, const PoolArgument& arguments) {
    const auto text_of = [&](const Value& page) {
        return upstreams_table(page, arguments.pool).text(session.style());
    };
    if (arguments.pool.empty()) return session.show(session.ask({.target = "/upstreams"}), text_of);
    const auto pool = known_pool(session, arguments.pool);
    if (!pool) return std::unexpected(pool.error());
    auto reply = session.ask({.target = "/upstreams"});
    if (reply && session.json()) {
        const auto page = Document::parse(reply->body);
        if (page) reply->body = json_of_pool(page->root(), *pool);
    }
    return session.show(reply, text_of);
}

std::string process_text(const Value& status, const Style& style) {
    const std::string phase = status["phase"].text();
    std::string out = fmt::format(
        "ringway {}  pid {}  up {}  {}  generation {} of {}\n", status["version"].text(),
        status["pid"].text(), seconds_text(status["uptime_seconds"].number()),
        style.paint(phase == "accepting" ? Tone::good : Tone::warning, phase),
        status["generation"].text(), status["config_file"].text());
    const Value failed = status["last_reload_success"];
    if (failed.there() && !failed.flag())
        out += style.paint(Tone::bad, "the last reload failed: the log says why") + '\n';
    return out;
}

/// "12.3 requests/s, 0 errors/s, 1.2 KiB/s in, 3.4 MiB/s out over the last 10 s"
std::string rates_text(const Value& rates, const Style& style) {
    const auto errors = rates["errors"].number();
    return fmt::format("{} requests/s, {}, {}/s in, {}/s out over the last {}\n",
                       rate_text(rates["requests"].number()),
                       style.paint(errors.value_or(0) > 0 ? Tone::bad : Tone::plain,
                                   rate_text(errors) + " errors/s"),
                       bytes_text(rates["received_bytes"].number()),
                       bytes_text(rates["sent_bytes"].number()),
                       seconds_text(rates["over_seconds"].number()));
}

std::string activity_text(const Value& status) {
    const Value active = status["active"];
    const Value totals = status["totals"];
    const auto now = [&](const char* key, const char* one) {
        return counted(active[key].number(), one);
    };
    return fmt::format(
        "now {}, {}, {}, {}; since the start {}, {}, {} refused\n"
        "{}, {} of CPU time, {} resident, {} of {} descriptors\n",
        now("connections", "connection"), now("exchanges", "exchange"), now("streams", "stream"),
        now("tunnels", "tunnel"), counted(totals["requests"].number(), "request"),
        counted(totals["errors"].number(), "error"), count_text(totals["refused"].number()),
        counted(status["shards"].number(), "shard"), seconds_text(status["cpu_seconds"].number()),
        bytes_text(status["resident_bytes"].number()),
        count_text(status["open_descriptors"].number()),
        count_text(status["descriptors_max"].number()));
}

/// Nothing when all is well.
std::string trouble_text(const Value& trouble, const Style& style) {
    Table table({{"SEVERITY"}, {"POOL"}, {"PROBLEM"}, {"OUT"}});
    for (const Value& one : trouble.elements()) {
        std::string upstreams;
        for (const Value& name : one["upstreams_out"].elements())
            upstreams += (upstreams.empty() ? "" : ", ") + name.text();
        const std::string severity = one["severity"].text();
        table.add({{severity, severity == "critical" ? Tone::bad : Tone::warning},
                   {one["pool"].text()},
                   {one["problem"].text()},
                   {std::move(upstreams)}});
    }
    return table.rows() == 0 ? "" : '\n' + table.text(style);
}

Result<int> run_status(Session& session, const NoArguments&) {
    const auto status = session.ask({.target = "/status"});
    if (!status || session.json()) return session.show(status, {});
    const auto pools = session.get("/pools");
    if (!pools) return std::unexpected(pools.error());
    const Style& style = session.style();
    return session.show(status, [&](const Value& page) {
        return process_text(page, style) + rates_text(page["rates"], style) + activity_text(page) +
               '\n' + pools_table(pools->root()).text(style) + trouble_text(page["trouble"], style);
    });
}

}  // namespace

void add_view_commands(CLI::App& app, CommandLine& line) {
    add_command<NoArguments>(app, line, "status", "how the process and its pools are", run_status);
    add_command<NoArguments>(app, line, "pools", "a line for each pool", run_pools);
    const auto [upstreams, pool] = add_command<PoolArgument>(
        app, line, "upstreams", "a line for each upstream, of all pools or of one", run_upstreams);
    upstreams->add_option("pool", pool->pool, "only of this pool")->type_name("POOL");
    add_command<NoArguments>(app, line, "shards", "a line for each shard", run_shards);
    add_command<NoArguments>(app, line, "breakers", "a line for each circuit breaker",
                             run_breakers);
}

}  // namespace ringctl
