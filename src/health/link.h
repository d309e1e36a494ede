// One connection of a Probe: connects, sends one request at a time, hands over what arrives, and
// closes in the order that the kernel wants (docs of Ring). Owned by its Probe, which uses it again
// once it is home; on the shard's thread.
//
// Invariant: the owner is called last in every handler, so that it may use the link for something
// else from within.
#pragma once

#include <string>
#include <string_view>

#include "ringway/base/socket_address.h"
#include "ringway/ring/ring.h"

namespace ringway::health {

class Link;

class LinkOwner {
 public:
    virtual void on_link_connected(Link& link, ring::Error error) = 0;
    virtual void on_link_bytes(Link& link, std::string_view bytes) = 0;
    /// What send() left over is sent.
    virtual void on_link_sent(Link& link) = 0;
    /// The peer's FIN (none) or a failure; once. Nothing comes any more.
    virtual void on_link_ended(Link& link, ring::Error error) = 0;

 protected:
    ~LinkOwner() = default;
};

class Link {
 public:
    enum class Sent : std::uint8_t { all, queued, failed };

    Link(ring::Ring& ring, LinkOwner& owner) : ring_(ring), owner_(owner) {}
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// No operation in flight, no descriptor open: ready for connect().
    bool is_home() const { return state_ == State::home; }
    /// Not none: no socket could be opened, and nothing follows.
    ring::Error connect(const base::SocketAddress& to);
    const base::SocketAddress& peer() const { return peer_; }
    /// Connected, and not while an earlier one is queued. `failed`: the connection is broken, and
    /// on_link_ended() may have been or may still be called.
    Sent send(std::string bytes);
    ring::Descriptor descriptor() const { return descriptor_; }
    /// Lets go of it: the owner hears nothing more. Harmless when it is home or closing.
    void close();

 private:
    enum class State : std::uint8_t { home, connecting, open, closing };

    void arm_receive();
    void on_receive(ring::Completion&& completion);
    void arm_send();
    void on_sent(ring::Completion&& completion);
    void end(ring::Error error);
    void close_join();

    ring::Ring& ring_;
    LinkOwner& owner_;
    ring::OpOf<&Link::on_receive> receive_op_{*this};
    ring::OpOf<&Link::on_sent> send_op_{*this};  // connects first
    State state_ = State::home;
    bool ended_ = false;  // on_link_ended() was called
    ring::Descriptor descriptor_ = ring::kNoDescriptor;
    base::SocketAddress peer_;
    std::string unsent_;
    std::size_t sent_ = 0;  // bytes of it
};

}  // namespace ringway::health
