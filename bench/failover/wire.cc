// wire: a wire of a known one-way delay between this process's network and a new one, for kernels
// without netem. It makes a TAP device in either network and passes frames between them. The new
// network is its own, so whoever wants to run something there enters /proc/PID/ns/net of this
// process, and all of it is gone when this process and theirs are. Prints "ready" when both ends
// are up; ends on SIGTERM or SIGINT.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <vector>

#include "ringway/base/socket_address.h"

namespace {

constexpr std::size_t kFramesMax = 8192;  // on the way in one direction; further ones are dropped
constexpr int kFramesPerTurn = 64;

volatile std::sig_atomic_t stopped = 0;

[[noreturn]] void die(const char* what) {
    fmt::print(stderr, "wire: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

std::int64_t now_ns() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

ifreq request_for(const char* name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
}

void set_address(int control, unsigned long call, const char* name, in_addr_t address) {
    ifreq request = request_for(name);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = address;
    std::memcpy(&request.ifr_addr, &at, sizeof(at));
    if (ioctl(control, call, &request) != 0) die("address of an end");
}

void bring_up(int control, const char* name) {
    ifreq request = request_for(name);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0) die(name);
}

in_addr_t parse_address(const std::string& text) {
    const auto parsed = ringway::base::SocketAddress::from_ip(text, 0);
    if (!parsed || parsed->family() != AF_INET) {
        fmt::print(stderr, "wire: {} is not an IPv4 address\n", text);
        std::exit(1);
    }
    sockaddr_in at;
    std::memcpy(&at, parsed->raw(), sizeof(at));
    return at.sin_addr.s_addr;
}

/// One end of the wire, in the network that this thread is in, with these addresses, /24 each.
int open_end(const char* name, const std::vector<std::string>& addresses) {
    const int end = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (end < 0) die("/dev/net/tun");
    ifreq request = request_for(name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(end, TUNSETIFF, &request) != 0) die("TUNSETIFF");
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) die("socket");
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const std::string alias = i == 0 ? std::string(name) : fmt::format("{}:{}", name, i);
        set_address(control, SIOCSIFADDR, alias.c_str(), parse_address(addresses[i]));
        set_address(control, SIOCSIFNETMASK, alias.c_str(), htonl(0xffffff00));
    }
    bring_up(control, name);
    close(control);
    return end;
}

struct Frame {
    std::int64_t due_ns;
    std::vector<char> bytes;
};

struct Direction {
    int from;
    int to;
    std::deque<Frame> frames;

    void deliver(std::int64_t now) {
        while (!frames.empty() && frames.front().due_ns <= now) {
            const std::vector<char>& bytes = frames.front().bytes;
            if (write(to, bytes.data(), bytes.size()) < 0 && errno == EAGAIN) return;
            frames.pop_front();
        }
    }
    void take(std::int64_t delay_ns) {
        std::array<char, 65536> bytes;
        for (int i = 0; i < kFramesPerTurn; ++i) {
            const ssize_t got = read(from, bytes.data(), bytes.size());
            if (got <= 0) return;
            if (frames.size() == kFramesMax) continue;
            frames.push_back({now_ns() + delay_ns, {bytes.data(), bytes.data() + got}});
        }
    }
};

void pass_frames(int near, int far, std::int64_t delay_ns) {
    std::array<Direction, 2> directions{Direction{near, far, {}}, Direction{far, near, {}}};
    while (stopped == 0) {
        const std::int64_t now = now_ns();
        std::int64_t next = now + 1'000'000'000;
        for (Direction& direction : directions) {
            direction.deliver(now);
            if (!direction.frames.empty()) next = std::min(next, direction.frames.front().due_ns);
        }
        std::array<pollfd, 2> polled{pollfd{near, POLLIN, 0}, pollfd{far, POLLIN, 0}};
        const std::int64_t wait = std::max<std::int64_t>(next - now_ns(), 0);
        const timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
        if (ppoll(polled.data(), polled.size(), &time, nullptr) <= 0) continue;
        for (std::size_t i = 0; i < polled.size(); ++i) {
            if ((polled[i].revents & POLLIN) != 0) directions[i].take(delay_ns);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    double delay_ms = 0;
    std::string near_address;
    std::vector<std::string> far_addresses;
    CLI::App app{"wire: a wire of a known delay to a new network"};
    app.add_option("--delay-ms", delay_ms, "one way")->required()->check(CLI::Range(0.0, 10000.0));
    app.add_option("--near", near_address, "address of the end in this network, /24")->required();
    app.add_option("--far", far_addresses, "address of the end in the new network; may be repeated")
        ->required();
    CLI11_PARSE(app, argc, argv);

    prctl(PR_SET_TIMERSLACK, 1);  // 50 us by default, which would lengthen the wire
    for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stopped = 1; });
    const int near = open_end("near", {near_address});
    if (unshare(CLONE_NEWNET) != 0) die("unshare");
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) die("socket");
    bring_up(control, "lo");
    close(control);
    const int far = open_end("far", far_addresses);
    fmt::print("ready\n");
    std::fflush(stdout);
    pass_frames(near, far, static_cast<std::int64_t>(delay_ms * 1e6));
    return 0;
}
