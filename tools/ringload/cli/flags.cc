#include "cli/flags.h"

#include <fmt/format.h>

#include "ringway/base/printable.h"

namespace ringload {

namespace {

using A = Arguments;

FlagGroup load_flags() {
    return {
        "Load",
        {
            {"-c,--connections", "N", "64", "connections, in all threads together",
             &A::connections},
            {"-d,--duration", "TIME", "10s", "measured time: 500ms, 30s, 5m", &A::duration},
            {"-n,--requests", "N", "", "end after so many requests instead, or what comes first",
             &A::requests},
            {"--warm-up", "TIME", "1s; 0s with -n alone", "load before it, which is not counted",
             &A::warm_up},
            {"--pipeline", "N", "1", "requests under way on one connection", &A::pipeline},
            {"-R,--rate", "R", "", "open loop: so many requests a second, as 5000 or 0.5/s",
             &A::rate},
            {"--arrivals", "HOW", "constant", "distances of an open loop: constant or poisson",
             &A::arrivals},
            {"--ramp", "RATES", "", "open loop in steps: FROM:TO:STEP, or R1,R2,R3", &A::ramp},
            {"--find-max", "BOUNDS", "",
             "search the highest rate that meets them, from --rate (or 1000) on", &A::find_max},
            {"--step", "TIME", "10s; 5s with --find-max, or 10 x its bound", "to hold each rate",
             &A::step},
            {"--precision", "SHARE%", "2%", "of the rate that --find-max finds", &A::precision},
            {"--max-connections", "N", "as -c",
             "open loop: open up to so many while all others are busy", &A::connections_max},
            {"--seed", "N", "1", "of all that is random; one seed, one schedule", &A::seed},
        },
    };
}

FlagGroup thread_flags() {
    return {
        "Threads",
        {
            {"-t,--threads", "N", "1", "each with its own ring and its share of the load",
             &A::threads},
            {"--cpus", "LIST", "anywhere",
             "CPUs that the threads are pinned to in turn, as 2,3 or 0-3", &A::cpus},
        },
    };
}

FlagGroup request_flags() {
    return {
        "Requests",
        {
            {"-X,--method", "METHOD", "GET, with a body POST", "of the request", &A::method},
            {"-H,--header", "'NAME: VALUE'", "", "a header field; Host replaces that of the URL",
             &A::headers},
            {"-b,--body", "TEXT", "", "sent with each request", &A::body},
            {"--body-file", "FILE", "", "its content is the body", &A::body_file},
            {"--expect", "STATUSES", "2xx,3xx",
             "statuses of good answers, as 200 or 2xx,404 or 200-204", &A::expect},
            {"--checksum", "SUM", "", "of an answer's body: fnv1a64:HEX, crc32:HEX, or field:NAME",
             &A::checksum},
            {"--mix", "FILE", "", "requests of several kinds with weights (TOML) instead", &A::mix},
            {"--connect", "ADDRESS", "that of the URL",
             "connect to IP:port, name:port or unix:/path instead", &A::connect},
            {"--timeout", "TIME", "10s", "from when a request is due to the end of its answer",
             &A::timeout},
            {"--connect-timeout", "TIME", "3s", "to open a connection", &A::connect_timeout},
        },
    };
}

FlagGroup client_flags() {
    return {
        "Clients",
        {
            {"--no-keepalive", "", "", "a new connection for each request", &A::no_keepalive},
            {"--requests-per-connection", "N", "no bound", "then it is closed and another opened",
             &A::requests_per_connection},
            {"--churn", "R", "0", "connections a second that are closed and opened anew",
             &A::churn},
            {"--slow-readers", "SHARE%", "0%",
             "of the connections read slowly; they are counted "
             "apart",
             &A::slow_readers},
            {"--read-rate", "SIZE/s", "1KiB/s", "of a slow reader", &A::read_rate},
            {"--slow-senders", "SHARE%", "0%", "of the connections send slowly; counted apart",
             &A::slow_senders},
            {"--send-rate", "SIZE/s", "64B/s", "of a slow sender", &A::send_rate},
            {"--aborts", "SHARE%", "0%", "of the requests are left by their client", &A::aborts},
            {"--abort-after", "TIME", "10ms", "after the request was sent", &A::abort_after},
        },
    };
}

FlagGroup output_flags() {
    return {
        "Output",
        {
            {"--assert", "BOUND", "",
             "exit with 2 when it does not hold, as 'p99<5ms'; may be repeated", &A::assertions},
            {"--json", "FILE", "", "the whole result; - is standard output, instead of the text",
             &A::json},
            {"--csv", "FILE", "", "a line for each --interval; - as above", &A::csv},
            {"--html", "FILE", "", "one page with plots", &A::html},
            {"--records", "FILE", "", "CSV of every request; about 64 bytes of memory for each",
             &A::records},
            {"--interval", "TIME", "1s", "between two lines of progress, points of a plot",
             &A::interval},
            {"-q,--quiet", "", "", "no progress", &A::quiet},
            {"--watch", "PID", "", "report the CPU time a request of that process; may be repeated",
             &A::watched},
            {"--watch-core", "CPU", "", "report how busy that CPU is, interrupts included",
             &A::watched_core},
            {"--version", "", "", "print it and exit", &A::version},
            {"-h,--help", "", "", "print this and exit", &A::help},
        },
    };
}

constexpr std::string_view kUsage =
    R"(ringload: loads an HTTP server and says how it did

  ringload [FLAGS] URL                 load http://host:port/path and report
  ringload scenario FILE...            load while servers are killed, stopped, slowed (--help there)
  ringload compare A.json B.json...    results of --json side by side

)";

constexpr std::string_view kExplanations = R"(
Closed and open loop:
  Without a rate, each connection sends its next request when it has the answer to the last one (closed
  loop): it shows how much the server can do. With --rate, --ramp or --find-max requests are due at times
  of their own, as real users come (open loop): it shows how long they wait.
  Where the server stalls, a closed loop stops asking, and the requests that would have waited are missing
  in its figures ("coordinated omission"). In an open loop the corrected latency is counted from when a
  request was due, so every one of them is there; the uncorrected one, from when it was really sent, is
  what a tool shows that waits its turn. Trust the corrected one.

Bounds (--assert, --find-max; several with commas between them):
  p50 p99 p99.9 mean max         latency, with a unit: 'p99<5ms' 'max<=1s'
  uncorrected.p99 first_byte.p99 connect.p99 lag.p99      another latency (lag: ringload's own delay)
  rate                           whole answers a second: 'rate>10000'
  errors                         a number or a share of the requests: errors=0 'errors<0.1%'
  refused connect_timed_out reset cut timed_out malformed unexpected_status wrong_body     one kind of them
  due                            requests of the measured time
  status.200 status.5xx          answers of it: 'status.200>=99.9%' status.5xx=0
  with < <= = >= >. Quote them, since < and > mean something to a shell.

Exit status:
  0    done, and every --assert holds
  1    it could not be done, or no request was answered
  2    an --assert does not hold
  130  Ctrl-C before anything was measured (143: SIGTERM). Otherwise Ctrl-C ends the run early, prints
       what was measured so far and exits as above; a second one exits at once.

Examples:
  ringload http://127.0.0.1:8080/
  ringload -c 256 -t 2 --cpus 2,3 -d 30s http://127.0.0.1:8080/
  ringload --rate 5000 -d 1m --assert 'p99<5ms' --assert errors=0 http://127.0.0.1:8080/
  ringload --ramp 1000:10000:1000 --step 10s --html ramp.html http://127.0.0.1:8080/
  ringload --find-max 'p99<5ms,errors<0.1%' http://127.0.0.1:8080/
  ringload --mix shop.toml --rate 200 --arrivals poisson --json shop.json http://shop.example/
  ringload -X PUT -b 'x=1' -H 'Content-Type: text/plain' --expect 201 http://127.0.0.1:8080/items/{n}

{n} in a path becomes the number of the request. docs/ringload.md describes mix files, scenario files and
the members of the JSON.
)";

/// "-c, --connections N"; a flag without a short name stands below the long ones.
std::string head_of(const Flag& flag) {
    const std::size_t comma = flag.names.find(',');
    std::string head = "    ";
    if (comma != std::string_view::npos) head = fmt::format("{}, ", flag.names.substr(0, comma));
    head += flag.long_name();
    if (!flag.value.empty()) head += fmt::format(" {}", flag.value);
    return head;
}

}  // namespace

std::string_view Flag::long_name() const { return names.substr(names.find("--")); }

const std::vector<FlagGroup>& flag_groups() {
    static const std::vector<FlagGroup> groups{load_flags(), thread_flags(), request_flags(),
                                               client_flags(), output_flags()};
    return groups;
}

std::string help_text() {
    std::string out(kUsage);
    for (const FlagGroup& group : flag_groups()) {
        out += fmt::format("{}{}:\n", &group == &flag_groups().front() ? "" : "\n", group.name);
        for (const Flag& flag : group.flags) {
            out += fmt::format("  {:<34} {}", head_of(flag), flag.meaning);
            if (!flag.default_text.empty()) out += fmt::format(" [{}]", flag.default_text);
            out += '\n';
        }
    }
    return out + std::string(kExplanations);
}

std::string flags_markdown() {
    std::string out;
    for (const FlagGroup& group : flag_groups()) {
        out += fmt::format("{}### {}\n\n| flag | default | meaning |\n|---|---|---|\n",
                           out.empty() ? "" : "\n", group.name);
        for (const Flag& flag : group.flags) {
            std::string head = head_of(flag);
            head.erase(0, head.find_first_not_of(' '));
            out += fmt::format("| `{}` | {} | {} |\n", ringway::base::markdown_cell(head),
                               ringway::base::markdown_cell(flag.default_text),
                               ringway::base::markdown_cell(flag.meaning));
        }
    }
    return out;
}

}  // namespace ringload
