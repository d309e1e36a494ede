// Faults of packets: an nft that waits for rules in the network of the origins, so that a fault
// comes when it is told and not a process start later. Its table belongs to that nft (`flags
// owner`): the kernel removes it when nft ends, however that comes.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "ringway/base/socket_address.h"
#include "scenario/process.h"

namespace ringload {

class PacketRules {
 public:
    /// `network` is a path, "" ours; `slots` faults can be in effect at once. A sentence when nft
    /// is not there, or not allowed to.
    static std::expected<PacketRules, std::string> open(const std::string& network,
                                                        std::size_t slots);

    /// Every packet to the addresses is answered with a reset: of new and of open connections.
    std::expected<void, std::string> refuse(
        std::size_t slot, std::span<const ringway::base::SocketAddress> addresses);
    /// Packets to and from the addresses vanish.
    std::expected<void, std::string> drop(std::size_t slot,
                                          std::span<const ringway::base::SocketAddress> addresses);
    std::expected<void, std::string> heal(std::size_t slot);

    const std::string& table() const { return table_; }

 private:
    /// Returns when the commands have taken effect.
    std::expected<void, std::string> tell(const std::string& commands);

    std::string table_;
    Process nft_;
};

}  // namespace ringload
