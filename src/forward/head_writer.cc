#include "ringway/forward/head_writer.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace ringway::forward {

namespace {

using http::Field;
using http::FieldId;
using http::Fields;

/// Where the line of field i ends: at the next line, or at the empty line that ends the head.
const char* line_end(const Fields& fields, std::uint32_t i, const char* head_end) {
    return i + 1 < fields.count ? fields.at[i + 1].name.data() : head_end - 2;
}

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// True when an edit replaces or removes fields of this name.
bool edited_away(const std::vector<config::HeaderEdit>& edits, std::string_view name) {
    return std::any_of(edits.begin(), edits.end(), [&](const config::HeaderEdit& edit) {
        return edit.kind != config::HeaderEdit::Kind::add && same_name(edit.name, name);
    });
}

void add_line(Gather& gather, std::string_view name, std::string_view value,
              ring::Buffer* owner = nullptr) {
    gather.add_text(name);
    gather.add_text(": ");
    gather.add_received(value, owner);
    gather.add_text("\r\n");
}

void add_edits(Gather& gather, const std::vector<config::HeaderEdit>& edits) {
    for (const config::HeaderEdit& edit : edits) {
        if (edit.kind != config::HeaderEdit::Kind::remove) add_line(gather, edit.name, edit.value);
    }
}

/// Adds every line that `keep` says stays.
template <class Keep>
void add_kept_lines(Gather& gather, const Fields& fields, const char* head_end, ring::Buffer* owner,
                    Keep&& keep) {
    for (std::uint32_t i = 0; i < fields.count; ++i) {
        const Field& field = fields.at[i];
        if (!keep(field)) continue;
        const char* begin = field.name.data();
        gather.add({begin, static_cast<std::size_t>(line_end(fields, i, head_end) - begin)}, owner);
    }
}

bool keeps_request_field(const Field& field, const http::RequestHead& head,
                         const RequestEdit& edit) {
    switch (field.id) {
        case FieldId::connection:
        case FieldId::keep_alive:
        case FieldId::proxy_connection:
        case FieldId::te:
        case FieldId::transfer_encoding:
        case FieldId::http2_settings:
        case FieldId::max_forwards:
            return false;
        case FieldId::upgrade:
            return edit.upgrade;
        case FieldId::content_length:
            return head.framing == http::Framing::length;
        case FieldId::expect:
            return head.expects_continue;
        case FieldId::host:
            return !head.absolute_form && edit.upstream.host_header.empty();
        // written anew, behind what a trusted client sent
        case FieldId::x_forwarded_for:
            return false;
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_proto:
        case FieldId::x_real_ip:
        case FieldId::x_request_id:
            return edit.client_trusted;
        case FieldId::other:
        case FieldId::cookie:
        case FieldId::date:
        case FieldId::idempotency_key:
        case FieldId::proxy_authenticate:
        case FieldId::proxy_authorization:
        case FieldId::retry_after:
        case FieldId::server:
        case FieldId::set_cookie:
        case FieldId::trailer:
        case FieldId::via:
            break;
    }
    return !field.nominated;
}

void add_request_line(Gather& gather, const http::RequestHead& head, ring::Buffer* owner,
                      const RequestEdit& edit) {
    constexpr std::string_view kEnd = " HTTP/1.1\r\n";
    const char* begin = head.method_text.data();
    const char* end = head.target.data() + head.target.size() + kEnd.size();
    const bool as_received = edit.rewritten_target.empty() && !head.absolute_form &&
                             std::string_view(end - kEnd.size(), kEnd.size()) == kEnd;
    if (as_received) {
        gather.add({begin, static_cast<std::size_t>(end - begin)}, owner);
        return;
    }
    gather.add_received(head.method_text, owner);
    gather.add_text(" ");
    if (!edit.rewritten_target.empty()) {
        gather.add_received(edit.rewritten_target, nullptr);
    } else {
        gather.add_received(head.path, owner);
        if (head.has_query) {
            gather.add_text("?");
            gather.add_received(head.query, owner);
        }
    }
    gather.add_text(kEnd);
}

/// X-Forwarded-For: who the client says it speaks for (when believed), then the client.
void add_forwarded_for(Gather& gather, const http::RequestHead& head, ring::Buffer* owner,
                       const RequestEdit& edit) {
    gather.add_text("X-Forwarded-For: ");
    if (edit.client_trusted) {
        for (const Field& field : head.fields) {
            if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
            gather.add_received(field.value, owner);
            gather.add_text(", ");
        }
    }
    gather.add_text(edit.client_ip);
    gather.add_text("\r\n");
}

void add_forwarding_fields(Gather& gather, const http::RequestHead& head, ring::Buffer* owner,
                           const RequestEdit& edit) {
    const bool trusted = edit.client_trusted;
    add_forwarded_for(gather, head, owner, edit);
    if (!trusted || head.fields.find(FieldId::x_forwarded_proto) == nullptr) {
        gather.add_text("X-Forwarded-Proto: http\r\n");
    }
    if (!head.authority.empty() &&
        (!trusted || head.fields.find(FieldId::x_forwarded_host) == nullptr)) {
        add_line(gather, "X-Forwarded-Host", head.authority, owner);
    }
    if (!trusted || head.fields.find(FieldId::x_real_ip) == nullptr) {
        add_line(gather, "X-Real-IP", edit.client_ip);
    }
    if (!trusted || head.fields.find(FieldId::x_request_id) == nullptr) {
        add_line(gather, "X-Request-ID", edit.request_id);
    }
    gather.add_text(head.minor_version == 0 ? "Via: 1.0 ringway\r\n" : "Via: 1.1 ringway\r\n");
}

}  // namespace

void write_request_head(Gather& gather, const http::RequestHead& head, ring::Buffer* owner,
                        const RequestEdit& edit) {
    const char* head_end = head.method_text.data() - head.skipped + head.size;
    const auto& route_edits = edit.route.request_headers;
    const auto& upstream_edits = edit.upstream.request_headers;
    const bool edits = !route_edits.empty() || !upstream_edits.empty();

    add_request_line(gather, head, owner, edit);
    const bool host_by_edit =
        edited_away(route_edits, "host") || edited_away(upstream_edits, "host");
    if (!edit.upstream.host_header.empty() && !host_by_edit) {
        add_line(gather, "Host", edit.upstream.host_header);
    } else if (head.absolute_form && !host_by_edit) {
        add_line(gather, "Host", head.authority, owner);
    } else if (!head.has_host && !host_by_edit) {
        add_line(gather, "Host",
                 edit.upstream.address.starts_with("unix:") ? "localhost" : edit.upstream.address);
    }
    add_kept_lines(gather, head.fields, head_end, owner, [&](const Field& field) {
        if (!keeps_request_field(field, head, edit)) return false;
        return !edits ||
               (!edited_away(route_edits, field.name) && !edited_away(upstream_edits, field.name));
    });
    if (head.max_forwards != http::RequestHead::kNoMaxForwards) {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof(digits), head.max_forwards - 1).ptr;
        add_line(gather, "Max-Forwards", {digits, static_cast<std::size_t>(end - digits)});
    }
    add_forwarding_fields(gather, head, owner, edit);
    if (head.framing == http::Framing::chunked) gather.add_text("Transfer-Encoding: chunked\r\n");
    if (edit.upgrade) gather.add_text("Connection: upgrade\r\n");
    if (edits) {
        add_edits(gather, route_edits);
        add_edits(gather, upstream_edits);
    }
    gather.add_text("\r\n");
}

namespace {

bool keeps_response_field(const Field& field, const http::ResponseHead& head,
                          const ResponseEdit& edit) {
    switch (field.id) {
        case FieldId::connection:
        case FieldId::keep_alive:
        case FieldId::proxy_connection:
        case FieldId::transfer_encoding:
        case FieldId::te:
            return false;
        case FieldId::upgrade:
            return edit.upgrade;
        case FieldId::content_length:
            return head.status >= 200 && head.status != 204;
        case FieldId::other:
        case FieldId::cookie:
        case FieldId::date:
        case FieldId::expect:
        case FieldId::host:
        case FieldId::http2_settings:
        case FieldId::idempotency_key:
        case FieldId::max_forwards:
        case FieldId::proxy_authenticate:
        case FieldId::proxy_authorization:
        case FieldId::retry_after:
        case FieldId::server:
        case FieldId::set_cookie:
        case FieldId::trailer:
        case FieldId::via:
        case FieldId::x_forwarded_for:
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_proto:
        case FieldId::x_real_ip:
        case FieldId::x_request_id:
            break;
    }
    return !field.nominated;
}

/// "HTTP/1.1 200 ", 13 bytes: a status line up to its reason.
char* begin_status_line(char* out, std::uint16_t status) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    out = std::copy(kVersion.begin(), kVersion.end(), out);
    out = std::to_chars(out, out + 3, status).ptr;
    *out++ = ' ';
    return out;
}

char* write_status_line(char* out, std::uint16_t status, std::string_view reason) {
    out = begin_status_line(out, status);
    out = std::copy(reason.begin(), reason.end(), out);
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

void add_status_line(Gather& gather, const http::ResponseHead& head, ring::Buffer* owner,
                     const char* head_begin) {
    if (head.minor_version == 1 && head.fields.count > 0) {
        const char* end = head.fields.at[0].name.data();
        const std::string_view line(head_begin, static_cast<std::size_t>(end - head_begin));
        if (line.starts_with("HTTP/1.1 ") && line.size() > 12 && line[12] == ' ') {
            gather.add(line, owner);
            return;
        }
    }
    char* room = gather.text_room(16);
    gather.add_text(room, begin_status_line(room, head.status));
    gather.add_received(head.reason, owner);
    gather.add_text("\r\n");
}

/// The client's connection: what HTTP/1.1 does by itself needs no line (RFC 9112 9.3).
std::string_view connection_line(bool keep_alive, std::uint8_t client_minor_version) {
    if (!keep_alive) return "Connection: close\r\n";
    return client_minor_version == 0 ? "Connection: keep-alive\r\n" : "";
}

}  // namespace

void write_response_head(Gather& gather, const http::ResponseHead& head, std::string_view received,
                         ring::Buffer* owner, const ResponseEdit& edit) {
    const char* head_end = received.data() + received.size();
    add_status_line(gather, head, owner, received.data());
    const bool edits = edit.route != nullptr && !edit.route->response_headers.empty();
    add_kept_lines(gather, head.fields, head_end, owner, [&](const Field& field) {
        if (!keeps_response_field(field, head, edit)) return false;
        return !edits || !edited_away(edit.route->response_headers, field.name);
    });
    if (edit.chunked) gather.add_text("Transfer-Encoding: chunked\r\n");
    if (edit.upgrade) {
        gather.add_text("Connection: upgrade\r\n");
    } else if (head.status >= 200) {
        gather.add_text(connection_line(edit.keep_alive, edit.client_minor_version));
    }
    if (!edit.set_cookie.empty()) add_line(gather, "Set-Cookie", edit.set_cookie);
    if (edits) add_edits(gather, edit.route->response_headers);
    // The received empty line: where nothing was added, head and body leave as one piece.
    gather.add({head_end - 2, 2}, owner);
}

void write_body_piece(Gather& gather, std::string_view payload, ring::Buffer* owner, bool chunked) {
    if (payload.empty()) return;
    if (!chunked) {
        gather.add(payload, owner);
        return;
    }
    char* room = gather.text_room(20);
    char* end = std::to_chars(room, room + 16, payload.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    gather.add_text(room, end);
    gather.add(payload, owner);
    gather.add_text("\r\n");
}

namespace {

/// RFC 9110 6.5.1 and the field definitions: these must not be believed from a trailer.
bool allowed_in_trailer(std::string_view line) {
    const std::string_view name = line.substr(0, line.find(':'));
    if (http::field_id(name) != FieldId::other) return false;
    for (const std::string_view refused :
         {"authorization", "age", "cache-control", "content-encoding", "content-range",
          "content-type", "expires", "if-match", "if-modified-since", "if-none-match", "if-range",
          "if-unmodified-since", "location", "pragma", "range", "vary", "warning",
          "www-authenticate", "forwarded"}) {
        if (same_name(name, refused)) return false;
    }
    return true;
}

}  // namespace

void write_last_chunk(Gather& gather, std::string_view trailers) {
    gather.add_text("0\r\n");
    while (!trailers.empty()) {
        const std::size_t end = trailers.find("\r\n");
        const std::size_t size = end == std::string_view::npos ? trailers.size() : end + 2;
        const std::string_view line = trailers.substr(0, size);
        trailers.remove_prefix(size);
        if (allowed_in_trailer(line) && !gather.nearly_full() &&
            gather.has_text_room(line.size() + 64)) {
            gather.add_text(line);
        }
    }
    gather.add_text("\r\n");
}

std::size_t write_canned_reply(Gather& gather, const CannedReply& reply) {
    const std::string_view reason = http::reason_phrase(reply.status);
    char* room = gather.text_room(reason.size() + 32);
    gather.add_text(room, write_status_line(room, reply.status, reason));
    char sentence[96];
    std::string_view body = reply.body;
    if (body.empty()) {
        char* end = std::to_chars(sentence, sentence + 3, reply.status).ptr;
        *end++ = ' ';
        end = std::copy(reason.begin(), reason.end(), end);
        *end++ = '\n';
        body = {sentence, static_cast<std::size_t>(end - sentence)};
    }
    const bool has_body = reply.status >= 200 && reply.status != 204 && reply.status != 304;
    if (has_body) {
        add_line(gather, "Content-Type", reply.content_type);
        char digits[24];
        const char* end = std::to_chars(digits, digits + sizeof(digits), body.size()).ptr;
        add_line(gather, "Content-Length", {digits, static_cast<std::size_t>(end - digits)});
    }
    gather.add_received(reply.extra_lines, nullptr);
    gather.add_text(connection_line(reply.keep_alive, reply.client_minor_version));
    gather.add_text("\r\n");
    if (!has_body || reply.head_only) return 0;
    if (gather.has_text_room(body.size())) {
        gather.add_text(body);
    } else {
        gather.add_lasting(body);  // a configured body, which lives as long as the configuration
    }
    return body.size();
}

}  // namespace ringway::forward
