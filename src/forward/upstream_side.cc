#include "ringway/forward/upstream_side.h"

#include "inbox.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"

namespace ringway::forward {

namespace {

// 256 KiB with the default credit: from there on arming costs nothing measurable.
constexpr std::uint32_t kShortResponsesFactor = 8;

}  // namespace

UpstreamSide::UpstreamSide(Plane& plane, ring::Descriptor descriptor, cluster::PoolIndex pool,
                           cluster::UpstreamIndex upstream)
    : Socket(plane, descriptor, plane.settings().receive_credit_bytes),
      pool_(pool),
      upstream_(upstream) {
    plane.counters.upstreams[pool.value][upstream.value].connections_open.add();
}

UpstreamSide::~UpstreamSide() {
    RW_ASSERT(exchange_ == nullptr);
    RW_ASSERT(!linked());
    plane_.counters.upstreams[pool_.value][upstream_.value].connections_open.sub();
}

void UpstreamSide::start(const base::SocketAddress& to) {
    began_at_ = plane_.now();
    plane_.wheel.set(timer_, plane_.now() + plane_.config().pools[pool_.value].connect_timeout);
    start_connect(to);
}

void UpstreamSide::on_connected(ring::Error error) {
    if (error != ring::Error::none) {
        fail(Cause::connect_failed);
        return;
    }
    plane_.counters.upstreams[pool_.value][upstream_.value].connects.add();
    state_ = State::busy;
    plane_.monitor.on_round_trip({pool_, upstream_}, plane_.now() - began_at_);
    if (exchange_ == nullptr) {  // opened ahead
        become_idle();
        return;
    }
    receive_more();
    exchange_->on_upstream_connected(*this);
}

void UpstreamSide::attach(Exchange& exchange) {
    RW_ASSERT(exchange_ == nullptr);
    exchange_ = &exchange;
    ++requests_;
    if (state_ == State::connecting) return;
    state_ = State::busy;
    expecting_ = Expecting::head;
    receive_more();
}

void UpstreamSide::detach(bool reusable) {
    exchange_ = nullptr;
    inbox_ = {};
    scanned_ = 0;
    const bool sound = !closing() && !ended() && !send_failed() && unsent_bytes() == 0;
    if (reusable && sound && state_ == State::busy && plane_.upstream_pools.keep(plane_, *this)) {
        state_ = State::idle;
        expecting_ = Expecting::head;
        plane_.wheel.set(timer_, plane_.now() + plane_.config().pools[pool_.value].idle_timeout);
        receive_more();
        return;
    }
    state_ = State::closed;
    plane_.wheel.clear(timer_);
    close(Ending::orderly);
}

bool UpstreamSide::send_request(const Gather& gather) {
    return send(gather, false) != Sent::failed;
}

void UpstreamSide::note_response(bool is_long) {
    const std::uint32_t credit = plane_.settings().receive_credit_bytes;
    set_receive_credit(is_long ? credit : credit * kShortResponsesFactor);
}

void UpstreamSide::restart_timer() {
    const config::Pool& pool = plane_.config().pools[pool_.value];
    switch (expecting_) {
        case Expecting::head:
            plane_.wheel.set(timer_, plane_.now() + (unsent_bytes() > 0 ? pool.send_timeout
                                                                        : pool.first_byte_timeout));
            return;
        case Expecting::body:
            plane_.wheel.set(timer_, plane_.now() + pool.response_timeout);
            return;
        case Expecting::raw:
            plane_.wheel.clear(timer_);
            return;
    }
}

// -- bytes in --

void UpstreamSide::on_bytes(ring::Slice bytes) {
    if (state_ != State::busy) {
        drop_idle();  // nobody asked for anything
        return;
    }
    if (expecting_ == Expecting::head) {
        read_heads(std::move(bytes));
    } else {
        hand_over(bytes);
    }
}

/// Interim heads, then the final one.
void UpstreamSide::read_heads(ring::Slice bytes) {
    const http::HeadLimits limits{
        .bytes_max = plane_.config().pools[pool_.value].response_head_bytes_max,
        .fields_max = static_cast<std::uint32_t>(base::kFieldsMax)};
    if (!inbox_.bytes.empty()) {
        plane_.count_copy(observe::CopyReason::partial_head, bytes.bytes.size());
        append_copy(plane_.ring.buffers(), inbox_, bytes.bytes);
        bytes = std::exchange(inbox_, {});
    }
    while (!bytes.bytes.empty()) {
        const http::HeadError error = http::parse_response_head(
            bytes.bytes, limits, exchange_->method(), scanned_, plane_.response_head);
        if (error == http::HeadError::incomplete) {
            if (bytes.owner->heap) {
                inbox_ = std::move(bytes);
            } else {
                plane_.count_copy(observe::CopyReason::partial_head, bytes.bytes.size());
                append_copy(plane_.ring.buffers(), inbox_, bytes.bytes);
            }
            return;
        }
        scanned_ = 0;
        if (error != http::HeadError::none) {
            fail(Cause::malformed_response);
            return;
        }
        const bool interim =
            plane_.response_head.status < 200 && plane_.response_head.status != 101;
        exchange_->on_response_head(*this, bytes);
        if (!interim || exchange_ == nullptr) return;
    }
}

void UpstreamSide::hand_over(ring::Slice& bytes) {
    if (expecting_ == Expecting::body) {
        exchange_->on_response_bytes(bytes);
    } else {
        exchange_->on_tunnel_bytes_from_upstream(bytes);
    }
}

void UpstreamSide::on_receive_paused() {
    if (state_ == State::busy && exchange_ != nullptr && expecting_ != Expecting::head) {
        exchange_->on_upstream_paused();
    } else {
        receive_more();
    }
}

// -- ends --

void UpstreamSide::on_end() {
    if (state_ != State::busy) {
        plane_.upstream_pools.note_closed_by_peer(plane_, {pool_, upstream_});
        drop_idle();
    } else if (expecting_ == Expecting::head) {
        fail(inbox_.bytes.empty() ? Cause::closed_early : Cause::malformed_response);
    } else {
        exchange_->on_upstream_end();
    }
}

void UpstreamSide::on_receive_failure(ring::Error) {
    if (state_ != State::busy) {
        plane_.upstream_pools.note_closed_by_peer(plane_, {pool_, upstream_});
        drop_idle();
    } else if (expecting_ == Expecting::head) {
        fail(inbox_.bytes.empty() ? Cause::closed_early : Cause::malformed_response);
    } else {
        fail(Cause::truncated_response);
    }
}

void UpstreamSide::on_send_failure(ring::Error) {
    // The armed receive tells the rest: an early answer that stands before the end, or the end
    // itself.
    if (state_ == State::busy && !receiving()) fail(Cause::closed_early);
}

void UpstreamSide::on_drained() {
    if (exchange_ == nullptr) return;
    restart_timer();
    exchange_->on_upstream_drained();
}

void UpstreamSide::on_ready() {
    if (exchange_ != nullptr) exchange_->on_upstream_ready();
}

void UpstreamSide::fail(Cause cause) {
    if (exchange_ == nullptr) {
        fail_ahead();
    } else {
        exchange_->on_upstream_failed(*this, cause);
    }
}

/// A connection that was opened ahead came to nothing: a sign, but no request's failure.
void UpstreamSide::fail_ahead() {
    plane_.counters.upstreams[pool_.value][upstream_.value].connect_failures.add();
    drop_opening();
    plane_.monitor.on_sign({pool_, upstream_});
}

void UpstreamSide::drop_opening() {
    plane_.upstream_pools.note_ahead_over(*this);
    state_ = State::closed;
    plane_.wheel.clear(timer_);
    close(Ending::orderly);
}

void UpstreamSide::become_idle() {
    plane_.upstream_pools.note_ahead_over(*this);
    detach(true);
}

void UpstreamSide::drop_idle() {
    if (state_ != State::idle) return;
    plane_.counters.upstreams[pool_.value][upstream_.value].idle_closed.add();
    plane_.upstream_pools.drop(plane_, *this);
    state_ = State::closed;
    plane_.wheel.clear(timer_);
    close(Ending::orderly);
}

void UpstreamSide::on_gone() {
    Plane& plane = plane_;
    plane.upstreams.destroy(this);
}

void UpstreamSide::on_timer() {
    switch (state_) {
        case State::connecting:
            fail(Cause::connect_timeout);
            return;
        case State::idle:
            drop_idle();
            return;
        case State::busy:
            break;
        case State::closed:
            return;
    }
    if (expecting_ == Expecting::head) {
        // While the client is still sending, its own body time-out watches.
        if (!exchange_->request_complete() && unsent_bytes() == 0) {
            restart_timer();
        } else {
            fail(Cause::first_byte_timeout);
        }
    } else if (expecting_ == Expecting::body) {
        // Not read because the client is slow: its send time-out watches.
        const bool held_back = !receiving() && (!exchange_->splicing() ||
                                                exchange_->splice_stalled_since() != base::kNever);
        if (held_back) {
            restart_timer();
        } else {
            fail(Cause::response_stalled);
        }
    }
}

}  // namespace ringway::forward
