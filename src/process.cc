// The parts of the process in the order of their life: log, board, counters, shards, admin,
// chronicle; then signals; then back.
#include "process.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ringway/control/admin_server.h"
#include "ringway/control/chronicle.h"
#include "ringway/control/endpoints.h"
#include "ringway/control/log.h"
#include "ringway/control/log_writer.h"
#include "ringway/control/privileges.h"
#include "ringway/control/resolver.h"
#include "ringway/control/seccomp.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/shard/crew.h"

namespace ringway {

namespace {

constexpr std::size_t kAccessRingBytes = 4 * 1024 * 1024;
constexpr std::chrono::seconds kFirstLookup{3};

void raise_descriptor_limit() {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGQUIT, SIGINT, SIGUSR1, SIGHUP, SIGCHLD})
        sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

/// Until every shard has ended: SIGTERM and SIGQUIT drain, SIGINT stops, SIGUSR1 opens the access
/// log anew.
void serve_signals(const sigset_t& signals, const config::Config& config, shard::Crew& crew,
                   control::LogWriter& access_log, std::atomic<control::Phase>& phase,
                   control::Log& log) {
    while (!crew.ended()) {
        int number = 0;
        sigwait(&signals, &number);
        if (number == SIGTERM || number == SIGQUIT) {
            log.info("main", "draining");
            phase = control::Phase::draining;
            crew.drain(config.process.graceful_timeout);
        } else if (number == SIGINT) {
            log.info("main", "stopping");
            phase = control::Phase::draining;
            crew.stop();
        } else if (number == SIGUSR1) {
            access_log.reopen();
        } else if (number == SIGHUP) {
            log.warn("main",
                     "SIGHUP: this version does not reload; restart it for a new configuration");
        }
    }
}

}  // namespace

int fail(const std::string& sentence) {
    std::fprintf(stderr, "ringway: %s\n", sentence.c_str());
    return 1;
}

int run_process(const config::Config& config, const ring::KernelFeatures& features) {
    const sigset_t signals = block_signals();
    // Before threads start, which inherit it.
    const control::Capabilities kept = control::capabilities_needed(config);
    if (const auto bounded = control::bound_privileges(config.process, kept); !bounded)
        return fail(bounded.error());
    const auto filter = control::SeccompFilter::make(config.process.seccomp);
    if (!filter) return fail(filter.error());
    raise_descriptor_limit();
    control::Log log(config.log.level);
    control::Resolver resolver(config, log);
    failover::Board board(config, resolver.first_view(kFirstLookup));
    health::CheckStats check_stats(config);

    std::vector<std::unique_ptr<observe::ShardCounters>> counters;
    std::vector<std::unique_ptr<observe::AccessRing>> access_rings;
    std::vector<observe::AccessRing*> access_logs;
    std::vector<const observe::ShardCounters*> counters_read;
    for (std::size_t i = 0; i < config.shards.size(); ++i) {
        counters_read.push_back(
            counters.emplace_back(std::make_unique<observe::ShardCounters>(config)).get());
        if (config.log.access_path.empty()) continue;
        access_logs.push_back(
            access_rings.emplace_back(std::make_unique<observe::AccessRing>(kAccessRingBytes))
                .get());
    }
    control::LogWriter access_log(config, access_logs, log);
    if (const auto started = access_log.start(); !started) return fail(started.error());

    control::Chronicle chronicle(board, counters_read, log);
    shard::Crew crew(config, features, board, check_stats, counters, access_logs);
    crew.on_ended = [] { kill(getpid(), SIGCHLD); };  // wakes the main thread
    if (const auto started = crew.start(); !started) return fail(started.error());

    std::atomic<control::Phase> phase{control::Phase::starting};
    control::AdminServer admin(config.admin, log);
    admin.add(control::standard_endpoints({config, phase, board, counters_read, check_stats,
                                           chronicle, access_log, resolver, admin}));
    if (const auto started = admin.start(); !started) return fail(started.error());
    const auto pid_file = control::PidFile::write(config.process.pid_file);
    if (!pid_file) return fail(pid_file.error());
    if (const auto dropped = control::drop_privileges(config.process, kept); !dropped)
        return fail(dropped.error());
    chronicle.start();
    resolver.start(board);
    if (const auto filtered = filter->install(); !filtered) return fail(filtered.error());

    phase = control::Phase::accepting;
    for (const config::Listener& listener : config.listeners) {
        log.info("main", "listening on " + listener.address.text() + " (" + listener.name + ")");
    }
    serve_signals(signals, config, crew, access_log, phase, log);
    crew.join();
    resolver.stop();
    chronicle.stop();
    access_log.stop();
    admin.stop();
    log.info("main", "ended");
    return 0;
}

}  // namespace ringway
