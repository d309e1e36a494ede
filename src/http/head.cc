// Heads: one walk from the first byte to the empty line, then the meaning of the fields. Owns
// nothing; pure; any thread.
//
// The answer to a prefix is `incomplete` or the answer to every continuation of it. So an
// incomplete head is walked again only when the new bytes hold a line end or pass a limit, and
// however the bytes were cut, they get one answer.
#include "ringway/http/head.h"

#include <algorithm>
#include <cstring>

#include "authority.h"
#include "chars.h"
#include "head_parse.h"
#include "meaning.h"
#include "start_line.h"

namespace ringway::http {
namespace {

/// True when the bytes from `scanned` on may have ended the head or passed a limit.
bool worth_walking(std::string_view bytes, const HeadLimits& limits, std::uint32_t scanned) {
    if (scanned == 0 || bytes.size() >= limits.bytes_max) return true;
    // A request line that goes on behind this point has too long a target.
    const std::size_t line_max =
        std::size_t{limits.target_bytes_max} + kMethodBytesMax + 2 * kEmptyLinesMax + 2;
    if (scanned < line_max && bytes.size() >= line_max) return true;
    return std::memchr(bytes.data() + scanned, '\n', bytes.size() - scanned) != nullptr;
}

/// Calls walk(begin, end) on as much of the bytes as the limits let a head have.
template <class Walk>
HeadError walk_when_worth(std::string_view bytes, const HeadLimits& limits, std::uint32_t& scanned,
                          Walk&& walk) {
    scanned = std::min(
        scanned, static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), limits.bytes_max)));
    if (worth_walking(bytes, limits, scanned)) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), limits.bytes_max);
        HeadError error = walk(bytes.data(), bytes.data() + size);
        if (error == HeadError::incomplete && size == limits.bytes_max) {
            error = HeadError::head_too_large;
        }
        if (error != HeadError::incomplete) {
            scanned = 0;
            return error;
        }
    }
    scanned = static_cast<std::uint32_t>(bytes.size());
    return HeadError::incomplete;
}

HeadError read_fields(const ScanKernel& kernel, const char*& at, const char* end,
                      const HeadLimits& limits, Fields& fields) {
    const auto fields_max =
        std::min(limits.fields_max, static_cast<std::uint32_t>(base::kFieldsMax));
    const FieldLines lines = kernel.field_lines(at, end, fields.at.data(), fields_max);
    if (lines.error != HeadError::none) return lines.error;
    fields.count = lines.count;
    at = lines.end;
    return HeadError::none;
}

/// Everything but the fields back to its first value; the fields are overwritten as they are read.
void clear(RequestHead& head) {
    head.size = head.skipped = 0;
    head.path = head.query = head.authority = {};
    head.has_query = head.absolute_form = head.has_host = false;
    head.framing = Framing::none;
    head.content_length = 0;
    head.expects_continue = head.upgrade = false;
    head.max_forwards = RequestHead::kNoMaxForwards;
    head.fields.count = 0;
}

void clear(ResponseHead& head) {
    head.size = 0;
    head.status = 0;
    head.reason = {};
    head.framing = Framing::none;
    head.content_length = 0;
    head.has_content_length = head.upgrade = false;
    head.fields.count = 0;
}

/// RFC 9112 3.2: exactly one Host in HTTP/1.1, at most one before.
HeadError take_host(const Meaning& meaning, RequestHead& head) {
    if (meaning.hosts > 1) return HeadError::repeated_host;
    if (meaning.hosts == 0) {
        return head.minor_version == 0 ? HeadError::none : HeadError::missing_host;
    }
    const std::string_view value = meaning.host->value;
    if (!value.empty() && !is_valid_authority(value)) return HeadError::bad_host;
    head.has_host = true;
    // RFC 9112 3.2.2, 3.2.3: the target's own authority counts where it has one.
    if (!head.absolute_form && head.method != Method::connect) head.authority = value;
    return HeadError::none;
}

/// RFC 9110 7.6.2, for the two methods that it is defined for. A number past what 32 bits hold is
/// as good as none.
HeadError take_max_forwards(const Meaning& meaning, RequestHead& head) {
    if (meaning.max_forwards == nullptr) return HeadError::none;
    if (head.method != Method::options && head.method != Method::trace) return HeadError::none;
    if (meaning.max_forwards_lines > 1 || meaning.max_forwards->value.empty()) {
        return HeadError::bad_field_value;
    }
    std::uint64_t number = 0;
    for (const char c : meaning.max_forwards->value) {
        if (!is_digit(c)) return HeadError::bad_field_value;
        number = std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(c - '0'),
                                         RequestHead::kNoMaxForwards);
    }
    head.max_forwards = static_cast<std::uint32_t>(number);
    return HeadError::none;
}

HeadError take_meaning(const Meaning& meaning, RequestHead& head) {
    HeadError error = take_host(meaning, head);
    if (error != HeadError::none) return error;
    error = take_max_forwards(meaning, head);
    if (error != HeadError::none) return error;
    const bool http11 = head.minor_version == 1;
    if (meaning.chunked) {
        head.framing = Framing::chunked;
    } else if (meaning.has_length) {
        head.framing = Framing::length;
        head.content_length = meaning.length;
    }
    if (http11 && meaning.expect != nullptr) {  // RFC 9110 10.1.1: ignored from HTTP/1.0
        if (!is_continue(meaning.expect->value)) return HeadError::bad_expect;
        head.expects_continue = meaning.chunked || meaning.length > 0;
    }
    head.keep_alive = !meaning.close && (http11 || meaning.keep_alive);
    head.upgrade = http11 && meaning.upgrade_option && meaning.upgrade_field;
    return HeadError::none;
}

void take_meaning(const Meaning& meaning, Method request_method, ResponseHead& head) {
    const bool http11 = head.minor_version == 1;
    head.has_content_length = meaning.has_length;
    head.content_length = meaning.length;
    head.keep_alive = !meaning.close && (http11 || meaning.keep_alive);
    head.upgrade = http11 && meaning.upgrade_option && meaning.upgrade_field;
    // RFC 9112 6.3, in its order.
    if (request_method == Method::head || head.status < 200 || head.status == 204 ||
        head.status == 304) {
        head.framing = Framing::none;
    } else if (meaning.chunked) {
        head.framing = Framing::chunked;
    } else if (meaning.has_length) {
        head.framing = Framing::length;
    } else {
        head.framing = Framing::until_close;
        head.keep_alive = false;
    }
}

}  // namespace

HeadError parse_request_head_with(const ScanKernel& kernel, std::string_view bytes,
                                  const HeadLimits& limits, std::uint32_t& scanned,
                                  RequestHead& head) {
    return walk_when_worth(bytes, limits, scanned, [&](const char* begin, const char* end) {
        clear(head);
        const char* at = begin;
        HeadError error = read_request_line(kernel, at, end, limits, head);
        if (error != HeadError::none) return error;
        error = read_fields(kernel, at, end, limits, head.fields);
        if (error != HeadError::none) return error;
        head.size = static_cast<std::uint32_t>(at - begin);
        Meaning meaning;
        error = read_meaning(head.fields, head.minor_version, meaning);
        if (error != HeadError::none) return error;
        return take_meaning(meaning, head);
    });
}

HeadError parse_response_head_with(const ScanKernel& kernel, std::string_view bytes,
                                   const HeadLimits& limits, Method request_method,
                                   std::uint32_t& scanned, ResponseHead& head) {
    return walk_when_worth(bytes, limits, scanned, [&](const char* begin, const char* end) {
        clear(head);
        const char* at = begin;
        HeadError error = read_status_line(at, end, head);
        if (error != HeadError::none) return error;
        error = read_fields(kernel, at, end, limits, head.fields);
        if (error != HeadError::none) return error;
        head.size = static_cast<std::uint32_t>(at - begin);
        Meaning meaning;
        error = read_meaning(head.fields, head.minor_version, meaning);
        if (error != HeadError::none) return error;
        take_meaning(meaning, request_method, head);
        return HeadError::none;
    });
}

HeadError parse_request_head(std::string_view bytes, const HeadLimits& limits,
                             std::uint32_t& scanned, RequestHead& head) {
    return parse_request_head_with(scan_kernel(), bytes, limits, scanned, head);
}

HeadError parse_response_head(std::string_view bytes, const HeadLimits& limits,
                              Method request_method, std::uint32_t& scanned, ResponseHead& head) {
    return parse_response_head_with(scan_kernel(), bytes, limits, request_method, scanned, head);
}

}  // namespace ringway::http
