// One request and its response: which route and upstream it takes, what is kept for another try,
// and how it ends. Knows messages; the bytes on each side belong to ClientSide and UpstreamSide.
// Owned by its ClientSide, on the shard's thread.
//
//   state       | event                                   -> next
//   ------------+------------------------------------------------------------------
//   picking     | idle connection taken                   -> waiting
//               | connection begun                        -> connecting
//               | nobody to ask now                       -> queued, or over (answered here)
//   queued      | an upstream can take it, back-off over  -> picking
//               | time-out                                -> over
//   connecting  | connected, or its rival was             -> waiting
//               | failed                                  -> picking (next upstream) or over
//   waiting     | final head, of it or its rival          -> responding, or over when no body
//   follows
//               | 101                                     -> tunnelling
//               | failed, or found dead: may be repeated  -> picking
//   responding  | long body, nothing in the way           -> splicing
//               | end of body                             -> over
//   splicing    | end of body                             -> over
//   tunnelling  | both sides ended                        -> over
// The request's body flows to the upstream in waiting and responding alike; any failure once a
// response has begun cuts the client. While it connects or waits a second attempt, its rival, may
// run beside the first: whichever connects (nothing was sent yet) or answers first stays, the other
// is dropped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ringway/balance/balance.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/time.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/forward/attempt.h"
#include "ringway/forward/body_reader.h"
#include "ringway/forward/failure.h"
#include "ringway/forward/head_writer.h"
#include "ringway/http/head.h"
#include "ringway/observe/access_record.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"

namespace ringway::forward {

struct Plane;
struct Rules;
class ClientSide;
class UpstreamSide;

struct WaitTag;
struct QueueTag;

class Exchange final : public base::ListLink<WaitTag>, public base::ListLink<QueueTag> {
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

    // -- from an upstream side: the attempt's or its rival's --
    void on_upstream_connected(UpstreamSide& side);
    void on_upstream_failed(UpstreamSide& side, Cause cause);
    /// plane.response_head was parsed at the start of `received`; uses the head and what follows of
    /// the body.
    void on_response_head(UpstreamSide& side, ring::Slice& received);

    // -- from the attempt's upstream side --
    void on_response_bytes(ring::Slice& received);
    void on_tunnel_bytes_from_upstream(const ring::Slice& received);
    /// FIN from the upstream once a response has begun.
    void on_upstream_end();
    /// The upstream's receive has used its credit.
    void on_upstream_paused();
    void on_upstream_drained();
    void on_upstream_ready();

    // -- from those who watch it wait --
    base::Instant attempt_begun_at() const { return attempt_.begun_at; }
    base::Instant sent_at() const { return attempt_.sent_at; }
    base::Instant queued_at() const { return queued_at_; }
    /// Dials a second upstream, where there is one and nothing has been sent.
    void hedge_connect();
    /// Asks a second upstream, where the request may be repeated and the pool's share of hedges
    /// allows it.
    void hedge();
    /// The upstream was found dead: moves on to another one, where the request may be repeated.
    void on_upstream_out(cluster::UpstreamIndex upstream);
    /// Who could take it now.
    std::optional<cluster::UpstreamIndex> find_upstream();
    /// It has left the queue, for this upstream.
    void on_served(cluster::UpstreamIndex upstream);
    /// Nobody could, and for one reason only: all of them cool.
    bool is_rate_limited() const;
    /// It has left the queue, since all upstreams cool.
    void on_rate_limited();
    /// It has left the queue, its time is over.
    void on_queue_timeout();

    http::Method method() const { return method_; }
    bool responded() const { return status_ != 0; }

 private:
    /// What the access log tells of the head: where it lies in head_, so that the head needs no
    /// second parse when the request is over. Noted only when the log is on.
    enum class LoggedPart : std::uint8_t { method, target, host, request_id, user_agent, referer };
    static constexpr std::size_t kLoggedParts = 6;
    struct LoggedPiece {
        std::uint32_t at = 0;
        std::uint32_t size = 0;
    };

    // Bytes that may wait on one side before the other is not read any more.
    static constexpr std::size_t kUnsentMax = 64 * 1024;
    // Picks that found no trial left, one after the other: each was another shard's luck.
    static constexpr int kLostTrialsMax = 8;

    enum class State : std::uint8_t {
        picking,
        queued,
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
    cluster::Place place_of(const Attempt& attempt) const { return {pool_, attempt.upstream}; }
    observe::UpstreamCounters& counters_of(const Attempt& attempt) const;

    // request (exchange.cc)
    void note_request(const http::RequestHead& head, ring::Slice& received);
    bool refuse_unproxied(const http::RequestHead& head);
    bool answer_from_route(const http::RequestHead& head);
    void prepare_pick(const http::RequestHead& head);
    bool read_request(ring::Slice& received);
    void keep_piece(std::string_view payload, ring::Buffer* owner);
    void transmit(Attempt& attempt);
    void write_head(Attempt& attempt);
    const http::RequestHead& parsed_head();
    void spare_buffers();
    void drop_sent_pieces();

    // attempts (exchange_attempts.cc)
    bool pick_upstream();
    std::optional<cluster::UpstreamIndex> find_other();
    bool begin_on(cluster::UpstreamIndex index);
    bool begin_attempt(Attempt& attempt, cluster::UpstreamIndex index, bool fresh);
    bool begin_rival(cluster::UpstreamIndex index);
    void start_waiting();
    void stop_waiting();
    bool join_queue();
    bool enter_queue();
    void back_off();
    void on_backed_off();
    Attempt& attempt_of(const UpstreamSide& side);
    void drop(Attempt& attempt, bool reusable);
    void drop_all();
    void go_on_without(Attempt& attempt);
    void keep_only(Attempt& attempt);
    void note_failed_try(const Attempt& attempt, observe::AttemptEnd end);
    void note_failure(const Attempt& attempt, Cause cause, bool stale);
    bool is_stale(const Attempt& attempt, Cause cause) const;
    bool may_repeat(Failure failure) const;
    bool retry(Cause cause, bool stale);

    // answers that do not stand (exchange_verdict.cc)
    bool is_refused(const Attempt& attempt, std::uint16_t status) const;
    bool is_listed(std::uint16_t status) const;
    void note_answer(Attempt& attempt);
    bool give_up_answer();
    bool try_elsewhere();
    bool leave_to_other(Attempt& answered);
    bool answer_rate_limited();
    std::uint64_t retry_after_seconds() const;

    // response (exchange_response.cc)
    void on_interim_head(ring::Slice& received);
    void switch_protocols(ring::Slice& received);
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
    void note_for_log(const http::RequestHead& head);
    std::string_view logged(LoggedPart part) const;
    void end(bool keep_client);

    Plane& plane_;
    ClientSide& client_;
    Rules& rules_;  // in force when it began; it ends by them
    Attempt attempt_;
    Attempt rival_;  // live only beside a live attempt_
    const config::Route* route_ = nullptr;
    std::int32_t route_index_ = -1;
    cluster::PoolIndex pool_;
    bool has_pool_ = false;
    bool has_upstream_ = false;  // attempt_.upstream names the last one tried
    State state_ = State::picking;

    // the request
    ring::Slice head_;  // its bytes, while they may be needed again
    std::array<LoggedPiece, kLoggedParts> logged_{};
    http::Method method_ = http::Method::other;
    std::uint8_t minor_version_ = 1;
    bool keep_alive_ = true;
    bool upgrade_ = false;
    bool idempotent_ = false;  // or marked as repeatable
    bool replayable_ = true;   // not too long to be kept once it is sent
    bool all_kept_ = true;     // every byte of it so far
    BodyReader request_;
    // of its body: kept for another try, or waiting for a connection
    std::vector<ring::Slice> pieces_;
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t request_bytes_ = 0;  // of the body, so far

    // picking
    balance::Request pick_;
    std::uint8_t attempts_ = 0;
    // further tries that the log shows: on a stale connection, and the loser of a race of connects
    std::uint8_t uncounted_ = 0;
    bool interim_sent_ = false;   // the client has seen a 1xx of this try
    bool retried_stale_ = false;  // once already sent again because a reused connection had died
    bool backed_off_ = false;     // waited before the same upstream is asked again
    bool hedged_ = false;         // the attempts race with the same request, not with connects
    std::vector<observe::FailedAttempt> failed_;  // at most kFailedAttemptsMax
    base::TimerOf<&Exchange::on_backed_off> back_off_{*this};

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
    base::Instant queued_at_{};      // for the last time
    base::Duration queued_for_{0};   // in all, before that
    base::Instant first_byte_at_{};  // of the answer that stands
    base::Instant deadline_ = base::kNever;
    base::Instant splice_stalled_since_ = base::kNever;
    std::array<char, 32> request_id_{};
    std::uint32_t client_side_done_ : 1 = 0;    // tunnel: the client has sent FIN
    std::uint32_t upstream_side_done_ : 1 = 0;  // tunnel: the upstream has sent FIN
    std::uint32_t streaming_ : 1 = 0;           // counted in streams_open
    std::uint32_t tunnelled_ : 1 = 0;           // counted in tunnels_open
};

}  // namespace ringway::forward
