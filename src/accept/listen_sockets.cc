#include "ringway/accept/listen_sockets.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"
#include "ringway/ring/listening_socket.h"

namespace ringway::accept {

namespace {

ring::SocketOptions options_of(const config::Listener& listener) {
    ring::SocketOptions options;
    options.reuse_port = true;
    options.backlog = static_cast<int>(listener.backlog);
    if (!listener.congestion_control.empty())
        options.congestion_control = listener.congestion_control.c_str();
    return options;
}

/// Whether another socket may be bound beside these.
bool may_bind_beside(const std::vector<ring::Descriptor>& sockets) {
    return std::ranges::all_of(sockets, ring::shares_port);
}

}  // namespace

std::string listen_error(const config::Listener& listener, ring::Error error) {
    std::string advice;
    if (error == ring::Error::address_in_use) advice = "; another program listens there";
    if (error == ring::Error::no_permission) {
        advice = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    }
    return "listener `" + listener.name + "`: cannot listen on " + listener.address.text() + ": " +
           ring::name_of(error) + advice;
}

ListenSockets::ListenSockets(std::vector<InheritedSocket> inherited)
    : unclaimed_(std::move(inherited)) {}

ListenSockets::~ListenSockets() { close_all(); }

std::expected<void, std::string> ListenSockets::open(std::uint16_t listener,
                                                     const config::Listener& of,
                                                     std::size_t shards) {
    RW_ASSERT(!listeners_.contains(listener));
    RW_ASSERT(shards > 0);
    const std::size_t wanted = of.address.is_ip() ? shards : 1;
    Held held{.address = of.address, .sockets = claim(of), .of_shard = {}};
    const std::size_t claimed = held.sockets.size();
    while (held.sockets.size() < wanted && may_bind_beside(held.sockets)) {
        const auto socket = ring::open_listening_socket(of.address, options_of(of));
        if (socket) {
            held.sockets.push_back(*socket);
            continue;
        }
        if (claimed > 0) break;
        for (const ring::Descriptor opened : held.sockets) ring::close_descriptor(opened);
        return std::unexpected(listen_error(of, socket.error()));
    }
    held.of_shard.resize(shards);
    const std::size_t shares = std::max(wanted, held.sockets.size());
    for (std::size_t i = 0; i < shares; ++i)
        held.of_shard[i % wanted].push_back(i % held.sockets.size());
    listeners_.emplace(listener, std::move(held));
    return {};
}

/// The inherited sockets at its address that can be listened on.
std::vector<ring::Descriptor> ListenSockets::claim(const config::Listener& of) {
    std::vector<ring::Descriptor> claimed;
    std::erase_if(unclaimed_, [&](const InheritedSocket& socket) {
        if (!(socket.address == of.address)) return false;
        if (!ring::adopt_listening_socket(socket.descriptor, options_of(of))) return false;
        claimed.push_back(socket.descriptor);
        return true;
    });
    return claimed;
}

std::expected<std::vector<ring::Descriptor>, std::string> ListenSockets::hand_out(
    std::uint16_t listener, std::size_t shard) const {
    const Held& held = listeners_.at(listener);
    std::vector<ring::Descriptor> copies;
    for (const std::size_t place : held.of_shard.at(shard)) {
        const auto copy = ring::duplicate(held.sockets[place]);
        if (copy) {
            copies.push_back(*copy);
            continue;
        }
        for (const ring::Descriptor made : copies) ring::close_descriptor(made);
        return std::unexpected("cannot hand the socket of " + held.address.text() + " to shard " +
                               std::to_string(shard) + ": " + ring::name_of(copy.error()));
    }
    return copies;
}

void ListenSockets::give_back(Held&& held) {
    for (const ring::Descriptor socket : held.sockets) unclaimed_.push_back({socket, held.address});
}

void ListenSockets::release(std::uint16_t listener) {
    const auto entry = listeners_.find(listener);
    RW_ASSERT(entry != listeners_.end());
    give_back(std::move(entry->second));
    listeners_.erase(entry);
}

std::vector<base::SocketAddress> ListenSockets::close_unclaimed() {
    std::vector<base::SocketAddress> addresses;
    for (const InheritedSocket& socket : std::exchange(unclaimed_, {})) {
        ring::close_descriptor(socket.descriptor);
        addresses.push_back(socket.address);
    }
    return addresses;
}

void ListenSockets::close_all() {
    while (!listeners_.empty()) release(listeners_.begin()->first);
    close_unclaimed();
}

std::vector<InheritedSocket> ListenSockets::held() const {
    std::vector<InheritedSocket> all;
    for (const auto& [index, held] : listeners_) {
        for (const ring::Descriptor socket : held.sockets) all.push_back({socket, held.address});
    }
    return all;
}

}  // namespace ringway::accept
