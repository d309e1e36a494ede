// Writes down what arrives for the origins in their networks, as it arrives, before any rule:
// connects and requests, each once, whatever TCP sends again; and how the origins end connections.
// So what a proxy still tried with a faulty origin is known, whether or not the origin was able to
// see it, and so is the moment at which a failure shows on the wire: the kernel takes its time to
// end a killed process. Has a thread of its own.
#pragma once

#include <linux/filter.h>

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "ringway/base/socket_address.h"
#include "scenario/figures.h"
#include "scenario/process.h"

namespace ringload {

struct WatchedAddress {
    ringway::base::SocketAddress address;  // IP
    std::uint16_t origin = 0;
    std::string network;  // path; "": ours
};

/// From packets to sights. Pure.
class PacketReader {
 public:
    explicit PacketReader(std::span<const WatchedAddress> addresses,
                          std::size_t sights_max = 10'000'000);

    /// A packet from its IP header on; not all of it need be there.
    void look_at(std::string_view packet, std::int64_t at_ns);
    const std::vector<Sight>& sights() const { return sights_; }
    std::vector<Sight>& sights() { return sights_; }
    /// Sights beyond the most that are kept.
    std::uint64_t left_out() const { return left_out_; }

 private:
    struct Tcp;
    struct Place {
        ringway::base::IpAddress ip;
        std::uint16_t port;
        std::uint16_t origin;
    };

    const Place* find(const ringway::base::IpAddress& ip, std::uint16_t port) const;
    void add_first(const Tcp& tcp, std::int64_t at_ns, std::uint16_t origin, Sight::Kind kind);
    void add(std::int64_t at_ns, std::uint16_t origin, Sight::Kind kind);

    std::vector<Place> places_;
    const std::size_t sights_max_;
    std::uint64_t left_out_ = 0;
    std::vector<Sight> sights_;
    std::unordered_set<std::uint64_t> seen_;  // port, origin and sequence number
};

/// A program for the kernel: TCP, in, and to one of the ports; or from one with FIN or RST.
std::vector<sock_filter> filter_of(std::span<const std::uint16_t> ports);

class Watch {
 public:
    /// A sentence when that is not allowed.
    static std::expected<std::unique_ptr<Watch>, std::string> start(
        std::vector<WatchedAddress> addresses);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// What was seen, by time. Once.
    std::vector<Sight> stop();
    /// Packets that came faster than they were read, or were more than are kept. After stop().
    std::uint64_t lost() const { return lost_; }

    static constexpr std::size_t kPortsMax = 64;

 private:
    explicit Watch(std::span<const WatchedAddress> addresses) : reader_(addresses) {}
    void run();
    void receive_all(int socket);

    PacketReader reader_;
    std::vector<Descriptor> sockets_;  // one a network
    std::atomic<bool> stopped_{false};
    std::uint64_t lost_ = 0;
    std::thread thread_;
};

}  // namespace ringload
