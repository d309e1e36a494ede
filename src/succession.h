// What a process takes over at its start, and how it hands over to a newer one. Main thread.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "ringway/accept/listen_sockets.h"
#include "ringway/config/config.h"
#include "ringway/control/admin_server.h"
#include "ringway/control/alerts.h"
#include "ringway/control/chronicle.h"
#include "ringway/control/handover.h"
#include "ringway/control/log.h"
#include "ringway/control/privileges.h"
#include "ringway/control/tenure.h"
#include "ringway/failover/board.h"
#include "ringway/shard/crew.h"

namespace ringway {

/// Sockets and state that are there already: from an older process, else sockets from the service
/// manager. The admin socket is found among those by its address.
std::expected<control::Estate, std::string> inherit(const config::Config& config);

/// A socket for each listener and shard, the inherited ones first; what no listener wants is closed
/// with a warning.
std::expected<void, std::string> open_listeners(const config::Config& config,
                                                accept::ListenSockets& sockets, control::Log& log);

/// Every shard accepts for every listener.
std::expected<void, std::string> begin_accepting(const config::Config& config, shard::Crew& crew,
                                                 const accept::ListenSockets& sockets,
                                                 control::Log& log);

/// The parts that give something to a successor.
struct Testator {
    const config::Config& config;
    const control::Invocation& invocation;
    accept::ListenSockets& sockets;
    control::AdminServer& admin;
    const control::PidFile& pid_file;
    const failover::Board& board;
    shard::Crew& crew;
    control::Chronicle& chronicle;
    control::Alerts& alerts;
    control::Tenure& tenure;
    control::Log& log;
};

/// Starts a new process from the binary and the configuration as they are on disk now, and hands
/// over; blocks for at most Process::upgrade_timeout. The pid of the new process, which accepts
/// from now on: this one has let go of its listening sockets and drains its shards. Else a sentence
/// with the reason, logged, and nothing has changed.
std::expected<pid_t, std::string> upgrade(const Testator& testator);

}  // namespace ringway
