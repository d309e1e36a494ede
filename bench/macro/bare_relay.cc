// bare_relay: the floor that bench/macro/compare measures ringway against. It forwards bytes
// between clients and one upstream on the ring room and does nothing else: no parsing but a look
// for Content-Length, no header edits, no timeouts, no limits, no retries. It is right only for
// whole GET requests, one at a time on a connection, with answers of known length. One thread.
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/base/slab.h"
#include "ringway/ring/kernel_ring.h"

namespace {

namespace ring = ringway::ring;
using ringway::base::SocketAddress;

constexpr std::uint32_t kClientCreditBytes = 1u << 30;
constexpr std::uint32_t kUpstreamCreditBytes = 32 * 1024;  // then asked again, or spliced
constexpr std::uint64_t kSpliceBytesMin = 64 * 1024;
constexpr std::size_t kPipeBytes = 1024 * 1024;

class Relay;
class Client;

/// A connection to the upstream; idle, or lent to one client.
class Upstream {
 public:
    explicit Upstream(Relay& relay) : relay_(relay) {}
    void open(const SocketAddress& to);
    void serve(Client& client, std::string_view request);
    /// The client took everything that was sent so far.
    void go_on();
    void close();

 private:
    void on_connect(ring::Completion&& completion);
    void on_receive(ring::Completion&& completion);
    void on_poll(ring::Completion&& completion);
    void begin_answer(std::string_view bytes);
    void end_answer();
    void pump();
    void close_join();

    Relay& relay_;
    Client* client_ = nullptr;
    ring::Descriptor socket_ = ring::kNoDescriptor;
    bool connected_ = false;
    bool closing_ = false;
    bool in_answer_ = false;  // true exactly when left_ is known
    std::uint64_t left_ = 0;  // of the answer, not yet received
    std::size_t in_pipe_ = 0;
    ring::Pipe pipe_;
    std::string head_;     // of the answer, until it is whole
    std::string waiting_;  // the request, until connected
    ring::OpOf<&Upstream::on_connect> connect_op_{*this};
    ring::OpOf<&Upstream::on_receive> receive_op_{*this};
    ring::OpOf<&Upstream::on_poll> poll_op_{*this};
};

class Client {
 public:
    Client(Relay& relay, ring::Descriptor socket);
    ring::Descriptor socket() const { return socket_; }
    /// Sends now what it can; false when the rest waits and Upstream::go_on() will be called.
    bool forward(ring::BufferRef owner, std::string_view bytes, bool last);
    void answered();
    void close();

 private:
    void on_receive(ring::Completion&& completion);
    void arm_send();
    void on_send(ring::Completion&& completion);
    void close_join();

    Relay& relay_;
    ring::Descriptor socket_;
    Upstream* upstream_ = nullptr;
    bool closes_ = false;  // after the answer
    bool closing_ = false;
    std::deque<ring::Slice> unsent_;  // the first one is on its way
    ring::OpOf<&Client::on_receive> receive_op_{*this};
    ring::OpOf<&Client::on_send> send_op_{*this};
};

class Relay {
 public:
    Relay(ring::KernelRing& ring_used, const SocketAddress& upstream)
        : ring(ring_used), upstream_(upstream) {}
    void listen(ring::Descriptor listener) { ring.accept(accept_op_, listener); }

    Upstream& borrow() {
        if (!idle_.empty()) {
            Upstream& upstream = *idle_.back();
            idle_.pop_back();
            return upstream;
        }
        Upstream& upstream = *upstreams_.make(*this);
        upstream.open(upstream_);
        return upstream;
    }
    void give_back(Upstream& upstream) { idle_.push_back(&upstream); }
    void retire(Upstream& upstream) {
        std::erase(idle_, &upstream);
        dead_upstreams_.push_back(&upstream);
    }
    void retire(Client& client) { dead_clients_.push_back(&client); }

    void turn() {
        ring.wait(ringway::base::kNever);
        ring.dispatch();
        for (Client* client : dead_clients_) clients_.destroy(client);
        for (Upstream* upstream : dead_upstreams_) upstreams_.destroy(upstream);
        dead_clients_.clear();
        dead_upstreams_.clear();
    }

    ring::KernelRing& ring;

 private:
    void on_accept(ring::Completion&& completion) {
        if (completion.error == ring::Error::none) clients_.make(*this, completion.result);
    }

    SocketAddress upstream_;
    ringway::base::Slab<Client> clients_{65536};
    ringway::base::Slab<Upstream> upstreams_{65536};
    std::vector<Upstream*> idle_;
    std::vector<Client*> dead_clients_;
    std::vector<Upstream*> dead_upstreams_;
    ring::OpOf<&Relay::on_accept> accept_op_{*this};
};

// -- client --

Client::Client(Relay& relay, ring::Descriptor socket) : relay_(relay), socket_(socket) {
    relay_.ring.receive(receive_op_, socket_, kClientCreditBytes);
}

void Client::on_receive(ring::Completion&& completion) {
    if (closing_) return close_join();
    if (completion.error != ring::Error::none || completion.result == 0) return close();
    const std::string_view bytes = completion.bytes();
    constexpr std::string_view kClose = "\r\nConnection: close\r\n";
    if (upstream_ != nullptr || !bytes.ends_with("\r\n\r\n")) return close();
    if (const std::size_t at = bytes.find(kClose); at != std::string_view::npos) {
        closes_ = true;
        completion.buffer->bytes[at + 2] = 'X';  // the upstream's connection is to stay
    }
    upstream_ = &relay_.borrow();
    upstream_->serve(*this, bytes);
    if (!closing_ && !completion.more)
        relay_.ring.receive(receive_op_, socket_, kClientCreditBytes);
}

bool Client::forward(ring::BufferRef owner, std::string_view bytes, bool last) {
    std::size_t done = 0;
    if (unsent_.empty()) {
        const iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
        // with the close that follows, the FIN rides on the last segment
        const auto sent = relay_.ring.send_now(socket_, {&piece, 1}, last && closes_);
        if (!sent && sent.error() != ring::Error::again) {
            close();
            return false;
        }
        done = sent.value_or(0);
        if (done == bytes.size()) return true;
    }
    unsent_.push_back({std::move(owner), bytes.substr(done)});
    if (!send_op_.submitted()) arm_send();
    return false;
}

void Client::arm_send() {
    const std::string_view bytes = unsent_.front().bytes;
    const iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
    relay_.ring.send(send_op_, socket_, {&piece, 1});
}

void Client::on_send(ring::Completion&& completion) {
    if (closing_) return close_join();
    if (completion.error != ring::Error::none) return close();
    std::string_view& bytes = unsent_.front().bytes;
    bytes.remove_prefix(static_cast<std::size_t>(completion.result));
    if (bytes.empty()) unsent_.pop_front();
    if (!unsent_.empty()) return arm_send();
    upstream_->go_on();
}

void Client::answered() {
    upstream_ = nullptr;
    // the armed receive ends by this and closes the socket
    if (closes_) relay_.ring.shutdown_both(socket_);
}

void Client::close() {
    if (closing_) return;
    closing_ = true;
    if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->close();
    relay_.ring.cancel(receive_op_);
    relay_.ring.cancel(send_op_);
    close_join();
}

void Client::close_join() {
    if (receive_op_.submitted() || send_op_.submitted() || socket_ == ring::kNoDescriptor) return;
    relay_.ring.close(std::exchange(socket_, ring::kNoDescriptor), false);
    relay_.retire(*this);
}

// -- upstream --

void Upstream::open(const SocketAddress& to) {
    const auto socket = relay_.ring.open_socket(to.family());
    RW_ASSERT(socket.has_value());
    socket_ = *socket;
    relay_.ring.connect(connect_op_, socket_, to);
}

void Upstream::on_connect(ring::Completion&& completion) {
    if (closing_) return close_join();
    if (completion.error != ring::Error::none) return close();
    connected_ = true;
    relay_.ring.receive(receive_op_, socket_, kUpstreamCreditBytes);
    serve(*client_, std::exchange(waiting_, {}));
}

void Upstream::serve(Client& client, std::string_view request) {
    client_ = &client;
    in_answer_ = false;
    if (!connected_) {
        waiting_ = request;
        return;
    }
    const iovec piece = {const_cast<char*>(request.data()), request.size()};
    const auto sent = relay_.ring.send_now(socket_, {&piece, 1}, false);
    if (!sent || *sent != request.size()) close();
}

/// Learns the answer's length, the bytes before `bytes` included.
void Upstream::begin_answer(std::string_view bytes) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t before = head_.size();
    if (before > 0) bytes = head_.append(bytes);
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos) {
        if (before == 0) head_ = bytes;  // the credit ended within the head
        return;
    }
    const std::size_t at = bytes.find(kLength);
    std::uint64_t length = 0;
    if (at > head_end) return close();
    std::from_chars(bytes.data() + at + kLength.size(), bytes.data() + head_end, length);
    left_ = head_end + 4 + length - before;
    in_answer_ = true;
    head_.clear();
}

void Upstream::on_receive(ring::Completion&& completion) {
    if (closing_) return close_join();
    if (completion.error != ring::Error::none || completion.result == 0 || client_ == nullptr)
        return close();
    const std::string_view bytes = completion.bytes();
    if (!in_answer_) begin_answer(bytes);
    if (closing_ || (in_answer_ && bytes.size() > left_)) return close();
    if (in_answer_) left_ -= bytes.size();
    const bool sent = client_->forward(completion.buffer, bytes, in_answer_ && left_ == 0);
    if (closing_ || !sent) return;  // the kernel holds back what comes next: the credit is small
    if ((in_answer_ && left_ == 0) || !completion.more) go_on();
}

void Upstream::go_on() {
    if (in_answer_ && left_ == 0) end_answer();
    if (receive_op_.submitted() || closing_) return;
    if (left_ < kSpliceBytesMin)
        return relay_.ring.receive(receive_op_, socket_, kUpstreamCreditBytes);
    if (pipe_.read_end == ring::kNoDescriptor) {
        const auto pipe = relay_.ring.open_pipe(kPipeBytes);
        RW_ASSERT(pipe.has_value());
        pipe_ = *pipe;
    }
    relay_.ring.mark_splicing(socket_, true);
    relay_.ring.mark_splicing(client_->socket(), true);
    pump();
}

void Upstream::end_answer() {
    Client& client = *std::exchange(client_, nullptr);
    in_answer_ = false;
    relay_.give_back(*this);
    client.answered();
}

void Upstream::pump() {
    for (;;) {
        if (in_pipe_ == 0 && left_ == 0) break;
        if (in_pipe_ == 0) {
            const auto got = relay_.ring.splice_now(socket_, pipe_.write_end, left_, false);
            if (!got && got.error() == ring::Error::again)
                return relay_.ring.poll(poll_op_, socket_, ring::PollFor::readable);
            if (!got || *got == 0) return close();
            in_pipe_ = *got;
            left_ -= *got;
        }
        const auto put =
            relay_.ring.splice_now(pipe_.read_end, client_->socket(), in_pipe_, left_ > 0);
        if (!put && put.error() == ring::Error::again) {
            return relay_.ring.poll(poll_op_, client_->socket(), ring::PollFor::writable);
        }
        if (!put) return close();
        in_pipe_ -= *put;
    }
    relay_.ring.mark_splicing(socket_, false);
    relay_.ring.mark_splicing(client_->socket(), false);
    go_on();
}

void Upstream::on_poll(ring::Completion&&) {
    if (closing_) return close_join();
    pump();
}

void Upstream::close() {
    if (closing_) return;
    closing_ = true;
    relay_.ring.cancel(connect_op_);
    relay_.ring.cancel(receive_op_);
    relay_.ring.cancel(poll_op_);
    if (client_ != nullptr) std::exchange(client_, nullptr)->close();
    close_join();
}

void Upstream::close_join() {
    if (connect_op_.submitted() || receive_op_.submitted() || poll_op_.submitted()) return;
    if (socket_ == ring::kNoDescriptor) return;
    relay_.ring.close(std::exchange(socket_, ring::kNoDescriptor), false);
    if (pipe_.read_end != ring::kNoDescriptor) {
        relay_.ring.close(pipe_.read_end, false);
        relay_.ring.close(pipe_.write_end, false);
    }
    relay_.retire(*this);
}

int fail(const std::string& message) {
    fmt::print(stderr, "bare_relay: {}\n", message);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::string listen_text, upstream_text;
    int cpu = -1;
    CLI::App app{"bare_relay: the least that a relay on this ring can cost"};
    app.add_option("--listen", listen_text, "127.0.0.1:8080")->required();
    app.add_option("--upstream", upstream_text, "127.0.0.1:9101")->required();
    app.add_option("--cpu", cpu, "to run on");
    CLI11_PARSE(app, argc, argv);

    const auto listen_at = SocketAddress::parse(listen_text);
    const auto upstream = SocketAddress::parse(upstream_text);
    if (!listen_at || !upstream)
        return fail("--listen and --upstream take addresses like 127.0.0.1:8080");
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(cpu), &set);
        if (sched_setaffinity(0, sizeof(set), &set) != 0)
            return fail(fmt::format("cannot run on CPU {}", cpu));
    }
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    std::signal(SIGPIPE, SIG_IGN);  // splice to a closed socket raises it
    const auto features = ring::probe_kernel_features();
    if (!features) return fail(features.error());
    ring::KernelRingSettings settings;
    settings.buffer_count = 1024;
    settings.features = *features;
    const auto made = ring::KernelRing::make(settings);
    if (!made) return fail(made.error());
    const auto listener =
        (*made)->open_listener(*listen_at, ring::SocketOptions{.reuse_port = true});
    if (!listener)
        return fail(
            fmt::format("cannot listen on {}: {}", listen_text, ring::name_of(listener.error())));
    Relay relay(**made, *upstream);
    relay.listen(*listener);
    for (;;) relay.turn();  // until SIGTERM ends the process: it has nothing to save
}
