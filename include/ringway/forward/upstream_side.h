// A connection to an upstream: connects, waits warm in its pool, finds the response in its bytes.
// Owned by the plane, on the shard's thread.
//
//   state      | event                         -> next
//   -----------+--------------------------------------------
//   connecting | connected                     -> busy, or idle when it was opened ahead
//              | failed, time-out              -> closed
//   idle       | taken by an exchange          -> busy
//              | any byte, FIN, RST, time-out  -> closed
//   busy       | response over and reusable    -> idle
//              | otherwise                     -> closed
#pragma once

#include <cstdint>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"
#include "ringway/forward/failure.h"
#include "ringway/forward/socket.h"

namespace ringway::forward {

class Exchange;
struct IdleTag;

class UpstreamSide final : public Socket, public base::ListLink<IdleTag> {
 public:
    UpstreamSide(Plane& plane, ring::Descriptor descriptor, cluster::PoolIndex pool,
                 cluster::UpstreamIndex upstream);
    ~UpstreamSide();

    cluster::PoolIndex pool() const { return pool_; }
    cluster::UpstreamIndex upstream() const { return upstream_; }

    // -- for its pool --
    void start(const base::SocketAddress& to);
    std::uint64_t requests() const { return requests_; }
    /// Which of its upstream's addresses it leads to, counted by UpstreamPools::move_away().
    std::uint32_t address_version = 0;
    /// Closes it if it is idle.
    void drop_idle();
    /// Closes it while it is opened ahead of requests.
    void drop_opening();

    // -- for its exchange --
    /// Takes it for an exchange; afterwards ready(), or on_upstream_connected() follows.
    void attach(Exchange& exchange);
    /// The exchange is done with it: back to the pool when `reusable`, else closed.
    void detach(bool reusable);
    bool ready() const { return state_ == State::busy; }
    bool send_request(const Gather& gather);
    /// The exchange now wants a response head, body bytes, or raw bytes.
    void expect_body() { expecting_ = Expecting::body; }
    void expect_raw() { expecting_ = Expecting::raw; }
    /// The size of a response, once known: long ones are received in short credits, so that the
    /// rest can go by splice; behind short ones the receive is armed less often.
    void note_response(bool is_long);
    /// From now the next piece of the response is due within its time-out.
    void restart_timer();

 private:
    enum class State : std::uint8_t { connecting, idle, busy, closed };
    enum class Expecting : std::uint8_t { head, body, raw };

    void on_connected(ring::Error error) override;
    void on_bytes(ring::Slice bytes) override;
    void on_end() override;
    void on_receive_failure(ring::Error error) override;
    void on_send_failure(ring::Error error) override;
    void on_send_progress() override { restart_timer(); }
    void on_drained() override;
    void on_receive_paused() override;
    void on_ready() override;
    void on_gone() override;
    void on_timer();

    void read_heads(ring::Slice bytes);
    void hand_over(ring::Slice& bytes);
    void fail(Cause cause);
    void fail_ahead();
    void become_idle();

    base::TimerOf<&UpstreamSide::on_timer> timer_{*this};
    Exchange* exchange_ = nullptr;
    ring::Slice inbox_;  // part of a response head
    std::uint64_t requests_ = 0;
    base::Instant began_at_{};  // to connect
    std::uint32_t scanned_ = 0;
    cluster::PoolIndex pool_;
    cluster::UpstreamIndex upstream_;
    State state_ = State::connecting;
    Expecting expecting_ = Expecting::head;
};

}  // namespace ringway::forward
