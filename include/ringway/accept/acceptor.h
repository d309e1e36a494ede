// The listeners of one shard: each accepts on sockets that the main thread has made
// (listen_sockets.h), counts who is in, and refuses past the limits. Owned by the shard, on its
// thread; the count of a listener's connections is shared by all shards.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
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
    explicit ConnectionCounts(std::size_t listeners) : open_(listeners) {}
    /// Control thread, before any shard hears of the new ones.
    void grow(std::size_t listeners) { open_.grow(listeners); }
    /// Counts one in; false (and not counted) when `limit` are open.
    bool enter(std::uint16_t listener, std::uint32_t limit) {
        if (open_[listener].fetch_add(1, std::memory_order_relaxed) < limit) return true;
        leave(listener);
        return false;
    }
    void leave(std::uint16_t listener) { open_[listener].fetch_sub(1, std::memory_order_relaxed); }

 private:
    base::StableVector<std::atomic<std::uint32_t>> open_;
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
    Acceptors(const config::Config& config, ring::Ring& ring, base::TimerWheel& wheel,
              observe::ShardCounters& counters, ConnectionCounts& counts, Door& door);
    ~Acceptors();

    /// Accepts for the listener on these sockets too, which are closed by this object from now on.
    /// After close() they are closed at once.
    void add(std::uint16_t listener, std::span<const ring::Descriptor> sockets);
    /// Stops accepting for the listener and closes its sockets, once the accepts are home. What the
    /// kernel accepts until then goes in, since its client may have seen no refusal.
    void remove(std::uint16_t listener);
    /// The same for every listener.
    void close();
    /// Every socket is closed.
    bool closed() const;

    /// Limits are those of this configuration, which outlives it or is followed in time.
    void adopt(const config::Config& next);

    /// An admitted connection has gone.
    void leave(std::uint16_t listener, const base::IpAddress& client);

 private:
    class Acceptor;
    struct IpHash {
        std::size_t operator()(const base::IpAddress& ip) const;
    };

    void accepted(ring::Descriptor socket, std::uint16_t listener);
    bool enter(std::uint16_t listener, const base::IpAddress& client);

    const config::Config* config_;
    ring::Ring& ring_;
    base::TimerWheel& wheel_;
    observe::ShardCounters& counters_;
    ConnectionCounts& counts_;
    Door& door_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    bool closing_ = false;
    std::vector<std::unordered_map<base::IpAddress, std::uint32_t, IpHash>> by_client_;
};

}  // namespace ringway::accept
