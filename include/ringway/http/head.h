// The message vocabulary: a request head, a response head, their fields, and how the body that
// follows is framed. Everything here is a view into the bytes that were parsed and is valid as long
// as those bytes stay.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ringway/base/limits.h"

namespace ringway::http {

enum class Method : std::uint8_t {
    get,
    head,
    post,
    put,
    delete_,
    connect,
    options,
    trace,
    patch,
    other
};

/// The registered name ("GET"); "" for Method::other, whose name only the head has.
std::string_view method_name(Method method);
/// Method::other when unknown. Case-sensitive (RFC 9110 9.1).
Method method_of(std::string_view name);

/// RFC 9110 9.2.2: repeating the request has the effect of one (GET, HEAD, PUT, DELETE, OPTIONS,
/// TRACE).
constexpr bool is_idempotent(Method method) {
    return method == Method::get || method == Method::head || method == Method::put ||
           method == Method::delete_ || method == Method::options || method == Method::trace;
}

/// Fields that the proxy itself looks at; all others are FieldId::other and pass through untouched.
enum class FieldId : std::uint8_t {
    other,
    connection,
    content_length,
    cookie,
    date,
    expect,
    host,
    http2_settings,
    idempotency_key,
    keep_alive,
    max_forwards,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    retry_after,
    server,
    set_cookie,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    via,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_proto,
    x_real_ip,
    x_request_id,
};

/// Case-insensitive look-up of a field name.
FieldId field_id(std::string_view name);

/// One field line. `name` starts its line; the line ends where the next field's name starts (or at
/// the empty line), so a run of untouched lines is one contiguous piece of the received bytes.
struct Field {
    std::string_view name;
    std::string_view value;  // without the optional white space around it
    FieldId id = FieldId::other;
    // true exactly when a Connection field of this head names it (RFC 9110 7.6.1)
    bool nominated = false;
};

enum class Framing : std::uint8_t {
    none,         // no body follows
    length,       // content_length bytes follow
    chunked,      // RFC 9112 7.1
    until_close,  // a response that ends when its connection does
};

/// The fields of one head, in order. A fixed array: parsing allocates nothing.
struct Fields {
    std::uint32_t count = 0;
    std::array<Field, base::kFieldsMax> at;

    const Field* begin() const { return at.data(); }
    const Field* end() const { return at.data() + count; }
    /// The first field with this id, or nullptr.
    const Field* find(FieldId id) const;
    /// The first field with this name, whatever its case, or nullptr.
    const Field* find(std::string_view name) const;
};

struct HeadLimits {
    std::uint32_t bytes_max = 64 * 1024;  // the whole head, its empty line included
    std::uint32_t fields_max = 100;       // at most base::kFieldsMax
    std::uint32_t target_bytes_max = 16 * 1024;
    bool operator==(const HeadLimits&) const = default;
};

struct RequestHead {
    std::uint32_t size = 0;  // bytes of the head, from its first byte through the empty line
    // bytes of empty lines before the request line (RFC 9112 2.2), counted in size
    std::uint32_t skipped = 0;
    Method method = Method::other;
    std::string_view method_text;
    std::string_view target;  // as received
    std::string_view path;    // of the target, "/" at least; "*" for OPTIONS * ; without the query
    std::string_view query;   // after '?', without it; empty when there is none
    bool has_query = false;
    std::string_view authority;  // of an absolute-form target, else the Host value; may have a
                                 // port; may be empty
    bool absolute_form = false;
    std::uint8_t minor_version = 1;  // 0 or 1; a higher one is read as 1
    bool has_host = false;

    Framing framing = Framing::none;   // none, length or chunked
    std::uint64_t content_length = 0;  // valid for Framing::length
    bool keep_alive = true;            // RFC 9112 9.3
    // Expect: 100-continue from an HTTP/1.1 client with a body to come
    bool expects_continue = false;
    bool upgrade = false;  // HTTP/1.1, Connection: upgrade and an Upgrade field present
    std::uint32_t max_forwards = kNoMaxForwards;
    Fields fields;

    static constexpr std::uint32_t kNoMaxForwards = 0xffffffff;
};

struct ResponseHead {
    std::uint32_t size = 0;
    std::uint16_t status = 0;
    std::string_view reason;
    std::uint8_t minor_version = 1;
    Framing framing = Framing::none;
    std::uint64_t content_length = 0;  // of the field, also where no body follows (HEAD, 304)
    bool has_content_length = false;
    bool keep_alive = true;
    bool upgrade = false;  // Connection: upgrade and an Upgrade field present
    Fields fields;
};

/// Why a head was refused. Request-side values map to a status with status_of().
enum class HeadError : std::uint8_t {
    none,
    incomplete,  // a prefix of a head: more bytes are needed
    bad_request_line,
    bad_method,
    bad_target,
    uri_too_long,
    bad_version,
    unsupported_version,
    bad_status_line,
    bad_field_name,
    bad_field_value,
    obsolete_fold,
    bare_line_end,  // CR without LF, or LF without CR
    head_too_large,
    too_many_fields,
    missing_host,
    repeated_host,
    bad_host,
    bad_content_length,
    conflicting_content_length,
    length_and_transfer_encoding,
    bad_transfer_encoding,
    unsupported_transfer_coding,
    bad_expect,
    bad_connect,
};

/// A short stable name for logs and counters ("repeated_host").
std::string_view name_of(HeadError error);
/// The status that answers a refused request head: 400, 414, 417, 431, 501 or 505.
std::uint16_t status_of(HeadError error);
/// The registered reason phrase of a status; "" when unknown.
std::string_view reason_phrase(std::uint16_t status);

/// Parses a request head at the start of `bytes` (RFC 9112 2 to 6, strict: CRLF line ends only, no
/// folding, one framing). On `none` everything in `head` is valid and head.size bytes are used.
/// `incomplete` costs one scan for the end of the head from `scanned`, which the caller keeps
/// between calls with a longer prefix (0 at first); limits are enforced on prefixes too. A fault in
/// a later piece is reported when its line has ended, at the latest. `scanned` is 0 again after
/// every other answer than `incomplete`. A name is bounded to 1024 bytes, the options of Connection
/// to 32. A path that the target lacks ("/", "*") is a view of static text. Pure; no allocation.
HeadError parse_request_head(std::string_view bytes, const HeadLimits& limits,
                             std::uint32_t& scanned, RequestHead& head);

/// The same for a response to `request_method` (RFC 9112 6.3: HEAD, 1xx, 204, 304 have no body).
HeadError parse_response_head(std::string_view bytes, const HeadLimits& limits,
                              Method request_method, std::uint32_t& scanned, ResponseHead& head);

}  // namespace ringway::http
