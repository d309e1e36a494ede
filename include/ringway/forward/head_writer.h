// Heads as they are sent on: untouched lines are pieces of the received bytes, dropped lines are
// gaps between them, added lines are generated text (SPEC §3). Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/config/config.h"
#include "ringway/forward/gather.h"
#include "ringway/http/head.h"

namespace ringway::forward {

/// What the request head is changed by on its way to an upstream.
struct RequestEdit {
    const config::Route& route;
    const config::Upstream& upstream;
    std::string_view client_ip;
    std::string_view request_id;        // used unless the client is trusted and sent one
    std::string_view rewritten_target;  // empty: the head's own
    bool client_trusted = false;  // its X-Forwarded-*, X-Real-IP and X-Request-ID are believed
    bool upgrade = false;         // ask the upstream to switch protocols as the client asked
};

/// Adds the head to `gather`; `owner` holds the bytes that it was parsed from.
void write_request_head(Gather& gather, const http::RequestHead& head, ring::Buffer* owner,
                        const RequestEdit& edit);

/// What the response head is changed by on its way to the client.
struct ResponseEdit {
    const config::Route* route = nullptr;
    std::uint8_t client_minor_version = 1;
    bool keep_alive = true;       // of the client's connection
    bool chunked = false;         // the body goes out chunked
    bool upgrade = false;         // a 101: Connection and Upgrade pass
    std::string_view set_cookie;  // an affinity cookie's value; empty: none
};

/// The same for a response; `received` is its head, empty line included.
void write_response_head(Gather& gather, const http::ResponseHead& head, std::string_view received,
                         ring::Buffer* owner, const ResponseEdit& edit);

/// One piece of a body, with its chunk framing when `chunked`.
void write_body_piece(Gather& gather, std::string_view payload, ring::Buffer* owner, bool chunked);

/// The end of a chunked body: the last chunk and the trailer lines that may be passed on (RFC
/// 9110 6.5.1: none that frame, route, authenticate or modify the message).
void write_last_chunk(Gather& gather, std::string_view trailers);

/// A whole response made here. `head_only`: the answer to HEAD.
struct CannedReply {
    std::uint16_t status = 500;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string_view body;         // empty: the status as a sentence
    std::string_view extra_lines;  // whole field lines, each with CRLF
    bool keep_alive = false;
    bool head_only = false;
    std::uint8_t client_minor_version = 1;
};
/// The number of body bytes written.
std::size_t write_canned_reply(Gather& gather, const CannedReply& reply);

}  // namespace ringway::forward
