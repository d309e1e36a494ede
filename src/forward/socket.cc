#include "ringway/forward/socket.h"

#include <algorithm>
#include <array>

#include "ringway/forward/plane.h"

namespace ringway::forward {

namespace {

// queued pieces below this are copied: a small one must not pin a large buffer
constexpr std::uint32_t kSmallPiece = 4096;
constexpr std::uint32_t kTailBytes = 16 * 1024;  // heap buffer that small pieces are gathered in
constexpr std::size_t kSendPieces = 64;

}  // namespace

Socket::Socket(Plane& plane, ring::Descriptor descriptor, std::uint32_t receive_credit)
    : plane_(plane), descriptor_(descriptor), receive_credit_(receive_credit) {}

void Socket::receive_more() {
    if (closing_ || ended_ || receive_op_.submitted()) return;
    plane_.ring.receive(receive_op_, descriptor_, receive_credit_);
}

void Socket::on_receive(ring::Completion&& completion) {
    if (closing_) {
        completion.buffer.reset();
        if (!completion.more) close_join();
        return;
    }
    if (completion.error != ring::Error::none) {
        ended_ = true;
        on_receive_failure(completion.error);
        return;
    }
    if (completion.result == 0) {
        ended_ = true;
        on_end();
        return;
    }
    const std::string_view bytes = completion.bytes();
    on_bytes(ring::Slice{std::move(completion.buffer), bytes});
    if (!completion.more && !closing_ && !receive_op_.submitted()) on_receive_paused();
}

void Socket::start_connect(const base::SocketAddress& to) {
    connecting_ = true;
    plane_.ring.connect(send_op_, descriptor_, to);
}

Socket::Sent Socket::send(const Gather& gather, bool more_follows) {
    RW_ASSERT_HOT(!closing_ && !connecting_);
    if (send_failed_) return Sent::failed;
    std::size_t taken = 0;
    if (!backlog_) {
        const auto sent = plane_.ring.send_now(descriptor_, gather.pieces(), more_follows);
        if (sent) {
            taken = *sent;
            if (taken == gather.bytes()) return Sent::all;
        } else if (sent.error() != ring::Error::again) {
            send_failed_ = true;
            return Sent::failed;
        }
        plane_.counters.sends_partial.add();
        backlog_ = std::make_unique<Backlog>();
    }
    queue(gather, taken);
    if (!send_op_.submitted()) arm_send();
    return Sent::queued;
}

void Socket::queue(const Gather& gather, std::size_t taken) {
    const auto pieces = gather.pieces();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        std::string_view bytes(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        if (taken >= bytes.size()) {
            taken -= bytes.size();
            continue;
        }
        bytes.remove_prefix(taken);
        taken = 0;
        ring::Buffer* owner = gather.owner(i);
        if (owner == nullptr ||
            (!owner->heap && (bytes.size() < kSmallPiece || plane_.ring.buffers().scarce()))) {
            queue_copy(bytes);
            continue;
        }
        backlog_->pieces.push_back(ring::Slice{ring::BufferRef(owner), bytes});
        backlog_->bytes += bytes.size();
        backlog_->tail_room = 0;
    }
}

void Socket::queue_copy(std::string_view bytes) {
    plane_.count_copy(observe::CopyReason::backpressure, bytes.size());
    Backlog& backlog = *backlog_;
    backlog.bytes += bytes.size();
    if (backlog.tail_room > 0) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), backlog.tail_room);
        std::string_view& tail = backlog.pieces.back().bytes;
        std::memcpy(const_cast<char*>(tail.data()) + tail.size(), bytes.data(), size);
        tail = {tail.data(), tail.size() + size};
        backlog.tail_room -= static_cast<std::uint32_t>(size);
        bytes.remove_prefix(size);
    }
    if (bytes.empty()) return;
    const auto capacity = std::max(static_cast<std::uint32_t>(bytes.size()), kTailBytes);
    ring::BufferRef buffer = plane_.ring.buffers().make_heap(capacity);
    std::memcpy(buffer->bytes, bytes.data(), bytes.size());
    backlog.tail_room = capacity - static_cast<std::uint32_t>(bytes.size());
    const std::string_view copied(buffer->bytes, bytes.size());
    backlog.pieces.push_back(ring::Slice{std::move(buffer), copied});
}

void Socket::arm_send() {
    std::array<iovec, kSendPieces> pieces;
    const Backlog& backlog = *backlog_;
    const std::size_t count = std::min(kSendPieces, backlog.pieces.size() - backlog.first);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view bytes = backlog.pieces[backlog.first + i].bytes;
        pieces[i] = {const_cast<char*>(bytes.data()), bytes.size()};
    }
    plane_.ring.send(send_op_, descriptor_, {pieces.data(), count});
}

void Socket::on_sent(ring::Completion&& completion) {
    if (closing_) {
        close_join();
        return;
    }
    if (connecting_) {
        connecting_ = false;
        on_connected(completion.error);
        return;
    }
    if (completion.error != ring::Error::none) {
        send_failed_ = true;
        backlog_.reset();
        on_send_failure(completion.error);
        return;
    }
    pop_sent(static_cast<std::size_t>(completion.result));
    if (backlog_->bytes > 0) {
        arm_send();
        on_send_progress();
        return;
    }
    backlog_.reset();
    if (fin_wanted_ && !fin_sent_) {
        fin_sent_ = true;
        plane_.ring.shutdown_send(descriptor_);
    }
    on_drained();
}

void Socket::pop_sent(std::size_t bytes) {
    Backlog& backlog = *backlog_;
    RW_ASSERT(bytes <= backlog.bytes);
    backlog.bytes -= bytes;
    while (bytes > 0) {
        ring::Slice& piece = backlog.pieces[backlog.first];
        const std::size_t size = std::min(bytes, piece.bytes.size());
        piece.bytes.remove_prefix(size);
        bytes -= size;
        if (!piece.bytes.empty()) break;
        piece.owner.reset();
        ++backlog.first;
    }
    // A long-lived backlog must not grow its list for ever.
    if (backlog.first > 64 && backlog.first * 2 > backlog.pieces.size()) {
        backlog.pieces.erase(backlog.pieces.begin(),
                             backlog.pieces.begin() + static_cast<std::ptrdiff_t>(backlog.first));
        backlog.first = 0;
    }
}

void Socket::wait_ready(ring::PollFor what) {
    RW_ASSERT(!closing_);
    plane_.ring.poll(poll_op_, descriptor_, what);
}

void Socket::on_polled(ring::Completion&&) {
    if (closing_) {
        close_join();
        return;
    }
    on_ready();
}

void Socket::finish_sending() {
    if (fin_wanted_ || closing_) return;
    fin_wanted_ = true;
    if (backlog_ || send_failed_) return;
    fin_sent_ = true;
    plane_.ring.shutdown_send(descriptor_);
}

void Socket::close(Ending ending) {
    if (closing_) return;
    closing_ = true;
    reset_ = ending == Ending::reset;
    if (receive_op_.submitted() || send_op_.submitted() || poll_op_.submitted()) {
        // An armed receive holds the file: the FIN must not wait for it.
        if (!reset_ && !connecting_) plane_.ring.shutdown_both(descriptor_);
        // The end of both directions completes a receive by itself, but for one that waits for a
        // buffer.
        if (reset_ || connecting_ || receive_op_.starved) plane_.ring.cancel(receive_op_);
        plane_.ring.cancel(send_op_);
        plane_.ring.cancel(poll_op_);
    }
    close_join();
}

void Socket::close_join() {
    if (buried_ || receive_op_.submitted() || send_op_.submitted() || poll_op_.submitted()) return;
    buried_ = true;
    plane_.bury(*this);
}

void Socket::close_now() {
    backlog_.reset();
    plane_.ring.close(descriptor_, reset_);
    descriptor_ = ring::kNoDescriptor;
    on_gone();
}

}  // namespace ringway::forward
