// What the admin server answers: who may ask what, with which body, and how the reply is written.
// On the server's thread.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>

#include "admin_machine.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using State = AdminConnection::State;

constexpr std::size_t kStreamsMax = 16;
constexpr int kStreamSocketBytes = 128 * 1024;
constexpr std::chrono::seconds kBodyPatience(30);

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

bool is_change(http::Method method) {
    return method != http::Method::get && method != http::Method::head;
}

bool wants_body(const AdminEndpoint& endpoint, http::Method method) {
    return endpoint.body != AdminBody::none &&
           (method == http::Method::post || method == http::Method::put);
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

/// The media type of a Content-Type, without its parameters (RFC 9110 8.3).
std::string media_type(std::string_view value) {
    value = value.substr(0, value.find(';'));
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    return lower_case(value);
}

/// What goes by the name of that type: curl and editors know none for TOML (RFC 9512 has one for
/// YAML only).
bool is_of_type(AdminBody body, std::string_view type) {
    switch (body) {
        case AdminBody::json:
            return type == "application/json";
        case AdminBody::toml:
            return type == "application/toml" || type == "text/plain" ||
                   type == "application/octet-stream";
        case AdminBody::none:
            break;
    }
    return false;
}

/// What the client has shown of itself: RFC 6750 2.1. Empty: nothing.
std::string_view bearer_of(const http::RequestHead& head) {
    const http::Field* const field = head.fields.find("authorization");
    if (field == nullptr) return {};
    std::string_view value = field->value;
    if (lower_case(value.substr(0, 7)) != "bearer ") return {};
    value.remove_prefix(7);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
}

}  // namespace

bool is_same_secret(std::string_view secret, std::string_view given) {
    // Every byte that was given is compared, with something, whatever the others were.
    std::size_t difference = secret.size() ^ given.size();
    for (std::size_t i = 0; i < given.size(); ++i) {
        const char with = secret.empty() ? '\0' : secret[i % secret.size()];
        difference |= static_cast<std::size_t>(static_cast<unsigned char>(with ^ given[i]));
        asm volatile("" : "+r"(difference));  // no early end is to be derived from its value
    }
    return difference == 0;
}

AdminReply error_reply(std::uint16_t status, std::string_view code, std::string_view message,
                       std::span<const std::string> details) {
    AdminReply reply;
    reply.status = status;
    observe::JsonWriter json(reply.body);
    json.open_object();
    json.key("error").open_object();
    json.key("code").text(code);
    json.key("message").text(message);
    if (!details.empty()) {
        json.key("errors").open_array();
        for (const std::string& detail : details) json.text(detail);
        json.close_array();
    }
    json.close_object();
    json.close_object();
    reply.body += '\n';
    return reply;
}

AdminReply text_reply(std::uint16_t status, std::string body) {
    AdminReply reply;
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = std::move(body);
    return reply;
}

/// Answers the requests that have arrived, until one is not whole or a reply has to wait.
bool AdminServer::Machine::answer_waiting(AdminConnection& connection) {
    while (connection.state == State::receiving && !connection.in.empty()) {
        if (!answer_one(connection)) return true;
        // What flush() has to say of a stream is said when it is fed.
        if (connection.state == State::sending && !flush(connection)) return false;
    }
    return true;
}

/// False when the request is not whole.
bool AdminServer::Machine::answer_one(AdminConnection& connection) {
    if (connection.in.size() < connection.needed) return false;
    const http::HeadError error =
        http::parse_request_head(connection.in, kAdminHeadLimits, connection.scanned, head);
    const bool full = connection.in.size() >= kAdminHeadBytesMax;
    if (error == http::HeadError::incomplete && !full) return false;
    connection.scanned = 0;
    if (error != http::HeadError::none) {
        requests.fetch_add(1, std::memory_order_relaxed);
        const bool too_long = error == http::HeadError::incomplete;
        connection.close_after = true;
        connection.head_only = false;
        put_reply(connection,
                  error_reply(too_long ? std::uint16_t{431} : http::status_of(error),
                              too_long ? "head_too_large" : "bad_request", http::name_of(error)));
        return true;
    }
    const AdminEndpoint* const endpoint = endpoint_of(endpoints, head.path);
    connection.head_only = head.method == http::Method::head;
    std::optional<AdminReply> refused = refusal(endpoint);
    if (!refused && !take_body(connection, *endpoint)) return false;
    requests.fetch_add(1, std::memory_order_relaxed);
    if (!refused) {
        begin(connection, *endpoint);
        return true;
    }
    // A body that nobody reads ends the connection with it.
    const bool has_body = head.framing != http::Framing::none &&
                          !(head.framing == http::Framing::length && head.content_length == 0);
    connection.needed = 0;
    connection.close_after = has_body || !head.keep_alive;
    if (is_change(head.method)) note_change(name_of_request(), refused->status);
    put_reply(connection, std::move(*refused));
    connection.in.erase(0, head.size);
    return true;
}

/// True when the body that the endpoint wants is there.
bool AdminServer::Machine::take_body(AdminConnection& connection, const AdminEndpoint& endpoint) {
    if (!wants_body(endpoint, head.method)) return true;
    const std::size_t needed = head.size + static_cast<std::size_t>(head.content_length);
    if (connection.in.size() >= needed) return true;
    if (connection.needed == 0) {
        connection.deadline = AdminClock::now() + kBodyPatience;
        constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        // The socket of a client that waits for this is empty; were it not, the client would go on
        // without it (RFC 9110 10.1.1).
        if (head.expects_continue) {
            send(connection.descriptor, kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
        }
    }
    connection.needed = needed;
    return false;
}

/// Hands a request that may be answered to its handler.
void AdminServer::Machine::begin(AdminConnection& connection, const AdminEndpoint& endpoint) {
    const std::size_t body_size =
        wants_body(endpoint, head.method) ? static_cast<std::size_t>(head.content_length) : 0;
    const std::string_view body = std::string_view(connection.in).substr(head.size, body_size);
    const std::size_t whole = head.size + body_size;
    connection.needed = 0;
    connection.close_after = !head.keep_alive;
    if (!endpoint.slow) {
        AdminReply reply = endpoint.handler({head.method, head.path, head.query, head, body});
        if (is_change(head.method)) note_change(name_of_request(), reply.status);
        put_reply(connection, std::move(reply));
    } else if (worker.submit({.connection = connection.id,
                              .endpoint = &endpoint,
                              .head = connection.in.substr(0, head.size),
                              .body = std::string(body),
                              .what = name_of_request()})) {
        connection.state = State::waiting;
        connection.deadline = AdminClock::time_point::max();
    } else {
        put_reply(connection,
                  error_reply(503, "busy", "too many operations wait already; try again later"));
    }
    connection.in.erase(0, whole);
}

/// Why the request of `head` is not for its endpoint, if so.
std::optional<AdminReply> AdminServer::Machine::refusal(const AdminEndpoint* endpoint) {
    if (endpoint == nullptr) return error_reply(404, "not_found", "there is no such endpoint");
    if (!allows(endpoint->methods, head.method)) {
        AdminReply reply = error_reply(405, "method_not_allowed",
                                       "this endpoint does not have that method; see Allow");
        reply.fields.emplace_back("Allow", allow_list(endpoint->methods));
        return reply;
    }
    if (is_change(head.method)) {
        const std::lock_guard lock(token_mutex);
        if (token.empty()) {
            return error_reply(403, "read_only",
                               "changes are off: the configuration has no [admin] token_file");
        }
        if (!is_same_secret(token, bearer_of(head))) {
            AdminReply reply = error_reply(401, "unauthorized",
                                           "changes need `Authorization: Bearer TOKEN` with the "
                                           "content of [admin] token_file");
            reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"ringway\"");
            return reply;
        }
    }
    return refusal_of_body(*endpoint);
}

std::optional<AdminReply> AdminServer::Machine::refusal_of_body(
    const AdminEndpoint& endpoint) const {
    const bool has_length = head.framing == http::Framing::length;
    if (!wants_body(endpoint, head.method)) {
        if (head.framing == http::Framing::none || (has_length && head.content_length == 0))
            return {};
        return error_reply(413, "unexpected_body", "this endpoint takes no request body");
    }
    if (!has_length) {
        return error_reply(411, "length_required", "send the body with a Content-Length");
    }
    if (head.content_length > kAdminBodyBytesMax) {
        return error_reply(413, "body_too_large", "request bodies may have 1 MiB");
    }
    const http::Field* const type = head.fields.find("content-type");
    if (type != nullptr && !is_of_type(endpoint.body, media_type(type->value))) {
        return error_reply(415, "unsupported_media_type",
                           endpoint.body == AdminBody::json
                               ? "the body has to be application/json"
                               : "the body has to be application/toml or text/plain");
    }
    return {};
}

std::size_t AdminServer::Machine::stream_count() const {
    return static_cast<std::size_t>(
        std::ranges::count(connections, State::streaming, &AdminConnection::state));
}

void AdminServer::Machine::put_reply(AdminConnection& connection, AdminReply reply) {
    if (is_leaving()) connection.close_after = true;
    if (reply.stream != nullptr && stream_count() >= kStreamsMax) {
        reply = error_reply(503, "too_many_streams", "16 clients follow the events already");
    }
    const bool streams = reply.stream != nullptr;
    if (streams) {
        connection.close_after = true;
        // Else the kernel would hold megabytes for a client that reads nothing.
        setsockopt(connection.descriptor, SOL_SOCKET, SO_SNDBUF, &kStreamSocketBytes,
                   sizeof(kStreamSocketBytes));
    }
    std::string& out = connection.out;
    out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\n", reply.status,
                      http::reason_phrase(reply.status), http_date(), reply.content_type);
    if (!streams) out += fmt::format("Content-Length: {}\r\n", reply.body.size());
    out += fmt::format(
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: {}\r\n",
        connection.close_after ? "close" : "keep-alive");
    for (const auto& [name, value] : reply.fields) out += name + ": " + value + "\r\n";
    out += "\r\n";
    if (!connection.head_only) out += reply.body;
    connection.sent = 0;
    connection.state = streams && !connection.head_only ? State::streaming : State::sending;
    if (connection.state == State::streaming) connection.stream = std::move(reply.stream);
    connection.deadline = AdminClock::now() + std::chrono::seconds(5);
}

std::string AdminServer::Machine::name_of_request() const {
    return fmt::format("{} {}", head.method_text, head.path);
}

/// Changes are few, and who looks for what happened wants to see them.
void AdminServer::Machine::note_change(std::string_view what, std::uint16_t status) {
    log.info("admin", fmt::format("{}: {}", what, status));
}

}  // namespace ringway::control
