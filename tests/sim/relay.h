// The smallest proxy that the simulation can drive: it carries bytes between each client and an
// upstream connection of its own and understands nothing. It shows that the simulation works, and,
// given a defect, that the simulation sees defects.
#pragma once

#include <cstdint>
#include <deque>
#include <list>

#include "proxy.h"
#include "ringway/ring/ring.h"
#include "sim_net.h"

namespace ringway::sim {

/// What a Relay does wrong, once in a while.
enum class Defect : std::uint8_t {
    none,
    changes_a_byte,
    loses_a_piece,
    forgets_a_descriptor,
    keeps_a_buffer,
    closes_under_an_op,
    forgets_to_send,
    ends_a_cut_stream,  // passes a reset on as a FIN
};

class Relay final : public Proxy {
 public:
    Relay(ring::Ring& ring, const SocketAddress& at, const SocketAddress& upstream, Defect defect);
    ~Relay() override;

    bool turn() override;
    void drain(Instant deadline) override;
    std::string held() const override;

 private:
    struct Pair;
    /// One direction.
    struct Flow {
        explicit Flow(Pair& owner) : pair(owner) {}
        void arm_receive();
        void on_receive(ring::Completion&& completion);
        void arm_send();
        void on_send(ring::Completion&& completion);
        bool in_flight() const { return receive_op.submitted() || send_op.submitted(); }

        Pair& pair;
        ring::Descriptor from = ring::kNoDescriptor;
        ring::Descriptor to = ring::kNoDescriptor;
        std::deque<ring::Slice> waiting;
        bool ended = false;
        ring::OpOf<&Flow::on_receive> receive_op{*this};
        ring::OpOf<&Flow::on_send> send_op{*this};
    };
    struct Pair {
        Pair(Relay& owner, ring::Descriptor accepted) : relay(owner), client(accepted) {}
        void on_connect(ring::Completion&& completion);
        void close(bool with_reset);
        void close_join();

        Relay& relay;
        ring::Descriptor client;
        ring::Descriptor upstream = ring::kNoDescriptor;
        bool closing = false;
        bool reset = false;
        bool closed = false;
        Flow requests{*this};
        Flow answers{*this};
        ring::OpOf<&Pair::on_connect> connect_op{*this};
    };
    void on_accept(ring::Completion&& completion);
    /// True once every so often, for a relay that has this defect.
    bool errs(Defect defect) { return defect == defect_ && ++occasions_ % 8 == 0; }

    ring::Ring& ring_;
    SocketAddress upstream_;
    Defect defect_;
    std::uint64_t occasions_ = 0;
    bool draining_ = false;
    ring::Descriptor listener_;
    std::list<Pair> pairs_;
    std::list<ring::BufferRef> kept_;
    ring::OpOf<&Relay::on_accept> accept_op_{*this};
};

}  // namespace ringway::sim
