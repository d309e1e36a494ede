// A Ring without kernel and clock whose every completion the test makes by hand, for tests that
// need one exact order of events. (tests/sim has the ring for events at random.) One thread.
//
// Invariant: an Op is in its file's slot exactly while it is submitted.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ringway/base/assert.h"
#include "ringway/ring/ring.h"

namespace ringway::ring {

class FakeRing final : public Ring {
 public:
    static constexpr Descriptor kFirst = 100;

    /// What is known of a descriptor, also after its close.
    struct File {
        bool open = true;
        bool reset = false;              // closed by RST
        bool fin = false;                // shutdown_send() was called
        Error send_error = Error::none;  // of every send_now()
        std::string sent;
        base::SocketAddress peer;  // or what it connects to
        base::SocketAddress listens_at;
        SocketOptions options;  // of a listener
        Op* accept = nullptr;
        Op* receive = nullptr;
        Op* send = nullptr;  // or connect
        Op* poll = nullptr;
    };

    explicit FakeRing(base::Instant now = base::Instant{}) : now_(now) {}
    ~FakeRing() override {
        for (const auto& [descriptor, file] : files_) RW_ASSERT(!file.open);
    }

    // -- for the test --

    Descriptor add_socket(const base::SocketAddress& peer) {
        files_[next_].peer = peer;
        return next_++;
    }
    File& file(Descriptor descriptor) { return files_.at(descriptor); }
    /// Opened last, in whatever way; kNoDescriptor: none yet.
    Descriptor newest() const { return next_ == kFirst ? kNoDescriptor : next_ - 1; }
    std::size_t open_count() const {
        std::size_t count = 0;
        for (const auto& [descriptor, file] : files_) count += file.open ? 1 : 0;
        return count;
    }
    void advance(base::Duration by) { now_ += by; }
    /// The next open_listener() or open_socket() fails so.
    void fail_next_open(Error error) { next_open_ = error; }

    void accepted(Descriptor listener, Descriptor socket) {
        file(listener).accept->complete({.more = true, .result = socket});
    }
    void accept_failed(Descriptor listener, Error error) {
        std::exchange(file(listener).accept, nullptr)->complete({.error = error});
    }
    void connected(Descriptor socket, Error error = Error::none) {
        std::exchange(file(socket).send, nullptr)->complete({.error = error});
    }
    /// The bytes arrive at the armed receive, in one buffer. `more`: its credit is not used yet.
    void deliver(Descriptor socket, std::string_view bytes, bool more = true) {
        Op* op = more ? file(socket).receive : std::exchange(file(socket).receive, nullptr);
        RW_ASSERT(op != nullptr);
        Buffer* buffer = buffers_.take();
        RW_ASSERT(buffer != nullptr);
        RW_ASSERT(bytes.size() <= buffer->capacity);
        std::memcpy(buffer->bytes, bytes.data(), bytes.size());
        op->complete({.more = more,
                      .result = static_cast<std::int32_t>(bytes.size()),
                      .buffer = buffers_.filled(buffer)});
    }
    /// The armed send has sent so many bytes.
    void sent(Descriptor socket, std::size_t bytes) {
        std::exchange(file(socket).send, nullptr)
            ->complete({.result = static_cast<std::int32_t>(bytes)});
    }
    /// The peer's FIN, or (with an error) its RST.
    void end(Descriptor socket, Error error = Error::none) {
        Op* op = std::exchange(file(socket).receive, nullptr);
        RW_ASSERT(op != nullptr);
        op->complete({.error = error});
    }

    // -- Ring --

    base::Instant now() const override { return now_; }
    BufferGroup& buffers() override { return buffers_; }

    void accept(Op& op, Descriptor listener) override {
        arm(file(listener).accept, op, Op::Kind::accept, listener);
    }
    void receive(Op& op, Descriptor socket, std::uint32_t) override {
        arm(file(socket).receive, op, Op::Kind::receive, socket);
    }
    void send(Op& op, Descriptor socket, std::span<const iovec>) override {
        arm(file(socket).send, op, Op::Kind::send, socket);
    }
    void connect(Op& op, Descriptor socket, const base::SocketAddress& to) override {
        file(socket).peer = to;
        arm(file(socket).send, op, Op::Kind::connect, socket);
    }
    void poll(Op& op, Descriptor descriptor, PollFor) override {
        arm(file(descriptor).poll, op, Op::Kind::poll, descriptor);
    }
    void timeout(Op&, base::Instant) override { RW_ASSERT(false); }
    void cancel(Op& op) override {
        if (op.submitted()) canceled_.push_back(&op);
    }

    std::expected<std::size_t, Error> send_now(Descriptor socket, std::span<const iovec> pieces,
                                               bool) override {
        if (file(socket).send_error != Error::none) return std::unexpected(file(socket).send_error);
        std::size_t bytes = 0;
        for (const iovec& piece : pieces) {
            file(socket).sent.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
            bytes += piece.iov_len;
        }
        return bytes;
    }
    void mark_splicing(Descriptor, bool) override {}
    std::expected<std::size_t, Error> splice_now(Descriptor, Descriptor, std::size_t,
                                                 bool) override {
        return std::unexpected(Error::again);
    }
    std::expected<Descriptor, Error> open_socket(int) override {
        const Error error = std::exchange(next_open_, Error::none);
        if (error != Error::none) return std::unexpected(error);
        return add_socket({});
    }
    std::expected<Descriptor, Error> open_listener(const base::SocketAddress& at,
                                                   const SocketOptions& options) override {
        const Error error = std::exchange(next_open_, Error::none);
        if (error != Error::none) return std::unexpected(error);
        const Descriptor descriptor = add_socket({});
        file(descriptor).listens_at = at;
        file(descriptor).options = options;
        return descriptor;
    }
    std::expected<Pipe, Error> open_pipe(std::size_t) override {
        return std::unexpected(Error::no_descriptors);
    }
    base::SocketAddress peer_of(Descriptor socket) override { return file(socket).peer; }
    base::SocketAddress local_of(Descriptor socket) override { return file(socket).listens_at; }
    base::Duration least_round_trip_of(Descriptor) override { return {}; }
    void shutdown_send(Descriptor socket) override { file(socket).fin = true; }
    /// An armed receive ends in the next dispatch(), as the contract says.
    void shutdown_both(Descriptor socket) override {
        file(socket).fin = true;
        if (file(socket).receive != nullptr) shut_.push_back(socket);
    }
    void close(Descriptor descriptor, bool reset) override {
        File& closed = file(descriptor);
        RW_ASSERT(closed.open);
        RW_ASSERT(closed.accept == nullptr && closed.receive == nullptr);
        RW_ASSERT(closed.send == nullptr && closed.poll == nullptr);
        closed.open = false;
        closed.reset = reset;
    }

    void wait(base::Instant) override {}
    /// Completes what was canceled.
    std::size_t dispatch() override {
        const auto canceled = std::exchange(canceled_, {});
        for (Op* op : canceled) {
            File& of = file(op->descriptor());
            for (Op** slot : {&of.accept, &of.receive, &of.send, &of.poll}) {
                if (*slot != op) continue;
                *slot = nullptr;
                op->complete({.error = Error::canceled});
                break;
            }
        }
        const auto shut = std::exchange(shut_, {});
        for (const Descriptor socket : shut) {
            if (file(socket).receive != nullptr) end(socket);
        }
        return canceled.size() + shut.size();
    }
    void wake() override { ++wakes; }

    int wakes = 0;

 private:
    void arm(Op*& slot, Op& op, Op::Kind kind, Descriptor descriptor) {
        RW_ASSERT(slot == nullptr);
        RW_ASSERT(file(descriptor).open);
        op.start(kind, descriptor);
        slot = &op;
    }

    BufferGroup buffers_{64, 4096};
    base::Instant now_;
    Descriptor next_ = kFirst;
    Error next_open_ = Error::none;
    std::map<Descriptor, File> files_;
    std::vector<Op*> canceled_;
    std::vector<Descriptor> shut_;
};

}  // namespace ringway::ring
