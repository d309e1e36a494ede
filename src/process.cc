// The parts of the process in the order of their life: log, board, counters, shards, admin,
// chronicle; then signals; then back.
#include "process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ringway/accept/listen_sockets.h"
#include "ringway/control/admin_server.h"
#include "ringway/control/alerts.h"
#include "ringway/control/chronicle.h"
#include "ringway/control/clock.h"
#include "ringway/control/endpoints.h"
#include "ringway/control/event_image.h"
#include "ringway/control/log.h"
#include "ringway/control/log_writer.h"
#include "ringway/control/notify.h"
#include "ringway/control/privileges.h"
#include "ringway/control/reloader.h"
#include "ringway/control/resolver.h"
#include "ringway/control/seccomp.h"
#include "ringway/control/state_image.h"
#include "ringway/control/tenure.h"
#include "ringway/control/upgrade_desk.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/timestamp.h"
#include "ringway/ring/descriptor_table.h"
#include "ringway/ring/kernel_ring.h"
#include "ringway/shard/crew.h"
#include "succession.h"

namespace ringway {

namespace {

constexpr std::size_t kAccessRingBytes = 4 * 1024 * 1024;
constexpr std::chrono::seconds kFirstLookup{3};
// Listeners, rings, logs, the admin listener and its clients, connections of checks.
constexpr std::uint64_t kOtherDescriptors = 1024;
// Before idle connections are closed at the end: the request of one that was just accepted is on
// its way.
constexpr std::chrono::milliseconds kLastGrace{100};

/// As many as the process may open, and from the start a table for those that its clients can need:
/// a client's, and its upstream's.
void prepare_descriptors(const config::Config& config) {
    ring::raise_descriptor_limit();
    std::uint64_t count = kOtherDescriptors;
    for (const config::Shard& shard : config.shards) count += 2 * shard.connections_max;
    ring::reserve_descriptor_table(count);
}

sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGQUIT, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGCHLD})
        sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

/// What the shards write and the control plane reads.
struct Counting {
    explicit Counting(const config::Config& config) {
        for (std::size_t i = 0; i < config.shards.size(); ++i) {
            counters.push_back(std::make_unique<observe::ShardCounters>(config));
            counters_read.push_back(counters.back().get());
            if (config.log.access_path.empty()) continue;
            access_rings.push_back(std::make_unique<observe::AccessRing>(kAccessRingBytes));
            access_logs.push_back(access_rings.back().get());
        }
    }
    std::vector<std::unique_ptr<observe::ShardCounters>> counters;
    std::vector<std::unique_ptr<observe::AccessRing>> access_rings;
    std::vector<observe::AccessRing*> access_logs;
    std::vector<const observe::ShardCounters*> counters_read;
};

std::expected<void, std::string> write_pid_file(const config::Process& process,
                                                const control::Estate& estate,
                                                control::PidFile& file) {
    auto written = control::PidFile::write(process.pid_file, estate.pid_file);
    if (!written) return std::unexpected(written.error());
    file = std::move(*written);
    return {};
}

/// Until the older process, if there is one, leaves the service to this one; its last words.
std::expected<control::LastWords, std::string> wait_for_word(control::Predecessor* predecessor) {
    if (predecessor == nullptr) return control::LastWords{};
    return predecessor->ready();
}

/// Goes on from where an older process has ended, if there was one.
void begin_telling(const control::LastWords& words, const config::Config& config,
                   control::Alerts& alerts, control::Chronicle& chronicle) {
    auto events = control::read_events(words.events);
    alerts.inherit(events, config);
    alerts.start();
    chronicle.start(words.event_id, std::move(events));
}

void wake_for_upgrade() { kill(getpid(), SIGUSR2); }

/// What signals act on.
struct Served {
    const Testator& testator;
    control::UpgradeDesk& desk;
    control::LogWriter& access_log;
    control::Reloader& reloader;
    const control::Notifier& notifier;
    control::Watchdog& watchdog;
    std::atomic<control::Phase>& phase;
    std::atomic<std::int64_t>& drain_deadline_ns;
    pid_t successor = 0;  // it is the service now; 0: this process is
};

void drain(const Served& served) {
    const Testator& of = served.testator;
    of.log.info("main", "draining");
    if (served.successor == 0) served.notifier.stopping("draining");
    served.phase = control::Phase::draining;
    served.drain_deadline_ns = base::to_ns(of.config.process.graceful_timeout +
                                           control::read_clocks().now.time_since_epoch());
    of.crew.drain(of.config.process.graceful_timeout, kLastGrace);
    of.sockets.close_all();
}

void stop(const Served& served) {
    served.testator.log.info("main", "stopping");
    if (served.successor == 0) served.notifier.stopping("stopping");
    served.phase = control::Phase::draining;
    served.testator.crew.stop();
    served.testator.sockets.close_all();
}

void serve_upgrade(Served& served) {
    if (served.phase == control::Phase::draining) {
        served.desk.answer(std::unexpected("this process is draining"));
        return;
    }
    if (served.reloader.pending()) {
        served.desk.answer(std::unexpected(
            "a configuration waits for its confirmation, which a new process would not know of; "
            "confirm or revert it first"));
        return;
    }
    const auto turn = served.reloader.hold();  // what is handed over stays as it is meanwhile
    std::string at;
    observe::append_timestamp(at, control::read_clocks().unix_ns);
    const auto pid = upgrade(served.testator);
    if (pid) {
        served.successor = *pid;
        served.watchdog.stop();
        served.notifier.main_pid(*pid, "serving");
        served.phase = control::Phase::draining;
    } else {
        served.notifier.status("serving; the upgrade at " + at + " failed: " + pid.error());
    }
    served.desk.answer(pid);
}

/// A service manager learns that the process that took over has died when that becomes its child,
/// which is when this one ends. It stays unreaped, for the manager to see how it ended.
void end_behind_successor(const Served& served) {
    if (served.successor == 0 || !served.notifier.heard()) return;
    siginfo_t ended{};
    const auto id = static_cast<id_t>(served.successor);
    if (waitid(P_PID, id, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    const bool drained = ended.si_code == CLD_EXITED && ended.si_status == 0;
    if (drained) return;  // for one behind it, or because it was told to
    served.testator.log.error("main", "the process that took over has died; stopping, too");
    stop(served);
}

/// Until every shard has ended: SIGTERM and SIGQUIT drain, SIGINT stops, SIGUSR1 opens the access
/// log anew, SIGUSR2 upgrades, SIGHUP reloads.
void serve_signals(const sigset_t& signals, Served& served) {
    while (!served.testator.crew.ended()) {
        int number = 0;
        sigwait(&signals, &number);
        if (number == SIGTERM || number == SIGQUIT) {
            drain(served);
        } else if (number == SIGINT) {
            stop(served);
        } else if (number == SIGUSR1) {
            served.testator.log.reopen();
            served.access_log.reopen();
        } else if (number == SIGUSR2) {
            serve_upgrade(served);
        } else if (number == SIGHUP) {
            static_cast<void>(served.reloader.reload());  // says in the log what came of it
        } else if (number == SIGCHLD) {
            end_behind_successor(served);
        }
    }
}

void serve(const sigset_t& signals, Served served) {
    served.notifier.ready("serving");
    served.watchdog.start();
    serve_signals(signals, served);
    served.watchdog.stop();
    served.desk.close();
}

/// What the admin API may ask of this process. `drain_deadline_ns`: 0 until it drains.
control::Operations operations_of(control::Reloader& reloader, control::UpgradeDesk& desk,
                                  std::atomic<control::Phase>& phase,
                                  const std::atomic<std::int64_t>& drain_deadline_ns) {
    control::Operations operations;
    operations.reload = [&reloader] { return reloader.reload(); };
    operations.apply = [&reloader](const control::ApplyOrder& order) {
        return reloader.apply(order);
    };
    operations.confirm = [&reloader] { return reloader.confirm(); };
    operations.revert = [&reloader] { return reloader.revert(); };
    operations.pending = [&reloader] { return reloader.pending(); };
    operations.reload_facts = [&reloader] { return reloader.facts(); };
    operations.upgrade = [&desk]() -> control::Outcome<control::Upgraded> {
        const auto pid = desk.ask();
        if (pid) return control::Upgraded{.pid = *pid};
        return std::unexpected(control::OperationError{
            .status = 500, .code = "upgrade_failed", .message = pid.error(), .details = {}});
    };
    operations.drain = [&phase] {
        phase = control::Phase::draining;  // at once, for /readyz
        kill(getpid(), SIGTERM);
    };
    operations.drain_left = [&drain_deadline_ns]() -> std::optional<base::Duration> {
        const base::Instant deadline(base::Duration(drain_deadline_ns.load()));
        if (deadline == base::Instant{}) return std::nullopt;
        return std::max(deadline - control::read_clocks().now, base::Duration(0));
    };
    return operations;
}

}  // namespace

int fail(const std::string& sentence) {
    std::fprintf(stderr, "ringway: %s\n", sentence.c_str());
    tell_predecessor(sentence);
    return 1;
}

void tell_predecessor(const std::string& reason) {
    if (control::Predecessor* predecessor = control::Predecessor::find())
        predecessor->failed(reason);
}

int run_process(const config::Config& loaded, const config::Machine& machine,
                const ring::KernelFeatures& features) {
    // as it is at the start: what of it can be reloaded is the board's
    const auto shared = std::make_shared<const config::Config>(loaded);
    const config::Config& config = *shared;
    const sigset_t signals = block_signals();
    // Before threads start, which inherit it.
    const control::Capabilities kept = control::capabilities_needed(config);
    if (const auto bounded = control::bound_privileges(config.process, kept); !bounded)
        return fail(bounded.error());
    const auto filter = control::SeccompFilter::make(config.process.seccomp);
    if (!filter) return fail(filter.error());
    prepare_descriptors(config);
    const control::Invocation invocation = control::read_invocation();
    const auto notifier = control::Notifier::from_environment();
    control::Log log(config.log.level);
    if (const auto opened = log.open(config.log); !opened) return fail(opened.error());
    control::Predecessor* const predecessor = control::Predecessor::find();
    auto estate = inherit(config);
    if (!estate) return fail(estate.error());
    accept::ListenSockets sockets(std::move(estate->listeners));
    if (const auto opened = open_listeners(config, sockets, log); !opened)
        return fail(opened.error());
    control::Alerts alerts(config.alerts, log);
    control::Resolver resolver(shared, log);
    auto state = control::restore_state(estate->state, config, resolver.first_view(kFirstLookup),
                                        ring::read_clock());
    failover::Board board(std::move(state.view));
    health::CheckStats check_stats;
    const Counting counting(config);
    control::LogWriter access_log(shared, counting.access_logs, log);
    if (const auto started = access_log.start(); !started) return fail(started.error());

    control::Chronicle chronicle(board, counting.counters_read, log);
    chronicle.on_told([&](const observe::Told& told) { alerts.take(told); });
    shard::Crew crew(config, features, board, check_stats, counting.counters, counting.access_logs);
    crew.on_ended = [] { kill(getpid(), SIGCHLD); };  // wakes the main thread
    if (const auto started = crew.start(); !started) return fail(started.error());
    if (!state.memory.latencies.empty()) crew.restore(state.memory);

    std::atomic<control::Phase> phase{control::Phase::starting};
    std::atomic<std::int64_t> drain_deadline_ns{0};
    control::UpgradeDesk desk(wake_for_upgrade);
    control::Tenure tenure;
    control::AdminServer* token_holder = nullptr;
    control::Reloader reloader({loaded, machine, phase, board, counting.counters, check_stats,
                                resolver, chronicle, alerts, access_log, sockets, crew,
                                [&token_holder](const std::string& token) {
                                    if (token_holder != nullptr) token_holder->set_token(token);
                                },
                                [&notifier](bool begins) {
                                    begins ? notifier.reloading(control::read_clocks().now)
                                           : notifier.ready("serving");
                                },
                                log});
    const control::Operations operations = operations_of(reloader, desk, phase, drain_deadline_ns);
    control::AdminServer admin(config.admin, log);
    token_holder = &admin;
    control::add_standard_endpoints(
        admin, {phase, board, counting.counters_read, check_stats, chronicle, access_log, resolver,
                admin, operations, &log, &alerts, &tenure});
    const int admin_socket = estate->admin ? estate->admin->descriptor : -1;
    if (const auto opened = admin.open(admin_socket); !opened) return fail(opened.error());
    control::PidFile pid_file;
    if (predecessor == nullptr) {
        const auto written = write_pid_file(config.process, *estate, pid_file);
        if (!written) return fail(written.error());
    }
    if (const auto dropped = control::drop_privileges(config.process, kept); !dropped)
        return fail(dropped.error());

    const auto words = wait_for_word(predecessor);
    if (!words) return fail(words.error());
    begin_telling(*words, config, alerts, chronicle);
    resolver.start(board);
    if (const auto started = admin.start(); !started) return fail(started.error());
    if (const auto filtered = filter->install(); !filtered) return fail(filtered.error());
    if (const auto accepting = begin_accepting(config, crew, sockets, log); !accepting)
        return fail(accepting.error());
    phase = control::Phase::accepting;
    if (predecessor != nullptr) {
        const auto written = write_pid_file(config.process, *estate, pid_file);
        if (!written) log.error("main", written.error());
        predecessor->serving();
    }
    const Testator testator{config, invocation, sockets, admin,  pid_file, board,
                            crew,   chronicle,  alerts,  tenure, log};
    control::Watchdog watchdog(notifier, control::watchdog_period_from_environment(),
                               [&crew] { return crew.alive(); });
    serve(signals,
          {testator, desk, access_log, reloader, notifier, watchdog, phase, drain_deadline_ns});
    crew.join();
    resolver.stop();
    chronicle.stop();
    alerts.stop();
    access_log.stop();
    admin.stop();
    log.info("main", "ended");
    return 0;
}

}  // namespace ringway
