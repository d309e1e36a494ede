// The response's half of an exchange, tunnels included, and the end of both halves.
#include <algorithm>
#include <charconv>

#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

using base::Duration;
using base::Instant;
using observe::Refusal;

namespace {

constexpr std::uint16_t kInterimHeadsMax = 256;  // 1xx before one answer

std::string affinity_cookie(const config::Affinity& affinity, const config::Upstream& upstream) {
    char token[17];
    const auto end = std::to_chars(token, token + 16, balance::sticky_token(upstream), 16).ptr;
    std::string cookie =
        affinity.cookie + "=" + std::string(token, end) + "; Path=" + affinity.path + "; HttpOnly";
    if (affinity.max_age > Duration{0}) {
        cookie += "; Max-Age=" +
                  std::to_string(
                      std::chrono::duration_cast<std::chrono::seconds>(affinity.max_age).count());
    }
    return cookie;
}

std::size_t class_of(std::uint16_t status) { return status / 100u < 6 ? status / 100u : 0; }

}  // namespace

// -- heads --

void Exchange::on_response_head(UpstreamSide& side, ring::Slice& received) {
    const http::ResponseHead& head = plane_.response_head;
    Attempt& answered = attempt_of(side);
    // An upgrade is the last head of its exchange, and as good a sign of life as any.
    const bool final = head.status >= 200 || (head.status == 101 && upgrade_);
    if (final) {
        first_byte_at_ = plane_.now();
        counters_of(answered).responses_by_class[class_of(head.status)].add();
        note_answer(answered);
    }
    if (rival_.live()) {
        if (final && leave_to_other(answered)) return;
        if (hedged_ && &answered == &rival_) plane_.counters.pools[pool_.value].hedges_won.add();
        keep_only(answered);
    }
    stop_waiting();
    if (head.status == 101) {
        switch_protocols(received);
    } else if (!final) {
        on_interim_head(received);
    } else if (!give_up_answer()) {
        status_ = head.status;
        state_ = State::responding;
        attempt_.side->expect_body();
        write_response(received);
    }
}

void Exchange::on_interim_head(ring::Slice& received) {
    const http::ResponseHead& head = plane_.response_head;
    const std::string_view bytes = received.bytes.substr(0, head.size);
    if (++interim_heads_ > kInterimHeadsMax) {
        on_upstream_failed(*attempt_.side, Cause::malformed_response);
        return;
    }
    attempt_.side->restart_timer();
    if (minor_version_ >= 1) {  // RFC 9110 15.2: never to an HTTP/1.0 client
        // A second 100 asks for nothing that the client has not sent; others can't be taken back.
        interim_sent_ = interim_sent_ || head.status != 100;
        plane_.gather.clear();
        write_response_head(plane_.gather, head, bytes, received.owner.get(), ResponseEdit{});
        if (!client_.send_response(plane_.gather, false)) {
            on_client_lost(Refusal::client_gone);
            return;
        }
    }
    received.bytes.remove_prefix(head.size);
}

void Exchange::write_response(ring::Slice& received) {
    const http::ResponseHead& head = plane_.response_head;
    response_.start(head.framing, head.content_length);
    attempt_.side->note_response(head.framing == http::Framing::length &&
                                 head.content_length >= plane_.settings().splice_min_bytes);
    const bool length_unknown =
        head.framing == http::Framing::chunked || head.framing == http::Framing::until_close;
    chunked_out_ = length_unknown && minor_version_ >= 1;
    if (length_unknown) {
        plane_.counters.streams_open.add();
        streaming_ = 1;
    }
    client_keep_alive_ = keep_alive_ && request_.done() && client_.may_persist() &&
                         (!length_unknown || chunked_out_);
    upstream_keep_alive_ = head.keep_alive && head.framing != http::Framing::until_close;

    std::string cookie;
    const config::Affinity& affinity = pool().affinity;
    if (!affinity.cookie.empty() && pick_.sticky != attempt_.upstream) {
        cookie = affinity_cookie(affinity, pool().upstreams[attempt_.upstream.value]);
    }
    Gather& gather = plane_.gather;
    gather.clear();
    write_response_head(gather, head, received.bytes.substr(0, head.size), received.owner.get(),
                        ResponseEdit{
                            .route = route_,
                            .client_minor_version = minor_version_,
                            .keep_alive = client_keep_alive_,
                            .chunked = chunked_out_,
                            .set_cookie = cookie,
                        });
    received.bytes.remove_prefix(head.size);
    pump_response(received);
}

/// Nothing of the request is needed for another try any more; its head only for the log.
void Exchange::release_request() {
    drop_sent_pieces();
    if (plane_.access_log == nullptr) {
        head_ = {};
    } else if (!head_.owner->heap) {
        head_ = plane_.ring.buffers().copy(head_.bytes);
    }
    plane_.request_head_of = nullptr;
}

// -- the body --

void Exchange::on_response_bytes(ring::Slice& received) {
    plane_.gather.clear();
    pump_response(received);
}

/// Sends what was gathered and what `received` holds of the body; ends the exchange behind its last
/// byte.
void Exchange::pump_response(ring::Slice& received) {
    Gather& gather = plane_.gather;
    counters_of(attempt_).bytes_received.add(received.bytes.size());
    while (!received.bytes.empty() && !response_.done()) {
        const std::string_view payload = response_.take(received.bytes);
        if (response_.failed()) break;
        response_bytes_ += payload.size();
        write_body_piece(gather, payload, received.owner.get(), chunked_out_);
        if (!gather.nearly_full()) continue;
        if (!client_.send_response(gather, !received.bytes.empty())) {
            on_client_lost(Refusal::client_gone);
            return;
        }
        gather.clear();
    }
    const bool done = response_.done();
    if (done && chunked_out_) write_last_chunk(gather, response_.trailers());
    if (gather.bytes() > 0 && !client_.send_response(gather, done && !client_keep_alive_)) {
        on_client_lost(Refusal::client_gone);
        return;
    }
    if (response_.failed()) {
        on_upstream_failed(*attempt_.side, Cause::malformed_response);
    } else if (done) {
        finish_response(received.bytes.empty());
    } else {
        if (head_.owner && !head_.owner->heap) {
            release_request();
        } else {
            drop_sent_pieces();
        }
        attempt_.side->restart_timer();
    }
}

void Exchange::on_upstream_end() {
    if (state_ == State::tunnelling) {
        upstream_side_done_ = 1;
        client_.finish_sending();
        if (client_side_done_ != 0) end_tunnel();
        return;
    }
    response_.close();
    if (!response_.done()) {
        on_upstream_failed(*attempt_.side, Cause::truncated_response);
        return;
    }
    ring::Slice nothing;
    on_response_bytes(nothing);
}

void Exchange::on_upstream_paused() {
    if (state_ == State::responding && start_splice()) return;
    if (attempt_.live() && client_.unsent_bytes() < kUnsentMax) attempt_.side->receive_more();
}

void Exchange::on_client_drained() {
    if (state_ == State::splicing) {
        run_splice();
    } else if (attempt_.live() && attempt_.side->ready()) {
        attempt_.side->receive_more();
    }
}

// -- tunnels --

void Exchange::switch_protocols(ring::Slice& received) {
    if (!upgrade_) {
        on_upstream_failed(*attempt_.side, Cause::malformed_response);
        return;
    }
    const http::ResponseHead& head = plane_.response_head;
    status_ = 101;
    state_ = State::tunnelling;
    plane_.counters.upgrades.add();
    plane_.counters.tunnels_open.add();
    tunnelled_ = 1;
    attempt_.side->expect_raw();
    Gather& gather = plane_.gather;
    gather.clear();
    write_response_head(gather, head, received.bytes.substr(0, head.size), received.owner.get(),
                        ResponseEdit{.route = route_, .upgrade = true});
    received.bytes.remove_prefix(head.size);
    gather.add(received.bytes, received.owner.get());
    received.bytes = {};
    release_request();
    if (!client_.send_response(gather, false)) {
        on_client_lost(Refusal::client_gone);
        return;
    }
    client_.refresh_timer();
    client_.resume_receiving();
}

void Exchange::on_tunnel_bytes_from_client(const ring::Slice& received) {
    if (!attempt_.live()) return;
    request_bytes_ += received.bytes.size();
    counters_of(attempt_).bytes_sent.add(received.bytes.size());
    plane_.gather.clear();
    plane_.gather.add(received.bytes, received.owner.get());
    if (!attempt_.side->send_request(plane_.gather))
        on_upstream_failed(*attempt_.side, Cause::truncated_response);
}

void Exchange::on_tunnel_bytes_from_upstream(const ring::Slice& received) {
    response_bytes_ += received.bytes.size();
    counters_of(attempt_).bytes_received.add(received.bytes.size());
    plane_.gather.clear();
    plane_.gather.add(received.bytes, received.owner.get());
    if (!client_.send_response(plane_.gather, false)) on_client_lost(Refusal::client_gone);
}

void Exchange::end_tunnel() {
    drop_all();
    record(-1);
    state_ = State::over;
    client_.on_exchange_cut(Ending::orderly);
}

// -- the end --

void Exchange::finish_response(bool upstream_clean) {
    const bool request_sent = request_.done() && attempt_.pieces_sent == pieces_.size();
    drop(attempt_, upstream_clean && upstream_keep_alive_ && request_sent);
    record(-1);
    end(client_keep_alive_);
}

/// A response that began cannot be finished: the client must see that it is not whole.
void Exchange::cut(Refusal refusal) {
    drop_all();
    record(static_cast<std::int16_t>(refusal));
    state_ = State::over;
    // Without length or chunks only a reset tells the end from a cut.
    const bool visible =
        chunked_out_ || response_.framing() == http::Framing::length || status_ == 101;
    client_.on_exchange_cut(visible ? Ending::orderly : Ending::reset);
}

void Exchange::refuse(std::uint16_t status, Refusal refusal) {
    drop_all();
    std::string lines;
    if (status == 503) lines = "Retry-After: " + std::to_string(retry_after_seconds()) + "\r\n";
    answer(CannedReply{.status = status, .extra_lines = lines}, static_cast<std::int16_t>(refusal));
}

void Exchange::answer(const CannedReply& reply, std::int16_t refusal) {
    CannedReply whole = reply;
    whole.keep_alive = keep_alive_ && request_.done() && client_.may_persist();
    whole.head_only = method_ == http::Method::head;
    whole.client_minor_version = minor_version_;
    plane_.gather.clear();
    response_bytes_ = write_canned_reply(plane_.gather, whole);
    status_ = reply.status;
    const bool sent = client_.send_response(plane_.gather, !whole.keep_alive);
    record(refusal);
    end(sent && whole.keep_alive);
}

void Exchange::record(std::int16_t refusal) {
    const Instant now = plane_.now();
    const Duration total = now - started_;
    const auto ns = static_cast<std::uint64_t>(total.count());
    if (route_index_ >= 0) {
        observe::RouteCounters& counters =
            plane_.counters.routes[static_cast<std::size_t>(route_index_)];
        counters.responses_by_class[class_of(status_)].add();
        counters.latency.record(ns);
    }
    if (has_pool_) {
        observe::PoolCounters& counters = plane_.counters.pools[pool_.value];
        counters.responses_by_class[class_of(status_)].add();
        counters.latency.record(ns);
    }
    if (refusal >= 0) plane_.counters.refusals[static_cast<std::size_t>(refusal)].add();
    if (plane_.access_log == nullptr) return;
    const bool failed = refusal >= 0 || status_ >= 500;
    if (!observe::is_logged(plane_.config().log, failed, total, plane_.prng)) return;

    const auto since_start = [&](Instant at) {
        return at == Instant{} ? Duration{-1} : at - started_;
    };
    observe::AccessRecord line;
    line.started_unix_ns = started_.time_since_epoch().count() + plane_.unix_offset_ns;
    line.queue = has_upstream_ || queued_for_ > Duration{0} ? queued_for_ : Duration{-1};
    line.connect = since_start(attempt_.connected_at);
    line.first_byte = since_start(first_byte_at_);
    line.total = total;
    line.request_body_bytes = request_bytes_;
    line.response_body_bytes = response_bytes_;
    line.status = status_;
    line.listener = client_.listener();
    line.route = route_index_;
    line.pool = has_pool_ ? pool_.value : -1;
    line.upstream = has_upstream_ ? attempt_.upstream.value : -1;
    line.attempts = static_cast<std::uint8_t>(attempts_ + uncounted_);
    line.failed_attempts = failed_;
    if (has_upstream_)
        line.last_attempt =
            (first_byte_at_ == Instant{} ? now : first_byte_at_) - attempt_.begun_at;
    line.upstream_reused = attempt_.reused;
    line.minor_version = minor_version_;
    line.refusal = static_cast<std::int8_t>(refusal);
    line.client = client_.peer();
    line.method = logged(LoggedPart::method);
    line.target = logged(LoggedPart::target);
    line.host = logged(LoggedPart::host);
    const std::string_view sent_id = logged(LoggedPart::request_id);
    line.request_id =
        sent_id.empty() ? std::string_view(request_id_.data(), request_id_.size()) : sent_id;
    line.user_agent = logged(LoggedPart::user_agent);
    line.referer = logged(LoggedPart::referer);
    plane_.log_access(line);
}

void Exchange::note_for_log(const http::RequestHead& head) {
    const auto note = [this](LoggedPart part, std::string_view text) {
        if (text.empty()) return;
        logged_[static_cast<std::size_t>(part)] = {
            static_cast<std::uint32_t>(text.data() - head_.bytes.data()),
            static_cast<std::uint32_t>(text.size())};
    };
    const auto note_field = [&](LoggedPart part, const http::Field* field) {
        if (field != nullptr) note(part, field->value);
    };
    note(LoggedPart::method, head.method_text);
    note(LoggedPart::target, head.target);
    note(LoggedPart::host, head.authority);
    if (client_.trusted()) {
        note_field(LoggedPart::request_id, head.fields.find(http::FieldId::x_request_id));
    }
    note_field(LoggedPart::user_agent, head.fields.find("user-agent"));
    note_field(LoggedPart::referer, head.fields.find("referer"));
}

std::string_view Exchange::logged(LoggedPart part) const {
    const LoggedPiece piece = logged_[static_cast<std::size_t>(part)];
    return head_.bytes.substr(piece.at, piece.size);
}

void Exchange::end(bool keep_client) {
    state_ = State::over;
    client_.on_exchange_over(keep_client);
}

}  // namespace ringway::forward
