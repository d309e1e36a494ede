// A connected stream socket of the data plane: one receive armed at most, one queue of bytes that
// the kernel did not take yet, and the staircase of its end: close() -> every operation home ->
// on_gone(). Base of ClientSide and UpstreamSide; owned by its shard, on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/forward/gather.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"

namespace ringway::forward {

struct Plane;

enum class Ending : std::uint8_t {
    orderly,  // FIN
    reset,    // RST where the protocol has it: what was sent must not pass for whole
};

class Socket {
 public:
    Socket(Plane& plane, ring::Descriptor descriptor, std::uint32_t receive_credit);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    ring::Descriptor descriptor() const { return descriptor_; }
    bool closing() const { return closing_; }
    /// The peer will send nothing more.
    bool ended() const { return ended_; }
    bool receiving() const { return receive_op_.submitted(); }

    /// Of the receives armed from now on, in bytes.
    void set_receive_credit(std::uint32_t bytes) { receive_credit_ = bytes; }
    /// Arms the receive unless it is armed, at its end, or closing.
    void receive_more();

    enum class Sent : std::uint8_t {
        all,     // the kernel has it
        queued,  // part of it waits; on_drained() follows, or on_send_failure()
        failed,  // the peer is gone; nothing more can be sent
    };
    /// Sends behind what waits already. `more_follows`: FIN or more bytes come right behind.
    Sent send(const Gather& gather, bool more_follows);
    std::size_t unsent_bytes() const { return backlog_ ? backlog_->bytes : 0; }
    bool send_failed() const { return send_failed_; }
    /// Sends FIN when everything before it is sent.
    void finish_sending();

    /// Watches for readiness, for splice; on_ready() follows. One watch at a time.
    void wait_ready(ring::PollFor what);

    /// The first step of the end; idempotent. The object stays valid for the rest of the turn.
    void close(Ending ending);

    /// For the plane, at the end of the turn: no operation is submitted any more.
    void close_now();

 protected:
    ~Socket() = default;

    void start_connect(const base::SocketAddress& to);

    virtual void on_connected(ring::Error error) = 0;
    virtual void on_bytes(ring::Slice bytes) = 0;
    /// The peer's FIN, once.
    virtual void on_end() = 0;
    virtual void on_receive_failure(ring::Error error) = 0;
    virtual void on_send_failure(ring::Error error) = 0;
    /// Some of what was queued is sent, and more waits.
    virtual void on_send_progress() = 0;
    /// What was queued is sent.
    virtual void on_drained() = 0;
    /// The armed receive has delivered its credit: arm it again, now or later.
    virtual void on_receive_paused() = 0;
    /// What wait_ready() asked for, or a failure that the next call will show.
    virtual void on_ready() = 0;
    /// Last call: the descriptor is closed, the slot may go.
    virtual void on_gone() = 0;

    Plane& plane_;

 private:
    /// Bytes that wait for room, in order.
    struct Backlog {
        std::vector<ring::Slice> pieces;
        std::size_t first = 0;  // pieces before it are sent
        std::size_t bytes = 0;
        // spare bytes behind the last piece, when that is a heap buffer of ours
        std::uint32_t tail_room = 0;
    };

    void on_receive(ring::Completion&& completion);
    void on_sent(ring::Completion&& completion);
    void on_polled(ring::Completion&& completion);
    void queue(const Gather& gather, std::size_t taken);
    void queue_copy(std::string_view bytes);
    void arm_send();
    void pop_sent(std::size_t bytes);
    void close_join();

    ring::OpOf<&Socket::on_receive> receive_op_{*this};
    ring::OpOf<&Socket::on_sent> send_op_{*this};  // connects first
    ring::OpOf<&Socket::on_polled> poll_op_{*this};
    std::unique_ptr<Backlog> backlog_;
    ring::Descriptor descriptor_;
    std::uint32_t receive_credit_;
    bool connecting_ = false;
    bool ended_ = false;
    bool send_failed_ = false;
    bool fin_wanted_ = false;
    bool fin_sent_ = false;
    bool closing_ = false;
    bool buried_ = false;
    bool reset_ = false;
};

}  // namespace ringway::forward
