// The report that an engineer reads: first what was run and what came of it, then why. Pure.
#include <fmt/format.h>

#include "report/digest.h"
#include "report/report.h"
#include "report/show.h"
#include "report/text_tables.h"
#include "ringway/base/printable.h"
#include "ringway/observe/timestamp.h"

namespace ringload {

namespace {

std::string arrivals_of(const LoadPlan& plan) {
    if (plan.arrivals == Arrivals::closed) return "closed loop";
    const char* name = plan.arrivals == Arrivals::poisson ? "poisson" : "constant";
    if (const auto rate = wanted_rate(plan)) {
        return fmt::format("open loop, {} arrivals at {}", name, show_rate(*rate));
    }
    if (plan.steps.empty()) return fmt::format("open loop, {} arrivals", name);
    return fmt::format("open loop, {} arrivals at {} to {} in {} steps", name,
                       show_rate(plan.steps.front().per_second),
                       show_rate(plan.steps.back().per_second), plan.steps.size());
}

std::string connections_of(const LoadPlan& plan) {
    std::string out =
        fmt::format("{} connection{}", plan.connections, plan.connections == 1 ? "" : "s");
    if (plan.arrivals != Arrivals::closed && plan.connections_max > plan.connections) {
        out += fmt::format(" (at most {})", plan.connections_max);
    }
    if (plan.pipeline > 1) out += fmt::format(", {} requests on each at once", plan.pipeline);
    if (plan.requests_per_connection > 0) {
        out += fmt::format(", {} on each in all", plan.requests_per_connection);
    }
    return out + fmt::format(", {} thread{}", plan.threads, plan.threads == 1 ? "" : "s");
}

std::string what_was_run(const Result& result) {
    const LoadPlan& plan = result.plan;
    std::string begun;
    ringway::observe::append_timestamp(begun, result.begun_unix_ns);
    std::string out =
        fmt::format("ringload {}  {}\n", RINGWAY_VERSION, ringway::base::printable(plan.url));
    out += fmt::format("  {}, {}\n", arrivals_of(plan), connections_of(plan));
    out += fmt::format("  {} measured from {}, after {} of warm-up, time-out {}\n",
                       show_duration(result.measured), begun, show_duration(plan.warm_up),
                       show_duration(plan.timeout));
    if (result.interrupted) out += "  interrupted: this is what was measured until then\n";
    return out;
}

std::string headline(const Result& result) {
    const Counts& counts = result.counts;
    std::string out =
        fmt::format("requests   {} due, {} answered, {} errors ({})", counts.due, counts.answered,
                    counts.errors(), show_share(counts.errors(), counts.due));
    if (counts.aborted > 0) out += fmt::format(", {} left by us", counts.aborted);
    if (counts.unfinished > 0) out += fmt::format(", {} unfinished", counts.unfinished);
    if (counts.slow_cut > 0) out += fmt::format(", {} slow clients cut", counts.slow_cut);
    out += fmt::format("\nrate       {} answered", show_rate(result.rate()));
    if (const auto wanted = wanted_rate(result.plan)) {
        out += fmt::format(" of {} wanted", show_rate(*wanted));
    }
    const double seconds = to_seconds(result.measured);
    const auto bytes = [&](std::uint64_t n) {
        const auto all = static_cast<double>(n);
        return fmt::format("{} ({}/s)", show_bytes(all),
                           show_bytes(seconds > 0 ? all / seconds : 0));
    };
    out += fmt::format("\nbytes      {} received, {} sent\n", bytes(counts.bytes_received),
                       bytes(counts.bytes_sent));
    out += fmt::format("connects   {} opened", counts.connects);
    if (result.plan.arrivals != Arrivals::closed) {
        out += fmt::format("; at most {} requests were due while no connection was free",
                           counts.backlog_max);
    }
    return out + '\n';
}

/// What the columns are and how exact.
std::string legend(const Result& result) {
    std::string out;
    if (result.plan.arrivals == Arrivals::closed) {
        out +=
            "  a closed loop has no schedule to be late against: nobody asks while the target "
            "stalls; "
            "--rate shows what users would feel\n";
    } else {
        out +=
            "  corrected: from when a request was due; uncorrected: from when it was really sent, "
            "which hides what stalls delay\n";
    }
    return out + fmt::format("  percentiles and max are at most {:.3g} % above the exact ones\n",
                             kShownRelativeError * 100);
}

}  // namespace

std::string text_of(const Result& result) {
    std::string out = what_was_run(result) + '\n' + headline(result) + '\n';
    const std::string latency = latency_table(result);
    out += latency.empty() ? "latency    no request was answered\n"
                           : "latency\n" + latency + legend(result);
    for (const std::string& block :
         {failure_table(result), status_table(result), kind_table(result), step_table(result),
          fault_table(result), cpu_table(result), assertion_table(result)}) {
        if (!block.empty()) out += '\n' + block;
    }
    return out;
}

}  // namespace ringload
