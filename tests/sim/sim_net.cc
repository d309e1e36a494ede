#include "sim_net.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::sim {

namespace {

// What Linux waits at most for the rest of a segment that MSG_MORE announced.
constexpr Duration kCorkTime = std::chrono::milliseconds(200);
// Between two sendings of what was lost; Linux begins with about that much.
constexpr Duration kSendAgainTime = std::chrono::milliseconds(200);
constexpr Duration kSynAgainTime = std::chrono::seconds(1);
// tcp_syn_retries = 6.
constexpr Duration kConnectGiveUpTime = std::chrono::seconds(127);
// Not zero, so that "long ago" can be computed.
constexpr Instant kStart{std::chrono::seconds(100'000)};

}  // namespace

// -- End --

End::End(SimNet& net, const SocketAddress& local, const SocketAddress& remote, std::size_t capacity)
    : net_(net), local_(local), remote_(remote), capacity_(capacity) {}

void End::join(End& a, End& b) {
    a.peer_ = &b;
    b.peer_ = &a;
}

void End::notify() {
    if (notify_scheduled_ || closed_ || !on_change_) return;
    notify_scheduled_ = true;
    net_.after(Duration{0}, [this] {
        notify_scheduled_ = false;
        if (!closed_ && on_change_) {
            const auto on_change = on_change_;  // it may replace itself
            on_change();
        }
    });
}

std::size_t End::room() const {
    if (failed_ || closed_ || shut_) return 0;
    if (peer_->closed_) return peer_->capacity_;  // taken by our own kernel; a RST comes back
    return peer_->capacity_ - std::min(peer_->capacity_, peer_->unread());
}

std::size_t End::write(std::string_view bytes, bool more_follows) {
    const std::size_t size = std::min(bytes.size(), room());
    if (size == 0) return 0;
    if (tap_ != nullptr) tap_->on_written(*this, bytes.substr(0, size));
    if (peer_->closed_) {
        schedule_reset();
        return size;
    }
    peer_->bytes_.append(bytes.substr(0, size));
    if (!more_follows) {
        peer_->held_back_ = 0;
    } else {
        peer_->held_back_ += size;
        const std::uint64_t serial = ++peer_->cork_serial_;
        net_.after(kCorkTime, [peer = peer_, serial] {
            if (peer->held_back_ == 0 || peer->cork_serial_ != serial) return;
            peer->net_.count_cork_timeout();
            peer->uncork();
        });
    }
    peer_->schedule_delivery();
    return size;
}

void End::uncork() {
    held_back_ = 0;
    schedule_delivery();
}

std::size_t End::read(char* out, std::size_t bytes_max) {
    const std::size_t size = std::min(bytes_max, arrived_);
    if (size == 0) return 0;
    bytes_.copy(out, size, head_);
    if (tap_ != nullptr) tap_->on_read(*this, std::string_view(out, size));
    head_ += size;
    arrived_ -= size;
    if (head_ >= 4096 && head_ * 2 >= bytes_.size()) {
        bytes_.erase(0, head_);
        head_ = 0;
    }
    acknowledge();
    return size;
}

std::string End::read_all() {
    std::string result(arrived_, '\0');
    read(result.data(), result.size());
    return result;
}

// Room came free: the writer hears of it one latency later.
void End::acknowledge() {
    if (acknowledge_scheduled_) return;
    acknowledge_scheduled_ = true;
    net_.after(net_.latency(), [this] {
        acknowledge_scheduled_ = false;
        if (!is_cut_off()) return peer_->notify();
        net_.after(kSendAgainTime, [this] { acknowledge(); });
    });
}

bool End::is_cut_off() const { return net_.is_silent(local_) || net_.is_silent(remote_); }

void End::schedule_delivery() {
    if (delivery_scheduled_ || failed_) return;
    const bool bytes_wait = unread() > arrived_ + held_back_;
    const bool fin_waits = fin_sent_ && !fin_arrived_;
    if (!bytes_wait && !fin_waits) return;
    delivery_scheduled_ = true;
    net_.after(net_.latency(), [this] { deliver(); });
}

void End::deliver() {
    delivery_scheduled_ = false;
    if (failed_) return;
    if (is_cut_off()) {
        delivery_scheduled_ = true;
        net_.after(kSendAgainTime, [this] { deliver(); });
        return;
    }
    const std::size_t waiting = unread() - arrived_ - std::min(held_back_, unread() - arrived_);
    if (closed_) {
        if (waiting > 0)
            peer_->take_reset();  // RFC 9293 3.5.2: bytes for a closed connection are answered by
                                  // RST
        return;
    }
    std::size_t size = waiting;
    if (net_.options().fragment && waiting > 1) {
        size = 1 + net_.prng().below(static_cast<std::uint32_t>(waiting));
    }
    arrived_ += size;
    const bool all = arrived_ == unread();
    if (all && fin_sent_ && (size == 0 || !net_.options().fragment || net_.prng().chance(50))) {
        fin_arrived_ = true;
    }
    notify();
    schedule_delivery();
}

void End::shutdown() {
    if (shut_ || failed_) return;
    shut_ = true;
    peer_->fin_sent_ = true;
    peer_->uncork();
}

void End::shutdown_read() {
    read_shut_ = true;
    notify();
}

void End::close() {
    if (closed_) return;
    if (failed_) {
        closed_ = true;
        return;
    }
    if (arrived_ > 0) {  // RFC 2525 2.17: closing with unread bytes sends RST
        reset();
        return;
    }
    shutdown();
    closed_ = true;
}

void End::reset() {
    if (closed_) return;
    closed_ = true;
    if (!failed_) peer_->schedule_reset();
}

void End::schedule_reset() {
    if (reset_scheduled_ || failed_) return;
    reset_scheduled_ = true;
    net_.after(net_.latency(), [this] {
        if (!is_cut_off()) return take_reset();
        // Lost, and whoever sent it does not send what was on its way again either.
        reset_scheduled_ = false;
        bytes_.resize(head_ + arrived_);
        held_back_ = 0;
    });
}

void End::take_reset() {
    if (failed_) return;
    failed_ = true;
    if (net_.options().reset_drops && net_.prng().chance(50)) arrived_ = 0;
    bytes_.resize(head_ + arrived_);
    held_back_ = 0;
    notify();
}

// -- SimNet --

SimNet::SimNet(std::uint64_t seed, const NetOptions& options)
    : prng_(seed), options_(options), now_(kStart) {}

SocketAddress SimNet::shard_address(std::uint32_t shard, std::uint32_t port) {
    return *SocketAddress::parse("10.0.0." + std::to_string(shard + 1) + ":" +
                                 std::to_string(port));
}

Instant SimNet::start() const { return kStart; }

Duration SimNet::random_duration(Duration bound) {
    return Duration{static_cast<Duration::rep>(prng_.unit() * static_cast<double>(bound.count()))};
}

Duration SimNet::latency() {
    return options_.latency_min + random_duration(options_.latency_max - options_.latency_min);
}

void SimNet::at(Instant when, std::function<void()> what) {
    events_.push(Event{std::max(when, now_), ++serial_, std::move(what)});
}

void SimNet::run_next() {
    RW_ASSERT(!events_.empty());
    // top() is const; the element is popped at once, and its ordering members stay as they were
    Event event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    now_ = event.when;
    event.what();
}

void SimNet::advance_to(Instant when) {
    while (next_event() <= when) run_next();
    now_ = std::max(now_, when);
}

void SimNet::listen(const SocketAddress& address, std::function<bool(End&)> accept,
                    const void* owner) {
    stop_listening(address, owner);
    services_[address.text()].listening.push_back({owner, std::move(accept)});
}

void SimNet::stop_listening(const SocketAddress& address, const void* owner) {
    const auto found = services_.find(address.text());
    if (found == services_.end()) return;
    std::erase_if(found->second.listening,
                  [owner](const Listening& each) { return each.owner == owner; });
}

void SimNet::set_answering(const SocketAddress& address, Answering answering) {
    services_[address.text()].answering = answering;
}

void SimNet::set_silent(const SocketAddress& address, bool silent) {
    std::erase(silent_, address);
    if (silent) silent_.push_back(address);
}

bool SimNet::is_silent(const SocketAddress& address) const {
    return std::find(silent_.begin(), silent_.end(), address) != silent_.end();
}

End& SimNet::make_end(const SocketAddress& local, const SocketAddress& remote) {
    const std::uint32_t spread = options_.buffer_bytes_max - options_.buffer_bytes_min;
    const std::uint32_t capacity = options_.buffer_bytes_min + prng_.below(spread + 1);
    ends_.push_back(std::make_unique<End>(*this, local, remote, capacity));
    return *ends_.back();
}

void SimNet::connect(const SocketAddress& from, const SocketAddress& to, Connected connected) {
    const Duration delay = random_duration(options_.connect_delay_max);
    after(latency() + latency() + delay,
          [this, from, to, connected = std::move(connected), dialled_at = now_] {
              finish_connect(from, to, connected, dialled_at);
          });
}

void SimNet::finish_connect(const SocketAddress& from, const SocketAddress& to,
                            const Connected& connected, Instant dialled_at) {
    const auto found = services_.find(to.text());
    if (is_silent(to)) {
        after(kSynAgainTime, [this, from, to, connected, dialled_at] {
            finish_connect(from, to, connected, dialled_at);
        });
        return;
    }
    const auto answering = found == services_.end() ? Answering::accepts : found->second.answering;
    switch (answering) {
        case Answering::silent:
            after(kConnectGiveUpTime,
                  [connected] { connected(std::unexpected(Error::timed_out)); });
            return;
        case Answering::unreachable:
            connected(std::unexpected(Error::unreachable));
            return;
        case Answering::refuses:
            connected(std::unexpected(Error::refused));
            return;
        case Answering::accepts:
            break;
    }
    if (found == services_.end() || found->second.listening.empty()) {
        const bool no_path = found == services_.end() && to.family() == AF_UNIX;
        connected(std::unexpected(no_path ? Error::not_found : Error::refused));
        return;
    }
    End& ours = make_end(from, to);
    End& theirs = make_end(to, from);
    End::join(ours, theirs);
    const auto& listening = found->second.listening;
    const auto count = static_cast<std::uint32_t>(listening.size());
    if (!listening[count > 1 ? prng_.below(count) : 0].accept(
            theirs)) {  // a full accept queue drops the SYN; it is sent again
        after(std::chrono::seconds(1), [this, from, to, connected, dialled_at] {
            finish_connect(from, to, connected, dialled_at);
        });
        return;
    }
    ours.set_tap(found->second.tap);
    ours.set_dialled_at(dialled_at);
    connected(&ours);
}

}  // namespace ringway::sim
