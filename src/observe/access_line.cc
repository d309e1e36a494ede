// One access record as one line of JSON. Log writer's thread; no state.
#include "ringway/observe/access_line.h"

#include <charconv>

#include "ringway/observe/counters.h"
#include "ringway/observe/timestamp.h"

namespace ringway::observe {
namespace {

constexpr bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Bytes of the well-formed multi-byte character at the start of `text`, or 0 (Unicode 15, table
/// 3-7: no overlong form, no surrogate, nothing above U+10FFFF).
std::size_t multi_byte_size(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    std::size_t size = 0;
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        size = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        size = 3;
        if (lead == 0xe0) second_min = 0xa0;
        if (lead == 0xed) second_max = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        size = 4;
        if (lead == 0xf0) second_min = 0x90;
        if (lead == 0xf4) second_max = 0x8f;
    }
    if (size == 0 || text.size() < size) return 0;
    if (at(1) < second_min || at(1) > second_max) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if (!is_continuation(at(i))) return 0;
    }
    return size;
}

void append_escaped_byte(std::string& out, unsigned char byte) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
    }
    const char text[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    out.append(text, sizeof(text));
}

constexpr bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/// Writes the members of one object.
class Members {
 public:
    explicit Members(std::string& out) : out_(out) { out_ += '{'; }
    void end() { out_ += "}\n"; }

    void text(std::string_view key, std::string_view value) {
        name(key);
        append_json_string(out_, value);
    }
    void null(std::string_view key) {
        name(key);
        out_ += "null";
    }
    void number(std::string_view key, std::uint64_t value) {
        name(key);
        append_number(value);
    }
    void boolean(std::string_view key, bool value) {
        name(key);
        out_ += value ? "true" : "false";
    }
    /// Milliseconds with three decimals; null when negative.
    void milliseconds(std::string_view key, base::Duration value) {
        if (value < base::Duration::zero()) return null(key);
        name(key);
        const auto us = static_cast<std::uint64_t>(base::to_us(value));
        append_number(us / 1000);
        const auto rest = static_cast<unsigned>(us % 1000);
        const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                                 static_cast<char>('0' + rest / 10 % 10),
                                 static_cast<char>('0' + rest % 10)};
        out_.append(decimals, sizeof(decimals));
    }
    /// The name of the element at `index`; null when there is none.
    template <class List>
    void name_at(std::string_view key, const List& list, std::int64_t index) {
        if (index < 0 || static_cast<std::uint64_t>(index) >= list.size()) return null(key);
        text(key, list[static_cast<std::size_t>(index)].name);
    }
    /// Starts a member whose value the caller appends.
    std::string& name(std::string_view key) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += key;
        out_ += "\":";
        return out_;
    }

 private:
    void append_number(std::uint64_t value) {
        char text[24];
        const auto result = std::to_chars(text, text + sizeof(text), value);
        out_.append(text, result.ptr);
    }

    std::string& out_;
    bool first_ = true;
};

void append_client(Members& members, const base::SocketAddress& client) {
    char host[64];
    const std::size_t size = client.is_ip() ? client.write_host(host) : 0;
    if (client.is_ip()) {
        members.text("client", {host, size});
        members.number("client_port", client.port());
    } else {
        members.text("client", "unix:");
        members.null("client_port");
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && is_plain(static_cast<unsigned char>(text[end]))) ++end;
        out.append(text, at, end - at);
        at = end;
        if (at == text.size()) break;
        const std::size_t character = multi_byte_size(text.substr(at));
        if (character > 0) {
            out.append(text, at, character);
            at += character;
        } else {
            append_escaped_byte(out, static_cast<unsigned char>(text[at]));
            ++at;
        }
    }
    out += '"';
}

void append_access_line(std::string& out, const AccessRecord& record,
                        const config::Config& config) {
    Members members(out);
    members.name("time") += '"';
    append_timestamp(out, record.started_unix_ns);
    out += '"';
    append_client(members, record.client);
    members.name_at("listener", config.listeners, record.listener);
    members.name_at("route", config.routes, record.route);
    members.name_at("pool", config.pools, record.pool);
    if (record.pool >= 0 && static_cast<std::size_t>(record.pool) < config.pools.size()) {
        const auto& pool = config.pools[static_cast<std::size_t>(record.pool)];
        members.name_at("upstream", pool.upstreams, record.upstream);
    } else {
        members.null("upstream");
    }
    members.text("method", record.method);
    members.text("target", record.target);
    members.text("host", record.host);
    members.text("protocol", record.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
    members.number("status", record.status);
    members.number("request_body_bytes", record.request_body_bytes);
    members.number("response_body_bytes", record.response_body_bytes);
    members.number("attempts", record.attempts);
    members.boolean("reused", record.upstream_reused);
    members.text("request_id", record.request_id);
    members.text("user_agent", record.user_agent);
    members.text("referer", record.referer);
    members.milliseconds("queue_ms", record.queue);
    members.milliseconds("connect_ms", record.connect);
    members.milliseconds("first_byte_ms", record.first_byte);
    members.milliseconds("total_ms", record.total);
    if (record.refusal >= 0 && static_cast<std::size_t>(record.refusal) < kRefusals) {
        members.text("refusal", name_of(static_cast<Refusal>(record.refusal)));
    } else {
        members.null("refusal");
    }
    members.end();
}

}  // namespace ringway::observe
