// The admin listener: a small HTTP/1.1 server for operators and scrapers, off the shards.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
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
};

struct AdminReply {
    std::uint16_t status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;  // further header fields
};

/// {"error":"message"} with this status.
AdminReply error_reply(std::uint16_t status, std::string_view message);
AdminReply text_reply(std::uint16_t status, std::string body);

/// Answers one exact path, or every path below one. GET implies HEAD. The handler runs on the
/// server's thread and may block, which holds the other admin connections, and nothing else; it
/// throws nothing.
struct AdminEndpoint {
    std::string path;
    std::vector<http::Method> methods;
    std::function<AdminReply(const AdminRequest&)> handler;
    // answers what is longer than `path`, which ends with a slash, where no exact one does
    bool below = false;
};

/// The endpoint of a path: the exact one, else the longest one that it lies below; nullptr: none.
/// Pure.
const AdminEndpoint* endpoint_of(const std::vector<AdminEndpoint>& endpoints,
                                 std::string_view path);

/// Up to 64 connections (further ones wait in the kernel), heads up to 8 KiB, no request bodies, 5
/// s each for a head, between two pieces of a reply, and between two requests. An unknown path is
/// 404, another method 405, both with a JSON body.
class AdminServer {
 public:
    AdminServer(const config::Admin& admin, Log& log);
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;
    ~AdminServer();

    /// Before start().
    void add(std::vector<AdminEndpoint> endpoints);

    /// Binds Admin::listen; nothing to do when there is none. A unix socket (mode 0660) replaces a
    /// stale one that nobody listens on, never another kind of file and never a living one. A
    /// sentence for a human when the address cannot be had. With `inherited`, a listening socket
    /// at that address, takes it over instead.
    std::expected<void, std::string> open(int inherited = -1);

    /// Opens, unless that was done, and starts the thread.
    std::expected<void, std::string> start();

    /// The listening socket, for a successor; -1: none. Main thread.
    int listening_descriptor() const;

    /// A successor accepts from now on: closes the listening socket and leaves its file; the
    /// connections that are there go on. After start().
    void release();

    /// Cuts all connections, ends the thread and removes the unix socket if it is still this one.
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
