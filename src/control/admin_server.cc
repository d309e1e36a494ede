// The admin server's thread: one poll() loop over at most 64 connections, each a request at a time.
// Everything but the request count and the wake-up descriptor is the thread's own once it runs.
#include "ringway/control/admin_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "admin_socket.h"
#include "ringway/observe/json.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kHeadBytesMax = 8 * 1024;
constexpr std::chrono::seconds kPatience(5);
constexpr std::chrono::seconds kLinger(
    1);  // wait for the client's FIN after ours, so that no reset overtakes the reply
constexpr std::chrono::milliseconds kAcceptPause(100);  // when the process is out of descriptors

struct Connection {
    enum class State : std::uint8_t { receiving, sending, lingering };
    int descriptor = -1;
    State state = State::receiving;
    bool close_after = false;   // the reply in `out` is the last one
    std::uint32_t scanned = 0;  // bytes of `in` that the parser has seen
    std::string in;
    std::string out;
    std::size_t sent = 0;
    Clock::time_point deadline;
};

/// RFC 9110 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date() {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t now = std::time(nullptr);
    std::tm t{};
    gmtime_r(&now, &t);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday,
                       kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string allow_list(const std::vector<http::Method>& methods) {
    std::string list;
    for (const http::Method method : methods) {
        if (!list.empty()) list += ", ";
        list += http::method_name(method);
        if (method == http::Method::get) list += ", HEAD";
    }
    return list;
}

bool allows(const std::vector<http::Method>& methods, http::Method method) {
    const http::Method wanted = method == http::Method::head ? http::Method::get : method;
    return std::ranges::find(methods, wanted) != methods.end();
}

}  // namespace

AdminReply error_reply(std::uint16_t status, std::string_view message) {
    AdminReply reply;
    reply.status = status;
    reply.body = "{\"error\":";
    observe::append_json_string(reply.body, message);
    reply.body += "}\n";
    return reply;
}

AdminReply text_reply(std::uint16_t status, std::string body) {
    AdminReply reply;
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = std::move(body);
    return reply;
}

const AdminEndpoint* endpoint_of(const std::vector<AdminEndpoint>& endpoints,
                                 std::string_view path) {
    const AdminEndpoint* best = nullptr;
    for (const AdminEndpoint& endpoint : endpoints) {
        if (!endpoint.below && endpoint.path == path) return &endpoint;
        const bool above =
            endpoint.below && path.size() > endpoint.path.size() && path.starts_with(endpoint.path);
        if (above && (best == nullptr || endpoint.path.size() > best->path.size())) {
            best = &endpoint;
        }
    }
    return best;
}

struct AdminServer::Machine {
    Machine(const config::Admin& of, Log& to) : admin(of), log(to) {}

    void run();
    void rouse() const;
    void let_go();
    void fill_poll_set(Clock::time_point now);
    int wait_ms(Clock::time_point now) const;
    void accept_waiting(Clock::time_point now);
    bool on_ready(Connection& connection);
    bool receive(Connection& connection);
    bool flush(Connection& connection);
    bool discard(Connection& connection);
    bool answer_waiting(Connection& connection);
    AdminReply answer(const http::RequestHead& request) const;
    void put_reply(Connection& connection, const AdminReply& reply, bool with_body);

    const config::Admin& admin;
    Log& log;
    std::vector<AdminEndpoint> endpoints;
    AdminSocket socket;
    int wake = -1;  // eventfd, readable when stop() or release() was called
    std::atomic<bool> stopping{false};
    std::atomic<bool> released{false};
    std::atomic<int> listening{-1};  // the socket's descriptor, for other threads
    std::vector<Connection> connections;
    std::vector<pollfd> poll_set;  // wake, listener, then the connections in order
    Clock::time_point accept_again{};
    http::RequestHead head;  // of the request being answered; too large for the stack of a loop
    std::atomic<std::uint64_t> requests{0};
    std::thread thread;
};

AdminServer::AdminServer(const config::Admin& admin, Log& log)
    : machine_(std::make_unique<Machine>(admin, log)) {}

AdminServer::~AdminServer() { stop(); }

void AdminServer::add(std::vector<AdminEndpoint> endpoints) {
    for (AdminEndpoint& endpoint : endpoints) machine_->endpoints.push_back(std::move(endpoint));
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
    machine.thread = std::thread([&machine] { machine.run(); });
    return {};
}

int AdminServer::listening_descriptor() const { return machine_->listening; }

void AdminServer::release() {
    if (!machine_->thread.joinable()) return;
    machine_->released = true;
    machine_->rouse();
}

void AdminServer::stop() {
    Machine& machine = *machine_;
    if (machine.thread.joinable()) {
        machine.stopping = true;
        machine.rouse();
        machine.thread.join();
        close(machine.wake);
    }
    close_admin_socket(machine.socket);
}

void AdminServer::Machine::rouse() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof(one));
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

void AdminServer::Machine::run() {
    set_up_thread("rw-admin");
    while (true) {
        auto now = Clock::now();
        fill_poll_set(now);
        poll(poll_set.data(), poll_set.size(), wait_ms(now));
        if (stopping) break;
        if (poll_set[0].revents != 0) {
            std::uint64_t count = 0;
            [[maybe_unused]] const ssize_t size = read(wake, &count, sizeof(count));
        }
        if (released && socket.descriptor >= 0) {
            let_go();
            poll_set[1].revents = 0;
        }
        now = Clock::now();
        std::vector<Connection> kept;
        for (std::size_t i = 0; i < connections.size(); ++i) {
            Connection& connection = connections[i];
            const bool alive = poll_set[i + 2].revents == 0 || on_ready(connection);
            if (alive && now < connection.deadline) {
                kept.push_back(std::move(connection));
            } else {
                close(connection.descriptor);
            }
        }
        connections = std::move(kept);
        if (poll_set[1].revents != 0) accept_waiting(now);
    }
    for (const Connection& connection : connections) close(connection.descriptor);
    connections.clear();
}

void AdminServer::Machine::fill_poll_set(Clock::time_point now) {
    poll_set.clear();
    poll_set.push_back({wake, POLLIN, 0});
    // A negative descriptor is passed over: with no slot free, new connections wait in the kernel.
    const bool may_accept = connections.size() < kConnectionsMax && now >= accept_again;
    poll_set.push_back({may_accept ? socket.descriptor : -1, POLLIN, 0});
    for (const Connection& connection : connections) {
        const bool sending = connection.state == Connection::State::sending;
        poll_set.push_back(
            {connection.descriptor, static_cast<short>(sending ? POLLOUT : POLLIN), 0});
    }
}

/// Until the next deadline; -1: none.
int AdminServer::Machine::wait_ms(Clock::time_point now) const {
    auto next = Clock::time_point::max();
    if (accept_again > now) next = accept_again;
    for (const Connection& connection : connections) next = std::min(next, connection.deadline);
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
        Connection connection;
        connection.descriptor = descriptor;
        connection.deadline = now + kPatience;
        connections.push_back(std::move(connection));
    }
}

/// False when the connection has ended.
bool AdminServer::Machine::on_ready(Connection& connection) {
    switch (connection.state) {
        case Connection::State::receiving:
            return receive(connection) && answer_waiting(connection);
        case Connection::State::sending:
            return flush(connection) && answer_waiting(connection);
        case Connection::State::lingering:
            return discard(connection);
    }
    return false;
}

bool AdminServer::Machine::receive(Connection& connection) {
    char bytes[kHeadBytesMax];
    const ssize_t size =
        recv(connection.descriptor, bytes, kHeadBytesMax - connection.in.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    if (connection.in.empty()) connection.deadline = Clock::now() + kPatience;
    connection.in.append(bytes, static_cast<std::size_t>(size));
    return true;
}

/// Sends what the socket takes; at the end of the reply the connection waits for the next request
/// or lingers.
bool AdminServer::Machine::flush(Connection& connection) {
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
    connection.state = Connection::State::receiving;
    if (connection.close_after) {
        shutdown(connection.descriptor, SHUT_WR);
        connection.state = Connection::State::lingering;
        connection.deadline = Clock::now() + kLinger;
    }
    return true;
}

bool AdminServer::Machine::discard(Connection& connection) {
    char bytes[4096];
    const ssize_t size = recv(connection.descriptor, bytes, sizeof(bytes), 0);
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/// Answers the requests that have arrived, until one is not whole or a reply has to wait for the
/// client.
bool AdminServer::Machine::answer_waiting(Connection& connection) {
    static constexpr http::HeadLimits kLimits{
        .bytes_max = kHeadBytesMax, .fields_max = 100, .target_bytes_max = 4096};
    while (connection.state == Connection::State::receiving && !connection.in.empty()) {
        const http::HeadError error =
            http::parse_request_head(connection.in, kLimits, connection.scanned, head);
        const bool full = connection.in.size() >= kHeadBytesMax;
        if (error == http::HeadError::incomplete && !full) return true;
        requests.fetch_add(1, std::memory_order_relaxed);
        if (error != http::HeadError::none) {
            connection.close_after = true;
            const std::uint16_t status =
                error == http::HeadError::incomplete ? 431 : http::status_of(error);
            put_reply(connection, error_reply(status, http::name_of(error)), true);
        } else {
            // No endpoint takes a body: it is refused, and the connection ends, since its bytes are
            // not read.
            const bool has_body =
                head.framing != http::Framing::none &&
                !(head.framing == http::Framing::length && head.content_length == 0);
            connection.close_after = has_body || !head.keep_alive;
            put_reply(connection,
                      has_body ? error_reply(413, "request bodies are not accepted") : answer(head),
                      head.method != http::Method::head);
            connection.in.erase(0, head.size);
        }
        connection.scanned = 0;
        if (!flush(connection)) return false;
    }
    return true;
}

AdminReply AdminServer::Machine::answer(const http::RequestHead& request) const {
    const AdminEndpoint* const endpoint = endpoint_of(endpoints, request.path);
    if (endpoint == nullptr) return error_reply(404, "there is no such endpoint");
    if (!allows(endpoint->methods, request.method)) {
        AdminReply reply = error_reply(405, "this endpoint does not have that method");
        reply.fields.emplace_back("Allow", allow_list(endpoint->methods));
        return reply;
    }
    return endpoint->handler({request.method, request.path, request.query, request});
}

void AdminServer::Machine::put_reply(Connection& connection, const AdminReply& reply,
                                     bool with_body) {
    std::string& out = connection.out;
    out = fmt::format(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: {}\r\n",
        reply.status, http::reason_phrase(reply.status), http_date(), reply.content_type,
        reply.body.size(), connection.close_after ? "close" : "keep-alive");
    for (const auto& [name, value] : reply.fields) out += name + ": " + value + "\r\n";
    out += "\r\n";
    if (with_body) out += reply.body;
    connection.sent = 0;
    connection.state = Connection::State::sending;
}

}  // namespace ringway::control
