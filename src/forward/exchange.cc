// The request's half of an exchange: from its head to an upstream, again and again where that is
// allowed.
#include "ringway/forward/exchange.h"

#include <strings.h>

#include <charconv>

#include "ringway/forward/client_side.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

using base::Instant;
using observe::Refusal;

namespace {

constexpr std::size_t kPiecesKept = 256;  // of a body, for another try
constexpr std::size_t kSmallPiece = 4096;

void write_request_id(std::array<char, 32>& out, base::Prng& prng) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 16 == 0) word = prng.next();
        out[i] = kDigits[word & 15];
        word >>= 4;
    }
}

/// HTTP/2 asked for by Upgrade (RFC 9113 3.1) would go past routing and header edits.
bool asks_for_h2c(const http::RequestHead& head) {
    for (const http::Field& field : head.fields) {
        if (field.id != http::FieldId::upgrade) continue;
        for (std::size_t at = 0; at + 3 <= field.value.size(); ++at) {
            if (strncasecmp(field.value.data() + at, "h2c", 3) == 0) return true;
        }
    }
    return false;
}

}  // namespace

Exchange::Exchange(Plane& plane, ClientSide& client)
    : plane_(plane), client_(client), rules_(plane.enter_rules()) {
    plane_.counters.exchanges.add();
    plane_.counters.exchanges_active.add();
}

Exchange::~Exchange() {
    RW_ASSERT(!attempt_.live());
    RW_ASSERT(!rival_.live());
    RW_ASSERT(pipe_.read_end == ring::kNoDescriptor);
    plane_.counters.exchanges_active.sub();
    plane_.leave_rules(rules_);
    if (streaming_) plane_.counters.streams_open.sub();
    if (tunnelled_) plane_.counters.tunnels_open.sub();
}

const config::Listener& Exchange::listener() const {
    return rules_.config->listeners[client_.listener()];
}
const config::Pool& Exchange::pool() const { return rules_.config->pools[pool_.value]; }
observe::UpstreamCounters& Exchange::counters_of(const Attempt& attempt) const {
    return plane_.counters.upstreams[pool_.value][attempt.upstream.value];
}

// -- the head --

void Exchange::begin(ring::Slice& received) {
    const http::RequestHead& head = plane_.request_head;
    plane_.request_head_of = this;
    note_request(head, received);
    if (refuse_unproxied(head)) return;
    route_index_ = rules_.routes.match(client_.listener(), head);
    if (route_index_ < 0) {
        if (read_request(received)) refuse(404, Refusal::no_route);
        return;
    }
    route_ = &rules_.config->routes[static_cast<std::size_t>(route_index_)];
    if (route_->request_timeout > base::Duration{0}) deadline_ = started_ + route_->request_timeout;
    prepare_pick(head);
    if (!read_request(received)) return;
    if (answer_from_route(head)) return;
    plane_.counters.pools[pool_.value].requests.add();
    if (!pick_upstream()) refuse(503, Refusal::no_upstream);
}

void Exchange::note_request(const http::RequestHead& head, ring::Slice& received) {
    started_ = plane_.now();
    deadline_ = started_ + listener().request_timeout;
    method_ = head.method;
    minor_version_ = head.minor_version;
    keep_alive_ = head.keep_alive;
    idempotent_ = http::is_idempotent(head.method) ||
                  head.fields.find(http::FieldId::idempotency_key) != nullptr;
    upgrade_ = head.upgrade && head.framing == http::Framing::none && !asks_for_h2c(head);
    request_.start(head.framing, head.content_length);
    write_request_id(request_id_, plane_.prng);
    plane_.counters.listeners[client_.listener()].requests.add();

    head_ = ring::Slice{received.owner, received.bytes.substr(0, head.size)};
    received.bytes.remove_prefix(head.size);
    if (plane_.access_log != nullptr) note_for_log(head);
}

bool Exchange::refuse_unproxied(const http::RequestHead& head) {
    if (head.method == http::Method::connect) {
        refuse(405, Refusal::unsupported);
        return true;
    }
    if (head.max_forwards == 0) {  // RFC 9110 7.6.2: the last recipient answers
        const std::uint16_t status = head.method == http::Method::options ? 204 : 405;
        answer(
            CannedReply{.status = status,
                        .extra_lines = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"},
            -1);
        return true;
    }
    if (head.framing == http::Framing::length && head.content_length > listener().body_bytes_max) {
        refuse(413, Refusal::body_too_large);
        return true;
    }
    return false;
}

bool Exchange::answer_from_route(const http::RequestHead& head) {
    if (route_->respond) {
        const config::Respond& respond = *route_->respond;
        answer(CannedReply{.status = respond.status,
                           .content_type = respond.content_type,
                           .body = respond.body},
               -1);
        return true;
    }
    if (route_->redirect) {
        const std::string lines =
            "Location: " + route::redirect_location(*route_, head, "http") + "\r\n";
        answer(CannedReply{.status = route_->redirect->status, .extra_lines = lines}, -1);
        return true;
    }
    return false;
}

void Exchange::prepare_pick(const http::RequestHead& head) {
    if (!route_->to_pool && !route_->split) return;
    pool_ = route_->to_pool ? *route_->to_pool : route::choose_pool(*route_, plane_.prng);
    has_pool_ = true;
    const config::Pool& p = pool();
    if (p.balance == config::Balance::maglev)
        pick_.key = route::hash_of(p.hash_key, head, client_.peer().ip);
    if (p.affinity.cookie.empty()) return;
    const std::string_view value = route::cookie_value(head, p.affinity.cookie);
    std::uint64_t token = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), token, 16);
    if (error != std::errc{} || end != value.data() + value.size() || value.empty()) return;
    for (std::size_t i = 0; i < p.upstreams.size(); ++i) {
        if (balance::sticky_token(p.upstreams[i]) == token) {
            pick_.sticky = cluster::UpstreamIndex{static_cast<std::uint16_t>(i)};
        }
    }
}

// -- the body --

void Exchange::on_request_bytes(ring::Slice& received) {
    if (!read_request(received)) return;
    if (attempt_.live()) transmit(attempt_);
}

/// Takes what belongs to the request's body. False: refused, the exchange is over.
bool Exchange::read_request(ring::Slice& received) {
    while (!received.bytes.empty() && !request_.done()) {
        const std::string_view payload = request_.take(received.bytes);
        if (request_.failed()) {
            if (status_ == 0) {
                refuse(400, Refusal::bad_request);
            } else {
                cut(Refusal::bad_request);
            }
            return false;
        }
        if (payload.empty()) continue;
        request_bytes_ += payload.size();
        if (request_bytes_ > listener().body_bytes_max) {
            if (status_ == 0) {
                refuse(413, Refusal::body_too_large);
            } else {
                cut(Refusal::body_too_large);
            }
            return false;
        }
        keep_piece(payload, received.owner.get());
    }
    if (request_.done() && request_completed_at_ == Instant{}) request_completed_at_ = plane_.now();
    return true;
}

void Exchange::keep_piece(std::string_view payload, ring::Buffer* owner) {
    kept_bytes_ += payload.size();
    if (has_pool_ && kept_bytes_ > pool().retry.buffer_bytes) replayable_ = false;
    if (pieces_.size() >= kPiecesKept) replayable_ = false;
    // A small piece must not pin a large buffer, unless the head does already.
    const bool small = payload.size() < kSmallPiece && owner != head_.owner.get();
    if (!owner->heap && (small || plane_.ring.buffers().scarce())) {
        plane_.count_copy(observe::CopyReason::replay, payload.size());
        pieces_.push_back(plane_.ring.buffers().copy(payload));
    } else {
        pieces_.push_back(ring::Slice{ring::BufferRef(owner), payload});
    }
}

bool Exchange::wants_client_bytes() const {
    if (state_ == State::tunnelling)
        return attempt_.live() && attempt_.side->unsent_bytes() < kUnsentMax;
    if (request_.done()) return false;
    if (attempt_.live() && attempt_.side->ready())
        return attempt_.side->unsent_bytes() < kUnsentMax;
    return kept_bytes_ < kUnsentMax;
}

// -- to an upstream --

const http::RequestHead& Exchange::parsed_head() {
    if (plane_.request_head_of != this) {
        std::uint32_t scanned = 0;
        const auto error =
            http::parse_request_head(head_.bytes, listener().head, scanned, plane_.request_head);
        RW_ASSERT(error == http::HeadError::none);
        plane_.request_head_of = this;
    }
    return plane_.request_head;
}

void Exchange::write_head(Attempt& attempt) {
    const http::RequestHead& head = parsed_head();
    char ip[48];
    const std::string target =
        route::rewrites_path(*route_) ? route::rewritten_target(*route_, head) : std::string();
    const RequestEdit edit{
        .route = *route_,
        .upstream = pool().upstreams[attempt.upstream.value],
        .client_ip = {ip, client_.peer().write_host(ip)},
        .request_id = {request_id_.data(), request_id_.size()},
        .rewritten_target = plane_.gather.keep(target),
        .client_trusted = client_.trusted(),
        .upgrade = upgrade_,
    };
    write_request_head(plane_.gather, head, head_.owner.get(), edit);
    attempt.head_sent = true;
    if (!head_.owner->heap && plane_.ring.buffers().scarce()) {
        // Kept for another try, but not in a buffer that others need; the gathered pieces still
        // point into it.
        plane_.count_copy(observe::CopyReason::replay, head_.bytes.size());
        plane_.gather.hold(std::move(head_.owner));
        head_ = plane_.ring.buffers().copy(head_.bytes);
        plane_.request_head_of = nullptr;
    }
}

/// Sends what there is to send: the head if it was not sent on this attempt, the body as far as it
/// came.
void Exchange::transmit(Attempt& attempt) {
    if (!attempt.side->ready() || state_ == State::tunnelling) return;
    const bool chunked = request_.framing() == http::Framing::chunked;
    Gather& gather = plane_.gather;
    bool all = false;
    while (!all) {
        gather.clear();
        if (!attempt.head_sent) write_head(attempt);
        while (attempt.pieces_sent < pieces_.size() && !gather.nearly_full()) {
            const ring::Slice& piece = pieces_[attempt.pieces_sent++];
            write_body_piece(gather, piece.bytes, piece.owner.get(), chunked);
        }
        all = attempt.pieces_sent == pieces_.size() && !gather.nearly_full();
        if (all && chunked && request_.done() && !attempt.last_chunk_sent) {
            attempt.last_chunk_sent = true;
            write_last_chunk(gather, request_.trailers());
        }
        if (gather.bytes() == 0) break;
        counters_of(attempt).bytes_sent.add(gather.bytes());
        // A failed send shows on the receiving side too, behind any answer that the upstream gave
        // before it closed.
        if (!attempt.side->send_request(gather)) break;
        attempt.sent_at = plane_.now();
    }
    gather.clear();
    if (!replayable_ || status_ != 0) drop_sent_pieces();
    attempt.side->restart_timer();
    if (&attempt == &attempt_ && status_ == 0) start_waiting();
    if (!request_.done()) client_.resume_receiving();
}

/// While it waits for a connection a request must not keep receive buffers that others need.
void Exchange::spare_buffers() {
    if (!plane_.ring.buffers().scarce()) return;
    const auto copy_out = [&](ring::Slice& slice) {
        if (!slice.owner || slice.owner->heap) return;
        plane_.count_copy(observe::CopyReason::replay, slice.bytes.size());
        slice = plane_.ring.buffers().copy(slice.bytes);
    };
    copy_out(head_);
    for (ring::Slice& piece : pieces_) copy_out(piece);
    plane_.request_head_of = nullptr;
}

void Exchange::drop_sent_pieces() {
    if (attempt_.pieces_sent > 0) all_kept_ = false;
    pieces_.erase(pieces_.begin(),
                  pieces_.begin() + static_cast<std::ptrdiff_t>(attempt_.pieces_sent));
    attempt_.pieces_sent = 0;
}

void Exchange::on_upstream_drained() {
    if (state_ == State::tunnelling && client_side_done_ != 0 && upstream_side_done_ != 0) {
        end_tunnel();
        return;
    }
    if (attempt_.live()) client_.resume_receiving();
}

// -- what the client does meanwhile --

void Exchange::on_client_end() {
    if (state_ == State::tunnelling) {
        client_side_done_ = 1;
        if (attempt_.live()) attempt_.side->finish_sending();
        const bool sent = !attempt_.live() || attempt_.side->unsent_bytes() == 0;
        if (upstream_side_done_ != 0 && sent) end_tunnel();
        return;
    }
    on_client_lost(Refusal::client_gone);
}

void Exchange::on_client_lost(Refusal refusal) {
    plane_.counters.client_aborts.add();
    drop_all();
    record(static_cast<std::int16_t>(refusal));
    state_ = State::over;
    client_.on_exchange_cut(Ending::reset);
}

void Exchange::on_body_timeout() {
    if (status_ != 0) {
        cut(Refusal::body_timeout);
    } else {
        refuse(408, Refusal::body_timeout);
    }
}

void Exchange::on_request_timeout() {
    if (status_ != 0) {
        cut(Refusal::request_timeout);
    } else {
        refuse(504, Refusal::request_timeout);
    }
}

}  // namespace ringway::forward
