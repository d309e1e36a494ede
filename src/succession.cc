#include "succession.h"

#include <fmt/format.h>

#include <algorithm>

#include "ringway/base/published.h"
#include "ringway/control/activation.h"
#include "ringway/control/event_image.h"
#include "ringway/control/state_image.h"

namespace ringway {

namespace {

// How long idle connections of the old process wait for one more request: a client that asks again
// within that time is told to close with its answer, which no request can collide with.
constexpr std::chrono::seconds kIdleGrace{5};
constexpr std::chrono::seconds kMemoryPatience{1};  // a shard takes a turn to answer

std::string state_of(const Testator& testator) {
    const shard::ShardMemory memory = testator.crew.memory(kMemoryPatience);
    const base::RcuReader reader;
    const cluster::View& view = *testator.board.read();
    testator.tenure.cover(view.version);
    return control::write_state(view, memory);
}

/// Once no event is on its way any more that is this process's to tell.
control::LastWords last_words_of(const Testator& testator) {
    const std::uint64_t last = testator.tenure.conclude(testator.chronicle);
    const auto kept = testator.chronicle.events_after(0, control::Chronicle::kKept);
    return {.event_id = last, .events = control::write_events(testator.tenure.own(kept))};
}

std::uint64_t version_of(const failover::Board& board) {
    const base::RcuReader reader;
    return board.read()->version;
}

control::Estate estate_of(const Testator& testator) {
    control::Estate estate;
    estate.listeners = testator.sockets.held();
    const int admin = testator.admin.listening_descriptor();
    if (admin >= 0) estate.admin = {admin, *testator.config.admin.listen};
    estate.pid_file = testator.pid_file.descriptor();
    estate.state = state_of(testator);
    return estate;
}

}  // namespace

std::expected<control::Estate, std::string> inherit(const config::Config& config) {
    control::Estate estate;
    if (control::Predecessor* predecessor = control::Predecessor::find()) {
        auto received = predecessor->receive();
        if (!received) return received;
        estate = std::move(*received);
    } else {
        estate.listeners = control::take_activation_sockets();
    }
    const auto same = [&](const accept::InheritedSocket& socket) {
        return config.admin.listen && socket.address == *config.admin.listen;
    };
    if (estate.admin && !same(*estate.admin)) {
        estate.listeners.push_back(*estate.admin);
        estate.admin.reset();
    }
    const auto admin = std::ranges::find_if(estate.listeners, same);
    if (!estate.admin && admin != estate.listeners.end()) {
        estate.admin = *admin;
        estate.listeners.erase(admin);
    }
    return estate;
}

std::expected<void, std::string> open_listeners(const config::Config& config,
                                                accept::ListenSockets& sockets, control::Log& log) {
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const auto opened =
            sockets.open(static_cast<std::uint16_t>(i), config.listeners[i], config.shards.size());
        if (!opened) return opened;
    }
    for (const base::SocketAddress& address : sockets.close_unclaimed()) {
        log.warn("main", "an inherited socket at " + address.text() +
                             " is closed: no listener of the configuration has that address");
    }
    return {};
}

std::expected<void, std::string> begin_accepting(const config::Config& config, shard::Crew& crew,
                                                 const accept::ListenSockets& sockets,
                                                 control::Log& log) {
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const auto listening = crew.listen(static_cast<std::uint16_t>(i), sockets);
        if (!listening) return listening;
        log.info("main", "listening on " + config.listeners[i].address.text() + " (" +
                             config.listeners[i].name + ")");
    }
    return {};
}

std::expected<pid_t, std::string> upgrade(const Testator& testator) {
    control::Log& log = testator.log;
    log.info("main", "upgrading: starting " + testator.invocation.binary);
    const config::Process& process = testator.config.process;
    testator.tenure.begin_handover(version_of(testator.board));
    const auto pid =
        control::hand_over(testator.invocation, estate_of(testator), process.upgrade_timeout,
                           [&] { return last_words_of(testator); });
    if (!pid) {
        testator.tenure.resume();
        log.error("main", "the upgrade failed, this process goes on: " + pid.error());
        return pid;
    }
    testator.chronicle.pass_on();
    testator.alerts.pass_on();
    log.info("main", fmt::format("process {} serves from now on; draining", *pid));
    testator.crew.drain(process.graceful_timeout, kIdleGrace);
    testator.sockets.close_all();
    testator.admin.release();
    return pid;
}

}  // namespace ringway
