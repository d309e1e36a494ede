#include "cli/options.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "cli/arguments.h"
#include "cli/url.h"
#include "cli/values.h"
#include "load/gait.h"
#include "plan/mix.h"
#include "plan/request.h"
#include "ringway/base/printable.h"
#include "ringway/base/units.h"
#include "ringway/config/toml_file.h"

namespace ringload {

namespace base = ringway::base;

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint32_t kConnectionsMax = 1'000'000;
constexpr std::uint32_t kThreadsMax = 256;
constexpr std::uint32_t kPipelineMax = 1024;
constexpr std::size_t kHeadersMax = 64;
// A step of a search lasts so many times the longest time that it may accept, so that a queue that
// grows passes the bound within it.
constexpr int kBoundsPerStep = 10;
constexpr std::int64_t kSamplesMax = 1'000'000;
constexpr std::uint64_t kCpusMax = 1024;    // as cpu_set_t has it
constexpr std::uint64_t kPidMax = 1 << 22;  // PID_MAX_LIMIT of a 64-bit kernel
constexpr Duration kDurationMax = hours(24 * 7);

struct Pair {
    std::string_view one;
    std::string_view other;
    std::string_view why;
};
constexpr Pair kExclusive[] = {
    {"--ramp", "--rate", "a ramp has rates of its own"},
    {"--ramp", "--duration", "--step says how long each rate is held"},
    {"--ramp", "--requests", "--step says how long each rate is held"},
    {"--ramp", "--find-max", "both choose the rates"},
    {"--find-max", "--duration", "--step says how long each rate is measured"},
    {"--find-max", "--requests", "--step says how long each rate is measured"},
    {"--mix", "--method", "the file says it of each request"},
    {"--mix", "--header", "the file says it of each request"},
    {"--mix", "--body", "the file says it of each request"},
    {"--mix", "--body-file", "the file says it of each request"},
    {"--mix", "--expect", "the file says it of each request"},
    {"--mix", "--checksum", "the file says it of each request"},
    {"--body", "--body-file", "both are the body"},
    {"--no-keepalive", "--requests-per-connection", "the first is the second with 1"},
    {"--no-keepalive", "--churn", "every connection is closed after its request anyway"},
};

constexpr std::string_view kOpenLoop[] = {"--rate", "--ramp", "--find-max"};
constexpr std::string_view kSteps[] = {"--ramp", "--find-max"};
constexpr std::string_view kFindMax[] = {"--find-max"};
constexpr std::string_view kSlowReaders[] = {"--slow-readers"};
constexpr std::string_view kSlowSenders[] = {"--slow-senders"};
constexpr std::string_view kAborts[] = {"--aborts"};

struct Need {
    std::string_view flag;
    std::span<const std::string_view> any_of;
};
constexpr Need kNeeds[] = {
    {"--arrivals", kOpenLoop},  {"--max-connections", kOpenLoop}, {"--step", kSteps},
    {"--precision", kFindMax},  {"--read-rate", kSlowReaders},    {"--send-rate", kSlowSenders},
    {"--abort-after", kAborts},
};

bool is_given(const Arguments& arguments, std::string_view name) {
    for (const FlagGroup& group : flag_groups()) {
        for (const Flag& flag : group.flags) {
            if (flag.long_name() != name) continue;
            if (const auto* slot = std::get_if<Value Arguments::*>(&flag.slot))
                return (arguments.**slot).has_value();
            if (const auto* slot = std::get_if<bool Arguments::*>(&flag.slot))
                return arguments.**slot;
            return !(arguments.*std::get<std::vector<std::string> Arguments::*>(flag.slot)).empty();
        }
    }
    return false;
}

/// Fills Options from Arguments; keeps the first reason why it cannot.
class Reader {
 public:
    explicit Reader(const Arguments& arguments) : a_(arguments) {}

    bool failed() const { return !error_.empty(); }
    const std::string& error() const { return error_; }
    const std::string& mix_errors() const { return mix_errors_; }
    Options& options() { return options_; }

    void read_all() {
        read_combinations();
        read_rates();
        read_length();
        read_connections();
        read_target();
        read_requests();
        read_clients();
        read_outputs();
    }

 private:
    void complain(std::string line) {
        if (error_.empty()) error_ = std::move(line);
    }
    void complain(std::string_view flag, std::string_view value, std::string_view reason) {
        complain(fmt::format("{} {}: {}", flag, base::shown(value), reason));
    }

    template <class Out, class Parse>
    void read(const Value& value, std::string_view flag, Out& out, Parse parse) {
        if (!value) return;
        const auto parsed = parse(*value);
        if (!parsed) return complain(flag, *value, parsed.error());
        if constexpr (std::is_integral_v<Out>) {
            out = static_cast<Out>(*parsed);
        } else {
            out = *parsed;
        }
    }
    template <class Out>
    void read_count(const Value& value, std::string_view flag, Out& out, std::uint64_t min,
                    std::uint64_t max) {
        read(value, flag, out,
             [min, max](const std::string& text) { return parse_count(text, min, max); });
    }
    void read_time(const Value& value, std::string_view flag, Duration& out, Duration min,
                   Duration max) {
        read(value, flag, out,
             [min, max](const std::string& text) { return parse_time(text, min, max); });
    }

    void read_combinations();
    void read_rates();
    void read_length();
    void read_connections();
    void read_target();
    void read_requests();
    void read_one_request(RequestKind& kind);
    void read_clients();
    void read_outputs();
    void read_watched();

    const Arguments& a_;
    Options options_;
    LoadPlan& plan_ = options_.plan;
    std::string path_;  // of the URL
    std::string error_;
    std::string mix_errors_;  // whole lines
};

void Reader::read_combinations() {
    for (const Pair& pair : kExclusive) {
        if (!is_given(a_, pair.one) || !is_given(a_, pair.other)) continue;
        complain(fmt::format("{} and {} exclude each other: {}; remove one", pair.one, pair.other,
                             pair.why));
    }
    for (const Need& need : kNeeds) {
        const auto given = [&](std::string_view flag) { return is_given(a_, flag); };
        if (!given(need.flag) || std::ranges::any_of(need.any_of, given)) continue;
        complain(fmt::format("{} has no effect without {}; add one or remove it", need.flag,
                             fmt::join(need.any_of, " or ")));
    }
}

/// Of the bounds that are times; 0 when none is.
Duration longest_time(const std::vector<Assertion>& bounds) {
    Duration longest{0};
    for (const Assertion& bound : bounds) {
        if (is_time(bound.metric))
            longest = std::max(longest, Duration(static_cast<std::int64_t>(bound.bound)));
    }
    return longest;
}

void Reader::read_rates() {
    double rate = 0;
    std::vector<double> rates;
    read(a_.rate, "--rate", rate, parse_rate);
    read(a_.ramp, "--ramp", rates, parse_ramp);
    Duration step = seconds(10);
    FindMaxSettings settings;
    if (a_.find_max) {
        settings.text = *a_.find_max;
        if (auto bounds = parse_assertions(settings.text)) {
            settings.bounds = std::move(*bounds);
        } else {
            complain("--find-max " + bounds.error());
        }
        step = std::max<Duration>(seconds(5), kBoundsPerStep * longest_time(settings.bounds));
    }
    read_time(a_.step, "--step", step, milliseconds(100), hours(24));
    if (a_.find_max) {
        read(a_.precision, "--precision", settings.precision, parse_share);
        if (settings.precision < 0.001 || settings.precision > 0.5)
            complain("--precision", *a_.precision, "must be from 0.1% to 50%");
        if (a_.rate) settings.first_rate = rate;
        settings.step = step;
        rates = {settings.first_rate};
        options_.find_max = std::move(settings);
    }
    for (const double each : rates) plan_.steps.push_back({each, step});
    if (a_.rate && !a_.find_max) plan_.steps = {{rate, Duration(0)}};
    if (!plan_.steps.empty()) plan_.arrivals = Arrivals::constant;
    read(a_.arrivals, "--arrivals", plan_.arrivals,
         [](const std::string& text) -> Parsed<Arrivals> {
             if (text == "constant") return Arrivals::constant;
             if (text == "poisson") return Arrivals::poisson;
             return std::unexpected("must be constant or poisson");
         });
    read_count(a_.seed, "--seed", plan_.seed, 0, UINT64_MAX);
}

void Reader::read_length() {
    const bool alone = a_.requests && !a_.duration;
    plan_.duration = alone ? Duration(0) : seconds(10);
    plan_.warm_up = alone ? Duration(0) : seconds(1);
    read_time(a_.duration, "--duration", plan_.duration, milliseconds(10), kDurationMax);
    read_count(a_.requests, "--requests", plan_.requests, 1, 1'000'000'000'000);
    read_time(a_.warm_up, "--warm-up", plan_.warm_up, Duration(0), hours(1));
    if (a_.ramp || a_.find_max) {
        plan_.duration = Duration(0);
        for (const RateStep& step : plan_.steps) plan_.duration += step.duration;
    } else if (!plan_.steps.empty()) {
        plan_.steps.front().duration = plan_.duration;  // 0: until `requests`
    }
    plan_.sample_interval = seconds(1);
    read_time(a_.interval, "--interval", plan_.sample_interval, milliseconds(10), hours(1));
    if (plan_.duration / plan_.sample_interval > kSamplesMax) {
        complain(fmt::format("--interval {}: more than {} lines in {}; raise it",
                             base::format_duration(plan_.sample_interval), kSamplesMax,
                             base::format_duration(plan_.duration)));
    }
}

void Reader::read_connections() {
    read_count(a_.connections, "--connections", plan_.connections, 1, kConnectionsMax);
    plan_.connections_max = plan_.connections;
    read_count(a_.connections_max, "--max-connections", plan_.connections_max, 1, kConnectionsMax);
    if (plan_.connections_max < plan_.connections) {
        complain("--max-connections", *a_.connections_max,
                 fmt::format("is less than the {} of --connections; raise it or lower those",
                             plan_.connections));
    }
    read_count(a_.pipeline, "--pipeline", plan_.pipeline, 1, kPipelineMax);
    if (a_.no_keepalive) plan_.requests_per_connection = 1;
    read_count(a_.requests_per_connection, "--requests-per-connection",
               plan_.requests_per_connection, 1, UINT32_MAX);
    if (plan_.requests_per_connection > 0 && plan_.pipeline > plan_.requests_per_connection) {
        complain(fmt::format("--pipeline {}: more than the {} of each connection; lower it",
                             plan_.pipeline,
                             plan_.requests_per_connection == 1
                                 ? std::string("one request")
                                 : fmt::format("{} requests", plan_.requests_per_connection)));
    }
    read_count(a_.threads, "--threads", plan_.threads, 1, kThreadsMax);
    if (plan_.threads > plan_.connections) {
        complain(
            fmt::format("--threads {}: more than the {} of --connections; lower it or raise "
                        "those",
                        plan_.threads, plan_.connections));
    }
    read(a_.cpus, "--cpus", plan_.cpus, parse_cpus);
    if (plan_.cpus.size() > plan_.threads) {
        complain("--cpus", *a_.cpus,
                 fmt::format("names {} CPUs for {} thread{}; add --threads {}", plan_.cpus.size(),
                             plan_.threads, plan_.threads == 1 ? "" : "s", plan_.cpus.size()));
    }
}

void Reader::read_target() {
    if (failed()) return;  // names are looked up only for a command line that is right so far
    plan_.url = a_.urls.front();
    const auto parts = split_url(plan_.url);
    if (!parts) return complain(parts.error());
    plan_.authority = parts->authority;
    path_ = parts->path;
    if (a_.connect) return read(a_.connect, "--connect", plan_.connect, parse_connect);
    const auto address = resolve(parts->host, parts->port);
    if (!address) return complain(address.error());
    plan_.connect = *address;
}

void Reader::read_requests() {
    plan_.timeout = seconds(10);
    plan_.connect_timeout = seconds(3);
    // longer ones do not fit the histograms
    read_time(a_.timeout, "--timeout", plan_.timeout, milliseconds(1), minutes(30));
    read_time(a_.connect_timeout, "--connect-timeout", plan_.connect_timeout, milliseconds(1),
              minutes(30));
    if (failed()) return;
    if (!a_.mix) return read_one_request(plan_.mix.emplace_back());
    if (path_ != "/") {
        return complain(plan_.url +
                        ": its path has no effect with --mix, whose file has the "
                        "paths; remove it");
    }
    auto kinds = load_mix(*a_.mix);
    if (kinds) {
        plan_.mix = std::move(*kinds);
        return;
    }
    for (const auto& error : kinds.error()) mix_errors_ += error.text() + "\n";
    complain("--mix", *a_.mix, "has errors");
}

void Reader::read_one_request(RequestKind& kind) {
    kind.method.clear();
    kind.target = path_;
    read(a_.method, "--method", kind.method, [](const std::string& text) -> Parsed<std::string> {
        if (auto complaint = check_method(text)) return std::unexpected(*complaint);
        return text;
    });
    if (a_.headers.size() > kHeadersMax)
        complain(
            fmt::format("--header: {} fields; write at most {}", a_.headers.size(), kHeadersMax));
    for (const std::string& text : a_.headers) {
        kind.headers.emplace_back();
        read(text, "--header", kind.headers.back(), parse_header);
    }
    if (a_.body) kind.body = *a_.body;
    read(a_.body_file, "--body-file", kind.body, ringway::config::read_file);
    read(a_.expect, "--expect", kind.expected, parse_expected);
    read(a_.checksum, "--checksum", kind.checksum, parse_checksum);
    complete(kind);
    if (a_.checksum && kind.method == "HEAD")
        complain("--checksum", *a_.checksum, "the answer to HEAD has no body; remove one");
}

void Reader::read_clients() {
    Misbehaviour& clients = plan_.misbehaviour;
    read(a_.churn, "--churn", clients.churn_per_s, parse_rate);
    read(a_.slow_readers, "--slow-readers", clients.slow_readers, parse_share);
    read(a_.read_rate, "--read-rate", clients.read_bytes_per_s, parse_byte_rate);
    read(a_.slow_senders, "--slow-senders", clients.slow_senders, parse_share);
    read(a_.send_rate, "--send-rate", clients.send_bytes_per_s, parse_byte_rate);
    if (clients.slow_readers + clients.slow_senders > 1) {
        complain(
            "--slow-readers and --slow-senders: more than 100% of the connections together; "
            "lower one");
    }
    const bool carries_nothing =
        !failed() && brisk_at_start(plan_, deal_gaits(clients, plan_.connections)) == 0;
    if (carries_nothing && (plan_.requests > 0 || plan_.arrivals != Arrivals::closed)) {
        complain(fmt::format(
            "--slow-readers and --slow-senders: all of the {} connections are slow, and "
            "none is left for the requests; lower one or raise --connections",
            plan_.connections));
    }
    read(a_.aborts, "--aborts", clients.aborts, parse_share);
    read_time(a_.abort_after, "--abort-after", clients.abort_after, Duration(0), minutes(30));
}

void Reader::read_outputs() {
    for (const std::string& text : a_.assertions) {
        const auto assertion = parse_assertions(text);
        if (!assertion) return complain("--assert " + assertion.error());
        options_.assertions.insert(options_.assertions.end(), assertion->begin(), assertion->end());
    }
    Outputs& outputs = options_.outputs;
    struct File {
        std::string_view flag;
        const Value& value;
        std::string& path;
        bool may_be_printed;
    };
    const File files[] = {{"--json", a_.json, outputs.json, true},
                          {"--csv", a_.csv, outputs.csv, true},
                          {"--html", a_.html, outputs.html, false},
                          {"--records", a_.records, outputs.records, false}};
    for (const File& file : files) {
        if (!file.value) continue;
        file.path = *file.value;
        if (file.path.empty()) complain(fmt::format("{} '': must be a file", file.flag));
        if (file.path == "-" && !file.may_be_printed)
            complain(file.flag, "-", "cannot be printed; write a file");
        for (const File& other : files) {
            if (&other < &file && other.path == file.path && !other.path.empty())
                complain(file.flag, file.path,
                         fmt::format("{} writes it too; write another", other.flag));
        }
    }
    plan_.keep_records = !outputs.records.empty();
    outputs.quiet = a_.quiet;
    read_watched();
}

void Reader::read_watched() {
    read_count(a_.watched_core, "--watch-core", plan_.watched_core, 0, kCpusMax - 1);
    for (const std::string& text : a_.watched) {
        const auto pid = parse_count(text, 1, kPidMax);
        if (!pid) return complain("--watch", text, pid.error());
        const auto process = static_cast<pid_t>(*pid);
        if (kill(process, 0) != 0 && errno == ESRCH)
            return complain("--watch", text, "no such process; write the PID of one that runs");
        plan_.watched.push_back(process);
    }
}

Exit fail(const std::string& line) { return {1, "", "ringload: " + line + "\n"}; }

}  // namespace

std::expected<Options, Exit> parse_options(int argc, const char* const* argv) {
    const auto arguments = parse_arguments(argc, argv);
    if (!arguments) return std::unexpected(fail(arguments.error()));
    if (arguments->help) return std::unexpected(Exit{0, help_text(), ""});
    if (arguments->version)
        return std::unexpected(Exit{0, fmt::format("ringload {}\n", RINGWAY_VERSION), ""});
    const auto& urls = arguments->urls;
    if (urls.empty()) {
        return std::unexpected(
            fail("no URL: write one, as ringload http://localhost:8080/ (ringload --help lists "
                 "all flags)"));
    }
    if (urls.size() > 1) {
        return std::unexpected(
            fail(fmt::format("two URLs, {} and {}: one run loads one; remove one",
                             base::shown(urls[0]), base::shown(urls[1]))));
    }
    Reader reader(*arguments);
    reader.read_all();
    if (!reader.mix_errors().empty()) return std::unexpected(Exit{1, "", reader.mix_errors()});
    if (reader.failed()) return std::unexpected(fail(reader.error()));
    return std::move(reader.options());
}

}  // namespace ringload
