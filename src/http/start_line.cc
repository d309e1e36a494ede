// See start_line.h.
#include "start_line.h"

#include <cstring>

#include "authority.h"
#include "chars.h"

namespace ringway::http {
namespace {

std::string_view view(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// What is wrong with a line that ends at `at`, before all its words have come.
HeadError judge_early_end(const char* at, const char* end, HeadError otherwise) {
    if (at == end) return HeadError::incomplete;
    if (*at == '\n') return HeadError::bare_line_end;
    if (*at != '\r') return otherwise;
    if (at + 1 == end) return HeadError::incomplete;
    return at[1] == '\n' ? HeadError::bad_request_line : HeadError::bare_line_end;
}

/// Only CRLF ends a line; a bare LF, which RFC 9112 2.2 lets a recipient take, has been a way to
/// smuggle.
HeadError read_line_end(const char*& at, const char* end, HeadError otherwise) {
    if (at == end) return HeadError::incomplete;
    if (*at == '\n') return HeadError::bare_line_end;
    if (*at != '\r') return otherwise;
    if (at + 1 == end) return HeadError::incomplete;
    if (at[1] != '\n') return HeadError::bare_line_end;
    at += 2;
    return HeadError::none;
}

/// "HTTP/" DIGIT "." DIGIT (RFC 9112 2.3).
HeadError read_version(const char*& at, const char* end, std::uint8_t& minor) {
    constexpr std::string_view kName = "HTTP/";
    const char* p = at;
    for (const char c : kName) {
        if (p == end) return HeadError::incomplete;
        if (*p++ != c) return HeadError::bad_version;
    }
    const char* const digits = p;
    for (int i = 0; i < 3; ++i, ++p) {
        if (p == end) return HeadError::incomplete;
        if (i == 1 ? *p != '.' : !is_digit(*p)) return HeadError::bad_version;
    }
    if (digits[0] != '1') return HeadError::unsupported_version;
    minor = digits[2] == '0' ? 0 : 1;
    at = p;
    return HeadError::none;
}

HeadError skip_empty_lines(const char*& at, const char* end) {
    for (std::uint32_t lines = 0; at != end && *at == '\r'; ++lines) {
        if (lines == kEmptyLinesMax) return HeadError::bad_request_line;
        if (at + 1 == end) return HeadError::incomplete;
        if (at[1] != '\n') return HeadError::bare_line_end;
        at += 2;
    }
    return HeadError::none;
}

HeadError read_method(const char*& at, const char* end, RequestHead& head) {
    const char* p = at;
    while (p != end && in_class(kTokenBytes, *p)) {
        if (++p - at > kMethodBytesMax) return HeadError::bad_method;
    }
    if (p == end || *p != ' ' || p == at) return judge_early_end(p, end, HeadError::bad_method);
    head.method_text = view(at, p);
    head.method = method_of(head.method_text);
    at = p + 1;
    return HeadError::none;
}

HeadError read_target(const ScanKernel& kernel, const char*& at, const char* end,
                      const HeadLimits& limits, RequestHead& head) {
    const std::size_t room = static_cast<std::size_t>(end - at);
    const std::size_t longest = limits.target_bytes_max;
    const char* p = kernel.target_end(at, at + (room <= longest ? room : longest + 1));
    if (static_cast<std::size_t>(p - at) > longest) return HeadError::uri_too_long;
    if (p == end || *p != ' ') return judge_early_end(p, end, HeadError::bad_target);
    if (p == at) return HeadError::bad_request_line;
    head.target = view(at, p);
    at = p + 1;
    return HeadError::none;
}

void split_query(std::string_view path_and_query, RequestHead& head) {
    const std::size_t mark = path_and_query.find('?');
    head.path = path_and_query.substr(0, mark);
    if (mark == std::string_view::npos) return;
    head.has_query = true;
    head.query = path_and_query.substr(mark + 1);
}

/// absolute-form (RFC 9112 3.2.2), of the schemes that a gateway serves.
HeadError split_absolute(RequestHead& head) {
    const std::string_view target = head.target;
    std::size_t scheme = 0;
    if (target.size() >= 7 && equals_any_case(target.substr(0, 7), "http://")) scheme = 7;
    if (target.size() >= 8 && equals_any_case(target.substr(0, 8), "https://")) scheme = 8;
    if (scheme == 0) return HeadError::bad_target;
    const std::string_view rest = target.substr(scheme);
    const std::size_t authority = rest.find_first_of("/?");
    head.absolute_form = true;
    head.authority = rest.substr(0, authority);
    if (!is_valid_authority(head.authority)) return HeadError::bad_host;
    if (authority == std::string_view::npos) {
        // RFC 9112 3.2.4: an OPTIONS without path and query is one for the server as a whole.
        head.path = head.method == Method::options ? "*" : "/";
        return HeadError::none;
    }
    split_query(rest.substr(authority), head);
    if (head.path.empty()) head.path = "/";
    return HeadError::none;
}

/// RFC 9112 3.2: which of the four forms the target has, and whether the method may have it.
HeadError split_target(RequestHead& head) {
    const std::string_view target = head.target;
    if (head.method == Method::connect) {
        head.authority = target;
        head.path = "/";
        return is_valid_authority_with_port(target) ? HeadError::none : HeadError::bad_connect;
    }
    if (target.front() == '/') {
        split_query(target, head);
        return HeadError::none;
    }
    if (target == "*") {
        head.path = target;
        return head.method == Method::options ? HeadError::none : HeadError::bad_target;
    }
    return split_absolute(head);
}

}  // namespace

HeadError read_request_line(const ScanKernel& kernel, const char*& at, const char* end,
                            const HeadLimits& limits, RequestHead& head) {
    const char* p = at;
    HeadError error = skip_empty_lines(p, end);
    if (error != HeadError::none) return error;
    head.skipped = static_cast<std::uint32_t>(p - at);
    error = read_method(p, end, head);
    if (error != HeadError::none) return error;
    error = read_target(kernel, p, end, limits, head);
    if (error != HeadError::none) return error;
    error = read_version(p, end, head.minor_version);
    if (error != HeadError::none) return error;
    error = read_line_end(p, end, HeadError::bad_version);
    if (error != HeadError::none) return error;
    at = p;
    return split_target(head);
}

HeadError read_status_line(const char*& at, const char* end, ResponseHead& head) {
    const char* p = at;
    HeadError error = read_version(p, end, head.minor_version);
    if (error == HeadError::bad_version) return HeadError::bad_status_line;
    if (error != HeadError::none) return error;
    std::uint32_t status = 0;
    for (int i = 0; i < 4; ++i, ++p) {
        if (p == end) return HeadError::incomplete;
        if (i == 0 ? *p != ' ' : !is_digit(*p)) return HeadError::bad_status_line;
        if (i > 0) status = status * 10 + static_cast<std::uint32_t>(*p - '0');
    }
    if (status < 100 || status > 599) return HeadError::bad_status_line;
    head.status = static_cast<std::uint16_t>(status);
    if (p != end && *p == ' ') {
        const char* const reason = ++p;
        while (p != end && in_class(kValueBytes, *p)) ++p;
        head.reason = view(reason, p);
    }
    error = read_line_end(p, end, HeadError::bad_status_line);
    if (error != HeadError::none) return error;
    at = p;
    return HeadError::none;
}

}  // namespace ringway::http
