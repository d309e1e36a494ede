// The result as one JSON object. docs/ringload.md has its members; the page and `compare` are drawn
// from it. Pure; any thread.
#include <string>

#include "report/digest.h"
#include "report/report.h"
#include "ringway/observe/json.h"

namespace ringload {

namespace {

using ringway::observe::JsonWriter;

void count(JsonWriter& json, std::string_view name, std::uint64_t value) {
    json.key(name).number(value);
}

void real(JsonWriter& json, std::string_view name, double value) { json.key(name).number(value); }

void seconds(JsonWriter& json, std::string_view name, Duration value) {
    real(json, name, to_seconds(value));
}

void ms(JsonWriter& json, std::string_view name, std::uint64_t ns) {
    real(json, name, to_ms(static_cast<double>(ns)));
}

void text(JsonWriter& json, std::string_view name, std::string_view value) {
    json.key(name).text(value);
}

template <class Value>
void perhaps(JsonWriter& json, std::string_view name, const std::optional<Value>& value) {
    json.key(name);
    value ? json.number(*value) : json.null();
}

std::string_view mode_of(Arrivals arrivals) {
    switch (arrivals) {
        case Arrivals::closed:
            return "closed";
        case Arrivals::constant:
            return "constant";
        case Arrivals::poisson:
            return "poisson";
    }
    return "";
}

/// A distribution; null when it is empty.
void distribution(JsonWriter& json, std::string_view name, const LatencySum& latency) {
    json.key(name);
    if (latency.count() == 0) return json.null();
    json.open_object();
    count(json, "count", latency.count());
    real(json, "mean_ms", to_ms(mean_ns(latency)));
    ms(json, "max_ms", latency.max_ns());
    for (const NamedQuantile& named : kQuantiles) {
        ms(json, named.json_key, latency.quantile_ns(named.quantile));
    }
    json.key("curve").open_array();
    for (const CurvePoint& point : curve_of(latency)) {
        json.open_array();
        json.number(point.percentile);
        json.number(to_ms(static_cast<double>(point.ns)));
        json.close_array();
    }
    json.close_array();
    json.close_object();
}

void put_plan(JsonWriter& json, const Result& result) {
    const LoadPlan& plan = result.plan;
    text(json, "version", RINGWAY_VERSION);
    text(json, "url", plan.url);
    text(json, "mode", mode_of(plan.arrivals));
    count(json, "connections", plan.connections);
    count(json, "connections_max", plan.connections_max);
    count(json, "pipeline", plan.pipeline);
    count(json, "threads", plan.threads);
    perhaps(json, "wanted_rate", wanted_rate(plan));
    json.key("begun").time(result.begun_unix_ns);
    seconds(json, "measured_s", result.measured);
    seconds(json, "warm_up_s", plan.warm_up);
    seconds(json, "timeout_s", plan.timeout);
    json.key("interrupted").boolean(result.interrupted);
}

void put_counts(JsonWriter& json, const Result& result) {
    const Counts& counts = result.counts;
    json.key("requests").open_object();
    count(json, "due", counts.due);
    count(json, "answered", counts.answered);
    count(json, "errors", counts.errors());
    count(json, "aborted", counts.aborted);
    count(json, "unfinished", counts.unfinished);
    count(json, "slow_cut", counts.slow_cut);
    json.close_object();
    real(json, "rate", result.rate());
    json.key("bytes").open_object();
    count(json, "received", counts.bytes_received);
    count(json, "sent", counts.bytes_sent);
    json.close_object();
    count(json, "connects", counts.connects);
    count(json, "backlog_max", counts.backlog_max);
    json.key("failures").open_object();
    for (std::size_t i = 1; i < kFailures; ++i) {
        count(json, name_of(static_cast<Failure>(i)), counts.failures[i]);
    }
    json.close_object();
}

void put_latencies(JsonWriter& json, const Result& result) {
    real(json, "relative_error", kShownRelativeError);
    distribution(json, "latency", result.latency);
    distribution(json, "uncorrected", result.uncorrected);
    distribution(json, "first_byte", result.first_byte);
    distribution(json, "connect", result.connect);
    distribution(json, "lag", result.lag);
    distribution(json, "slow_clients", result.slow);
    json.key("status").open_object();
    for (const auto& [status, latency] : result.by_status) {
        distribution(json, std::to_string(status), latency);
    }
    json.close_object();
    json.key("kinds").open_array();
    for (const KindResult& kind : result.by_kind) {
        json.open_object();
        text(json, "name", kind.name);
        count(json, "failed", kind.failed);
        distribution(json, "latency", kind.latency);
        json.close_object();
    }
    json.close_array();
}

void put_series(JsonWriter& json, const Result& result) {
    json.key("series").open_array();
    for (const Sample& sample : result.series) {
        json.open_object();
        seconds(json, "at_s", sample.at);
        seconds(json, "length_s", sample.length);
        real(json, "rate", sample.rate);
        real(json, "offered", sample.offered);
        count(json, "answered", sample.answered);
        count(json, "errors", sample.errors);
        count(json, "in_flight", sample.in_flight);
        ms(json, "p50_ms", sample.p50_ns);
        ms(json, "p90_ms", sample.p90_ns);
        ms(json, "p99_ms", sample.p99_ns);
        ms(json, "max_ms", sample.max_ns);
        json.close_object();
    }
    json.close_array();
    json.key("marks").open_array();
    for (const Mark& mark : result.marks) {
        json.open_object();
        seconds(json, "at_s", mark.at);
        text(json, "text", mark.text);
        json.close_object();
    }
    json.close_array();
}

void put_steps(JsonWriter& json, const Result& result) {
    json.key("steps").open_array();
    for (const StepResult& step : result.steps) {
        json.open_object();
        real(json, "rate", step.rate);
        seconds(json, "duration_s", step.duration);
        real(json, "answered_rate", step.answered_rate);
        count(json, "errors", step.errors);
        ms(json, "p50_ms", step.p50_ns);
        ms(json, "p99_ms", step.p99_ns);
        ms(json, "p99.9_ms", step.p999_ns);
        ms(json, "max_ms", step.max_ns);
        json.key("met");
        step.met ? json.boolean(*step.met) : json.null();
        json.close_object();
    }
    json.close_array();
    json.key("find_max");
    if (!result.found_max) return json.null();
    json.open_object();
    text(json, "bound", result.found_max->bound);
    real(json, "rate", result.found_max->rate);
    real(json, "next_failed", result.found_max->next_failed);
    json.close_object();
}

void put_assertions(JsonWriter& json, const Result& result) {
    json.key("assertions").open_array();
    for (const AssertionOutcome& outcome : result.assertions) {
        json.open_object();
        text(json, "text", outcome.text);
        json.key("holds").boolean(outcome.holds);
        text(json, "found", outcome.found);
        json.close_object();
    }
    json.close_array();
}

void put_cpu(JsonWriter& json, const Result& result) {
    json.key("cpu").open_object();
    seconds(json, "ringload_s", result.own_cpu.user_and_system);
    perhaps(json, "ringload_us_per_request", us_per_request(result.own_cpu, result));
    real(json, "busiest_thread", result.busiest_thread);
    json.key("watched").open_array();
    for (const CpuUse& use : result.watched_cpu) {
        json.open_object();
        count(json, "pid", static_cast<std::uint64_t>(use.pid));
        seconds(json, "seconds", use.user_and_system);
        perhaps(json, "us_per_request", us_per_request(use, result));
        count(json, "switches", use.switches);
        json.close_object();
    }
    json.close_array();
    if (result.core) {
        json.key("core").open_object();
        count(json, "cpu", static_cast<std::uint64_t>(result.core->cpu));
        seconds(json, "busy_s", result.core->busy);
        seconds(json, "steal_s", result.core->steal);
        json.close_object();
    }
    json.close_object();
}

void texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
    json.key(name).open_array();
    for (const std::string& value : values) json.text(value);
    json.close_array();
}

void put_fault(JsonWriter& json, const FaultFigures& fault) {
    json.open_object();
    text(json, "origin", fault.origin);
    text(json, "kind", fault.kind);
    seconds(json, "at_s", fault.at);
    seconds(json, "until_s", fault.until);
    count(json, "requests", fault.requests);
    count(json, "errors", fault.errors);
    texts(json, "error_kinds", fault.error_kinds);
    count(json, "slow", fault.slow);
    count(json, "errors_before", fault.errors_before);
    real(json, "normal_ms", fault.normal_ms);
    real(json, "p99_before_ms", fault.p99_before_ms);
    real(json, "worst_added_ms", fault.worst_added_ms);
    real(json, "noise_ms", fault.noise_ms);
    perhaps(json, "detected_ms", fault.detected_ms);
    perhaps(json, "halved_ms", fault.halved_ms);
    perhaps(json, "sent_after", fault.sent_after);
    perhaps(json, "sent_cooling", fault.sent_cooling);
    perhaps(json, "told_ms", fault.told_ms);
    perhaps(json, "overdue_ms", fault.overdue_ms);
    perhaps(json, "shown_ms", fault.shown_ms);
    real(json, "recovered_ms", fault.recovered_ms);
    perhaps(json, "taken_back_ms", fault.taken_back_ms);
    count(json, "requests_on_return", fault.requests_on_return);
    count(json, "errors_on_return", fault.errors_on_return);
    texts(json, "error_kinds_on_return", fault.error_kinds_on_return);
    real(json, "worst_added_on_return_ms", fault.worst_added_on_return_ms);
    json.close_object();
}

}  // namespace

std::string json_of(const Result& result) {
    std::string out;
    JsonWriter json(out);
    json.open_object();
    put_plan(json, result);
    put_counts(json, result);
    put_latencies(json, result);
    put_series(json, result);
    put_steps(json, result);
    put_assertions(json, result);
    put_cpu(json, result);
    json.key("faults").open_array();
    for (const FaultFigures& fault : result.faults) put_fault(json, fault);
    json.close_array();
    json.close_object();
    out += '\n';
    return out;
}

}  // namespace ringload
