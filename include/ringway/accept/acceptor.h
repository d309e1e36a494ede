// The listeners of one shard: each accepts on its own SO_REUSEPORT socket, counts who is in, and
// refuses past the limits. Owned by the shard, on its thread; the count of a listener's connections
// is shared by all shards.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ringway/base/timer_wheel.h"
#include "ringway/config/config.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"

namespace ringway::accept {

/// Open connections by listener, over all shards. Touched once a connection, never once a request.
class ConnectionCounts {
 public:
    explicit ConnectionCounts(std::size_t listeners)
        : open_(std::make_unique<std::atomic<std::uint32_t>[]>(listeners)) {}
    /// Counts one in; false (and not counted) when `limit` are open.
    bool enter(std::uint16_t listener, std::uint32_t limit) {
        if (open_[listener].fetch_add(1, std::memory_order_relaxed) < limit) return true;
        leave(listener);
        return false;
    }
    void leave(std::uint16_t listener) { open_[listener].fetch_sub(1, std::memory_order_relaxed); }

 private:
    std::unique_ptr<std::atomic<std::uint32_t>[]> open_;
};

/// Where accepted sockets go.
class Door {
 public:
    virtual void admit(ring::Descriptor socket, std::uint16_t listener,
                       const base::SocketAddress& peer) = 0;

 protected:
    ~Door() = default;
};

class Acceptors {
 public:
    Acceptors(const config::Config& config, std::uint16_t shard_index, ring::Ring& ring,
              base::TimerWheel& wheel, observe::ShardCounters& counters, ConnectionCounts& counts,
              Door& door);
    ~Acceptors();

    /// Opens every listener; a sentence for a human when one cannot be opened. Unix sockets are
    /// shard 0's alone.
    std::expected<void, std::string> open();
    /// Stops accepting and closes the listeners, once the accepts are home.
    void close();
    /// Every listener is closed.
    bool closed() const;

    /// An admitted connection has gone.
    void leave(std::uint16_t listener, const base::IpAddress& client);

 private:
    class Acceptor;
    struct IpHash {
        std::size_t operator()(const base::IpAddress& ip) const;
    };

    void accepted(ring::Descriptor socket, std::uint16_t listener);
    bool enter(std::uint16_t listener, const base::IpAddress& client);
    std::expected<ring::Descriptor, std::string> open_one(const config::Listener& listener);

    const config::Config& config_;
    const std::uint16_t shard_index_;
    ring::Ring& ring_;
    base::TimerWheel& wheel_;
    observe::ShardCounters& counters_;
    ConnectionCounts& counts_;
    Door& door_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unordered_map<base::IpAddress, std::uint32_t, IpHash>> by_client_;
};

}  // namespace ringway::accept
