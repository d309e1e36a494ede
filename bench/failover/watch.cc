// watch: writes down what arrives for the origins in the network that it runs in, as it arrives,
// before any nftables rule: new connections (SYN) and requests (GET /r/ID), each once, whatever TCP
// sends again; and how the origins end connections (FIN, RST). So what a proxy still tried with a
// faulty origin is known, whether or not the origin was able to see it, and so is the moment at
// which a failure shows on the wire: the kernel takes its time to end a killed process. Needs
// CAP_NET_RAW. Prints "ready"; on SIGTERM or SIGINT it writes the file.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

constexpr std::string_view kRequestStart = "GET /r/";
constexpr std::size_t kSightsMax = 10'000'000;

volatile std::sig_atomic_t stopped = 0;

enum class Kind : std::uint8_t { connect, request, end };

/// One record of the file, in the machine's byte order; figures.py reads it.
struct Sight {
    std::int64_t at_ns;  // CLOCK_MONOTONIC, when the packet came in
    std::uint64_t id;    // of a request
    std::uint16_t host;  // last number of the origin's address
    Kind kind;
    std::array<std::uint8_t, 5> unused{};
};
static_assert(sizeof(Sight) == 24);

[[noreturn]] void die(const char* what) {
    fmt::print(stderr, "watch: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

std::int64_t clock_ns(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

/// Lets through what came in, is TCP, and goes to the port; and what comes from the port with FIN
/// or RST, wherever it goes.
void attach_filter(int socket, std::uint16_t port) {
    constexpr std::uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS;
    constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS;
    constexpr std::uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
    const auto kind_at = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE);
    const auto protocol_at = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL);
    std::array<sock_filter, 16> code{{
        {kLoadWord, 0, 0, protocol_at},
        {kEqual, 0, 13, ETH_P_IP},
        {kLoadByte, 0, 0, offsetof(iphdr, protocol)},
        {kEqual, 0, 11, IPPROTO_TCP},
        {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0},  // x = length of the IP header
        {BPF_LD | BPF_H | BPF_IND, 0, 0, 0},   // the port it comes from
        {kEqual, 0, 3, port},
        {BPF_LD | BPF_B | BPF_IND, 0, 0, 13},  // TCP's flags
        {BPF_JMP | BPF_JSET | BPF_K, 5, 6, TH_FIN | TH_RST},
        {BPF_RET | BPF_K, 0, 0, 0},
        {BPF_LD | BPF_H | BPF_IND, 0, 0, 2},  // the port it goes to
        {kEqual, 0, 3, port},
        {kLoadWord, 0, 0, kind_at},
        {kEqual, 1, 0, PACKET_OUTGOING},
        {BPF_RET | BPF_K, 0, 0, 2048},
        {BPF_RET | BPF_K, 0, 0, 0},
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
        die("SO_ATTACH_FILTER");
}

int open_socket(std::uint16_t port) {
    const int opened = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);  // 0: nothing comes yet
    if (opened < 0) die("AF_PACKET");
    attach_filter(opened, port);
    const int on = 1;
    const int bytes = 16 * 1024 * 1024;
    setsockopt(opened, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    if (setsockopt(opened, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) die("SO_TIMESTAMPNS");
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);  // what goes out is shown to those only who want all
    if (bind(opened, reinterpret_cast<const sockaddr*>(&all), sizeof(all)) != 0) die("bind");
    return opened;
}

class Watch {
 public:
    explicit Watch(std::uint16_t port) : port_(port) {}

    void look_at(std::string_view packet, std::int64_t at_ns) {
        if (packet.size() < sizeof(iphdr)) return;
        iphdr ip;
        std::memcpy(&ip, packet.data(), sizeof(ip));
        const std::size_t tcp_at = std::size_t{ip.ihl} * 4;
        if (packet.size() < tcp_at + sizeof(tcphdr)) return;
        tcphdr tcp;
        std::memcpy(&tcp, packet.data() + tcp_at, sizeof(tcp));
        if (ntohs(tcp.source) == port_) {
            if (tcp.rst != 0 && tcp.seq == 0) return;  // refuses a new connection
            add({at_ns, 0, static_cast<std::uint16_t>(ntohl(ip.saddr) & 0xff), Kind::end});
            return;
        }
        const std::size_t payload_at = tcp_at + std::size_t{tcp.doff} * 4;
        const auto host = static_cast<std::uint16_t>(ntohl(ip.daddr) & 0xff);
        if (tcp.syn != 0) {
            if (is_first(tcp, host)) add({at_ns, 0, host, Kind::connect});
            return;
        }
        if (packet.size() <= payload_at) return;
        const auto id = request_id(packet.substr(payload_at));
        if (id && is_first(tcp, host)) add({at_ns, *id, host, Kind::request});
    }
    bool write_to(const std::string& path) const {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        if (file == nullptr) return false;
        const bool whole =
            std::fwrite(sights_.data(), sizeof(Sight), sights_.size(), file) == sights_.size();
        return std::fclose(file) == 0 && whole;
    }

 private:
    static std::optional<std::uint64_t> request_id(std::string_view payload) {
        if (!payload.starts_with(kRequestStart)) return {};
        payload.remove_prefix(kRequestStart.size());
        std::uint64_t id = 0;
        const auto end = std::from_chars(payload.data(), payload.data() + payload.size(), id);
        return end.ec == std::errc{} ? std::optional(id) : std::nullopt;
    }
    bool is_first(const tcphdr& tcp, std::uint16_t host) {
        const std::uint64_t key =
            (std::uint64_t{ntohs(tcp.source)} << 48) | (std::uint64_t{host} << 32) | ntohl(tcp.seq);
        return seen_.insert(key).second;
    }
    void add(const Sight& sight) {
        if (sights_.size() < kSightsMax) sights_.push_back(sight);
    }

    const std::uint16_t port_;
    std::vector<Sight> sights_;
    std::unordered_set<std::uint64_t> seen_;
};

std::int64_t arrival_ns(msghdr& message) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMPNS) continue;
        timespec time;
        std::memcpy(&time, CMSG_DATA(at), sizeof(time));
        return time.tv_sec * 1'000'000'000 + time.tv_nsec -
               (clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
    }
    return clock_ns(CLOCK_MONOTONIC);
}

void receive_all(int socket, Watch& watch) {
    for (;;) {
        std::array<char, 2048> bytes;
        alignas(cmsghdr) std::array<char, 256> control;
        iovec piece{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT);
        if (got < 0) return;
        watch.look_at({bytes.data(), static_cast<std::size_t>(got)}, arrival_ns(message));
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::string out;
    std::uint16_t port = 0;
    CLI::App app{"watch: what arrives for the origins"};
    app.add_option("--port", port, "that all origins listen on, each at its own address")
        ->required();
    app.add_option("--out", out, "file of the records")->required();
    CLI11_PARSE(app, argc, argv);
    for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stopped = 1; });
    const int socket = open_socket(port);
    fmt::print("ready\n");
    std::fflush(stdout);
    Watch watch(port);
    while (stopped == 0) {
        pollfd polled{socket, POLLIN, 0};
        poll(&polled, 1, 100);
        receive_all(socket, watch);
    }
    receive_all(socket, watch);
    if (!watch.write_to(out)) die(out.c_str());
    return 0;
}
