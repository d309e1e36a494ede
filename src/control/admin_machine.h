// The inside of the admin server: its connections and what they are answered with. The server
// thread's own, once it runs, but for what says otherwise.
//
//   connection | event                                  -> next
//   -----------+-------------------------------------------------------------
//   receiving  | a request is whole                     -> sending, streaming
//              | and its handler is slow                -> waiting
//   waiting    | the handler is done                    -> sending
//   sending    | the reply is sent                      -> receiving, lingering
//   streaming  | its client leaves, or reads nothing    -> closed
//              | the server ends, and all of it is sent -> lingering
//   lingering  | the client's FIN                       -> closed
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin_socket.h"
#include "admin_worker.h"
#include "ringway/control/admin_server.h"

namespace ringway::control {

inline constexpr std::size_t kAdminHeadBytesMax = 8 * 1024;
inline constexpr std::size_t kAdminBodyBytesMax = 1024 * 1024;
inline constexpr http::HeadLimits kAdminHeadLimits{
    .bytes_max = kAdminHeadBytesMax, .fields_max = 100, .target_bytes_max = 4096};

using AdminClock = std::chrono::steady_clock;

struct AdminConnection {
    enum class State : std::uint8_t { receiving, waiting, sending, streaming, lingering };
    int descriptor = -1;
    std::uint64_t id = 0;
    State state = State::receiving;
    bool close_after = false;   // the reply in `out` is the last one
    bool head_only = false;     // the request is a HEAD
    std::uint32_t scanned = 0;  // bytes of `in` that the parser has seen
    std::size_t needed = 0;     // bytes of the request whose head was accepted; 0: none was
    std::string in;
    std::string out;
    std::size_t sent = 0;
    std::unique_ptr<AdminStream> stream;
    AdminClock::time_point deadline;
};

/// Equal, in a time that depends on the length of `given` only.
bool is_same_secret(std::string_view secret, std::string_view given);

struct AdminServer::Machine {
    Machine(const config::Admin& of, Log& to) : admin(of), log(to) {}

    // loop (admin_server.cc)
    void run();
    void take_wake();
    bool is_over(AdminClock::time_point now);
    bool is_leaving() const { return released || stopping; }
    void serve_connections(AdminClock::time_point now);
    void fill_poll_set(AdminClock::time_point now);
    int wait_ms(AdminClock::time_point now) const;
    void accept_waiting(AdminClock::time_point now);
    bool on_ready(AdminConnection& connection, short events);
    bool receive(AdminConnection& connection);
    bool flush(AdminConnection& connection);
    bool discard(AdminConnection& connection);
    bool feed(AdminConnection& connection);
    bool linger(AdminConnection& connection) const;
    void deliver(AdminDone done);
    void notify() const;
    void let_go();

    // answers (admin_answer.cc)
    bool answer_waiting(AdminConnection& connection);
    bool answer_one(AdminConnection& connection);
    bool take_body(AdminConnection& connection, const AdminEndpoint& endpoint);
    void begin(AdminConnection& connection, const AdminEndpoint& endpoint);
    std::optional<AdminReply> refusal(const AdminEndpoint* endpoint);
    std::optional<AdminReply> refusal_of_body(const AdminEndpoint& endpoint) const;
    void put_reply(AdminConnection& connection, AdminReply reply);
    std::string name_of_request() const;
    void note_change(std::string_view what, std::uint16_t status);
    std::size_t stream_count() const;

    const config::Admin& admin;
    Log& log;
    std::vector<AdminEndpoint> endpoints;
    std::function<void()> each_second;
    AdminSocket socket;
    int wake = -1;  // eventfd: stop() or release() was called, or a slow handler is done
    std::atomic<bool> stopping{false};
    std::atomic<bool> released{false};
    std::atomic<int> listening{-1};  // the socket's descriptor, for other threads
    std::vector<AdminConnection> connections;
    std::uint64_t ids = 0;
    std::vector<pollfd> poll_set;  // wake, listener, then the connections in order
    AdminClock::time_point accept_again{};
    AdminClock::time_point next_second{};
    std::optional<AdminClock::time_point> end_by;  // set once stopping was noticed
    http::RequestHead head;  // of the request being answered; too large for the stack of a loop
    std::atomic<std::uint64_t> requests{0};
    AdminWorker worker;
    std::thread thread;

    std::mutex token_mutex;
    std::string token;  // any thread's, by the mutex
};

}  // namespace ringway::control
