// The processes of one round of a scenario, and what is done to them. Leaving it ends all that was
// started and undoes every fault. One thread, that of the process that waits (process.h).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "load/run.h"
#include "scenario/packet_rules.h"
#include "scenario/process.h"
#include "scenario/scenario.h"
#include "scenario/watch.h"

namespace ringload {

class Stage {
 public:
    /// `scenario` outlives it.
    explicit Stage(const Scenario& scenario) : scenario_(scenario) {}
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    /// Origins, rules, proxy, watch: a sentence for what does not come up, or "" when `stop` came.
    std::expected<void, std::string> set_up(const Target& ready, const StopSwitch& stop);

    /// They return when the fault is in effect, or undone.
    std::expected<void, std::string> begin(const FaultPlan& fault);
    std::expected<void, std::string> end(const FaultPlan& fault);

    std::optional<pid_t> proxy_pid() const;
    /// What was started and has ended, though nobody ended it; "" when all is well.
    std::string missing();
    Watch* watch() { return watch_.get(); }

 private:
    std::expected<void, std::string> make_directory();
    std::expected<void, std::string> start_origin(std::size_t index, const StopSwitch* stop);
    std::expected<void, std::string> start_proxy(const Target& ready, const StopSwitch& stop);
    std::expected<void, std::string> open_rules();
    std::expected<void, std::string> start_watch();
    std::expected<void, std::string> tell_origin(const FaultPlan& fault, const std::string& query);
    void signal_origin(const FaultPlan& fault, int number);
    ringway::base::SocketAddress control_of(std::size_t index) const;

    const Scenario& scenario_;
    std::string directory_;                          // of control sockets
    std::string origin_binary_;                      // "": none is started
    std::vector<Process> origins_;                   // [index]; without a pid: killed, or not ours
    std::vector<bool> killed_;                       // [index]: by a fault
    std::vector<std::optional<PacketRules>> rules_;  // [index]; the first of each network has some
    std::vector<std::size_t> rules_of_;              // [index]: the origin that has its rules
    std::vector<const FaultPlan*> active_;           // begun, not ended
    Process proxy_;
    std::unique_ptr<Watch> watch_;
};

/// What /_control of a ringorigin is told when a fault begins.
std::string control_query(const FaultPlan& fault);

}  // namespace ringload
