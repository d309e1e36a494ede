// Ring on io_uring. Made, used and destroyed by one thread; only wake() may be called from others.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "ringway/ring/kernel_features.h"
#include "ringway/ring/ring.h"

namespace ringway::ring {

struct KernelRingSettings {
    std::uint32_t entries = 4096;              // of the submission queue
    std::uint32_t completion_entries = 32768;  // at least the connections that can fire at once
    std::uint32_t buffer_count = 2048;
    std::uint32_t buffer_bytes = 32 * 1024;
    base::Duration busy_poll{0};  // look for completions this long before sleeping
    KernelFeatures features;
};

class KernelRing final : public Ring {
 public:
    /// A sentence for a human when the kernel refuses (limits, permissions).
    static std::expected<std::unique_ptr<KernelRing>, std::string> make(
        const KernelRingSettings& settings);
    ~KernelRing() override;

    base::Instant now() const override;
    BufferGroup& buffers() override;

    void accept(Op& op, Descriptor listener) override;
    void receive(Op& op, Descriptor socket, std::uint32_t credit_bytes) override;
    void send(Op& op, Descriptor socket, std::span<const iovec> pieces) override;
    void connect(Op& op, Descriptor socket, const base::SocketAddress& to) override;
    void poll(Op& op, Descriptor descriptor, PollFor what) override;
    void timeout(Op& op, base::Instant at) override;
    void cancel(Op& op) override;

    std::expected<std::size_t, Error> send_now(Descriptor socket, std::span<const iovec> pieces,
                                               bool more_follows) override;
    void mark_splicing(Descriptor socket, bool on) override;
    std::expected<std::size_t, Error> splice_now(Descriptor from, Descriptor to,
                                                 std::size_t bytes_max, bool more_follows) override;
    std::expected<Descriptor, Error> open_socket(int family) override;
    std::expected<Descriptor, Error> open_listener(const base::SocketAddress& at,
                                                   const SocketOptions& options) override;
    std::expected<Pipe, Error> open_pipe(std::size_t capacity_bytes) override;
    base::SocketAddress peer_of(Descriptor socket) override;
    base::SocketAddress local_of(Descriptor socket) override;
    base::Duration least_round_trip_of(Descriptor socket) override;
    void shutdown_send(Descriptor socket) override;
    void shutdown_both(Descriptor socket) override;
    void close(Descriptor descriptor, bool reset) override;

    void wait(base::Instant until) override;
    std::size_t dispatch() override;
    void wake() override;

 private:
    struct Kernel;
    explicit KernelRing(std::unique_ptr<Kernel> kernel);
    std::unique_ptr<Kernel> kernel_;
};

/// The monotonic clock, read now. For threads that have no ring.
base::Instant read_clock();
/// Wall clock minus monotonic clock, in ns.
std::int64_t read_unix_offset_ns();

}  // namespace ringway::ring
