// The door to the kernel. The data plane does all its I/O through Ring: operations that complete
// later (an Op embedded in its owner) and direct calls that never wait. KernelRing is io_uring; the
// simulation has a Ring of its own.
//
// Single-threaded: a Ring belongs to the thread that made it, except wake().
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <expected>
#include <span>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"
#include "ringway/ring/buffer.h"

namespace ringway::ring {

/// A descriptor number; kNoDescriptor when there is none.
using Descriptor = int;
inline constexpr Descriptor kNoDescriptor = -1;

/// What the kernel said, once translated from errno.
enum class Error : std::uint8_t {
    none,
    again,  // direct calls: would wait
    canceled,
    reset,  // ECONNRESET, EPIPE, ECONNABORTED
    refused,
    unreachable,     // no route, host or network down
    timed_out,       // the kernel's own time-out (ETIMEDOUT)
    no_descriptors,  // EMFILE, ENFILE
    no_memory,       // ENOMEM, ENOBUFS of the network stack
    address_in_use,
    no_permission,
    not_found,  // a unix socket path that does not exist
    other,
};
const char* name_of(Error error);

struct Completion {
    Error error = Error::none;
    bool more = false;        // the Op stays armed and will complete again
    std::int32_t result = 0;  // bytes, or the accepted descriptor; valid when error is none
    BufferRef buffer;         // receive: where the bytes are; empty at end of stream
    std::string_view bytes() const {
        return buffer ? std::string_view(buffer->bytes, static_cast<std::size_t>(result))
                      : std::string_view();
    }
};

/// One operation in flight at most; embedded in its owner, which must outlive it. Use OpOf to bind
/// a handler.
class Op {
 public:
    using Handler = void (*)(Op&, Completion&&);
    explicit Op(Handler handler) : handler_(handler) {}
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;
    ~Op() { RW_ASSERT(!submitted_); }

    /// True exactly while a completion without `more` is still owed.
    bool submitted() const { return submitted_; }

    // For Ring implementations only.
    enum class Kind : std::uint8_t { none, accept, receive, send, connect, poll, timeout };
    void start(Kind kind, Descriptor descriptor) {
        RW_ASSERT(!submitted_);
        submitted_ = true;
        canceling_ = false;
        kind_ = kind;
        descriptor_ = descriptor;
    }
    void complete(Completion&& completion) {
        if (!completion.more) submitted_ = false;
        handler_(*this, std::move(completion));
    }
    Kind kind() const { return kind_; }
    Descriptor descriptor() const { return descriptor_; }
    std::uint32_t credit = 0;  // receive: bytes that may still be delivered
    bool starved = false;      // receive: waiting for a buffer, not in the kernel
    bool canceling() const { return canceling_; }
    void set_canceling() { canceling_ = true; }

 private:
    Handler handler_;
    Descriptor descriptor_ = kNoDescriptor;
    Kind kind_ = Kind::none;
    bool submitted_ = false;
    bool canceling_ = false;
};

/// An Op whose completion calls (owner.*handler)(Completion&&).
template <auto handler>
class OpOf;
template <class Owner, void (Owner::*handler)(Completion&&)>
class OpOf<handler> : public Op {
 public:
    explicit OpOf(Owner& owner)
        : Op([](Op& op, Completion&& completion) {
              (static_cast<OpOf&>(op).owner_.*handler)(std::move(completion));
          }),
          owner_(owner) {}

 private:
    Owner& owner_;
};

enum class PollFor : std::uint8_t { readable, writable };

/// A pipe for splice.
struct Pipe {
    Descriptor read_end = kNoDescriptor;
    Descriptor write_end = kNoDescriptor;
};

struct SocketOptions {
    bool reuse_port = false;
    bool no_delay = true;
    int backlog = 4096;
    const char* congestion_control = nullptr;  // nullptr: the system's
    bool only_v6 = true;
};

class Ring {
 public:
    virtual ~Ring() = default;

    /// The monotonic time at which this turn's completions were fetched; constant during a turn.
    virtual base::Instant now() const = 0;
    virtual BufferGroup& buffers() = 0;

    // -- operations that complete later, each through its Op --

    /// Multishot: one completion a connection, result = its descriptor, until canceled or failed
    /// (more = false).
    virtual void accept(Op& op, Descriptor listener) = 0;
    /// Delivers buffers as bytes arrive, up to `credit_bytes` in all (the last buffer may pass it
    /// by its own size where the kernel cannot bound it); then, or at end of stream (result 0, no
    /// buffer) or error, completes with more = false. A want of buffers is waited out inside and
    /// never shows.
    virtual void receive(Op& op, Descriptor socket, std::uint32_t credit_bytes) = 0;
    /// Waits for room and sends; result = bytes sent, which may be short of all. The pieces' bytes
    /// must stay until then; the iovec array itself may go.
    virtual void send(Op& op, Descriptor socket, std::span<const iovec> pieces) = 0;
    virtual void connect(Op& op, Descriptor socket, const base::SocketAddress& to) = 0;
    /// Completes when the descriptor is ready (or failed).
    virtual void poll(Op& op, Descriptor descriptor, PollFor what) = 0;
    /// Completes with timed_out at `at`, or canceled.
    virtual void timeout(Op& op, base::Instant at) = 0;
    /// Asks for the op's end: it completes with canceled, or as it would have. Harmless when it is
    /// not submitted.
    virtual void cancel(Op& op) = 0;

    // -- direct calls; never wait --

    /// Bytes taken by the kernel, possibly short; Error::again when none. `more_follows` holds back
    /// a last short segment.
    virtual std::expected<std::size_t, Error> send_now(Descriptor socket,
                                                       std::span<const iovec> pieces,
                                                       bool more_follows) = 0;
    /// A socket must be marked while splice_now() uses it, and no receive() may be armed anew on it
    /// meanwhile: the kernel looks at the descriptor's own non-blocking flag there, which io_uring
    /// in turn takes for "do not wait".
    virtual void mark_splicing(Descriptor socket, bool on) = 0;
    /// Moves up to `bytes_max` between a marked socket and a pipe; 0 at end of stream.
    virtual std::expected<std::size_t, Error> splice_now(Descriptor from, Descriptor to,
                                                         std::size_t bytes_max,
                                                         bool more_follows) = 0;
    virtual std::expected<Descriptor, Error> open_socket(
        int family) = 0;  // TCP or unix stream, no-delay
    virtual std::expected<Descriptor, Error> open_listener(const base::SocketAddress& at,
                                                           const SocketOptions& options) = 0;
    virtual std::expected<Pipe, Error> open_pipe(std::size_t capacity_bytes) = 0;
    virtual base::SocketAddress peer_of(Descriptor socket) = 0;
    virtual base::SocketAddress local_of(Descriptor socket) = 0;
    /// The least round trip that TCP saw on the connection in the last minutes (TCP_INFO), free of
    /// the peer's delayed acknowledgements; 0 where there is none.
    virtual base::Duration least_round_trip_of(Descriptor socket) = 0;
    /// Sends FIN; receiving goes on.
    virtual void shutdown_send(Descriptor socket) = 0;
    /// Ends both directions so that an armed receive completes.
    virtual void shutdown_both(Descriptor socket) = 0;
    /// Closes; with `reset` the peer gets RST where the protocol has it. No Op may be submitted on
    /// it.
    virtual void close(Descriptor descriptor, bool reset) = 0;

    // -- the turn --

    /// Submits what is queued and waits until a completion, a wake() or `until` (kNever: no bound).
    /// Sets now().
    virtual void wait(base::Instant until) = 0;
    /// Runs the handlers of the fetched completions; their number.
    virtual std::size_t dispatch() = 0;
    /// Makes a waiting or the next wait() return. Any thread.
    virtual void wake() = 0;
};

}  // namespace ringway::ring
