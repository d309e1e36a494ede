// The admin listener: a small HTTP/1.1 server for operators and scrapers, off the shards.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/config/config.h"
#include "ringway/control/log.h"
#include "ringway/http/head.h"

namespace ringway::control {

/// A request as an endpoint sees it. Valid during the call.
struct AdminRequest {
    http::Method method = http::Method::get;
    std::string_view path;
    std::string_view query;
    const http::RequestHead& head;
    std::string_view body = {};
};

/// The body of an answer that goes on until its client leaves. On the server's thread.
class AdminStream {
 public:
    virtual ~AdminStream() = default;
    /// Appends what is new, up to about `room` bytes; the rest waits in its source. Called about
    /// every 100 ms, and not while a client does not read. When the server ends or is released, it
    /// is called until nothing is new, and then the stream ends.
    virtual void feed(std::string& out, std::size_t room) = 0;
};

struct AdminReply {
    std::uint16_t status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields = {};  // further header fields
    std::unique_ptr<AdminStream> stream = nullptr;                 // goes on behind `body`
};

/// {"error":{"code":"snake_case","message":"a sentence"}} with this status; `details`, where there
/// are some, as the array "errors".
AdminReply error_reply(std::uint16_t status, std::string_view code, std::string_view message,
                       std::span<const std::string> details = {});
AdminReply text_reply(std::uint16_t status, std::string body);

/// What an endpoint takes with POST and PUT: nothing, or a body that must be there, of that type.
enum class AdminBody : std::uint8_t { none, json, toml };

/// Answers one exact path, or every path below one, or of those the ones with a suffix. GET implies
/// HEAD; other methods need the token. The handler throws nothing. It runs on the server's thread,
/// where it must not block; a slow one on a thread of its own, one at a time.
struct AdminEndpoint {
    std::string path;
    std::vector<http::Method> methods;
    std::function<AdminReply(const AdminRequest&)> handler;
    // answers what is longer than `path`, which ends with a slash, where no exact one does
    bool below = false;
    std::string suffix = {};  // of those, only what ends so: "/drain"
    AdminBody body = AdminBody::none;
    bool slow = false;
};

/// The endpoint of a path: the exact one, else the one with a suffix, else the longest one that it
/// lies below; nullptr: none. Pure.
const AdminEndpoint* endpoint_of(const std::vector<AdminEndpoint>& endpoints,
                                 std::string_view path);

/// Up to 64 connections (further ones wait in the kernel), of which 16 may be streams and 16 wait
/// for slow handlers; heads up to 8 KiB, bodies up to 1 MiB; 5 s each for a head, between two
/// pieces of a reply or stream, and between two requests, 30 s for a body. Unknown paths, methods
/// and bodies are refused with an error_reply(), and so are changes without the token (401), or
/// where there is none (403). Each change is a line of the log.
class AdminServer {
 public:
    AdminServer(const config::Admin& admin, Log& log);
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;
    ~AdminServer();

    /// Before start().
    void add(std::vector<AdminEndpoint> endpoints);
    /// Called once a second on the server's thread. Before start().
    void every_second(std::function<void()> call);

    /// The bearer token of changes from now on; empty: no changes. Any thread, after start(), which
    /// takes Admin::token.
    void set_token(std::string token);

    /// Binds Admin::listen; nothing to do when there is none. A unix socket (mode 0660) replaces a
    /// stale one that nobody listens on, never another kind of file and never a living one. A
    /// sentence for a human when the address cannot be had. With `inherited`, a listening socket
    /// at that address, takes it over instead.
    std::expected<void, std::string> open(int inherited = -1);

    /// Opens, unless that was done, and starts the thread.
    std::expected<void, std::string> start();

    /// The listening socket, for a successor; -1: none. Main thread.
    int listening_descriptor() const;

    /// A successor accepts from now on: closes the listening socket and leaves its file. The
    /// connections that are there end with their next reply, streams when all of it was sent, so
    /// that their clients come back to the successor. After start().
    void release();

    /// Sends the replies and streams that are under way, for at most 500 ms; then cuts what is
    /// left, ends the threads and removes the unix socket if it is still this one. Waits for a slow
    /// handler that runs.
    void stop();

    /// Where it listens, with the port that the kernel chose for port 0. After start().
    base::SocketAddress address() const;
    /// Requests answered. Any thread.
    std::uint64_t requests() const;

 private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace ringway::control
