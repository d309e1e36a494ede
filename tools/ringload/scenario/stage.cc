#include "scenario/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "ringway/ring/kernel_ring.h"
#include "scenario/exchange.h"

namespace ringload {

namespace {

using Done = std::expected<void, std::string>;
using ringway::base::SocketAddress;
using ringway::ring::read_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kOriginPatience = seconds(5);
constexpr Duration kCommandPatience = seconds(10);

std::unexpected<std::string> fail(std::string message) {
    return std::unexpected(std::move(message));
}

std::string microseconds_of(Duration duration) {
    return fmt::format("{}us", duration / std::chrono::microseconds(1));
}

std::vector<SocketAddress> all_addresses(const OriginPlan& origin) {
    std::vector<SocketAddress> all = origin.addresses;
    all.insert(all.end(), origin.check_addresses.begin(), origin.check_addresses.end());
    std::erase_if(all, [](const SocketAddress& address) { return !address.is_ip(); });
    return all;
}

}  // namespace

std::string control_query(const FaultPlan& fault) {
    const std::string after = fault.after ? fmt::format("&after={}", *fault.after) : "";
    switch (fault.kind) {
        case FaultKind::slow:
            return "mode=slow&delay=" + microseconds_of(fault.delay);
        case FaultKind::reset:
            return "mode=reset" + after;
        case FaultKind::stall:
            return "mode=stall" + after;
        case FaultKind::status:
            return fmt::format("mode=fail&status={}", fault.status);
        case FaultKind::rate_limit:
            return fmt::format("mode=429&retry_after={}", fault.retry_after / seconds(1));
        case FaultKind::kill:
        case FaultKind::stop:
        case FaultKind::refuse:
        case FaultKind::blackhole:
        case FaultKind::command:
            break;
    }
    return "mode=default";
}

Stage::~Stage() {
    watch_.reset();
    proxy_.stop();
    for (const FaultPlan* fault : std::exchange(active_, {})) {
        // what we started ends anyway; others go on, and as they were before; what a command did
        // to the machine ends with neither
        const bool is_ours = fault->origin && !scenario_.origins[*fault->origin].running;
        const bool ends_anyway = fault->kind == FaultKind::kill || is_ours;
        if (fault->kind == FaultKind::command || !ends_anyway) static_cast<void>(end(*fault));
    }
    origins_.clear();
    std::error_code ignored;
    if (!directory_.empty()) static_cast<void>(std::filesystem::remove_all(directory_, ignored));
}

Done Stage::set_up(const Target& ready, const StopSwitch& stop) {
    const std::size_t count = scenario_.origins.size();
    origins_.resize(count);
    killed_.assign(count, false);
    rules_.resize(count);
    rules_of_.assign(count, 0);
    const auto is_started = [](const OriginPlan& origin) { return !origin.running; };
    if (std::ranges::any_of(scenario_.origins, is_started)) {
        auto found = find_program(scenario_.programs.ringorigin, "ringorigin");
        if (!found) return fail(found.error());
        origin_binary_ = std::move(*found);
        if (auto made = make_directory(); !made) return made;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (scenario_.origins[i].running) continue;
        if (auto started = start_origin(i, &stop); !started) return started;
    }
    if (auto opened = open_rules(); !opened) return opened;
    if (auto started = start_proxy(ready, stop); !started) return started;
    return start_watch();
}

Done Stage::make_directory() {
    const char* parent = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/ringload-XXXXXX", parent != nullptr ? parent : "/tmp");
    if (mkdtemp(path.data()) == nullptr)
        return fail(
            fmt::format("no folder for control sockets: {}: {}", path, std::strerror(errno)));
    directory_ = path;
    return {};
}

SocketAddress Stage::control_of(std::size_t index) const {
    if (scenario_.origins[index].control) return *scenario_.origins[index].control;
    return SocketAddress::parse(fmt::format("unix:{}/{}", directory_, index)).value();
}

Done Stage::start_origin(std::size_t index, const StopSwitch* stop) {
    const OriginPlan& origin = scenario_.origins[index];
    std::vector<std::string> command{origin_binary_,
                                     "--name",
                                     origin.name,
                                     "--latency",
                                     microseconds_of(origin.latency),
                                     "--body-bytes",
                                     std::to_string(origin.body_bytes),
                                     "--threads",
                                     std::to_string(origin.threads)};
    std::vector<SocketAddress> addresses = origin.addresses;
    addresses.insert(addresses.end(), origin.check_addresses.begin(), origin.check_addresses.end());
    addresses.push_back(control_of(index));
    for (const SocketAddress& address : addresses) {
        command.emplace_back("--listen");
        command.push_back(address.text());
    }
    auto started = Process::start({.name = fmt::format("origin {}", origin.name),
                                   .command = std::move(command),
                                   .network = origin.network,
                                   .ends_by = SIGKILL,  // a stopped one heeds nothing else
                                   .realtime = scenario_.programs.realtime});
    if (!started) return fail(started.error());
    origins_[index] = std::move(*started);
    const Instant deadline = read_clock() + kOriginPatience;
    while (!ask(control_of(index), "GET", "/_control", "control", milliseconds(500))) {
        if (stop != nullptr && stop->stop) return fail("");
        if (!origins_[index].is_running() || read_clock() >= deadline) {
            return fail(fmt::format("{} did not come up: {}", origins_[index].name(),
                                    origins_[index].told()));
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    killed_[index] = false;
    return {};
}

Done Stage::start_proxy(const Target& ready, const StopSwitch& stop) {
    const ProxyPlan& plan = scenario_.proxy;
    const auto ask_whether_ready = [&ready] {
        return ask(ready.connect, "GET", ready.path, ready.authority, milliseconds(1000), true);
    };
    if (plan.is_started()) {
        // it might be taken for ours, which cannot listen there
        if (ask_whether_ready())
            return fail(fmt::format(
                "{} answers before the proxy is started; end what runs there, or leave out config "
                "and command of [proxy] to measure that",
                ready.connect.text()));
        ProcessSettings settings{.name = "the proxy",
                                 .command = plan.command,
                                 .environment = plan.environment,
                                 .directory = plan.directory,
                                 .realtime = scenario_.programs.realtime};
        if (!plan.config.empty()) {
            const auto found = find_program(scenario_.programs.ringway, "ringway");
            if (!found) return fail(found.error());
            // where it is started need not be where we are
            settings.command = {*found, "-c", std::filesystem::absolute(plan.config).string()};
        }
        auto started = Process::start(settings);
        if (!started) return fail(started.error());
        proxy_ = std::move(*started);
    }
    const Instant deadline = read_clock() + plan.ready_within;
    for (;;) {
        const auto answer = ask_whether_ready();
        const bool has_ended = plan.is_started() && !proxy_.is_running();
        if (!has_ended && answer && answer->status < 400) return {};
        if (stop.stop) return fail("");
        if (has_ended || read_clock() >= deadline) {
            const std::string why =
                answer ? fmt::format("it answers {}", answer->status) : answer.error();
            return fail(fmt::format(
                "the proxy did not come up: {}{}",
                has_ended ? fmt::format("it ended with status {}", proxy_.exit_status()) : why,
                plan.is_started() ? "\n" + proxy_.told() : ""));
        }
        std::this_thread::sleep_for(milliseconds(10));
    }
}

Done Stage::open_rules() {
    const auto of_packets = [](const FaultPlan& fault) { return fault.is_of_packets(); };
    if (std::ranges::none_of(scenario_.faults, of_packets)) return {};
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        const auto same = std::ranges::find(scenario_.origins, scenario_.origins[i].network,
                                            &OriginPlan::network);
        rules_of_[i] = static_cast<std::size_t>(same - scenario_.origins.begin());
        if (rules_of_[i] != i) continue;
        auto opened = PacketRules::open(scenario_.origins[i].network, origins_.size());
        if (!opened) return fail(opened.error());
        rules_[i] = std::move(*opened);
    }
    return {};
}

Done Stage::start_watch() {
    if (!scenario_.watch.enabled) return {};
    std::vector<WatchedAddress> watched;
    for (std::size_t i = 0; i < scenario_.origins.size(); ++i) {
        const OriginPlan& origin = scenario_.origins[i];
        for (const SocketAddress& address : origin.addresses)
            watched.push_back({address, static_cast<std::uint16_t>(i), origin.network});
    }
    auto started = Watch::start(std::move(watched));
    if (!started) return fail(started.error());
    watch_ = std::move(*started);
    return {};
}

void Stage::signal_origin(const FaultPlan& fault, int number) {
    const OriginPlan& origin = scenario_.origins[*fault.origin];
    if (origin.running) {
        kill(static_cast<pid_t>(origin.pid), number);
    } else {
        origins_[*fault.origin].send_signal(number);
    }
}

Done Stage::tell_origin(const FaultPlan& fault, const std::string& query) {
    const auto answer =
        ask(control_of(*fault.origin), "POST", "/_control?" + query, "control", kOriginPatience);
    if (!answer) return fail(answer.error());
    if (answer->status == 200) return {};
    return fail(fmt::format("the origin {} answers {} to /_control?{}: {}",
                            scenario_.origins[*fault.origin].name, answer->status, query,
                            answer->body));
}

Done Stage::begin(const FaultPlan& fault) {
    active_.push_back(&fault);
    switch (fault.kind) {
        case FaultKind::kill:
            killed_[*fault.origin] = true;
            signal_origin(fault, SIGKILL);
            return {};
        case FaultKind::stop:
            signal_origin(fault, SIGSTOP);
            return {};
        case FaultKind::refuse:
            return rules_[rules_of_[*fault.origin]]->refuse(
                *fault.origin, all_addresses(scenario_.origins[*fault.origin]));
        case FaultKind::blackhole:
            return rules_[rules_of_[*fault.origin]]->drop(
                *fault.origin, all_addresses(scenario_.origins[*fault.origin]));
        case FaultKind::slow:
        case FaultKind::reset:
        case FaultKind::stall:
        case FaultKind::status:
        case FaultKind::rate_limit:
            return tell_origin(fault, control_query(fault));
        case FaultKind::command:
            return run_to_end({.name = "`begin` of a fault", .command = fault.begin},
                              kCommandPatience);
    }
    return {};
}

Done Stage::end(const FaultPlan& fault) {
    std::erase(active_, &fault);
    switch (fault.kind) {
        case FaultKind::kill:
            return start_origin(*fault.origin, nullptr);
        case FaultKind::stop:
            signal_origin(fault, SIGCONT);
            return {};
        case FaultKind::refuse:
        case FaultKind::blackhole:
            return rules_[rules_of_[*fault.origin]]->heal(*fault.origin);
        case FaultKind::slow:
        case FaultKind::reset:
        case FaultKind::stall:
        case FaultKind::status:
        case FaultKind::rate_limit:
            return tell_origin(fault, "mode=default");
        case FaultKind::command:
            if (fault.end.empty()) return {};
            return run_to_end({.name = "`end` of a fault", .command = fault.end}, kCommandPatience);
    }
    return {};
}

std::optional<pid_t> Stage::proxy_pid() const {
    return proxy_.pid() > 0 ? std::optional(proxy_.pid()) : std::nullopt;
}

std::string Stage::missing() {
    std::string text;
    const auto look_at = [&](Process& process) {
        if (process.is_running()) return;
        text += fmt::format("{}{} ended by itself with status {}: {}", text.empty() ? "" : "\n",
                            process.name(), process.exit_status(), process.told());
    };
    if (scenario_.proxy.is_started()) look_at(proxy_);
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        if (!scenario_.origins[i].running && !killed_[i]) look_at(origins_[i]);
    }
    return text;
}

}  // namespace ringload
