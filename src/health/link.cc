#include "link.h"

#include <utility>

namespace ringway::health {

namespace {

constexpr std::uint32_t kReceiveCredit = 64 * 1024;  // the bodies of checks are rarely longer

}  // namespace

Link::~Link() { RW_ASSERT(state_ == State::home); }

ring::Error Link::connect(const base::SocketAddress& to) {
    RW_ASSERT(state_ == State::home);
    const auto socket = ring_.open_socket(to.family());
    if (!socket) return socket.error();
    descriptor_ = *socket;
    peer_ = to;
    ended_ = false;
    state_ = State::connecting;
    ring_.connect(send_op_, descriptor_, peer_);
    return ring::Error::none;
}

Link::Sent Link::send(std::string bytes) {
    RW_ASSERT(state_ == State::open && !send_op_.submitted());
    unsent_ = std::move(bytes);
    sent_ = 0;
    const iovec piece{unsent_.data(), unsent_.size()};
    const auto sent = ring_.send_now(descriptor_, {&piece, 1}, false);
    if (!sent && sent.error() != ring::Error::again) return Sent::failed;
    if (sent) sent_ = *sent;
    if (sent_ == unsent_.size()) return Sent::all;
    arm_send();
    return Sent::queued;
}

void Link::arm_send() {
    const iovec piece{unsent_.data() + sent_, unsent_.size() - sent_};
    ring_.send(send_op_, descriptor_, {&piece, 1});
}

void Link::on_sent(ring::Completion&& completion) {
    if (state_ == State::closing) {
        close_join();
        return;
    }
    if (state_ == State::connecting) {
        if (completion.error == ring::Error::none) {
            state_ = State::open;
            arm_receive();
        }
        owner_.on_link_connected(*this, completion.error);
        return;
    }
    RW_ASSERT(state_ == State::open);
    if (completion.error != ring::Error::none) {
        end(completion.error);
        return;
    }
    sent_ += static_cast<std::size_t>(completion.result);
    if (sent_ < unsent_.size()) {
        arm_send();
        return;
    }
    owner_.on_link_sent(*this);
}

void Link::arm_receive() { ring_.receive(receive_op_, descriptor_, kReceiveCredit); }

void Link::on_receive(ring::Completion&& completion) {
    if (state_ == State::closing) {
        completion.buffer.reset();
        if (!completion.more) close_join();
        return;
    }
    RW_ASSERT(state_ == State::open);
    if (completion.error != ring::Error::none || completion.result == 0) {
        end(completion.error);
        return;
    }
    if (!completion.more) arm_receive();
    owner_.on_link_bytes(*this, completion.bytes());
}

void Link::end(ring::Error error) {
    if (std::exchange(ended_, true)) return;
    owner_.on_link_ended(*this, error);
}

void Link::close() {
    if (state_ == State::home || state_ == State::closing) return;
    const bool connecting = state_ == State::connecting;
    state_ = State::closing;
    if (receive_op_.submitted() || send_op_.submitted()) {
        // An armed receive holds the file: the FIN must not wait for it. The end of both directions
        // completes it, but for one that waits for a buffer.
        if (!connecting) ring_.shutdown_both(descriptor_);
        if (receive_op_.starved) ring_.cancel(receive_op_);
        ring_.cancel(send_op_);
    }
    close_join();
}

void Link::close_join() {
    if (receive_op_.submitted() || send_op_.submitted()) return;
    ring_.close(descriptor_, false);
    descriptor_ = ring::kNoDescriptor;
    state_ = State::home;
}

}  // namespace ringway::health
