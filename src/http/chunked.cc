// The chunked decoder: a byte machine for size lines and line ends, whole slices for payload and
// trailer lines. One decoder belongs to one message; single-threaded. What it answers does not
// depend on how the bytes were cut.
#include "ringway/http/chunked.h"

#include <algorithm>

#include "chars.h"
#include "scan.h"

namespace ringway::http {
namespace {

/// The digit's value, or -1.
int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// True when the bytes may stand in a field line or its end: no control character but HTAB, no CR
/// but before LF.
bool are_line_bytes(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (in_class(kValueBytes, bytes[i]) || bytes[i] == '\n') continue;
        const bool before_lf = i + 1 == bytes.size() || bytes[i + 1] == '\n';
        if (bytes[i] != '\r' || !before_lf) return false;
    }
    return true;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && at_ != At::done && at_ != At::failed) {
        if (at_ == At::payload) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
            left_ -= size;
            overhead_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(overhead_, size));
            if (left_ == 0) at_ = At::payload_cr;
            return {State::more, used + size, bytes.substr(used, size)};
        }
        if (at_ == At::trailer) {
            used += take_trailer(bytes.substr(used));
        } else {
            take_line_byte(bytes[used++]);
        }
    }
    if (at_ == At::failed) return {State::error, used, {}};
    return {at_ == At::done ? State::done : State::more, used, {}};
}

void ChunkedDecoder::take_line_byte(char c) {
    switch (at_) {
        case At::size:
            return take_size_byte(c);
        case At::size_space:
        case At::extension:
        case At::extension_quoted:
        case At::extension_escape:
            return take_extension_byte(c);
        case At::size_lf:
            if (c == '\n') return end_size_line();
            break;
        case At::payload_cr:
            if (c == '\r') {
                at_ = At::payload_lf;
                return;
            }
            break;
        case At::payload_lf:
            if (c == '\n') {
                at_ = At::size;
                return;
            }
            break;
        case At::payload:
        case At::trailer:
        case At::done:
        case At::failed:
            break;
    }
    at_ = At::failed;
}

// chunk-size = 1*HEXDIG (RFC 9112 7.1); the size is bounded like Content-Length, to 63 bits.
void ChunkedDecoder::take_size_byte(char c) {
    const int value = hex_value(c);
    if (value >= 0) {
        any_digit_ = true;
        if (digits_ == 0 && value == 0) return count_extension_byte();
        ++digits_;
        left_ = left_ << 4 | static_cast<std::uint64_t>(value);
        if (digits_ > 16 || left_ >> 63 != 0) at_ = At::failed;
        return;
    }
    if (!any_digit_) {
        at_ = At::failed;
    } else if (c == '\r') {
        at_ = At::size_lf;
    } else if (c == ';') {
        at_ = At::extension;
        count_extension_byte();
    } else if (is_ows(c)) {
        at_ = At::size_space;  // white space may stand here only before an extension
        count_extension_byte();
    } else {
        at_ = At::failed;
    }
}

// RFC 9112 7.1.1. Extensions are dropped, so that only what could hide a line end matters here.
void ChunkedDecoder::take_extension_byte(char c) {
    if (c == '\r' && at_ == At::extension) {
        at_ = At::size_lf;
        return;
    }
    if (!in_class(kValueBytes, c)) {
        at_ = At::failed;
        return;
    }
    if (at_ == At::size_space) {
        if (c == ';') at_ = At::extension;
        if (c != ';' && !is_ows(c)) at_ = At::failed;
    } else if (at_ == At::extension) {
        if (c == '"') at_ = At::extension_quoted;
    } else if (at_ == At::extension_quoted) {
        if (c == '"') at_ = At::extension;
        if (c == '\\') at_ = At::extension_escape;
    } else {
        at_ = At::extension_quoted;
    }
    if (at_ != At::failed) count_extension_byte();
}

void ChunkedDecoder::count_extension_byte() {
    ++extension_bytes_;
    ++overhead_;
    if (extension_bytes_ > kExtensionBytesMax || overhead_ > kOverheadBytesMax) at_ = At::failed;
}

void ChunkedDecoder::end_size_line() {
    at_ = left_ == 0 ? At::trailer : At::payload;
    digits_ = 0;
    any_digit_ = false;
    extension_bytes_ = 0;
}

std::size_t ChunkedDecoder::take_trailer(std::string_view bytes) {
    const std::size_t line_end = bytes.find('\n');
    // Room for the final empty line, which is not kept, and for one byte that shows an excess.
    const std::size_t room = kTrailerBytesMax + 3 - trailers_.size();
    const std::size_t size =
        std::min(room, line_end == std::string_view::npos ? bytes.size() : line_end + 1);
    const std::size_t checked = trailers_.empty() ? 0 : trailers_.size() - 1;
    trailers_.append(bytes.substr(0, size));
    if (!are_line_bytes(std::string_view(trailers_).substr(checked))) {
        at_ = At::failed;
    } else if (trailers_.back() == '\n') {
        end_trailer_line();
    } else if (trailers_.size() > kTrailerBytesMax + 2) {
        at_ = At::failed;
    }
    return size;
}

void ChunkedDecoder::end_trailer_line() {
    const std::string_view line = std::string_view(trailers_).substr(trailer_line_);
    if (line == "\r\n") {
        trailers_.resize(trailer_line_);
        at_ = At::done;
        return;
    }
    Field field;
    const FieldLines lines =
        kScalarKernel.field_lines(line.data(), line.data() + line.size(), &field, 1);
    // One good line leaves the scan at the start of the next.
    if (lines.error != HeadError::incomplete || trailers_.size() > kTrailerBytesMax) {
        at_ = At::failed;
    }
    trailer_line_ = static_cast<std::uint32_t>(trailers_.size());
}

}  // namespace ringway::http
