// [load], [programs], [proxy] and [watch].
#include "scenario/sections.h"

#include "scenario/keys.h"

namespace ringload {

namespace {

using config::between;
using config::count;
using config::duration;
using config::flag;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kArrivals[] = {"constant", "poisson"};
constexpr int kCpuMax = 4095;

Complaint check_url(std::string_view text) {
    if (text.starts_with("https://"))
        return "is a TLS address, which is not available in this version; write \"http://...\"";
    if (!text.starts_with("http://") || text.size() == std::string_view("http://").size())
        return "is no URL; write \"http://host:port/path\"";
    if (text.find_first_of(" \r\n\t") != std::string_view::npos)
        return "is no URL; spaces and line ends cannot be part of one";
    return {};
}

Complaint check_connect(std::string_view text) {
    if (ringway::base::SocketAddress::parse(text)) return {};
    return "is no address; write \"IP:port\" or \"unix:/path\"";
}

void read_cpus(Reading& reading, const Rule& rule, const toml::node& node, LoadSettings& load) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return complain_type(reading, rule, node);
    load.cpus.clear();
    for (const toml::node& element : *array) {
        const auto* value = element.as_integer();
        if (value == nullptr || value->get() < 0 || value->get() > kCpuMax)
            return complain_type(reading, rule, element);
        load.cpus.push_back(static_cast<int>(value->get()));
    }
}

void check_load(const config::Given& given, LoadSettings& load) {
    if (load.rate == 0 && given.node("arrivals") != nullptr && !given.in_doubt("rate")) {
        given.complain("arrivals",
                       "`arrivals` has no effect without `rate`; add a `rate` or remove it");
    }
    if (load.connections_max < load.connections) {
        if (given.node("max_connections") == nullptr) {
            load.connections_max = load.connections;
        } else {
            config::check_order(given, "connections", load.connections, "max_connections",
                                load.connections_max);
        }
    }
}

void append_connections(std::vector<Key<LoadSettings>>& keys) {
    const std::vector<Key<LoadSettings>> more{
        count<&LoadSettings::connections>("connections", {1, 1'000'000}, "opened at the start"),
        count<&LoadSettings::connections_max>(
            "max_connections", {1, 1'000'000},
            "with `rate`: more are opened while all wait for answers, up to this many"),
        count<&LoadSettings::pipeline>("pipeline", {1, 1024},
                                       "requests under way on one connection"),
        count<&LoadSettings::requests_per_connection>(
            "requests_per_connection", {0, 4'000'000'000},
            "then it is closed and another one opened; 0: no bound"),
        count<&LoadSettings::threads>("threads", {1, 256}, "of ringload, each with a ring"),
        config::custom<LoadSettings>("cpus", "an array of CPU numbers", read_cpus,
                                     "that the threads are pinned to, in turn")
            .with_default("[]"),
        flag<&LoadSettings::realtime>(
            "realtime",
            "the threads run under SCHED_RR where that is allowed, so that a busy "
            "machine does not make them late"),
    };
    keys.insert(keys.end(), more.begin(), more.end());
}

void append_times(std::vector<Key<LoadSettings>>& keys) {
    const std::vector<Key<LoadSettings>> more{
        duration<&LoadSettings::warm_up>("warm_up", between(Duration(0), hours(1)),
                                         "at the beginning; nothing of it is measured"),
        duration<&LoadSettings::duration>(
            "duration", between(milliseconds(100), hours(24)),
            "of the measured time; the times of faults count from its begin"),
        duration<&LoadSettings::timeout>("timeout", between(milliseconds(1), hours(1)),
                                         "of a request, from when it was due"),
        duration<&LoadSettings::connect_timeout>(
            "connect_timeout", between(milliseconds(1), hours(1)), "of opening a connection"),
        duration<&LoadSettings::sample_interval>("interval", between(milliseconds(10), hours(1)),
                                                 "between two points of the plots over time"),
        count<&LoadSettings::seed>("seed", {0, 1ULL << 62}, "of everything that is drawn by lot"),
        config::text<&LoadSettings::origin_field>(
            "origin_field", config::check_header_name,
            "the field of answers that names the origin they come from"),
    };
    keys.insert(keys.end(), more.begin(), more.end());
}

}  // namespace

const Section<LoadSettings>& load_section() {
    static const Section<LoadSettings> section = [] {
        Section<LoadSettings> result{
            .heading = "[load]",
            .meaning =
                "What clients send, and where. With `rate` it is an open loop: requests are "
                "due at fixed times whatever became of the ones before, as those of many "
                "independent clients.",
            .keys =
                {
                    config::text<&LoadSettings::url>("url", check_url, "http://host:port/path")
                        .required(),
                    config::text<&LoadSettings::connect>(
                        "connect", check_connect,
                        "the address to send to, whatever the host of the URL is")
                        .with_default("that of the URL"),
                    path<&LoadSettings::mix>("mix", "a file of `[[request]]` tables")
                        .with_default("none: GET of the URL's path"),
                    config::number<&LoadSettings::rate>("rate", between(0.1, 10'000'000.0),
                                                        "requests a second")
                        .or_zero()
                        .with_default("0: a connection sends when it has its answer"),
                    choice<&LoadSettings::poisson, kArrivals>(
                        "arrivals", "\"constant\" or \"poisson\"",
                        "with `rate`: at equal or at exponentially distributed distances")
                        .with_default("\"constant\""),
                },
            .check = check_load,
        };
        append_connections(result.keys);
        append_times(result.keys);
        return result;
    }();
    return section;
}

const Section<Programs>& programs_section() {
    static const Section<Programs> section{
        .heading = "[programs]",
        .meaning = "The bundled programs that a scenario starts.",
        .keys =
            {
                path<&Programs::ringway>("ringway", "the load balancer")
                    .with_default("beside ringload, in its build folder, or in PATH"),
                path<&Programs::ringorigin>("ringorigin", "the origins")
                    .with_default("beside ringload, in its build folder, or in PATH"),
                flag<&Programs::realtime>("realtime",
                                          "proxy and origins run under SCHED_RR where that is "
                                          "allowed: for a machine that does other things too"),
            },
    };
    return section;
}

namespace {

void read_environment(Reading& reading, const Rule& rule, const toml::node& node,
                      ProxyPlan& proxy) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return complain_type(reading, rule, node);
    for (const auto& [key, value] : *table) {
        const auto* text = value.as_string();
        const bool is_good =
            text != nullptr && text->get().find('\0') == std::string::npos &&
            key.str().find_first_of(std::string_view("=\0", 2)) == std::string_view::npos;
        if (!is_good) return complain_type(reading, rule, value);
        proxy.environment.emplace_back(key.str(), text->get());
    }
}

void check_proxy(const config::Given& given, ProxyPlan& proxy) {
    if (!proxy.config.empty() && !proxy.command.empty()) {
        given.complain("command",
                       "`command` and `config` are both there; write `config` for ringway, or "
                       "`command` for another proxy (an empty one takes away that of a file "
                       "before)");
    }
}

}  // namespace

const Section<ProxyPlan>& proxy_section() {
    static const Section<ProxyPlan> section{
        .heading = "[proxy]",
        .meaning =
            "What stands between load and origins. With neither `config` nor `command` it "
            "is there already.",
        .keys =
            {
                path<&ProxyPlan::config>("config", "ringway is started with this file")
                    .with_default("none"),
                command<&ProxyPlan::command>("command",
                                             "is started instead; it must stay in the foreground"),
                config::text<&ProxyPlan::ready>("ready", check_url,
                                                "a URL that answers 2xx or 3xx once it is up")
                    .with_default("that of the load"),
                duration<&ProxyPlan::ready_within>("ready_within",
                                                   between(milliseconds(10), hours(1)),
                                                   "it must be up; later is an error"),
                optional_address<&ProxyPlan::admin>(
                    "admin", "where ringway's admin API listens, for when it knew of the fault"),
                config::custom<ProxyPlan>("environment", "a table of strings", read_environment,
                                          "added to that of ringload")
                    .with_default("{}"),
                path<&ProxyPlan::directory>("directory", "where it is started")
                    .with_default("that of ringload"),
            },
        .check = check_proxy,
    };
    return section;
}

const Section<WatchSettings>& watch_section() {
    static const Section<WatchSettings> section{
        .heading = "[watch]",
        .meaning =
            "Sees the packets that arrive for the origins, before any rule does: what a proxy "
            "still tried with a faulty origin, whether or not the origin was able to see it. Needs "
            "CAP_NET_RAW in the origins' network. Requests with X-Health-Check do not count; "
            "connects of health checks do, unless checks have a `check_address`.",
        .keys = {flag<&WatchSettings::enabled>("enabled", "true: it does")},
    };
    return section;
}

}  // namespace ringload
