// [[origin]], [faults] and [[fault]]: who fails, how and when.
#include <algorithm>
#include <array>

#include "ringway/base/limits.h"
#include "ringway/base/units.h"
#include "scenario/keys.h"
#include "scenario/sections.h"

namespace ringload {

namespace {

using config::between;
using config::count;
using config::duration;
using config::flag;
using config::size;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kOriginsMax = 64;
constexpr std::size_t kFaultsMax = 256;

constexpr std::string_view kFaultNames[kFaultKinds] = {
    "kill", "stop", "refuse", "blackhole", "slow", "reset", "stall", "status", "429", "command"};

// -- origins

Complaint check_origin_name(std::string_view text) {
    const auto visible = [](char c) { return c > ' ' && c < 127; };
    if (!text.empty() && text.size() <= 64 && std::ranges::all_of(text, visible)) return {};
    return "is no name of an origin; use 1 to 64 visible ASCII characters";
}

/// "/proc/4711/ns/net" as it is, "blue" as `ip netns add blue` made it.
void read_network(Reading& reading, const Rule& rule, const toml::node& node, OriginPlan& origin) {
    const auto* value = node.as_string();
    const std::string text = value != nullptr ? value->get() : std::string();
    if (value == nullptr || text.find('\0') != std::string::npos || text == "." || text == "..")
        return complain_type(reading, rule, node);
    if (!text.empty() && text.front() != '/' && text.find('/') != std::string::npos)
        return complain_type(reading, rule, node);
    origin.network = text.empty() || text.front() == '/' ? text : "/run/netns/" + text;
}

void check_origin(const config::Given& given, OriginPlan& origin) {
    const auto useless = [&](std::string_view name, std::string_view why) {
        if (given.node(name) == nullptr) return;
        given.complain(name, fmt::format("`{}` has no effect {}; remove it", name, why));
    };
    if (origin.running) {
        useless("latency", "on an origin that runs already");
        useless("body", "on an origin that runs already");
        useless("threads", "on an origin that runs already");
    } else {
        useless("pid", "on an origin that is started; write `running = true`");
        useless("control", "on an origin that is started; write `running = true`");
    }
}

const Section<OriginPlan>& origin_section() {
    static const Section<OriginPlan> section{
        .heading = "[[origin]]",
        .meaning =
            "A server behind the proxy: a ringorigin that is started, or one that runs "
            "already.",
        .keys =
            {
                config::text<&OriginPlan::name>(
                    "name", check_origin_name,
                    "its name: that of the proxy's upstream too, and what its answers have as "
                    "X-Origin")
                    .required(),
                addresses<&OriginPlan::addresses>("address", "where it listens for requests")
                    .required(),
                addresses<&OriginPlan::check_addresses>(
                    "check_address",
                    "where it listens for health checks alone, so that they are "
                    "not taken for requests"),
                duration<&OriginPlan::latency>("latency", between(Duration(0), hours(1)),
                                               "before each answer"),
                size<&OriginPlan::body_bytes>("body", {0, 1ULL << 40}, "of each answer"),
                count<&OriginPlan::threads>("threads", {1, 256}, "each with a ring"),
                config::custom<OriginPlan>(
                    "network", "the path of a network namespace or a name of `ip netns`",
                    read_network, "it is started there, and its packets are dropped there")
                    .with_default("that of ringload"),
                flag<&OriginPlan::running>("running", "true: it runs already"),
                count<&OriginPlan::pid>("pid", {0, 4'194'304},
                                        "of one that runs: `kill` and `stop` need it")
                    .with_default("none"),
                optional_address<&OriginPlan::control>(
                    "control", "of a ringorigin that runs: where it is told to answer otherwise"),
            },
        .check = check_origin,
    };
    return section;
}

// -- faults

/// The faults that a key belongs to.
struct KeyOfKinds {
    std::string_view key;
    std::array<FaultKind, 2> kinds;
};
constexpr KeyOfKinds kKeysOfKinds[] = {
    {"delay", {FaultKind::slow, FaultKind::slow}},
    {"status", {FaultKind::status, FaultKind::status}},
    {"retry_after", {FaultKind::rate_limit, FaultKind::rate_limit}},
    {"after", {FaultKind::reset, FaultKind::stall}},
    {"begin", {FaultKind::command, FaultKind::command}},
    {"end", {FaultKind::command, FaultKind::command}},
};

void check_fault(const config::Given& given, FaultPlan& fault) {
    for (const KeyOfKinds& of : kKeysOfKinds) {
        if (given.node(of.key) == nullptr || given.in_doubt("kind")) continue;
        if (std::ranges::find(of.kinds, fault.kind) != of.kinds.end()) continue;
        given.complain(of.key, fmt::format("`{}` has no effect with `kind = \"{}\"`; remove it",
                                           of.key, name_of(fault.kind)));
    }
    if (fault.retry_after % seconds(1) != Duration(0) && !given.in_doubt("retry_after"))
        given.complain("retry_after", "`retry_after`: Retry-After counts in whole seconds");
    if (fault.kind == FaultKind::command && fault.begin.empty() && !given.in_doubt("begin") &&
        !given.in_doubt("kind")) {
        given.complain("kind", "`kind = \"command\"` needs `begin`, the command to run");
    }
}

void read_after(Reading& reading, const Rule& rule, const toml::node& node, FaultPlan& fault) {
    Rule plain = rule;
    plain.kind = config::Kind::size;
    plain.bounds = {0, 1ULL << 40};
    std::uint64_t value = 0;
    config::read_value(reading, plain, node, &value);
    fault.after = value;
}

const Section<FaultPlan>& fault_section() {
    const config::Bounds moment = between(Duration(0), hours(24));
    static const Section<FaultPlan> section{
        .heading = "[[fault]]",
        .meaning =
            "What is done to an origin, and undone. Times count from the begin of the "
            "measured time.",
        .keys =
            {
                choice<&FaultPlan::kind, kFaultNames>(
                    "kind",
                    "\"kill\", \"stop\", \"refuse\", \"blackhole\", \"slow\", \"reset\", "
                    "\"stall\", \"status\", \"429\" or \"command\"",
                    "kill: SIGKILL, and it is started again; stop: SIGSTOP, SIGCONT; refuse: every "
                    "packet is answered with RST; blackhole: every packet is dropped; slow: it "
                    "answers `delay` late; reset: RST in the answer; stall: silence in the "
                    "answer; status: it answers `status`; 429: with Retry-After; command: as "
                    "`begin` and `end` do")
                    .required(),
                config::custom<FaultPlan>(
                    "origin", "the name of an [[origin]]",
                    [](Reading&, const Rule&, const toml::node&, FaultPlan&) {}, "that fails")
                    .with_default("required, but of a command"),
                duration<&FaultPlan::at>("at", moment, "when it comes")
                    .with_default("that of [faults]"),
                optional_duration<&FaultPlan::until>("until", moment, "when it is over")
                    .with_default("that of [faults], else it lasts"),
                duration<&FaultPlan::delay>("delay", between(milliseconds(1), hours(1)),
                                            "of a slow origin's answers"),
                count<&FaultPlan::status>("status", {200, 599}, "that it answers with"),
                duration<&FaultPlan::retry_after>("retry_after", between(seconds(0), hours(24)),
                                                  "of a 429, whole seconds"),
                config::custom<FaultPlan>("after", "a size", read_after,
                                          "reset and stall: bytes of the body before it")
                    .with_default("none: before any byte"),
                command<&FaultPlan::begin>("begin", "what a command does when the fault comes"),
                command<&FaultPlan::end>("end",
                                         "and when it is over, at the latest when the scenario is"),
            },
        .check = check_fault,
    };
    return section;
}

/// The origin can be made to fail so; complains at the table otherwise.
void check_possible(Reading& reading, const toml::table& table, const FaultPlan& fault,
                    const OriginPlan& origin) {
    const auto complain = [&](std::string_view why) {
        reading.complain(table, fmt::format("`{}` of the origin `{}`: {}", name_of(fault.kind),
                                            config::shown(origin.name), why));
    };
    const auto is_unix = [](const auto& address) { return !address.is_ip(); };
    if (fault.is_of_packets() && std::ranges::any_of(origin.addresses, is_unix))
        complain("a unix socket has no packets; use `kill`, `stop` or `status`");
    if (!origin.running) return;
    if (fault.is_told() && !origin.control)
        complain("it runs already; write its `control` address, where it is told");
    const bool by_pid = fault.kind == FaultKind::kill || fault.kind == FaultKind::stop;
    if (by_pid && origin.pid == 0)
        complain("it runs already; write its `pid`, or use `kind = \"command\"`");
    if (fault.kind == FaultKind::kill && fault.until) {
        complain(
            "it runs already and cannot be started again from here; remove `until`, or use "
            "`kind = \"command\"`");
    }
}

/// Where its end is written: at its own `until`, else at the fault.
const toml::node& place_of_until(const toml::table& table) {
    const toml::node* node = table.get("until");
    return node != nullptr ? *node : table;
}

void check_times(Reading& reading, const toml::table& table, const FaultPlan& fault,
                 const Scenario& scenario) {
    const Duration end = scenario.load.duration;
    const auto show = [](Duration time) { return ringway::base::format_duration(time); };
    if (fault.at >= end) {
        reading.complain(table,
                         fmt::format("the fault at {} comes after the load, whose `duration` "
                                     "is {}; raise `duration` of [load]",
                                     show(fault.at), show(end)));
    } else if (fault.until && *fault.until > end) {
        reading.complain(place_of_until(table),
                         fmt::format("`until`: {} is after the load, whose `duration` is {}; "
                                     "remove it when the fault shall last",
                                     show(*fault.until), show(end)));
    } else if (fault.until && *fault.until <= fault.at) {
        reading.complain(place_of_until(table),
                         fmt::format("`until`: {} is not after `at`, which is {}",
                                     show(*fault.until), show(fault.at)));
    }
}

void read_origin_of(Reading& reading, const toml::table& table, const Scenario& scenario,
                    FaultPlan& fault) {
    const toml::node* node = table.get("origin");
    if (node == nullptr) {
        if (fault.kind != FaultKind::command)
            reading.complain(table, "`origin` is missing in [[fault]]");
        return;
    }
    const auto* name = node->as_string();
    if (name == nullptr) return reading.complain(*node, "`origin`: expected a string");
    const auto at = std::ranges::find(scenario.origins, name->get(), &OriginPlan::name);
    if (at != scenario.origins.end()) {
        fault.origin = static_cast<std::size_t>(at - scenario.origins.begin());
        return check_possible(reading, table, fault, *at);
    }
    std::vector<std::string> known;
    for (const OriginPlan& origin : scenario.origins) known.push_back(origin.name);
    reading.complain(
        *node, fmt::format("`origin`: no [[origin]] is named \"{}\"{}", config::shown(name->get()),
                           ringway::base::did_you_mean(name->get(), known)));
}

/// Two faults at once of one origin would undo each other.
void check_apart(Reading& reading, const toml::table& table, const FaultPlan& fault,
                 const Scenario& scenario) {
    for (const FaultPlan& other : scenario.faults) {
        if (!fault.origin || other.origin != fault.origin) continue;
        const Duration end = fault.until.value_or(Duration::max());
        const Duration other_end = other.until.value_or(Duration::max());
        if (fault.at >= other_end || other.at >= end) continue;
        reading.complain(table, fmt::format("the origin `{}` has a fault at that time already",
                                            config::shown(scenario.origins[*fault.origin].name)));
        return;
    }
}

}  // namespace

std::string_view name_of(FaultKind kind) { return kFaultNames[static_cast<std::size_t>(kind)]; }

void read_origins(Reading& reading, const Rule&, const toml::node& node, Scenario& scenario) {
    for (const toml::table* table : tables_of(reading, "[[origin]]", node, kOriginsMax)) {
        OriginPlan origin;
        config::read_section(reading, origin_section(), *table, origin);
        const auto same = [&](const OriginPlan& other) { return other.name == origin.name; };
        if (!origin.name.empty() && std::ranges::any_of(scenario.origins, same)) {
            reading.complain(*table, fmt::format("the origin `{}` is there twice; rename one",
                                                 config::shown(origin.name)));
        }
        scenario.origins.push_back(std::move(origin));
    }
}

const Section<FaultTimes>& fault_times_section() {
    const config::Bounds moment = between(Duration(0), hours(24));
    static const Section<FaultTimes> section{
        .heading = "[faults]",
        .meaning =
            "Times of every [[fault]] that has none of its own, so that a later file can "
            "shift them.",
        .keys =
            {
                optional_duration<&FaultTimes::at>("at", moment, "when it comes")
                    .with_default("none"),
                optional_duration<&FaultTimes::until>("until", moment, "when it is over")
                    .with_default("none: it lasts until the end"),
            },
    };
    return section;
}

void read_faults(Reading& reading, const Rule&, const toml::node& node, Scenario& scenario) {
    for (const toml::table* table : tables_of(reading, "[[fault]]", node, kFaultsMax)) {
        FaultPlan fault;
        fault.until = scenario.fault_times.until;
        if (scenario.fault_times.at) fault.at = *scenario.fault_times.at;
        config::read_section(reading, fault_section(), *table, fault);
        if (table->get("at") == nullptr && !scenario.fault_times.at)
            reading.complain(*table, "`at` is missing in [[fault]], and in [faults]");
        read_origin_of(reading, *table, scenario, fault);
        check_times(reading, *table, fault, scenario);
        check_apart(reading, *table, fault, scenario);
        scenario.faults.push_back(std::move(fault));
    }
}

void describe_faults(std::vector<config::SectionText>& out) {
    out.push_back(config::describe(origin_section()));
    out.push_back(config::describe(fault_times_section()));
    out.push_back(config::describe(fault_section()));
}

}  // namespace ringload
