// A scenario: origins and a proxy that are started (or run already), a load, and faults at given
// times. From one or more TOML files, laid over one another, to a value, or to all of their errors.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "ringway/config/load.h"
#include "tally/assertion.h"

namespace ringload {

/// Where the bundled programs are; "": beside ringload, in the build folder, or in PATH.
struct Programs {
    std::string ringway;
    std::string ringorigin;
    bool realtime = false;  // all that is started runs under SCHED_RR
};

/// Of [load]; plan_of() makes a LoadPlan of it.
struct LoadSettings {
    std::string url;
    std::string connect;
    std::string mix;  // path
    double rate = 0;  // requests a second; 0: closed loop
    bool poisson = false;
    std::uint32_t connections = 64;
    std::uint32_t connections_max = 10'000;
    std::uint32_t pipeline = 1;
    std::uint32_t requests_per_connection = 0;
    std::uint32_t threads = 1;
    std::vector<int> cpus;
    Duration warm_up = std::chrono::seconds(1);
    Duration duration = std::chrono::seconds(10);
    Duration timeout = std::chrono::seconds(10);
    Duration connect_timeout = std::chrono::seconds(3);
    Duration sample_interval = std::chrono::milliseconds(100);
    std::uint64_t seed = 1;
    std::string origin_field = "X-Origin";
    bool realtime = false;
};

struct OriginPlan {
    std::string name;  // what its answers have as X-Origin, and the proxy calls it
    std::vector<ringway::base::SocketAddress> addresses;  // of requests
    std::vector<ringway::base::SocketAddress>
        check_addresses;  // of health checks, when of their own
    Duration latency{0};
    std::uint64_t body_bytes = 128;
    std::uint32_t threads = 1;
    std::string network;  // path of a network namespace; "": that of ringload
    bool running = false;
    std::uint32_t pid = 0;                                // of one that runs; 0: not known
    std::optional<ringway::base::SocketAddress> control;  // of one that runs
};

struct ProxyPlan {
    std::string config;                // `ringway -c` it
    std::vector<std::string> command;  // instead
    std::string ready;                 // URL; "": that of the load
    Duration ready_within = std::chrono::seconds(10);
    std::optional<ringway::base::SocketAddress> admin;  // of ringway
    std::vector<std::pair<std::string, std::string>> environment;
    std::string directory;

    bool is_started() const { return !config.empty() || !command.empty(); }
};

enum class FaultKind : std::uint8_t {
    kill,        // SIGKILL; back by being started again
    stop,        // SIGSTOP, SIGCONT
    refuse,      // its network answers every packet with RST
    blackhole,   // its network drops every packet
    slow,        // it answers late
    reset,       // it ends answers with RST
    stall,       // it falls silent within answers
    status,      // it answers with an error
    rate_limit,  // it answers 429 with Retry-After
    command,     // what two commands do
};
inline constexpr std::size_t kFaultKinds = 10;
std::string_view name_of(FaultKind kind);

struct FaultPlan {
    Duration at{0};                 // from the begin of the measured time
    std::optional<Duration> until;  // nothing: it lasts until the end
    std::optional<std::size_t> origin;
    FaultKind kind = FaultKind::kill;
    Duration delay = std::chrono::milliseconds(500);
    std::uint32_t status = 503;
    Duration retry_after = std::chrono::seconds(1);
    std::optional<std::uint64_t> after;  // bytes
    std::vector<std::string> begin;
    std::vector<std::string> end;

    bool is_of_packets() const { return kind == FaultKind::refuse || kind == FaultKind::blackhole; }
    /// ringorigin is told of it.
    bool is_told() const { return kind >= FaultKind::slow && kind <= FaultKind::rate_limit; }
};

struct FaultTimes {
    std::optional<Duration> at;
    std::optional<Duration> until;
};

struct WatchSettings {
    bool enabled = false;
};

struct Scenario {
    std::string title;
    std::string variant;  // "": there are none
    std::uint32_t rounds = 1;
    Duration round_trip{0};  // of the network between proxy and origins
    Programs programs;
    LoadSettings load;
    std::vector<OriginPlan> origins;
    ProxyPlan proxy;
    FaultTimes fault_times;
    std::vector<FaultPlan> faults;
    WatchSettings watch;
};

/// A text and the name that its errors show.
struct ScenarioText {
    std::string text;
    std::string name;
};

/// The later text wins: tables are merged, everything else is replaced, arrays as a whole. One
/// Scenario a [[variant]], or one. Paths are relative to the folder of the file that has them.
std::expected<std::vector<Scenario>, std::vector<ringway::config::Error>> parse_scenario(
    const std::vector<ScenarioText>& texts);

/// parse_scenario() of files and of `settings`, each one line of TOML ("load.rate = 200").
std::expected<std::vector<Scenario>, std::vector<ringway::config::Error>> load_scenario(
    const std::vector<std::string>& paths, const std::vector<std::string>& settings);

/// Resolves the URL and reads the mix: a sentence when that cannot be done.
std::expected<LoadPlan, std::string> plan_of(const Scenario& scenario);

/// Every key of a scenario file as Markdown.
std::string scenario_reference_markdown();

/// argv of `ringload scenario FILE...` to the exit status, as run_command().
int scenario_command(int argc, const char* const* argv);

}  // namespace ringload
