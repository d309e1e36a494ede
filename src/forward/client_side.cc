#include "ringway/forward/client_side.h"

#include <sys/socket.h>

#include <algorithm>

#include "inbox.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/head_writer.h"
#include "ringway/forward/plane.h"

namespace ringway::forward {

using base::Instant;
using observe::Refusal;
using std::chrono::milliseconds;

namespace {

constexpr std::uint32_t kReceiveCredit = 64 * 1024;
constexpr std::size_t kWaitingMax = 64 * 1024;  // bytes behind the current request

// A FIN this soon behind its request comes from a client that half-closes and waits for the answer;
// a later one, from a client that has gone. TCP shows the two alike.
constexpr milliseconds kHalfCloseGrace{100};

std::uint32_t waiting_requests(std::string_view bytes) {
    std::uint32_t count = 0;
    for (std::size_t at = bytes.find("\r\n\r\n"); at != std::string_view::npos;
         at = bytes.find("\r\n\r\n", at + 4))
        ++count;
    return count;
}

}  // namespace

ClientSide::ClientSide(Plane& plane, ring::Descriptor descriptor, std::uint16_t listener,
                       const base::SocketAddress& peer)
    : Socket(plane, descriptor, kReceiveCredit),
      listener_(listener),
      peer_(base::PeerAddress::of(peer)) {
    const auto& networks = plane.config().listeners[listener].trusted_proxies;
    trusted_ = std::any_of(networks.begin(), networks.end(), [&](const base::Network& network) {
        return network.contains(peer_.ip);
    });
    plane.open_clients.push_back(*this);
    plane.counters.clients_open.add();
    plane.counters.listeners[listener].connections_open.add();
}

ClientSide::~ClientSide() {
    RW_ASSERT(exchange_ == nullptr);
    plane_.counters.clients_open.sub();
    plane_.counters.listeners[listener_].connections_open.sub();
    unlink();
}

void ClientSide::start() {
    refresh_timer();
    receive_more();
}

// -- bytes in --

void ClientSide::on_bytes(ring::Slice bytes) {
    plane_.counters.listeners[listener_].bytes_in.add(bytes.bytes.size());
    last_bytes_at_ = plane_.now();
    switch (state_) {
        case State::idle:
            if (next_queued_) {
                store_waiting(bytes);
            } else {
                process(std::move(bytes));
            }
            return;
        case State::reading_head:
            append_copy(plane_.ring.buffers(), inbox_, bytes.bytes);
            plane_.count_copy(observe::CopyReason::partial_head, bytes.bytes.size());
            bytes.owner.reset();
            process(inbox_);
            return;
        case State::exchanging:
            if (exchange_->tunnelling()) {
                exchange_->on_tunnel_bytes_from_client(bytes);
                return;
            }
            if (!exchange_->request_complete()) exchange_->on_request_bytes(bytes);
            if (!bytes.bytes.empty() && (state_ == State::exchanging || state_ == State::idle))
                store_waiting(bytes);
            if (state_ == State::exchanging) refresh_timer();
            return;
        case State::lingering:
        case State::closed:
            return;
    }
}

void ClientSide::process(ring::Slice bytes) {
    plane_.request_head_of = nullptr;
    const http::HeadLimits& limits = plane_.config().listeners[listener_].head;
    const http::HeadError error =
        http::parse_request_head(bytes.bytes, limits, scanned_, plane_.request_head);
    if (error == http::HeadError::incomplete) {
        store_partial_head(bytes);
    } else if (error != http::HeadError::none) {
        refuse_head(error);
    } else {
        begin_exchange(std::move(bytes));
    }
}

void ClientSide::store_partial_head(const ring::Slice& bytes) {
    if (bytes.owner.get() != inbox_.owner.get()) {
        plane_.count_copy(observe::CopyReason::partial_head, bytes.bytes.size());
        inbox_ = {};
        append_copy(plane_.ring.buffers(), inbox_, bytes.bytes);
    }
    if (state_ != State::reading_head) {
        state_ = State::reading_head;
        refresh_timer();
    }
    if (ended()) linger();
}

void ClientSide::begin_exchange(ring::Slice bytes) {
    scanned_ = 0;
    inbox_ = {};
    ++requests_;
    state_ = State::exchanging;
    exchange_ = plane_.exchanges.make(plane_, *this);
    if (exchange_ == nullptr) {
        refuse(503, Refusal::out_of_memory);
        return;
    }
    last_bytes_at_ = plane_.now();
    beginning_ = &bytes;
    exchange_->begin(bytes);
    beginning_ = nullptr;
    if (state_ != State::exchanging && state_ != State::idle) return;
    if (ended() && exchange_ != nullptr && !exchange_->request_complete()) {
        exchange_->on_client_end();  // the rest of this request never comes
        return;
    }
    if (!bytes.bytes.empty()) store_waiting(bytes);
    refresh_timer();
}

/// Bytes of later requests: kept until the current exchange is over.
void ClientSide::store_waiting(const ring::Slice& bytes) {
    if (inbox_.bytes.empty() && !plane_.ring.buffers().scarce()) {
        inbox_ = bytes;
    } else {
        plane_.count_copy(observe::CopyReason::pipelined, bytes.bytes.size());
        append_copy(plane_.ring.buffers(), inbox_, bytes.bytes);
    }
    if (state_ == State::idle && !next_queued_) {
        next_queued_ = true;
        plane_.next_requests.push_back(this);
    }
}

void ClientSide::process_waiting() {
    next_queued_ = false;
    if (state_ != State::idle || inbox_.bytes.empty()) return;
    plane_.counters.pipelined_requests.add();
    process(std::exchange(inbox_, {}));
    if (!closing()) resume_receiving();
}

void ClientSide::refuse_head(http::HeadError error) {
    const std::uint16_t status = http::status_of(error);
    const Refusal reason = status == 431   ? Refusal::header_too_large
                           : status == 414 ? Refusal::uri_too_long
                                           : Refusal::bad_request;
    refuse(status, reason);
}

/// Answers bytes that made no exchange.
void ClientSide::refuse(std::uint16_t status, Refusal reason) {
    plane_.counters.refusals[static_cast<std::size_t>(reason)].add();
    if (plane_.access_log != nullptr &&
        observe::is_logged(plane_.config().log, true, base::Duration{0}, plane_.prng)) {
        observe::AccessRecord line;
        line.started_unix_ns = plane_.now().time_since_epoch().count() + plane_.unix_offset_ns;
        line.total = base::Duration{0};
        line.status = status;
        line.listener = listener_;
        line.refusal = static_cast<std::int8_t>(reason);
        line.client = peer_;
        plane_.log_access(line);
    }
    plane_.gather.clear();
    write_canned_reply(
        plane_.gather,
        CannedReply{.status = status, .extra_lines = status == 503 ? "Retry-After: 1\r\n" : ""});
    send_response(plane_.gather, true);
    linger();
}

// -- its exchange --

bool ClientSide::send_response(const Gather& gather, bool more_follows) {
    plane_.counters.listeners[listener_].bytes_out.add(gather.bytes());
    last_bytes_at_ = plane_.now();
    const Sent sent = send(gather, more_follows);
    if (sent == Sent::queued && send_stalled_at_ == base::kNever) {
        send_stalled_at_ = plane_.now();
        if (exchange_ != nullptr) refresh_timer();
    }
    return sent != Sent::failed;
}

bool ClientSide::may_persist() const {
    const std::uint64_t requests_max =
        plane_.config().listeners[listener_].requests_per_connection_max;
    return !plane_.draining && (requests_max == 0 || requests_ < requests_max);
}

void ClientSide::on_exchange_over(bool keep) {
    const bool expects_close = exchange_->client_asked_to_close() && exchange_->request_complete();
    plane_.exchanges.destroy(std::exchange(exchange_, nullptr));
    const bool more_behind = beginning_ != nullptr && !beginning_->bytes.empty();
    const bool more_to_do = !ended() || !inbox_.bytes.empty() || more_behind;
    if (!keep && expects_close && !more_behind && inbox_.bytes.empty() && unsent_bytes() == 0) {
        shut(Ending::orderly);  // it sends nothing more that a reset could cross
        return;
    }
    if (!keep || !more_to_do || !may_persist()) {
        linger();
        return;
    }
    state_ = State::idle;
    if (!inbox_.bytes.empty() && !next_queued_) {
        next_queued_ = true;
        plane_.next_requests.push_back(this);
    }
    refresh_timer();
    if (!receiving()) receive_more();
}

void ClientSide::on_exchange_cut(Ending ending) {
    plane_.exchanges.destroy(std::exchange(exchange_, nullptr));
    if (ending == Ending::reset || send_failed()) {
        shut(Ending::reset);
    } else {
        linger();
    }
}

void ClientSide::resume_receiving() {
    if (state_ == State::exchanging && exchange_->tunnelling() && !inbox_.bytes.empty()) {
        const ring::Slice early = std::exchange(inbox_, {});
        exchange_->on_tunnel_bytes_from_client(early);
        if (state_ != State::exchanging) return;
    }
    if (state_ == State::exchanging && exchange_->tunnelling() && ended()) {
        exchange_->on_client_end();  // a FIN that came before the tunnel did
        return;
    }
    if (!receiving()) on_receive_paused();
}

void ClientSide::on_receive_paused() {
    switch (state_) {
        case State::idle:
        case State::exchanging:
            break;
        case State::reading_head:
        case State::lingering:
            receive_more();
            return;
        case State::closed:
            return;
    }
    if (exchange_ != nullptr && exchange_->splicing()) return;
    if (exchange_ != nullptr && (exchange_->tunnelling() || !exchange_->request_complete())) {
        if (!exchange_->wants_client_bytes()) return;
        last_bytes_at_ = plane_.now();  // held back until now: no time of the client's
        receive_more();
        refresh_timer();
        return;
    }
    // Bytes of later requests may come while this one lasts, up to a bound; the rest stays in the
    // kernel.
    const std::uint32_t depth_max = plane_.config().listeners[listener_].pipeline_depth_max;
    if (inbox_.bytes.size() < kWaitingMax && waiting_requests(inbox_.bytes) < depth_max)
        receive_more();
}

// -- ends --

void ClientSide::on_end() {
    switch (state_) {
        // the last answer may still wait for room
        case State::idle:
            if (inbox_.bytes.empty()) linger();
            return;
        case State::reading_head:
            linger();
            return;
        case State::exchanging: {
            const bool half_closed =
                exchange_->request_complete() && !exchange_->tunnelling() &&
                plane_.now() - exchange_->request_completed_at() <= kHalfCloseGrace;
            if (!half_closed) exchange_->on_client_end();
            return;
        }
        case State::lingering:
            if (unsent_bytes() == 0) shut(Ending::orderly);
            return;
        case State::closed:
            return;
    }
}

void ClientSide::on_receive_failure(ring::Error) {
    if (exchange_ != nullptr) {
        exchange_->on_client_lost(Refusal::client_gone);
    } else {
        shut(Ending::reset);
    }
}

void ClientSide::on_send_failure(ring::Error error) { on_receive_failure(error); }

void ClientSide::on_send_progress() {
    send_stalled_at_ = plane_.now();
    if (state_ == State::lingering || state_ == State::idle) refresh_timer();
}

void ClientSide::on_drained() {
    send_stalled_at_ = base::kNever;
    if (state_ == State::exchanging) {
        exchange_->on_client_drained();
    } else if (state_ == State::lingering) {
        if (ended()) {
            shut(Ending::orderly);
        } else {
            refresh_timer();
        }
    }
}

void ClientSide::on_ready() {
    if (exchange_ != nullptr) exchange_->on_client_ready();
}

/// RFC 9112 9.6: FIN behind the answer, then wait for the client's, so that its late bytes draw no
/// RST that would take the answer with it.
void ClientSide::linger() {
    inbox_ = {};
    state_ = State::lingering;
    finish_sending();
    if (send_failed() || (ended() && unsent_bytes() == 0)) {
        shut(Ending::orderly);
        return;
    }
    refresh_timer();
    if (!receiving()) receive_more();
}

void ClientSide::shut(Ending ending) {
    state_ = State::closed;
    inbox_ = {};
    plane_.wheel.clear(timer_);
    close(ending);
}

void ClientSide::drain() {
    if (state_ == State::idle && !next_queued_) linger();
}

void ClientSide::stop() {
    if (exchange_ != nullptr) {
        exchange_->on_client_lost(Refusal::draining);
    } else if (state_ != State::closed) {
        shut(Ending::reset);
    }
}

void ClientSide::on_gone() {
    Plane& plane = plane_;
    const std::uint16_t listener = listener_;
    const base::IpAddress ip = peer_.ip;
    std::erase(plane.next_requests, this);
    plane.clients.destroy(this);
    if (plane.client_gone != nullptr) plane.client_gone(plane.client_gone_self, listener, ip);
}

// -- time --

void ClientSide::refresh_timer() {
    const config::Listener& limits = plane_.config().listeners[listener_];
    const Instant now = plane_.now();
    Instant deadline = base::kNever;
    switch (state_) {
        case State::idle:
            deadline = now + (unsent_bytes() > 0 ? limits.send_timeout : limits.idle_timeout);
            break;
        case State::reading_head:
            deadline = now + limits.header_timeout;
            break;
        case State::lingering:
            deadline = now + (unsent_bytes() > 0 ? limits.send_timeout : limits.linger_timeout);
            break;
        case State::exchanging:
            if (exchange_->tunnelling()) {
                deadline = last_bytes_at_ + limits.tunnel_timeout;
                break;
            }
            deadline = exchange_->deadline();
            if (!exchange_->request_complete() && receiving())  // else it is held back
                deadline = std::min(deadline, last_bytes_at_ + limits.body_timeout);
            if (exchange_->splice_stalled_since() != base::kNever) {
                deadline =
                    std::min(deadline, exchange_->splice_stalled_since() + limits.send_timeout);
            }
            if (send_stalled_at_ != base::kNever)
                deadline = std::min(deadline, send_stalled_at_ + limits.send_timeout);
            break;
        case State::closed:
            return;
    }
    plane_.wheel.set(timer_, deadline);
}

void ClientSide::on_timer() {
    const config::Listener& limits = plane_.config().listeners[listener_];
    const Instant now = plane_.now();
    switch (state_) {
        case State::idle:
        case State::lingering:
            shut(unsent_bytes() > 0 ? Ending::reset : Ending::orderly);
            return;
        case State::reading_head:
            refuse(408, Refusal::header_timeout);
            return;
        case State::exchanging:
            break;
        case State::closed:
            return;
    }
    if (exchange_->tunnelling()) {
        if (now >= last_bytes_at_ + limits.tunnel_timeout) {
            exchange_->on_client_lost(Refusal::client_stalled);
            return;
        }
    } else if (now >= exchange_->deadline()) {
        exchange_->on_request_timeout();
        return;
    } else if (send_stalled_at_ != base::kNever && now >= send_stalled_at_ + limits.send_timeout) {
        exchange_->on_client_lost(Refusal::client_stalled);
        return;
    } else if (exchange_->splice_stalled_since() != base::kNever &&
               now >= exchange_->splice_stalled_since() + limits.send_timeout) {
        exchange_->on_client_lost(Refusal::client_stalled);
        return;
    } else if (!exchange_->request_complete() && receiving() &&
               now >= last_bytes_at_ + limits.body_timeout) {
        exchange_->on_body_timeout();
        return;
    }
    refresh_timer();
}

}  // namespace ringway::forward
