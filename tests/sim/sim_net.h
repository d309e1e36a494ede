// The simulated network and clock: connections with bounded buffers in each direction, latency, FIN
// and RST, and services that accept, refuse or never answer. Everything that happens is an event on
// one time line, drawn from one seed, so a run repeats exactly. Owned by a test; one thread.
//
// Invariant: an event never runs before an earlier one, and time moves only by running events or by
// advance_to().
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/ring/ring.h"

namespace ringway::sim {

using base::Duration;
using base::Instant;
using base::SocketAddress;
using ring::Error;

class SimNet;

/// How the network behaves. The defaults are an ideal one: constant latency, bytes arrive as they
/// were sent.
struct NetOptions {
    Duration latency_min = std::chrono::microseconds(20);
    Duration latency_max = std::chrono::microseconds(20);
    std::uint32_t buffer_bytes_min = 64 * 1024;  // of one direction: sent and not yet read
    std::uint32_t buffer_bytes_max = 64 * 1024;
    Duration connect_delay_max{0};  // of a handshake, beside the latency
    bool fragment = false;          // bytes arrive in random pieces
    bool reset_drops = false;  // a reset may take bytes with it that had arrived and were not read
};

class End;

/// Sees what the connecting side of a connection writes and reads.
class Tap {
 public:
    virtual void on_written(End& end, std::string_view bytes) = 0;
    virtual void on_read(End& end, std::string_view bytes) = 0;

 protected:
    ~Tap() = default;
};

/// One side of a connection, as its owner sees it. Lives as long as its SimNet, also after close().
class End {
 public:
    End(SimNet& net, const SocketAddress& local, const SocketAddress& remote, std::size_t capacity);
    End(const End&) = delete;
    End& operator=(const End&) = delete;

    /// Called (as an event of its own, calls coalesced) whenever reading or writing may go on.
    void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }

    /// Takes as many bytes as there is room for; their number. `more_follows` holds them back until
    /// the next write, FIN or 200 ms, as the kernel does.
    std::size_t write(std::string_view bytes, bool more_follows = false);
    /// Bytes that write() would take now.
    std::size_t room() const;
    /// Bytes that arrived and were not read.
    std::size_t readable() const { return arrived_; }
    std::size_t read(char* out, std::size_t bytes_max);
    std::string read_all();
    /// FIN arrived and everything before it was read.
    bool at_end() const { return arrived_ == 0 && (fin_arrived_ || read_shut_) && !failed_; }
    /// RST arrived; writing is over, and so is reading once readable() is 0.
    bool failed() const { return failed_; }
    bool closed() const { return closed_; }
    bool send_shut() const { return shut_; }

    void shutdown();       // FIN behind what was written
    void shutdown_read();  // the reader sees the end of the stream behind what has arrived
    void close();          // as the kernel closes: FIN, or RST when bytes were left unread
    void reset();          // RST, whatever was unread or unsent is lost

    const SocketAddress& local() const { return local_; }
    const SocketAddress& remote() const { return remote_; }

    /// Makes two Ends one connection. For SimNet.
    static void join(End& a, End& b);
    void set_tap(Tap* tap) { tap_ = tap; }
    /// When its connect was begun.
    Instant dialled_at() const { return dialled_at_; }
    void set_dialled_at(Instant at) { dialled_at_ = at; }

 private:
    std::size_t unread() const { return bytes_.size() - head_; }
    void notify();
    void schedule_delivery();
    void deliver();
    void schedule_reset();
    void take_reset();
    void uncork();
    void acknowledge();

    bool is_cut_off() const;

    SimNet& net_;
    End* peer_ = nullptr;
    Tap* tap_ = nullptr;
    Instant dialled_at_{};
    SocketAddress local_, remote_;
    std::function<void()> on_change_;

    // the bytes on their way to this end: [head_, head_ + arrived_) can be read, the rest is in the
    // network
    std::string bytes_;
    std::size_t head_ = 0;
    std::size_t arrived_ = 0;
    std::size_t held_back_ = 0;  // at the tail: the sender said that more follows
    std::uint64_t cork_serial_ = 0;
    std::size_t capacity_;
    bool fin_sent_ = false;
    bool fin_arrived_ = false;
    bool delivery_scheduled_ = false;
    bool reset_scheduled_ = false;
    bool acknowledge_scheduled_ = false;

    bool failed_ = false;
    bool closed_ = false;
    bool shut_ = false;
    bool read_shut_ = false;
    bool notify_scheduled_ = false;
};

/// What happens to a connect to an address.
enum class Answering : std::uint8_t {
    accepts,
    refuses,
    unreachable,
    silent,  // no answer, until the kernel gives up after 127 s
};

class SimNet {
 public:
    SimNet(std::uint64_t seed, const NetOptions& options);
    SimNet(const SimNet&) = delete;
    SimNet& operator=(const SimNet&) = delete;

    /// Where the connections of a shard come from, with port 0.
    static SocketAddress shard_address(std::uint32_t shard, std::uint32_t port = 0);

    Instant now() const { return now_; }
    Instant start() const;
    base::Prng& prng() { return prng_; }
    const NetOptions& options() const { return options_; }
    Duration latency();
    /// Uniform in [0, bound].
    Duration random_duration(Duration bound);

    void at(Instant when, std::function<void()> what);
    void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
    /// When the next event happens, or kNever.
    Instant next_event() const { return events_.empty() ? base::kNever : events_.top().when; }
    void run_next();
    /// Runs every event up to `when` and leaves the clock there.
    void advance_to(Instant when);

    /// Connections to `address` are handed to `accept`, which returns false to drop one (a full
    /// queue). Of several listeners at one address (SO_REUSEPORT) each connection gets one at
    /// random; `owner` tells them apart.
    void listen(const SocketAddress& address, std::function<bool(End&)> accept,
                const void* owner = nullptr);
    void stop_listening(const SocketAddress& address, const void* owner = nullptr);
    /// Overrides what listen() set up; accepts without a listener means refuses.
    void set_answering(const SocketAddress& address, Answering answering);
    /// Packets from and to the address vanish: what TCP sends again comes through once that ends,
    /// a RST never does.
    void set_silent(const SocketAddress& address, bool silent);
    bool is_silent(const SocketAddress& address) const;
    /// Sees each connection to the address from now on; nullptr: nobody.
    void set_tap(const SocketAddress& address, Tap* tap) { services_[address.text()].tap = tap; }

    using Connected = std::function<void(std::expected<End*, Error>)>;
    /// Calls `connected` later, once.
    void connect(const SocketAddress& from, const SocketAddress& to, Connected connected);

    /// Times that held-back bytes went out only because the kernel's 200 ms had passed.
    std::uint64_t cork_timeouts() const { return cork_timeouts_; }
    void count_cork_timeout() { ++cork_timeouts_; }

 private:
    struct Event {
        Instant when;
        std::uint64_t serial;
        std::function<void()> what;
        bool operator<(const Event& other) const {
            return when != other.when ? when > other.when : serial > other.serial;
        }
    };
    struct Listening {
        const void* owner;
        std::function<bool(End&)> accept;
    };
    struct Service {
        std::vector<Listening> listening;
        Answering answering = Answering::accepts;
        Tap* tap = nullptr;
    };
    void finish_connect(const SocketAddress& from, const SocketAddress& to,
                        const Connected& connected, Instant dialled_at);
    End& make_end(const SocketAddress& local, const SocketAddress& remote);

    base::Prng prng_;
    NetOptions options_;
    Instant now_;
    std::uint64_t serial_ = 0;
    std::uint64_t cork_timeouts_ = 0;
    std::priority_queue<Event> events_;
    std::map<std::string, Service> services_;
    std::vector<std::unique_ptr<End>> ends_;
    std::vector<SocketAddress> silent_;
};

}  // namespace ringway::sim
