// One access record as one line of text. Log writer's thread; no state.
#include "ringway/observe/access_line.h"

#include <vector>

#include "line_text.h"
#include "ringway/observe/counters.h"

namespace ringway::observe {
namespace {

/// Of a line without its strings: keys, brackets, numbers, times.
constexpr std::size_t kLineBytesMax = 1024;
/// Of an attempt without the name of its upstream.
constexpr std::size_t kAttemptBytesMax = 96;

/// The name of the element at `index`, or an empty one, which no element has.
template <class List>
std::string_view name_at(const List& list, std::int64_t index) {
    if (index < 0 || static_cast<std::uint64_t>(index) >= list.size()) return {};
    return list[static_cast<std::size_t>(index)].name;
}

/// The names that a record refers to by index; empty where there is none.
struct Names {
    Names(const AccessRecord& record, const config::Config& config)
        : listener(name_at(config.listeners, record.listener)),
          route(name_at(config.routes, record.route)),
          pool(name_at(config.pools, record.pool)),
          has_pool(record.pool >= 0 && static_cast<std::size_t>(record.pool) < config.pools.size()),
          upstreams(has_pool ? &config.pools[static_cast<std::size_t>(record.pool)].upstreams
                             : nullptr),
          upstream(upstream_at(record.upstream)) {}

    std::string_view upstream_at(std::int64_t index) const {
        return upstreams == nullptr ? std::string_view() : name_at(*upstreams, index);
    }

    std::string_view listener, route, pool;
    bool has_pool;
    const std::vector<config::Upstream>* upstreams;
    std::string_view upstream;
};

std::size_t bytes_max(const AccessRecord& record, const Names& names) {
    std::size_t size = kLineBytesMax;
    for (const std::string_view text :
         {names.listener, names.route, names.pool, names.upstream, names.upstream, record.method,
          record.target, record.host, record.request_id, record.user_agent, record.referer})
        size += LineText::json_bytes_max(text);
    for (const FailedAttempt& attempt : record.failed_attempts) {
        size += kAttemptBytesMax + LineText::json_bytes_max(names.upstream_at(attempt.upstream));
    }
    return size;
}

void put_name(LineText& line, std::string_view name) {
    if (name.empty()) return line.put("null");
    line.json_string(name);
}

void put_client(LineText& line, const base::PeerAddress& client) {
    if (client.is_unix) return line.put("\"unix:\",\"client_port\":null");
    char host[64];
    line.put('"');
    line.bytes({host, client.write_host(host)});
    line.put("\",\"client_port\":");
    line.whole(client.port);
}

/// Those that failed, then the one that gave the answer, or was at work when the request ended.
void put_attempts(LineText& line, const AccessRecord& record, const Names& names) {
    line.put(",\"attempts_count\":");
    line.whole(record.attempts);
    line.put(",\"attempts\":[");
    bool is_first = true;
    for (const FailedAttempt& attempt : record.failed_attempts) {
        if (!is_first) line.put(',');
        is_first = false;
        line.put("{\"upstream\":");
        put_name(line, names.upstream_at(attempt.upstream));
        line.put(",\"cause\":\"");
        line.bytes(name_of(static_cast<AttemptEnd>(attempt.cause)));
        line.put("\",\"ms\":");
        line.whole(attempt.took_ms);
        line.put('}');
    }
    if (record.attempts > record.failed_attempts.size()) {
        if (!is_first) line.put(',');
        line.put("{\"upstream\":");
        put_name(line, names.upstream);
        line.put(",\"cause\":null,\"ms\":");
        if (record.last_attempt < base::Duration::zero()) {
            line.put("null");
        } else {
            line.whole(static_cast<std::uint64_t>(base::to_ms(record.last_attempt)));
        }
        line.put('}');
    }
    line.put(']');
}

void put_times(LineText& line, const AccessRecord& record) {
    line.put(",\"queue_ms\":");
    line.milliseconds(record.queue);
    line.put(",\"connect_ms\":");
    line.milliseconds(record.connect);
    line.put(",\"first_byte_ms\":");
    line.milliseconds(record.first_byte);
    line.put(",\"total_ms\":");
    line.milliseconds(record.total);
}

void put_request(LineText& line, const AccessRecord& record) {
    line.put(",\"method\":");
    line.json_string(record.method);
    line.put(",\"target\":");
    line.json_string(record.target);
    line.put(",\"host\":");
    line.json_string(record.host);
    if (record.minor_version == 0) {
        line.put(",\"protocol\":\"HTTP/1.0\",\"status\":");
    } else {
        line.put(",\"protocol\":\"HTTP/1.1\",\"status\":");
    }
    line.whole(record.status);
    line.put(",\"request_body_bytes\":");
    line.whole(record.request_body_bytes);
    line.put(",\"response_body_bytes\":");
    line.whole(record.response_body_bytes);
}

void put_line(LineText& line, const AccessRecord& record, const Names& names) {
    line.put("{\"time\":");
    line.json_time(record.started_unix_ns);
    line.put(",\"client\":");
    put_client(line, record.client);
    line.put(",\"listener\":");
    put_name(line, names.listener);
    line.put(",\"route\":");
    put_name(line, names.route);
    line.put(",\"pool\":");
    put_name(line, names.pool);
    line.put(",\"upstream\":");
    put_name(line, names.upstream);
    put_request(line, record);
    put_attempts(line, record, names);
    if (record.upstream_reused) {
        line.put(",\"reused\":true,\"request_id\":");
    } else {
        line.put(",\"reused\":false,\"request_id\":");
    }
    line.json_string(record.request_id);
    line.put(",\"user_agent\":");
    line.json_string(record.user_agent);
    line.put(",\"referer\":");
    line.json_string(record.referer);
    put_times(line, record);
    line.put(",\"refusal\":");
    if (record.refusal >= 0 && static_cast<std::size_t>(record.refusal) < kRefusals) {
        line.put('"');
        line.bytes(name_of(static_cast<Refusal>(record.refusal)));
        line.put("\"}\n");
    } else {
        line.put("null}\n");
    }
}

/// As nginx escapes it: what could end the quotes or the line as \xXX.
void put_escaped(LineText& line, std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    char* const begin = line.at();
    if (line.plain(text)) return;
    line = LineText(begin);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            line.put(c);
        } else {
            const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
            line.bytes({escape, sizeof(escape)});
        }
    }
}

void put_quoted(LineText& line, std::string_view text) {
    if (text.empty()) return line.put("\"-\"");
    line.put('"');
    put_escaped(line, text);
    line.put('"');
}

/// nginx's code for a client that closed before it was answered.
constexpr std::uint16_t kClientClosed = 499;

std::uint16_t logged_status(const AccessRecord& record) {
    const bool has_left = record.refusal == static_cast<std::int8_t>(Refusal::client_gone);
    return record.status == 0 && has_left ? kClientClosed : record.status;
}

void put_combined_line(LineText& line, const AccessRecord& record) {
    char host[64];
    line.bytes({host, record.client.write_host(host)});
    line.put(" - - [");
    line.log_time(record.started_unix_ns);
    if (record.method.empty()) {
        line.put("] \"-\" ");
    } else {
        line.put("] \"");
        put_escaped(line, record.method);
        line.put(' ');
        put_escaped(line, record.target);
        if (record.minor_version == 0) {
            line.put(" HTTP/1.0\" ");
        } else {
            line.put(" HTTP/1.1\" ");
        }
    }
    line.digits(logged_status(record), 3);
    line.put(' ');
    line.whole(record.response_body_bytes);
    line.put(' ');
    put_quoted(line, record.referer);
    line.put(' ');
    put_quoted(line, record.user_agent);
    line.put('\n');
}

/// Makes room behind what there is, lets `put` write there, and cuts what is left.
template <class Put>
void append_line(std::string& out, std::size_t bytes_max, Put put) {
    const std::size_t before = out.size();
    out.resize_and_overwrite(before + bytes_max, [&](char* data, std::size_t) {
        LineText line(data + before);
        put(line);
        return static_cast<std::size_t>(line.at() - data);
    });
}

}  // namespace

// Flattened, since the place where a line is written stays in a register only when nothing is
// called.

[[gnu::flatten]] void append_combined_line(std::string& out, const AccessRecord& record) {
    std::size_t size = kLineBytesMax;
    for (const std::string_view text :
         {record.method, record.target, record.referer, record.user_agent})
        size += LineText::json_bytes_max(text);
    append_line(out, size, [&](LineText& line) { put_combined_line(line, record); });
}

[[gnu::flatten]] void append_access_line(std::string& out, const AccessRecord& record,
                                         const config::Config& config) {
    const Names names(record, config);
    append_line(out, bytes_max(record, names),
                [&](LineText& line) { put_line(line, record, names); });
}

}  // namespace ringway::observe
