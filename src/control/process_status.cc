// Admin server's thread; no state.
#include "ringway/control/process_status.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using cluster::UpstreamState;
using cluster::UpstreamView;
using observe::Counter;
using observe::JsonWriter;
using observe::ShardCounters;
using observe::UpstreamCounters;

std::uint64_t sum_of(const Status& status, Counter ShardCounters::* member) {
    std::uint64_t sum = 0;
    for (const ShardCounters* shard : status.shards) sum += (shard->*member).get();
    return sum;
}

std::uint64_t sum_of(const Status& status, std::size_t pool, std::size_t upstream,
                     Counter UpstreamCounters::* member) {
    std::uint64_t sum = 0;
    for (const ShardCounters* shard : status.shards)
        sum += (shard->upstreams[pool][upstream].*member).get();
    return sum;
}

bool is_leaving(const UpstreamView& upstream) {
    return upstream.state == UpstreamState::draining ||
           upstream.state == UpstreamState::maintenance;
}

/// What is wrong with a pool, the worst of it; nullptr: nothing.
struct Trouble {
    const char* severity = nullptr;
    const char* problem = nullptr;
};
Trouble trouble_of(const cluster::PoolView& pool) {
    bool one_is_eligible = false, one_is_out = false, primary_is_eligible = false;
    for (const UpstreamView& upstream : pool.upstreams) {
        one_is_eligible |= upstream.eligible;
        primary_is_eligible |= upstream.eligible && !upstream.backup;
        // What was taken out on purpose is no trouble.
        one_is_out |= !upstream.eligible && !is_leaving(upstream) && upstream.weight_by_hand != 0u;
    }
    if (!one_is_eligible) return {"critical", "no_eligible_upstream"};
    if (pool.panic) return {"critical", "panic"};
    if (!primary_is_eligible) return {"warning", "served_by_backup"};
    if (one_is_out) return {"warning", "upstreams_out"};
    return {};
}

void put_trouble(JsonWriter& json, const Status& status) {
    json.open_array();
    for (std::size_t i = 0; i < status.view.pools.size(); ++i) {
        const cluster::PoolView& pool = *status.view.pools[i];
        const Trouble trouble = trouble_of(pool);
        if (trouble.problem == nullptr) continue;
        json.open_object();
        json.key("pool").text(status.config.pools[i].name);
        json.key("severity").text(trouble.severity);
        json.key("problem").text(trouble.problem);
        json.key("upstreams_out").open_array();
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            if (!pool.upstreams[k].eligible) json.text(status.config.pools[i].upstreams[k].name);
        }
        json.close_array();
        json.close_object();
    }
    json.close_array();
}

/// Two decimals are what people read.
double rounded(double rate) { return std::round(rate * 100) / 100; }

void put_rates(JsonWriter& json, const TrafficRate& rate) {
    json.open_object();
    json.key("over_seconds").seconds(rate.over);
    json.key("requests").number(rounded(rate.requests));
    json.key("errors").number(rounded(rate.errors));
    json.key("received_bytes").number(rounded(rate.received_bytes));
    json.key("sent_bytes").number(rounded(rate.sent_bytes));
    json.close_object();
}

void put_totals(JsonWriter& json, const ProcessStatus& process) {
    std::uint64_t refused = 0;
    for (const ShardCounters* shard : process.status.shards) {
        for (const Counter& counter : shard->refusals) refused += counter.get();
    }
    json.open_object();
    json.key("requests").number(process.totals.requests);
    json.key("errors").number(process.totals.errors);
    json.key("refused").number(refused);
    json.key("received_bytes").number(process.totals.received_bytes);
    json.key("sent_bytes").number(process.totals.sent_bytes);
    json.close_object();
}

void put_left(JsonWriter& json, const Status& status) {
    json.key("connections").number(sum_of(status, &ShardCounters::clients_open));
    json.key("exchanges").number(sum_of(status, &ShardCounters::exchanges_active));
    json.key("streams").number(sum_of(status, &ShardCounters::streams_open));
    json.key("tunnels").number(sum_of(status, &ShardCounters::tunnels_open));
}

void put_configuration(JsonWriter& json, const ProcessStatus& process) {
    const observe::ReloadFacts& reload = process.facts.reload;
    json.key("generation").number(reload.generation);
    json.key("config_file").text(process.status.config.file);
    json.key("last_reload_success").boolean(reload.last_success);
    json.key("last_reload_at");
    if (reload.last_success_unix_seconds <= 0) {
        json.null();
    } else {
        json.time(static_cast<std::int64_t>(reload.last_success_unix_seconds * 1e9));
    }
}

}  // namespace

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::starting:
            return "starting";
        case Phase::accepting:
            return "accepting";
        case Phase::draining:
            return "draining";
    }
    return "";
}

std::string status_json(const ProcessStatus& process) {
    const Status& status = process.status;
    const auto started_ns = static_cast<std::int64_t>(process.facts.started_unix_seconds * 1e9);
    std::string out;
    JsonWriter json(out);
    json.open_object();
    json.key("version").text(process.facts.version);
    json.key("pid").number(static_cast<std::uint64_t>(getpid()));
    json.key("started").time(started_ns);
    json.key("uptime_seconds")
        .seconds(std::max(base::Duration(status.moment.unix_ns - started_ns), base::Duration(0)));
    json.key("phase").text(name_of(process.phase));
    put_configuration(json, process);
    json.key("shards").number(status.shards.size());
    json.key("pools").number(status.config.pools.size());
    json.key("active").open_object();
    put_left(json, status);
    json.close_object();
    put_totals(json.key("totals"), process);
    put_rates(json.key("rates"), process.rate);
    json.key("cpu_seconds").number(process.facts.cpu_seconds);
    json.key("resident_bytes").number(process.facts.resident_bytes);
    json.key("open_descriptors").number(process.facts.open_descriptors);
    json.key("descriptors_max").number(process.facts.descriptors_max);
    json.key("last_event_id").number(process.last_event_id);
    json.key("events_lost").number(process.facts.events_lost);
    put_trouble(json.key("trouble"), status);
    json.close_object();
    return out + '\n';
}

std::vector<std::optional<base::Duration>> read_shard_cpu_times(std::size_t shards) {
    constexpr std::string_view kName = "shard-";  // as the threads are named
    std::vector<std::optional<base::Duration>> times(shards);
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc/self/task", error), end; !error && at != end;
         at.increment(error)) {
        std::string name;
        std::ifstream comm(at->path() / "comm");
        if (!std::getline(comm, name) || !name.starts_with(kName)) continue;
        std::size_t shard = shards;
        std::from_chars(name.data() + kName.size(), name.data() + name.size(), shard);
        const int tid = std::atoi(at->path().filename().c_str());
        timespec used{};
        // The clock of another thread, as pthread_getcpuclockid() makes it of a thread's id
        // (linux/posix-timers_types.h: CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED).
        const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(tid) << 3) | 6);
        if (shard >= shards || clock_gettime(clock, &used) != 0) continue;
        times[shard] = std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
    }
    return times;
}

std::string shards_json(const Status& status,
                        const std::vector<std::optional<base::Duration>>& cpu_times) {
    std::string out;
    JsonWriter json(out);
    json.open_array();
    for (std::size_t i = 0; i < status.shards.size(); ++i) {
        const ShardCounters& shard = *status.shards[i];
        const config::Shard& settings = status.config.shards[i];
        const auto put = [&](const char* key, Counter ShardCounters::* member) {
            json.key(key).number((shard.*member).get());
        };
        json.open_object();
        json.key("shard").number(i);
        json.key("cpu");
        if (settings.cpu < 0) {
            json.null();
        } else {
            json.number(static_cast<unsigned>(settings.cpu));
        }
        json.key("cpu_seconds").seconds(cpu_times[i].value_or(base::Duration(-1)));
        put("connections", &ShardCounters::clients_open);
        put("exchanges", &ShardCounters::exchanges_active);
        put("streams", &ShardCounters::streams_open);
        put("tunnels", &ShardCounters::tunnels_open);
        put("requests", &ShardCounters::exchanges);
        put("turns", &ShardCounters::turns);
        put("completions", &ShardCounters::completions);
        put("pipelined_requests", &ShardCounters::pipelined_requests);
        put("spliced_bytes", &ShardCounters::spliced_bytes);
        put("partial_sends", &ShardCounters::sends_partial);
        put("client_aborts", &ShardCounters::client_aborts);
        put("access_records_dropped", &ShardCounters::access_records_dropped);
        json.key("ring").open_object();
        json.key("entries").number(settings.ring_entries);
        json.key("completion_entries").number(settings.completion_entries);
        json.close_object();
        json.key("buffers").open_object();
        json.key("count").number(settings.buffer_count);
        json.key("bytes_each").number(settings.buffer_bytes);
        put("exhausted", &ShardCounters::buffers_exhausted);
        json.close_object();
        json.close_object();
    }
    json.close_array();
    return out + '\n';
}

std::string drain_json(const ProcessStatus& process) {
    const Status& status = process.status;
    std::string out;
    JsonWriter json(out);
    json.open_object();
    json.key("draining").boolean(process.phase == Phase::draining);
    json.key("seconds_left").seconds(process.drain_left.value_or(base::Duration(-1)));
    put_left(json, status);
    json.key("upstreams").open_array();
    for (std::size_t i = 0; i < status.view.pools.size(); ++i) {
        const auto& upstreams = status.view.pools[i]->upstreams;
        for (std::size_t k = 0; k < upstreams.size(); ++k) {
            if (!is_leaving(upstreams[k])) continue;
            json.open_object();
            json.key("pool").text(status.config.pools[i].name);
            json.key("name").text(status.config.pools[i].upstreams[k].name);
            json.key("state").text(name_of(upstreams[k].state));
            json.key("in_flight").number(sum_of(status, i, k, &UpstreamCounters::in_flight));
            json.key("connections")
                .number(sum_of(status, i, k, &UpstreamCounters::connections_open));
            json.close_object();
        }
    }
    json.close_array();
    json.close_object();
    return out + '\n';
}

}  // namespace ringway::control
