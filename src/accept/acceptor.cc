#include "ringway/accept/acceptor.h"

#include <algorithm>
#include <cstring>

#include "ringway/base/hash.h"

namespace ringway::accept {

namespace {

constexpr std::chrono::milliseconds kPause{100};  // after running out of descriptors
// For how long after its first accept a socket is asked anew: as long as others may stop accepting
// on it. Between two times the one before doubles.
constexpr std::chrono::milliseconds kGlanceFirst{4};
constexpr std::chrono::seconds kGlanceLast{10};

}  // namespace

/// One listening socket and its accept. Other processes and shards may accept on the same socket,
/// and the kernel wakes one of those who wait (EPOLLEXCLUSIVE). One that is about to be canceled,
/// as at an upgrade, takes that wake with it, and the connection waits for a next one to wake
/// somebody. Therefore the accept is canceled and made anew now and then at first: a new one takes
/// what is there.
class Acceptors::Acceptor {
 public:
    Acceptor(Acceptors& all, ring::Descriptor socket, std::uint16_t listener)
        : all_(all), socket_(socket), listener_(listener) {
        all_.ring_.accept(op_, socket_);
        all_.wheel_.set(timer_, all_.ring_.now() + glance_);
    }
    ~Acceptor() { RW_ASSERT(socket_ == ring::kNoDescriptor); }

    std::uint16_t listener() const { return listener_; }
    bool closed() const { return socket_ == ring::kNoDescriptor; }

    void close() {
        if (closing_) return;
        closing_ = true;
        all_.wheel_.clear(timer_);
        all_.ring_.cancel(op_);
        close_join();
    }

 private:
    void on_accept(ring::Completion&& completion) {
        if (completion.error == ring::Error::none) {
            all_.accepted(completion.result, listener_);
        }
        if (closing_) {
            if (!completion.more) close_join();
            return;
        }
        if (completion.more || op_.submitted()) return;
        const bool starved = completion.error == ring::Error::no_descriptors ||
                             completion.error == ring::Error::no_memory;
        if (starved) {
            all_.wheel_.set(timer_, all_.ring_.now() + kPause);
        } else {
            all_.ring_.accept(op_, socket_);
        }
    }
    void on_timer() {
        if (closing_) return;
        if (op_.submitted()) {
            all_.ring_.cancel(op_);
        } else {
            all_.ring_.accept(op_, socket_);
        }
        if (glance_ >= kGlanceLast) return;
        glance_ *= 2;
        all_.wheel_.set(timer_, all_.ring_.now() + glance_);
    }
    void close_join() {
        if (op_.submitted() || socket_ == ring::kNoDescriptor) return;
        all_.ring_.close(socket_, false);
        socket_ = ring::kNoDescriptor;
    }

    Acceptors& all_;
    ring::Descriptor socket_;
    std::uint16_t listener_;
    bool closing_ = false;
    base::Duration glance_ = kGlanceFirst;
    ring::OpOf<&Acceptor::on_accept> op_{*this};
    base::TimerOf<&Acceptor::on_timer> timer_{*this};
};

Acceptors::Acceptors(const config::Config& config, ring::Ring& ring, base::TimerWheel& wheel,
                     observe::ShardCounters& counters, ConnectionCounts& counts, Door& door)
    : config_(&config),
      ring_(ring),
      wheel_(wheel),
      counters_(counters),
      counts_(counts),
      door_(door),
      by_client_(config.listeners.size()) {}

Acceptors::~Acceptors() = default;

void Acceptors::add(std::uint16_t listener, std::span<const ring::Descriptor> sockets) {
    if (closing_) {
        for (const ring::Descriptor socket : sockets) ring_.close(socket, false);
        return;
    }
    std::erase_if(acceptors_, [](const auto& acceptor) { return acceptor->closed(); });
    for (const ring::Descriptor socket : sockets)
        acceptors_.push_back(std::make_unique<Acceptor>(*this, socket, listener));
}

void Acceptors::remove(std::uint16_t listener) {
    for (const auto& acceptor : acceptors_) {
        if (acceptor->listener() == listener) acceptor->close();
    }
}

void Acceptors::close() {
    closing_ = true;
    for (const auto& acceptor : acceptors_) acceptor->close();
}

bool Acceptors::closed() const {
    return std::all_of(acceptors_.begin(), acceptors_.end(),
                       [](const auto& acceptor) { return acceptor->closed(); });
}

void Acceptors::accepted(ring::Descriptor socket, std::uint16_t listener) {
    // Asked once: a peer that resets in between has no address any more.
    const base::SocketAddress peer = ring_.peer_of(socket);
    const bool gone = config_->listeners[listener].address.is_ip() && !peer.is_ip();
    if (gone || !enter(listener, peer.ip())) {
        counters_.listeners[listener].connections_refused.add();
        ring_.close(socket, true);
        return;
    }
    counters_.listeners[listener].connections_accepted.add();
    door_.admit(socket, listener, peer);
}

bool Acceptors::enter(std::uint16_t listener, const base::IpAddress& client) {
    const config::Listener& limits = config_->listeners[listener];
    const auto refuse = [&](observe::Refusal reason) {
        counters_.refusals[static_cast<std::size_t>(reason)].add();
        return false;
    };
    if (!counts_.enter(listener, limits.connections_max))
        return refuse(observe::Refusal::connection_limit);
    if (limits.connections_per_client_max == 0) return true;
    const auto shards = static_cast<std::uint32_t>(config_->shards.size());
    const std::uint32_t share =
        std::max(1u, (limits.connections_per_client_max + shards - 1) / shards);
    std::uint32_t& open = by_client_[listener][client];
    if (open >= share) {
        counts_.leave(listener);
        return refuse(observe::Refusal::client_limit);
    }
    ++open;
    return true;
}

void Acceptors::adopt(const config::Config& next) {
    config_ = &next;
    by_client_.resize(next.listeners.size());
}

void Acceptors::leave(std::uint16_t listener, const base::IpAddress& client) {
    counts_.leave(listener);
    // It may have come when the listener had no such limit.
    const auto entry = by_client_[listener].find(client);
    if (entry == by_client_[listener].end()) return;
    if (--entry->second == 0) by_client_[listener].erase(entry);
}

std::size_t Acceptors::IpHash::operator()(const base::IpAddress& ip) const {
    std::uint64_t words[2];
    std::memcpy(words, ip.bytes, sizeof(words));
    return base::mix64(words[0] ^ base::mix64(words[1]));
}

}  // namespace ringway::accept
