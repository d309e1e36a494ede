// Another configuration for the process that runs: from the file, or as it is given, for good or to
// be confirmed. What is wrong with it changes nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ringway/accept/listen_sockets.h"
#include "ringway/config/load.h"
#include "ringway/config/merge.h"
#include "ringway/control/alerts.h"
#include "ringway/control/chronicle.h"
#include "ringway/control/endpoints.h"
#include "ringway/control/log.h"
#include "ringway/control/log_writer.h"
#include "ringway/control/operations.h"
#include "ringway/control/resolver.h"
#include "ringway/failover/board.h"
#include "ringway/health/check_stats.h"
#include "ringway/observe/counters.h"
#include "ringway/shard/crew.h"

namespace ringway::control {

/// All that a configuration concerns; outlives the Reloader.
struct ReloaderParts {
    config::Config loaded;  // what the board's configuration was made of
    config::Machine machine;
    const std::atomic<Phase>& phase;
    failover::Board& board;
    const std::vector<std::unique_ptr<observe::ShardCounters>>& counters;
    health::CheckStats& checks;
    Resolver& resolver;
    Chronicle& chronicle;
    Alerts& alerts;
    LogWriter& access_log;
    accept::ListenSockets& sockets;
    shard::Crew& crew;
    std::function<void(const std::string& token)> set_token;  // of the admin API
    std::function<void(bool begins)> tell_manager;            // that a reload begins, or is over
    Log& log;
};

/// The verbs may be called by any thread that is no RcuReader; they take turns, and block for as
/// long as names are looked up and shards need for a turn.
class Reloader {
 public:
    explicit Reloader(const ReloaderParts& parts);
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;
    ~Reloader();

    /// The file that the process was started with, as it is now: it ends a configuration that waits
    /// for its confirmation. 422 `invalid_config` with every error of the file, 409
    /// `cannot_listen`, 409 `draining`.
    Outcome<Reloaded> reload();
    /// A configuration that is followed by the one before unless confirm() is called in time, or as
    /// soon as more than a share of the requests since then failed (answered 5xx, or not at all; 20
    /// requests at least). 409 `pending` while another one waits.
    Outcome<Applied> apply(const ApplyOrder& order);
    Outcome<Reloaded> confirm();
    Outcome<Reloaded> revert();

    /// No verb begins while this is held.
    std::unique_lock<std::mutex> hold() const { return std::unique_lock(turn_); }

    /// Any thread; never blocks for long.
    std::optional<Pending> pending() const;
    observe::ReloadFacts facts() const;

 private:
    struct Trial {
        Pending pending;
        config::Config before;
        std::uint64_t requests = 0, failures = 0;  // until it took effect
    };
    Outcome<Reloaded> load_and_put_in_force();
    Outcome<Reloaded> put_in_force(config::Config next);
    Outcome<void> open_listeners(const config::Config& before, const config::Config& next,
                                 std::vector<std::uint16_t>& opened);
    void hand_over(const config::Config& before, const std::shared_ptr<const config::Config>& next,
                   const failover::Addresses& addresses);
    bool wait_for_shards(std::uint64_t generation) const;
    config::Vacancies vacancies();
    bool is_idle(cluster::Place place) const;
    void note(bool success);
    Outcome<Reloaded> take_back(const std::string& why);
    void watch();
    std::optional<std::string> why_to_revert(const Trial& trial) const;
    void count(std::uint64_t& requests, std::uint64_t& failures) const;

    const ReloaderParts parts_;
    mutable std::mutex turn_;                                   // of the verbs
    config::Config loaded_;                                     // in force, as its text said
    std::vector<std::weak_ptr<const config::Config>> earlier_;  // that some exchange may go by

    mutable std::mutex mutex_;  // of what follows
    observe::ReloadFacts facts_;
    std::optional<Trial> trial_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread watcher_;
};

}  // namespace ringway::control
