// A Ring without a kernel: sockets of a SimNet, its clock, and every freedom that the contract of
// Ring leaves to a kernel, used at random from the net's seed. Owned by a test; one thread.
//
// It watches its user too: what the contract forbids (a descriptor closed under an Op, used after
// its close or never closed, two sends or two receives on one socket, bytes changed under a send)
// is noted in misuses() and leaks().
//
// Invariant: the completions of one Op are dispatched in the order in which they were produced, the
// last one last.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ringway/ring/ring.h"
#include "sim_net.h"

namespace ringway::sim {

using ring::BufferGroup;
using ring::BufferRef;
using ring::Completion;
using ring::Descriptor;
using ring::Op;

/// Which freedoms are used. The defaults are an ideal kernel.
struct RingOptions {
    std::uint32_t shard = 0;  // whose ring it is
    std::uint32_t buffer_count = 64;
    std::uint32_t buffer_bytes = 16 * 1024;
    bool partial_io = false;  // short sends, receives and splices; `again` although there is room
    bool starve = false;      // periods in which there is no receive buffer
    bool late = false;  // operations start late, completions come late and in any order between ops
    bool cancel_races = false;     // a canceled op completes late, and often as it would have
    bool loose_credit = false;     // the last buffer of a receive may pass its credit
    bool accept_failures = false;  // accept now and then ends with no_descriptors
};

class SimRing final : public ring::Ring {
 public:
    SimRing(SimNet& net, const RingOptions& options);
    ~SimRing() override;

    Instant now() const override { return now_; }
    BufferGroup& buffers() override { return buffers_; }

    void accept(Op& op, Descriptor listener) override;
    void receive(Op& op, Descriptor socket, std::uint32_t credit_bytes) override;
    void send(Op& op, Descriptor socket, std::span<const iovec> pieces) override;
    void connect(Op& op, Descriptor socket, const SocketAddress& to) override;
    void poll(Op& op, Descriptor descriptor, ring::PollFor what) override;
    void timeout(Op& op, Instant at) override;
    void cancel(Op& op) override;

    std::expected<std::size_t, Error> send_now(Descriptor socket, std::span<const iovec> pieces,
                                               bool more_follows) override;
    void mark_splicing(Descriptor socket, bool on) override;
    std::expected<std::size_t, Error> splice_now(Descriptor from, Descriptor to,
                                                 std::size_t bytes_max, bool more_follows) override;
    std::expected<Descriptor, Error> open_socket(int family) override;
    std::expected<Descriptor, Error> open_listener(const SocketAddress& at,
                                                   const ring::SocketOptions& options) override;
    std::expected<ring::Pipe, Error> open_pipe(std::size_t capacity_bytes) override;
    SocketAddress peer_of(Descriptor socket) override;
    SocketAddress local_of(Descriptor socket) override;
    Duration least_round_trip_of(Descriptor) override;
    void shutdown_send(Descriptor socket) override;
    void shutdown_both(Descriptor socket) override;
    void close(Descriptor descriptor, bool reset) override;

    void wait(Instant until) override;
    std::size_t dispatch() override;
    void wake() override;

    /// One of several rings on a net: wait() only falls asleep, and whoever drives them passes the
    /// time until one of them is ready(), which then has to rise().
    void share() { shared_ = true; }
    bool asleep() const { return asleep_; }
    /// What it waits for has come.
    bool ready() const { return alarm() <= net_.now(); }
    /// When it is ready if nothing else happens; kNever: then never.
    Instant alarm() const {
        return woken_ || has_due() ? rise_not_before_ : std::max(until_, rise_not_before_);
    }
    /// After something happened on the net, while asleep.
    void look() { return_starved(); }
    void rise();

    /// What the contract forbids and was done, one sentence each.
    const std::vector<std::string>& misuses() const { return misuses_; }
    /// What is still open, armed or held.
    std::vector<std::string> leaks() const;
    /// True once a wait without bound had nothing that could ever end it.
    bool dead() const { return dead_; }
    /// Descriptors that are open.
    std::size_t open_count() const { return files_.size(); }
    /// Receives that waited for a buffer, so far.
    std::uint64_t starved_count() const { return starved_count_; }

 private:
    /// An Op from its start to its last completion's dispatch.
    struct Armed {
        Op* op = nullptr;
        std::uint64_t serial = 0;
        Op::Kind kind = Op::Kind::none;
        Descriptor descriptor = ring::kNoDescriptor;
        bool started = false;   // wait() has submitted it
        bool producing = true;  // its last completion is not made yet
        bool cancel_asked = false;
        Instant not_before{};       // the kernel gets to it then
        Instant due_last{};         // of the completion made last
        std::uint32_t credit = 0;   // receive
        std::string bytes;          // send: what the pieces held when it was started ...
        std::vector<iovec> pieces;  // ... and where they are
        std::size_t sent = 0;
        SocketAddress to;
        ring::PollFor poll_for = ring::PollFor::readable;
        Instant at{};
    };
    struct SimPipe {
        std::string bytes;
        std::size_t capacity = 0;
        std::deque<std::size_t> slots;  // bytes in each page-sized place; a pipe has few
        bool write_closed = false;
    };
    struct File {
        enum class Kind : std::uint8_t { socket, listener, pipe_read, pipe_write };
        Kind kind = Kind::socket;
        End* end = nullptr;      // socket, once connected
        bool splicing = false;   // socket, marked
        SocketAddress address;   // listener
        std::deque<End*> queue;  // listener: connected and not accepted
        std::size_t queue_max = 0;
        std::shared_ptr<SimPipe> pipe;
        std::vector<std::uint64_t> armed;  // ops on it, started or not, until their last dispatch
    };
    struct Produced {
        std::uint64_t serial;
        Completion completion;
        Instant due;
    };

    // the life of an op: arm, start, progress, produce, dispatch
    Armed& arm(Op& op, Op::Kind kind, Descriptor descriptor, const char* verb);
    void refuse_second(Descriptor descriptor, Op::Kind kind, const char* verb);
    void submit();
    void start(Armed& armed);
    void start_connect(Armed& armed);
    void progress(Armed& armed);
    void progress_receive(Armed& armed, File& file);
    bool receive_once(Armed& armed, End& end);
    void progress_send(Armed& armed, File& file);
    void progress_accept(Armed& armed, File& file);
    void progress_poll(Armed& armed, File& file);
    void carry_out_cancel(std::uint64_t serial);
    void produce(Armed& armed, Completion&& completion);
    void fail(Armed& armed, Error error);
    void check_pieces(const Armed& armed);

    // buffers
    void return_starved();
    void change_stash();
    void poison_free();

    // descriptors
    Descriptor add(File&& file);
    File* find(Descriptor descriptor, const char* verb);
    End* connected(Descriptor descriptor, const char* verb);
    void touch(Descriptor descriptor);
    bool has_armed(const File& file, Op::Kind kind) const;
    std::expected<std::size_t, Error> splice_in(End& end, SimPipe& pipe, std::size_t bytes_max);
    std::expected<std::size_t, Error> splice_out(SimPipe& pipe, End& end, std::size_t bytes_max,
                                                 bool more_follows);

    // the turn
    bool has_due() const;
    void fall_asleep(Instant until);
    void fetch();
    bool chance(bool option, std::uint32_t percent) {
        return option && net_.prng().chance(percent);
    }
    std::size_t shortened(std::size_t bytes, std::uint32_t percent);
    void misuse(const std::string& sentence);

    SimNet& net_;
    RingOptions options_;
    BufferGroup buffers_;
    Instant now_;
    bool shared_ = false;
    bool asleep_ = false;
    Instant until_ = base::kNever;  // of the wait
    Instant rise_not_before_{};     // the thread was not given its core sooner
    bool woken_ = false;
    bool dead_ = false;
    Descriptor next_descriptor_ = 3;
    std::uint64_t next_serial_ = 1;
    std::uint64_t starved_count_ = 0;
    std::map<Descriptor, File> files_;
    std::map<std::uint64_t, Armed> armed_;
    std::unordered_map<const Op*, std::uint64_t> serials_;
    std::vector<std::uint64_t> queued_;    // to submit at the next wait()
    std::vector<std::uint64_t> canceled_;  // likewise
    std::deque<std::uint64_t> starved_;
    std::vector<ring::Buffer*> stash_;  // taken so that nobody has them
    Instant stash_change_at_{};
    std::vector<char> dirty_;  // [buffer index]: was filled since it was poisoned last
    std::deque<Produced> produced_;
    std::deque<Produced> fetched_;
    std::vector<std::string> misuses_;
};

const char* name_of(Op::Kind kind);

}  // namespace ringway::sim
