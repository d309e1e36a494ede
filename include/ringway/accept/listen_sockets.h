// The listening sockets of the process: made by the main thread before privileges are dropped, or
// taken over from an older process or from systemd, and handed to the shards as duplicates.
// Main thread.
//
// The open socket with its queue of connections is the kernel's; it lives as long as anybody has a
// descriptor of it: this object, a shard, another process. So nothing in a queue is lost as long as
// one of them goes on accepting.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/config/config.h"
#include "ringway/ring/ring.h"

namespace ringway::accept {

/// A listening socket that is not opened here, and the address that a listener has to have in the
/// configuration to get it.
struct InheritedSocket {
    ring::Descriptor descriptor = ring::kNoDescriptor;
    base::SocketAddress address;
};

/// Why a listener cannot listen, for a human.
std::string listen_error(const config::Listener& listener, ring::Error error);

class ListenSockets {
 public:
    /// `inherited` are this object's from now on.
    explicit ListenSockets(std::vector<InheritedSocket> inherited = {});
    ListenSockets(const ListenSockets&) = delete;
    ListenSockets& operator=(const ListenSockets&) = delete;
    ~ListenSockets();

    /// Sockets for every shard at the listener's address: those inherited, all of them, then new
    /// ones with SO_REUSEPORT. Where one more cannot be bound beside inherited ones (they lack
    /// SO_REUSEPORT, or the process may not any more), shards share a socket. A unix socket is the
    /// first shard's alone. `listener` is its index, not in use. A sentence for a human when it
    /// cannot listen; nothing is open then.
    std::expected<void, std::string> open(std::uint16_t listener, const config::Listener& of,
                                          std::size_t shards);

    /// Duplicates of the shard's sockets of a listener, which the caller closes; none when it has
    /// no part in it. A sentence when descriptors run out.
    std::expected<std::vector<ring::Descriptor>, std::string> hand_out(std::uint16_t listener,
                                                                       std::size_t shard) const;

    /// The listener is gone: its sockets may be claimed by the next open() at the same address,
    /// until close_unclaimed().
    void release(std::uint16_t listener);
    /// Closes what no listener has claimed; the addresses.
    std::vector<base::SocketAddress> close_unclaimed();
    void close_all();

    /// Each open socket once, for the next process; they stay this object's.
    std::vector<InheritedSocket> held() const;

 private:
    struct Held {
        base::SocketAddress address;
        std::vector<ring::Descriptor> sockets;
        std::vector<std::vector<std::size_t>> of_shard;  // places in `sockets`
    };
    std::vector<ring::Descriptor> claim(const config::Listener& of);
    void give_back(Held&& held);

    std::map<std::uint16_t, Held> listeners_;
    std::vector<InheritedSocket> unclaimed_;
};

}  // namespace ringway::accept
