// A client's HTTP/1.1 connection: finds the requests in its bytes, one exchange at a time, and ends
// without cutting off an answer. Owned by the plane, on the shard's thread.
//
//   state     | event                              -> next
//   ----------+--------------------------------------------------
//   idle      | whole head                         -> exchanging
//             | part of a head                     -> reading_head
//             | FIN, idle time-out, drain          -> closed
//   reading_  | rest of the head                   -> exchanging
//   head      | bad head, time-out                 -> lingering (answered)
//   exchanging| exchange over, connection kept     -> idle
//             | exchange over, connection not kept -> lingering
//             | reset, or FIN that means "gone"    -> closed
//   lingering | FIN, time-out                      -> closed
#pragma once

#include <cstdint>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/forward/socket.h"
#include "ringway/http/head.h"

namespace ringway::forward {

class Exchange;
struct ClientTag;

class ClientSide final : public Socket, public base::ListLink<ClientTag> {
 public:
    ClientSide(Plane& plane, ring::Descriptor descriptor, std::uint16_t listener,
               const base::SocketAddress& peer);
    ~ClientSide();

    void start();
    std::uint16_t listener() const { return listener_; }
    const base::PeerAddress& peer() const { return peer_; }
    bool trusted() const { return trusted_; }

    // -- for its exchange --
    /// False when this is the connection's last request: drained, or enough of them.
    bool may_persist() const;
    /// Sends response bytes. False: the client is gone, the exchange is to end.
    bool send_response(const Gather& gather, bool more_follows);
    /// The exchange is over: destroys it, then goes on with the next request, or ends. `keep`: the
    /// connection persists.
    void on_exchange_over(bool keep);
    /// Destroys the exchange and closes at once.
    void on_exchange_cut(Ending ending);
    /// Deadlines of the exchange have moved.
    void refresh_timer();
    /// The exchange has changed what it wants of the client's bytes.
    void resume_receiving();

    // -- for the plane --
    /// Closes if it is idle.
    void drain();
    /// Closes whatever it is doing.
    void stop();
    /// Goes on with bytes that waited for the exchange before; at the end of the turn.
    void process_waiting();

 private:
    enum class State : std::uint8_t { idle, reading_head, exchanging, lingering, closed };

    void on_connected(ring::Error) override {}
    void on_bytes(ring::Slice bytes) override;
    void on_end() override;
    void on_receive_failure(ring::Error error) override;
    void on_send_failure(ring::Error error) override;
    void on_send_progress() override;
    void on_drained() override;
    void on_receive_paused() override;
    void on_ready() override;
    void on_gone() override;
    void on_timer();

    void process(ring::Slice bytes);
    void begin_exchange(ring::Slice bytes);
    void refuse_head(http::HeadError error);
    void refuse(std::uint16_t status, observe::Refusal reason);
    void store_partial_head(const ring::Slice& bytes);
    void store_waiting(const ring::Slice& bytes);
    void linger();
    void shut(Ending ending);

    base::TimerOf<&ClientSide::on_timer> timer_{*this};
    ring::Slice inbox_;                       // a partial head, or bytes behind the current request
    const ring::Slice* beginning_ = nullptr;  // what begin() has not used yet, while it runs
    Exchange* exchange_ = nullptr;
    base::Instant last_bytes_at_{};                 // from the client, or (tunnel) to it
    base::Instant send_stalled_at_ = base::kNever;  // since when bytes wait to be sent
    std::uint32_t requests_ = 0;
    std::uint32_t scanned_ = 0;  // bytes of inbox_ known to hold no end of head
    std::uint16_t listener_;
    base::PeerAddress peer_;
    bool trusted_ = false;
    bool next_queued_ = false;  // in plane.next_requests
    State state_ = State::idle;
};

}  // namespace ringway::forward
