#include "scenario/packet_rules.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "ringway/ring/kernel_ring.h"

namespace ringload {

namespace {

using ringway::base::SocketAddress;

std::string host_of(const SocketAddress& address) {
    std::array<char, 48> text;
    return {text.data(), address.write_host(text.data())};
}

std::string_view family_of(const SocketAddress& address) {
    return address.family() == AF_INET6 ? "ip6" : "ip";
}

std::expected<std::string, std::string> find_nft() {
    auto found = find_program("", "nft");
    if (found) return found;
    for (const char* path : {"/usr/sbin/nft", "/sbin/nft"}) {
        if (access(path, X_OK) == 0) return path;
    }
    return std::unexpected(
        "`refuse` and `blackhole` need nft (the package nftables), which is not installed");
}

}  // namespace

std::expected<PacketRules, std::string> PacketRules::open(const std::string& network,
                                                          std::size_t slots) {
    static std::atomic<unsigned> opened{0};  // networks of different paths may be the same one
    const auto nft = find_nft();
    if (!nft) return std::unexpected(nft.error());
    PacketRules rules;
    rules.table_ = fmt::format("ringload_{}_{}", getpid(), opened++);
    auto started = Process::start(
        {.name = "nft", .command = {*nft, "-i"}, .network = network, .takes_input = true});
    if (!started) return std::unexpected(started.error());
    rules.nft_ = std::move(*started);
    std::string commands = fmt::format("add table inet {} {{ flags owner; }}\n", rules.table_);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        for (const auto& [chain, hook] : {std::pair("arriving", "input"), {"leaving", "output"}}) {
            commands +=
                fmt::format("add chain inet {} {}_{} {{ type filter hook {} priority 0; }}\n",
                            rules.table_, chain, slot, hook);
        }
    }
    if (const auto told = rules.tell(commands); !told) {
        return std::unexpected(fmt::format(
            "`refuse` and `blackhole` need rules for packets, which are not allowed here ({}); run "
            "as root, or give the origins a `network` that is yours",
            told.error()));
    }
    return rules;
}

std::expected<void, std::string> PacketRules::refuse(std::size_t slot,
                                                     std::span<const SocketAddress> addresses) {
    std::string commands;
    for (const SocketAddress& address : addresses) {
        commands += fmt::format(
            "add rule inet {} arriving_{} {} daddr {} tcp dport {} reject with tcp reset\n", table_,
            slot, family_of(address), host_of(address), address.port());
    }
    return tell(commands);
}

std::expected<void, std::string> PacketRules::drop(std::size_t slot,
                                                   std::span<const SocketAddress> addresses) {
    std::string commands;
    for (const SocketAddress& address : addresses) {
        const std::string_view family = family_of(address);
        commands += fmt::format(
            "add rule inet {0} arriving_{1} {2} daddr {3} tcp dport {4} drop\n"
            "add rule inet {0} leaving_{1} {2} saddr {3} tcp sport {4} drop\n",
            table_, slot, family, host_of(address), address.port());
    }
    return tell(commands);
}

std::expected<void, std::string> PacketRules::heal(std::size_t slot) {
    return tell(fmt::format("flush chain inet {0} arriving_{1}\nflush chain inet {0} leaving_{1}\n",
                            table_, slot));
}

std::expected<void, std::string> PacketRules::tell(const std::string& commands) {
    // what it then makes the kernel list shows that the commands before have been done
    const std::string sign = fmt::format("table inet {}\n", table_);
    if (!nft_.write(commands + "list tables inet\n")) return std::unexpected("nft: " + nft_.told());
    std::string said;
    std::string wrong;
    const auto deadline = ringway::ring::read_clock() + std::chrono::seconds(5);
    while (said.find(sign) == std::string::npos && wrong.empty()) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        said += nft_.output();
        wrong += nft_.errors();
        if (!nft_.is_running() || ringway::ring::read_clock() >= deadline)
            return std::unexpected("nft does not answer: " + nft_.told());
    }
    wrong += nft_.errors();
    if (wrong.empty()) return {};
    return std::unexpected(wrong.substr(0, wrong.find('\n')));
}

}  // namespace ringload
