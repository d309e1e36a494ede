// One request and its response: which route and upstream it takes, what is kept for another try,
// and how it ends. Knows messages; the bytes on each side belong to ClientSide and UpstreamSide.
// Owned by its ClientSide, on the shard's thread.
//
//   state       | event                                   -> next
//   ------------+------------------------------------------------------------------
//   picking     | idle connection taken                   -> waiting
//               | connection begun                        -> connecting
//               | nobody to ask                           -> (answered here, over)
//   connecting  | connected                               -> waiting
//               | failed                                  -> picking (next upstream) or over
//   waiting     | final head                              -> responding, or over when no body
//   follows
//               | 101                                     -> tunnelling
//               | failed, may be repeated                 -> picking
//   responding  | long body, nothing in the way           -> splicing
//               | end of body                             -> over
//   splicing    | end of body                             -> over
//   tunnelling  | both sides ended                        -> over
// The request's body flows to the upstream in waiting and responding alike; any failure once a
// response has begun cuts the client.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ringway/balance/balance.h"
#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/forward/body_reader.h"
#include "ringway/forward/failure.h"
#include "ringway/forward/head_writer.h"
#include "ringway/http/head.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"

namespace ringway::forward {

struct Plane;
class ClientSide;
class UpstreamSide;

class Exchange {
 public:
    Exchange(Plane& plane, ClientSide& client);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // A call from either side may end the exchange: the caller looks at its own exchange pointer
    // afterwards.

    /// plane.request_head was parsed at the start of `received`. Takes what belongs to this
    /// request; the rest stays in `received`.
    void begin(ring::Slice& received);

    // -- from the client side --
    /// More of the request's body; the rest (of the next request) stays in `received`.
    void on_request_bytes(ring::Slice& received);
    void on_tunnel_bytes_from_client(const ring::Slice& received);
    /// FIN: half-closed, or gone.
    void on_client_end();
    void on_client_lost(observe::Refusal refusal);
    void on_client_drained();
    void on_client_ready();
    void on_body_timeout();
    void on_request_timeout();

    bool request_complete() const { return request_.done(); }
    /// The client asked for its connection to end with this answer (Connection: close, HTTP/1.0).
    bool client_asked_to_close() const { return !keep_alive_; }
    /// The client's bytes are wanted now: a body or tunnel to fill and room to put it.
    bool wants_client_bytes() const;
    bool tunnelling() const { return state_ == State::tunnelling; }
    bool splicing() const { return state_ == State::splicing; }
    /// Since when a spliced body waits for the client; kNever: it does not.
    base::Instant splice_stalled_since() const { return splice_stalled_since_; }
    base::Instant deadline() const { return deadline_; }
    base::Instant request_completed_at() const { return request_completed_at_; }

    // -- from the upstream side --
    void on_upstream_connected();
    void on_upstream_failed(Cause cause);
    /// plane.response_head was parsed at the start of `received`; uses the head and what follows of
    /// the body.
    void on_response_head(ring::Slice& received);
    void on_response_bytes(ring::Slice& received);
    void on_tunnel_bytes_from_upstream(const ring::Slice& received);
    /// FIN from the upstream once a response has begun.
    void on_upstream_end();
    /// The upstream's receive has used its credit.
    void on_upstream_paused();
    void on_upstream_drained();
    void on_upstream_ready();

    http::Method method() const { return method_; }
    bool responded() const { return status_ != 0; }

 private:
    // Bytes that may wait on one side before the other is not read any more.
    static constexpr std::size_t kUnsentMax = 64 * 1024;

    enum class State : std::uint8_t {
        picking,
        connecting,
        waiting,
        responding,
        splicing,
        tunnelling,
        over
    };

    const config::Listener& listener() const;
    const config::Route& route() const { return *route_; }
    const config::Pool& pool() const;
    observe::UpstreamCounters& upstream_counters() const;

    // request (exchange.cc)
    void note_request(const http::RequestHead& head, ring::Slice& received);
    bool refuse_unproxied(const http::RequestHead& head);
    bool answer_from_route(const http::RequestHead& head);
    void prepare_pick(const http::RequestHead& head);
    bool read_request(ring::Slice& received);
    void keep_piece(std::string_view payload, ring::Buffer* owner);
    bool pick_upstream();
    bool take_upstream(cluster::UpstreamIndex index, bool fresh);
    void transmit();
    void write_head();
    const http::RequestHead& parsed_head();
    void spare_buffers();
    void drop_sent_pieces();
    bool may_repeat(Failure failure) const;
    bool retry(Cause cause);
    void detach_upstream(bool reusable);

    // response (exchange_response.cc)
    void on_interim_head(ring::Slice& received);
    void switch_protocols(ring::Slice& received);
    bool retry_status();
    void release_request();
    void write_response(ring::Slice& received);
    void pump_response(ring::Slice& received);
    void end_tunnel();
    void finish_response(bool upstream_clean);
    void cut(observe::Refusal refusal);

    // splice (exchange_splice.cc)
    bool start_splice();
    void run_splice();
    void end_splice();

    // end
    void refuse(std::uint16_t status, observe::Refusal refusal);
    void answer(const CannedReply& reply, std::int16_t refusal);
    void record(std::int16_t refusal);
    void end(bool keep_client);

    Plane& plane_;
    ClientSide& client_;
    UpstreamSide* upstream_ = nullptr;
    const config::Route* route_ = nullptr;
    std::int32_t route_index_ = -1;
    cluster::PoolIndex pool_;
    cluster::UpstreamIndex upstream_index_;
    bool has_pool_ = false;
    bool has_upstream_ = false;  // upstream_index_ names the last one tried
    State state_ = State::picking;

    // the request
    ring::Slice head_;  // its bytes, while they may be needed again
    http::Method method_ = http::Method::other;
    std::uint8_t minor_version_ = 1;
    bool keep_alive_ = true;
    bool upgrade_ = false;
    bool idempotent_ = false;  // or marked as repeatable
    bool replayable_ = true;   // every byte of it is still kept
    bool head_sent_ = false;   // on this try
    bool last_chunk_sent_ = false;
    BodyReader request_;
    // of its body: kept for another try, or waiting for a connection
    std::vector<ring::Slice> pieces_;
    std::size_t pieces_sent_ = 0;  // on this try
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t request_bytes_ = 0;  // of the body, so far

    // picking
    balance::Request pick_;
    std::uint8_t attempts_ = 0;
    bool interim_sent_ = false;   // the client has seen a 1xx of this try
    bool retried_stale_ = false;  // once already sent again because a reused connection had died
    bool reused_ = false;

    // the response
    std::uint16_t status_ = 0;
    std::uint16_t interim_heads_ = 0;
    bool client_keep_alive_ = true;
    bool chunked_out_ = false;
    bool upstream_keep_alive_ = false;
    BodyReader response_;
    std::uint64_t response_bytes_ = 0;
    ring::Pipe pipe_;
    std::size_t in_pipe_ = 0;

    // times
    base::Instant started_{};
    base::Instant request_completed_at_{};
    base::Instant sent_at_{};
    base::Instant connected_at_{};
    base::Instant first_byte_at_{};
    base::Instant deadline_ = base::kNever;
    base::Instant splice_stalled_since_ = base::kNever;
    std::array<char, 32> request_id_{};
    std::uint32_t client_side_done_ : 1 = 0;    // tunnel: the client has sent FIN
    std::uint32_t upstream_side_done_ : 1 = 0;  // tunnel: the upstream has sent FIN
};

}  // namespace ringway::forward
