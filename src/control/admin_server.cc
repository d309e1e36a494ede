// The admin server's thread: one poll() loop over at most 64 connections, each a request at a time.
#include "ringway/control/admin_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "admin_machine.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

using Clock = AdminClock;
using State = AdminConnection::State;

constexpr std::size_t kConnectionsMax = 64;
constexpr std::chrono::seconds kPatience(5);
constexpr std::chrono::seconds kLinger(
    1);  // wait for the client's FIN after ours, so that no reset overtakes the reply
constexpr std::chrono::milliseconds kFarewell(500);  // for what is under way when the server ends
constexpr std::chrono::milliseconds kAcceptPause(100);  // when the process is out of descriptors
constexpr std::chrono::milliseconds kFeedPause(100);    // between two looks at what is new
constexpr std::size_t kStreamRoom = 64 * 1024;          // bytes of a stream that wait for a client

/// What a client does not read would else stay in the kernel for minutes.
void reset_at_close(int descriptor) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace

const AdminEndpoint* endpoint_of(const std::vector<AdminEndpoint>& endpoints,
                                 std::string_view path) {
    const AdminEndpoint* best = nullptr;
    const auto rank = [](const AdminEndpoint& endpoint) {
        return std::pair(endpoint.suffix.size(), endpoint.path.size());
    };
    for (const AdminEndpoint& endpoint : endpoints) {
        if (!endpoint.below && endpoint.path == path) return &endpoint;
        const bool above = endpoint.below &&
                           path.size() > endpoint.path.size() + endpoint.suffix.size() &&
                           path.starts_with(endpoint.path) && path.ends_with(endpoint.suffix);
        if (above && (best == nullptr || rank(endpoint) > rank(*best))) best = &endpoint;
    }
    return best;
}

AdminServer::AdminServer(const config::Admin& admin, Log& log)
    : machine_(std::make_unique<Machine>(admin, log)) {}

AdminServer::~AdminServer() { stop(); }

void AdminServer::add(std::vector<AdminEndpoint> endpoints) {
    for (AdminEndpoint& endpoint : endpoints) machine_->endpoints.push_back(std::move(endpoint));
}

void AdminServer::every_second(std::function<void()> call) {
    machine_->each_second = std::move(call);
}

void AdminServer::set_token(std::string token) {
    const std::lock_guard lock(machine_->token_mutex);
    machine_->token = std::move(token);
}

std::expected<void, std::string> AdminServer::open(int inherited) {
    Machine& machine = *machine_;
    if (!machine.admin.listen) return {};
    if (inherited >= 0) {
        machine.socket = adopt_admin_socket(*machine.admin.listen, inherited);
        return {};
    }
    auto socket = open_admin_socket(*machine.admin.listen);
    if (!socket) return std::unexpected(socket.error());
    machine.socket = *socket;
    return {};
}

std::expected<void, std::string> AdminServer::start() {
    Machine& machine = *machine_;
    if (!machine.admin.listen) return {};
    if (machine.socket.descriptor < 0) {
        if (const auto opened = open(); !opened) return opened;
    }
    machine.listening = machine.socket.descriptor;
    claim_admin_socket(machine.socket);
    machine.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (machine.wake < 0) {
        const int error_number = errno;
        close_admin_socket(machine.socket);
        return std::unexpected(with_errno("cannot open an eventfd", error_number));
    }
    machine.stopping = false;
    machine.token = machine.admin.token;
    machine.worker.start([&machine] { machine.notify(); });
    machine.thread = std::thread([&machine] { machine.run(); });
    return {};
}

int AdminServer::listening_descriptor() const { return machine_->listening; }

void AdminServer::release() {
    if (!machine_->thread.joinable()) return;
    machine_->released = true;
    machine_->notify();
}

void AdminServer::stop() {
    Machine& machine = *machine_;
    if (machine.thread.joinable()) {
        machine.stopping = true;
        machine.notify();
        machine.thread.join();
        machine.worker.stop();
        close(machine.wake);
    }
    close_admin_socket(machine.socket);
}

/// The file stays: it is the successor's.
void AdminServer::Machine::let_go() {
    close(socket.descriptor);
    listening = socket.descriptor = -1;
}

base::SocketAddress AdminServer::address() const { return machine_->socket.address; }

std::uint64_t AdminServer::requests() const {
    return machine_->requests.load(std::memory_order_relaxed);
}

// -- the loop --

void AdminServer::Machine::notify() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof(one));
}

void AdminServer::Machine::run() {
    set_up_thread("rw-admin");
    while (!is_over(Clock::now())) {
        const auto now = Clock::now();
        if (each_second && now >= next_second) {
            next_second = now + std::chrono::seconds(1);
            each_second();
        }
        fill_poll_set(now);
        poll(poll_set.data(), poll_set.size(), wait_ms(now));
        if (poll_set[0].revents != 0) take_wake();
        if (released && socket.descriptor >= 0) {
            let_go();
            poll_set[1].revents = 0;
        }
        serve_connections(Clock::now());
        if (poll_set[1].revents != 0) accept_waiting(Clock::now());
    }
    for (const AdminConnection& connection : connections) close(connection.descriptor);
    connections.clear();
}

/// It stops, and nobody waits for anything any more, or has waited long enough.
bool AdminServer::Machine::is_over(Clock::time_point now) {
    if (!stopping) return false;
    if (!end_by) end_by = now + kFarewell;
    return connections.empty() || now >= *end_by;
}

void AdminServer::Machine::take_wake() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(wake, &count, sizeof(count));
    for (AdminDone& done : worker.take_done()) deliver(std::move(done));
}

void AdminServer::Machine::serve_connections(Clock::time_point now) {
    std::vector<AdminConnection> kept;
    for (std::size_t i = 0; i < connections.size(); ++i) {
        AdminConnection& connection = connections[i];
        const short events = poll_set[i + 2].revents;
        bool alive = events == 0 || on_ready(connection, events);
        if (alive && connection.state == State::streaming) alive = feed(connection);
        const bool idle = connection.state == State::receiving && connection.in.empty();
        if (stopping && idle) alive = false;
        if (alive && now < connection.deadline) {
            kept.push_back(std::move(connection));
            continue;
        }
        if (alive && connection.sent < connection.out.size()) reset_at_close(connection.descriptor);
        close(connection.descriptor);
    }
    connections = std::move(kept);
}

void AdminServer::Machine::fill_poll_set(Clock::time_point now) {
    poll_set.clear();
    poll_set.push_back({wake, POLLIN, 0});
    // A negative descriptor is passed over: with no slot free, new connections wait in the kernel.
    const bool may_accept =
        connections.size() < kConnectionsMax && now >= accept_again && !stopping;
    poll_set.push_back({may_accept ? socket.descriptor : -1, POLLIN, 0});
    for (const AdminConnection& connection : connections) {
        short events = POLLIN;
        if (connection.state == State::waiting) events = 0;
        if (connection.state == State::sending) events = POLLOUT;
        const bool streams = connection.state == State::streaming;
        if (streams && connection.sent < connection.out.size()) events = POLLIN | POLLOUT;
        poll_set.push_back({connection.descriptor, events, 0});
    }
}

/// Until the next deadline; -1: none.
int AdminServer::Machine::wait_ms(Clock::time_point now) const {
    auto next = Clock::time_point::max();
    if (accept_again > now) next = accept_again;
    if (each_second) next = std::min(next, next_second);
    if (end_by) next = std::min(next, *end_by);
    for (const AdminConnection& connection : connections) {
        next = std::min(next, connection.deadline);
        if (connection.state == State::streaming) next = std::min(next, now + kFeedPause);
    }
    if (next == Clock::time_point::max()) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

void AdminServer::Machine::accept_waiting(Clock::time_point now) {
    while (connections.size() < kConnectionsMax) {
        const int descriptor =
            accept4(socket.descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor < 0) {
            const int error_number = errno;
            if (error_number == EINTR || error_number == ECONNABORTED) continue;
            if (error_number == EAGAIN) return;
            // Out of descriptors or memory: the connection stays readable, so a pause keeps the
            // loop from spinning.
            log.warn("admin", with_errno("cannot accept", error_number));
            accept_again = now + kAcceptPause;
            return;
        }
        AdminConnection connection;
        connection.descriptor = descriptor;
        connection.id = ++ids;
        connection.deadline = now + kPatience;
        connections.push_back(std::move(connection));
    }
}

/// False when the connection has ended.
bool AdminServer::Machine::on_ready(AdminConnection& connection, short events) {
    switch (connection.state) {
        case State::receiving:
            return receive(connection) && answer_waiting(connection);
        case State::waiting:
            return (events & (POLLHUP | POLLERR)) == 0;
        case State::sending:
            return flush(connection) && answer_waiting(connection);
        case State::streaming:
            if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !discard(connection)) return false;
            return flush(connection);
        case State::lingering:
            return discard(connection);
    }
    return false;
}

bool AdminServer::Machine::receive(AdminConnection& connection) {
    char bytes[2 * kAdminHeadBytesMax];
    const std::size_t most = std::max(kAdminHeadBytesMax, connection.needed);
    const ssize_t size =
        recv(connection.descriptor, bytes, std::min(sizeof(bytes), most - connection.in.size()), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    if (connection.in.empty()) connection.deadline = Clock::now() + kPatience;
    connection.in.append(bytes, static_cast<std::size_t>(size));
    return true;
}

/// Sends what the socket takes; at the end of the reply the connection waits for the next request
/// or lingers.
bool AdminServer::Machine::flush(AdminConnection& connection) {
    while (connection.sent < connection.out.size()) {
        const ssize_t size = send(connection.descriptor, connection.out.data() + connection.sent,
                                  connection.out.size() - connection.sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == EAGAIN;
        connection.sent += static_cast<std::size_t>(size);
        connection.deadline = Clock::now() + kPatience;
    }
    connection.out.clear();
    connection.sent = 0;
    if (connection.state == State::streaming) {
        connection.deadline = Clock::time_point::max();
        return true;
    }
    connection.state = State::receiving;
    return !connection.close_after || linger(connection);
}

/// All is said; the client's FIN is waited for. True: the connection is still there.
bool AdminServer::Machine::linger(AdminConnection& connection) const {
    shutdown(connection.descriptor, SHUT_WR);
    connection.state = State::lingering;
    connection.deadline = Clock::now() + kLinger;
    return true;
}

bool AdminServer::Machine::discard(AdminConnection& connection) {
    char bytes[4096];
    const ssize_t size = recv(connection.descriptor, bytes, sizeof(bytes), 0);
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/// What is new goes into the stream as long as its client takes it: one that reads slowly finds it
/// later, one that reads nothing is cut at its deadline.
bool AdminServer::Machine::feed(AdminConnection& connection) {
    const std::size_t unsent = connection.out.size() - connection.sent;
    if (unsent >= kStreamRoom) return true;
    connection.out.erase(0, connection.sent);
    connection.sent = 0;
    const bool was_idle = connection.out.empty();
    connection.stream->feed(connection.out, kStreamRoom - unsent);
    if (connection.out.empty()) return !is_leaving() || linger(connection);
    if (was_idle) connection.deadline = Clock::now() + kPatience;
    return flush(connection);
}

/// The reply of a slow handler, to whoever is still there for it.
void AdminServer::Machine::deliver(AdminDone done) {
    note_change(done.what, done.reply.status);
    const auto found = std::ranges::find(connections, done.connection, &AdminConnection::id);
    if (found == connections.end()) return;
    put_reply(*found, std::move(done.reply));
    // Sent, and its end dealt with, when the socket says that it takes bytes.
}

}  // namespace ringway::control
