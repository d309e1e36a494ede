#include "relay.h"

#include <utility>
#include <vector>

namespace ringway::sim {

namespace {

constexpr std::uint32_t kCreditBytes = 32 * 1024;

}  // namespace

Relay::Relay(ring::Ring& ring, const SocketAddress& at, const SocketAddress& upstream,
             Defect defect)
    : ring_(ring), upstream_(upstream), defect_(defect) {
    listener_ = *ring_.open_listener(at, {});
    ring_.accept(accept_op_, listener_);
}

Relay::~Relay() { RW_ASSERT(pairs_.empty()); }

void Relay::on_accept(ring::Completion&& completion) {
    if (completion.error == Error::none) {
        Pair& pair = pairs_.emplace_back(*this, completion.result);
        pair.upstream = *ring_.open_socket(AF_INET);
        ring_.connect(pair.connect_op, pair.upstream, upstream_);
    }
    if (accept_op_.submitted()) return;
    if (draining_) {
        ring_.close(std::exchange(listener_, ring::kNoDescriptor), false);
    } else {
        ring_.accept(accept_op_, listener_);
    }
}

bool Relay::turn() {
    ring_.wait(ring_.now() + std::chrono::seconds(1));
    ring_.dispatch();
    std::erase_if(pairs_, [](const Pair& pair) { return pair.closed; });
    return !draining_ || !pairs_.empty() || accept_op_.submitted();
}

void Relay::drain(Instant) {
    draining_ = true;
    ring_.cancel(accept_op_);
    for (Pair& pair : pairs_) pair.close(false);
}

std::string Relay::held() const {
    return pairs_.empty() ? "" : std::to_string(pairs_.size()) + " pairs";
}

void Relay::Pair::on_connect(ring::Completion&& completion) {
    if (closing) return close_join();
    if (completion.error != Error::none) return close(true);
    requests.from = answers.to = client;
    requests.to = answers.from = upstream;
    requests.arm_receive();
    answers.arm_receive();
}

void Relay::Flow::arm_receive() { pair.relay.ring_.receive(receive_op, from, kCreditBytes); }

void Relay::Flow::on_receive(ring::Completion&& completion) {
    if (pair.closing) return pair.close_join();
    if (completion.error != Error::none)
        return pair.close(!pair.relay.errs(Defect::ends_a_cut_stream));
    if (completion.result == 0) {
        ended = true;
        if (pair.requests.ended && pair.answers.ended &&
            pair.relay.errs(Defect::closes_under_an_op)) {
            pair.relay.ring_.receive(receive_op, from, kCreditBytes);
            pair.relay.ring_.close(from, false);
        }
    } else if (pair.relay.errs(Defect::keeps_a_buffer)) {
        pair.relay.kept_.push_back(completion.buffer);
    }
    if (completion.result > 0 && !pair.relay.errs(Defect::loses_a_piece)) {
        if (pair.relay.errs(Defect::changes_a_byte))
            completion.buffer->bytes[completion.result / 2] ^= 1;
        waiting.push_back({completion.buffer, completion.bytes()});
    }
    if (!send_op.submitted()) arm_send();
}

void Relay::Flow::arm_send() {
    if (!waiting.empty()) {
        std::vector<iovec> pieces;
        for (const ring::Slice& slice : waiting) {
            pieces.push_back({const_cast<char*>(slice.bytes.data()), slice.bytes.size()});
        }
        if (!pair.relay.errs(Defect::forgets_to_send)) pair.relay.ring_.send(send_op, to, pieces);
        return;
    }
    if (ended) {
        pair.relay.ring_.shutdown_send(to);
        if (pair.requests.ended && pair.answers.ended && !pair.requests.in_flight() &&
            !pair.answers.in_flight()) {
            pair.close(false);
        }
        return;
    }
    if (!receive_op.submitted()) arm_receive();
}

void Relay::Flow::on_send(ring::Completion&& completion) {
    if (pair.closing) return pair.close_join();
    if (completion.error != Error::none) return pair.close(true);
    auto left = static_cast<std::size_t>(completion.result);
    while (left > 0) {
        ring::Slice& first = waiting.front();
        const std::size_t part = std::min(left, first.bytes.size());
        first.bytes.remove_prefix(part);
        left -= part;
        if (first.bytes.empty()) waiting.pop_front();
    }
    arm_send();
}

void Relay::Pair::close(bool with_reset) {
    if (closing) return;
    closing = true;
    reset = with_reset;
    for (Flow* flow : {&requests, &answers}) {
        relay.ring_.cancel(flow->receive_op);
        relay.ring_.cancel(flow->send_op);
    }
    relay.ring_.cancel(connect_op);
    close_join();
}

void Relay::Pair::close_join() {
    if (requests.in_flight() || answers.in_flight() || connect_op.submitted() || closed) return;
    requests.waiting.clear();
    answers.waiting.clear();
    if (!relay.errs(Defect::forgets_a_descriptor)) relay.ring_.close(client, reset);
    relay.ring_.close(upstream, reset);
    closed = true;
}

}  // namespace ringway::sim
