// One access record as one line of text. Log writer's thread; no state.
#include "ringway/observe/access_line.h"

#include <charconv>

#include "ringway/observe/counters.h"
#include "ringway/observe/json.h"
#include "ringway/observe/timestamp.h"

namespace ringway::observe {
namespace {

/// The name of the element at `index`; null when there is none.
template <class List>
void put_name_at(JsonWriter& json, const List& list, std::int64_t index) {
    if (index < 0 || static_cast<std::uint64_t>(index) >= list.size()) return json.null();
    json.text(list[static_cast<std::size_t>(index)].name);
}

void put_client(JsonWriter& json, const base::SocketAddress& client) {
    char host[64];
    const std::size_t size = client.is_ip() ? client.write_host(host) : 0;
    if (client.is_ip()) {
        json.key("client").text({host, size});
        json.key("client_port").number(client.port());
    } else {
        json.key("client").text("unix:");
        json.key("client_port").null();
    }
}

/// Those that failed, then the one that gave the answer, or was at work when the request ended.
void put_attempts(JsonWriter& json, const AccessRecord& record,
                  const std::vector<config::Upstream>& upstreams) {
    json.open_array();
    for (const FailedAttempt& attempt : record.failed_attempts) {
        json.open_object();
        put_name_at(json.key("upstream"), upstreams, attempt.upstream);
        json.key("cause").text(name_of(static_cast<AttemptEnd>(attempt.cause)));
        json.key("ms").number(attempt.took_ms);
        json.close_object();
    }
    if (record.attempts > record.failed_attempts.size()) {
        json.open_object();
        put_name_at(json.key("upstream"), upstreams, record.upstream);
        json.key("cause").null();
        json.key("ms");
        if (record.last_attempt < base::Duration::zero()) {
            json.null();
        } else {
            json.number(static_cast<std::uint64_t>(base::to_ms(record.last_attempt)));
        }
        json.close_object();
    }
    json.close_array();
}

void put_times(JsonWriter& json, const AccessRecord& record) {
    json.key("queue_ms").milliseconds(record.queue);
    json.key("connect_ms").milliseconds(record.connect);
    json.key("first_byte_ms").milliseconds(record.first_byte);
    json.key("total_ms").milliseconds(record.total);
}

/// As nginx escapes it: what could end the quotes or the line as \xXX.
void append_quoted(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    out += '"';
    if (text.empty()) out += '-';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            out += c;
        } else {
            const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
            out.append(escape, sizeof(escape));
        }
    }
    out += '"';
}

void append_whole(std::string& out, std::uint64_t value) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

/// nginx's code for a client that closed before it was answered.
constexpr std::uint16_t kClientClosed = 499;

std::uint16_t logged_status(const AccessRecord& record) {
    const bool has_left = record.refusal == static_cast<std::int8_t>(Refusal::client_gone);
    return record.status == 0 && has_left ? kClientClosed : record.status;
}

}  // namespace

void append_combined_line(std::string& out, const AccessRecord& record) {
    char host[64];
    if (record.client.is_ip()) {
        out.append(host, record.client.write_host(host));
    } else {
        out += "unix:";
    }
    out += " - - [";
    append_log_time(out, record.started_unix_ns);
    out += "] ";
    if (record.method.empty()) {
        append_quoted(out, "");
    } else {
        std::string request(record.method);
        request += ' ';
        request += record.target;
        request += record.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1";
        append_quoted(out, request);
    }
    out += ' ';
    const std::uint16_t status = logged_status(record);
    if (status == 0) out += "00";
    append_whole(out, status);
    out += ' ';
    append_whole(out, record.response_body_bytes);
    out += ' ';
    append_quoted(out, record.referer);
    out += ' ';
    append_quoted(out, record.user_agent);
    out += '\n';
}

void append_access_line(std::string& out, const AccessRecord& record,
                        const config::Config& config) {
    static const std::vector<config::Upstream> none;
    const bool has_pool =
        record.pool >= 0 && static_cast<std::size_t>(record.pool) < config.pools.size();
    const auto& upstreams =
        has_pool ? config.pools[static_cast<std::size_t>(record.pool)].upstreams : none;
    JsonWriter json(out);
    json.open_object();
    json.key("time").time(record.started_unix_ns);
    put_client(json, record.client);
    put_name_at(json.key("listener"), config.listeners, record.listener);
    put_name_at(json.key("route"), config.routes, record.route);
    put_name_at(json.key("pool"), config.pools, record.pool);
    put_name_at(json.key("upstream"), upstreams, record.upstream);
    json.key("method").text(record.method);
    json.key("target").text(record.target);
    json.key("host").text(record.host);
    json.key("protocol").text(record.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
    json.key("status").number(record.status);
    json.key("request_body_bytes").number(record.request_body_bytes);
    json.key("response_body_bytes").number(record.response_body_bytes);
    json.key("attempts_count").number(record.attempts);
    put_attempts(json.key("attempts"), record, upstreams);
    json.key("reused").boolean(record.upstream_reused);
    json.key("request_id").text(record.request_id);
    json.key("user_agent").text(record.user_agent);
    json.key("referer").text(record.referer);
    put_times(json, record);
    json.key("refusal");
    if (record.refusal >= 0 && static_cast<std::size_t>(record.refusal) < kRefusals) {
        json.text(name_of(static_cast<Refusal>(record.refusal)));
    } else {
        json.null();
    }
    json.close_object();
    out += '\n';
}

}  // namespace ringway::observe
