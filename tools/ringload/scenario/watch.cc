#include "scenario/watch.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <set>

#include "ringway/ring/kernel_ring.h"

namespace ringload {

namespace {

constexpr std::uint32_t kSnapBytes = 2048;
constexpr std::string_view kMethods[] = {"GET ",    "POST ",  "PUT ",    "HEAD ",
                                         "DELETE ", "PATCH ", "OPTIONS "};
constexpr std::string_view kCheckField = "x-health-check:";

bool starts_request(std::string_view payload) {
    return std::ranges::any_of(kMethods, [&](auto method) { return payload.starts_with(method); });
}

bool is_check(std::string_view payload) {
    const std::string_view head = payload.substr(0, payload.find("\r\n\r\n"));
    const auto same = [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
    };
    return !std::ranges::search(head, kCheckField, same).empty();
}

ringway::base::IpAddress mapped(std::uint32_t network_order) {
    ringway::base::IpAddress ip;
    ip.bytes[10] = ip.bytes[11] = 0xff;
    std::memcpy(ip.bytes + 12, &network_order, 4);
    return ip;
}

template <class Header>
std::optional<Header> header_at(std::string_view packet, std::size_t at) {
    Header header;
    if (packet.size() < at + sizeof(Header)) return {};
    std::memcpy(&header, packet.data() + at, sizeof(Header));
    return header;
}

std::int64_t arrival_ns(msghdr& message) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMPNS) continue;
        timespec time;
        std::memcpy(&time, CMSG_DATA(at), sizeof(time));
        return time.tv_sec * 1'000'000'000 + time.tv_nsec - ringway::ring::read_unix_offset_ns();
    }
    return ringway::ring::read_clock().time_since_epoch().count();
}

std::unexpected<std::string> failed(std::string_view what) {
    const std::string_view advice =
        errno == EPERM ? "; run as root, or without `enabled` of [watch]" : "";
    return std::unexpected(
        fmt::format("watching the origins' network: {}: {}{}", what, std::strerror(errno), advice));
}

std::expected<Descriptor, std::string> open_socket(std::span<const std::uint16_t> ports) {
    Descriptor opened(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));  // 0: nothing comes yet
    if (!opened.is_open()) return failed("AF_PACKET");
    std::vector<sock_filter> code = filter_of(ports);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    const int number = opened.number();
    if (setsockopt(number, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
        return failed("SO_ATTACH_FILTER");
    const int on = 1;
    const int bytes = 16 * 1024 * 1024;
    if (setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(number, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (setsockopt(number, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
        return failed("SO_TIMESTAMPNS");
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);  // what goes out is shown to those only who want all
    if (bind(number, reinterpret_cast<const sockaddr*>(&all), sizeof(all)) != 0)
        return failed("bind");
    return opened;
}

/// By a thread of its own, since a thread that entered a network may not be allowed back.
std::expected<Descriptor, std::string> open_socket_in(const std::string& network,
                                                      std::span<const std::uint16_t> ports) {
    std::expected<Descriptor, std::string> result;
    std::thread([&] {
        if (const auto entered = enter_network(network); !entered) {
            result = std::unexpected(entered.error());
        } else {
            result = open_socket(ports);
        }
    }).join();
    return result;
}

}  // namespace

std::vector<sock_filter> filter_of(std::span<const std::uint16_t> ports) {
    constexpr std::uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS;
    constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS;
    constexpr std::uint16_t kLoadHalfFrom = BPF_LD | BPF_H | BPF_IND;
    constexpr std::uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
    constexpr std::uint16_t kJump = BPF_JMP | BPF_JA;
    constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
    const auto kind_at = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE);
    const auto protocol_at = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL);
    std::vector<sock_filter> code{
        {kLoadWord, 0, 0, protocol_at},
        {kEqual, 0, 5, ETH_P_IP},
        {kLoadByte, 0, 0, offsetof(iphdr, protocol)},
        {kEqual, 1, 0, IPPROTO_TCP},
        {kReturn, 0, 0, 0},
        {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0},  // x = length of the IP header
        {kJump, 0, 0, 6},
        {kEqual, 1, 0, ETH_P_IPV6},
        {kReturn, 0, 0, 0},
        {kLoadByte, 0, 0, offsetof(ip6_hdr, ip6_nxt)},
        {kEqual, 1, 0, IPPROTO_TCP},
        {kReturn, 0, 0, 0},
        {BPF_LDX | BPF_W | BPF_IMM, 0, 0, sizeof(ip6_hdr)},
        {kLoadHalfFrom, 0, 0, 0},  // the port it comes from
    };
    // the last of the ports jumps over what a match leads to
    const auto append_ports = [&](std::uint8_t over) {
        for (std::size_t left = ports.size(); left > 0; --left) {
            const auto to_match = static_cast<std::uint8_t>(left - 1);
            code.push_back(
                {kEqual, to_match, left == 1 ? over : std::uint8_t{0}, ports[ports.size() - left]});
        }
    };
    append_ports(4);
    code.push_back({BPF_LD | BPF_B | BPF_IND, 0, 0, 13});  // TCP's flags
    code.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, 1, TH_FIN | TH_RST});
    code.push_back({kReturn, 0, 0, kSnapBytes});
    code.push_back({kReturn, 0, 0, 0});
    code.push_back({kLoadHalfFrom, 0, 0, 2});  // the port it goes to
    append_ports(3);
    code.push_back({kLoadWord, 0, 0, kind_at});
    code.push_back({kEqual, 1, 0, PACKET_OUTGOING});
    code.push_back({kReturn, 0, 0, kSnapBytes});
    code.push_back({kReturn, 0, 0, 0});
    return code;
}

struct PacketReader::Tcp {
    tcphdr header;
    ringway::base::IpAddress from;
    ringway::base::IpAddress to;
    std::string_view payload;
};

PacketReader::PacketReader(std::span<const WatchedAddress> addresses, std::size_t sights_max)
    : sights_max_(sights_max) {
    for (const WatchedAddress& watched : addresses)
        places_.push_back({watched.address.ip(), watched.address.port(), watched.origin});
}

const PacketReader::Place* PacketReader::find(const ringway::base::IpAddress& ip,
                                              std::uint16_t port) const {
    const auto at = std::ranges::find_if(
        places_, [&](const Place& place) { return place.port == port && place.ip == ip; });
    return at != places_.end() ? &*at : nullptr;
}

void PacketReader::look_at(std::string_view packet, std::int64_t at_ns) {
    if (packet.empty()) return;
    Tcp tcp{};
    std::size_t tcp_at = sizeof(ip6_hdr);
    const int version = static_cast<unsigned char>(packet.front()) >> 4;
    if (version == 4) {
        const auto ip = header_at<iphdr>(packet, 0);
        if (!ip) return;
        tcp.from = mapped(ip->saddr);
        tcp.to = mapped(ip->daddr);
        tcp_at = std::size_t{ip->ihl} * 4;
    } else {
        const auto ip = header_at<ip6_hdr>(packet, 0);
        if (version != 6 || !ip) return;
        std::memcpy(tcp.from.bytes, &ip->ip6_src, sizeof(tcp.from.bytes));
        std::memcpy(tcp.to.bytes, &ip->ip6_dst, sizeof(tcp.to.bytes));
    }
    const auto header = header_at<tcphdr>(packet, tcp_at);
    if (!header) return;
    tcp.header = *header;
    const std::size_t payload_at = tcp_at + std::size_t{header->doff} * 4;
    if (packet.size() > payload_at) tcp.payload = packet.substr(payload_at);

    if (const Place* from = find(tcp.from, ntohs(header->source))) {
        const bool refuses = header->rst != 0 && header->seq == 0;  // a new connection
        if ((header->fin != 0 || header->rst != 0) && !refuses)
            add(at_ns, from->origin, Sight::Kind::end);
        return;
    }
    const Place* to = find(tcp.to, ntohs(header->dest));
    if (to == nullptr) return;
    if (header->syn != 0) {
        add_first(tcp, at_ns, to->origin, Sight::Kind::connect);
    } else if (starts_request(tcp.payload) && !is_check(tcp.payload)) {
        add_first(tcp, at_ns, to->origin, Sight::Kind::request);
    }
}

/// Unless it was there before. What is left out is not remembered either, and counts each time.
void PacketReader::add_first(const Tcp& tcp, std::int64_t at_ns, std::uint16_t origin,
                             Sight::Kind kind) {
    const std::uint64_t key = (std::uint64_t{ntohs(tcp.header.source)} << 48) |
                              (std::uint64_t{origin} << 32) | ntohl(tcp.header.seq);
    const bool is_known =
        sights_.size() < sights_max_ ? !seen_.insert(key).second : seen_.contains(key);
    if (!is_known) add(at_ns, origin, kind);
}

void PacketReader::add(std::int64_t at_ns, std::uint16_t origin, Sight::Kind kind) {
    if (sights_.size() < sights_max_) {
        sights_.push_back({at_ns, origin, kind});
    } else {
        ++left_out_;
    }
}

std::expected<std::unique_ptr<Watch>, std::string> Watch::start(
    std::vector<WatchedAddress> addresses) {
    std::erase_if(addresses, [](const auto& watched) { return !watched.address.is_ip(); });
    if (addresses.empty())
        return std::unexpected("[watch]: no origin has an IP address, so there are no packets");
    std::set<std::uint16_t> known;
    std::set<std::string> networks;
    for (const WatchedAddress& watched : addresses) {
        known.insert(watched.address.port());
        networks.insert(watched.network);
    }
    const std::vector<std::uint16_t> ports(known.begin(), known.end());
    if (ports.size() > kPortsMax)
        return std::unexpected(
            fmt::format("[watch]: the origins have more than {} ports", kPortsMax));
    std::unique_ptr<Watch> made(new Watch(addresses));
    for (const std::string& network : networks) {
        auto opened = open_socket_in(network, ports);
        if (!opened) return std::unexpected(opened.error());
        made->sockets_.push_back(std::move(*opened));
    }
    made->thread_ = std::thread([watch = made.get()] { watch->run(); });
    return made;
}

Watch::~Watch() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
}

std::vector<Sight> Watch::stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
    for (const Descriptor& socket : sockets_) {
        tpacket_stats stats{};
        socklen_t size = sizeof(stats);
        if (getsockopt(socket.number(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
            lost_ += stats.tp_drops;
    }
    lost_ += reader_.left_out();
    std::ranges::sort(reader_.sights(), {}, &Sight::at_ns);
    return std::move(reader_.sights());
}

void Watch::run() {
    std::vector<pollfd> polled;
    for (const Descriptor& socket : sockets_) polled.push_back({socket.number(), POLLIN, 0});
    while (!stopped_) {
        poll(polled.data(), polled.size(), 20);
        for (const Descriptor& socket : sockets_) receive_all(socket.number());
    }
    for (const Descriptor& socket : sockets_) receive_all(socket.number());
}

void Watch::receive_all(int socket) {
    for (;;) {
        std::array<char, kSnapBytes> bytes;
        alignas(cmsghdr) std::array<char, 256> control;
        iovec piece{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT);
        if (got < 0) return;
        reader_.look_at({bytes.data(), static_cast<std::size_t>(got)}, arrival_ns(message));
    }
}

}  // namespace ringload
