#include "wire.h"

#include <algorithm>
#include <charconv>

namespace ringway::sim {

namespace {

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    });
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool parse_number(std::string_view text, std::uint64_t& number, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// "name: value" without its line end; "" or what is wrong.
std::string parse_field(std::string_view line, WireHead& head) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "a field line without a colon";
    if (!is_token(line.substr(0, colon))) return "a field name that is no token";
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_printable(value)) return "a control character in a field value";
    head.fields.emplace_back(lower(line.substr(0, colon)), value);
    return "";
}

}  // namespace

std::string_view WireHead::value(std::string_view name) const {
    for (const auto& field : fields) {
        if (field.first == name) return field.second;
    }
    return "";
}

bool WireHead::has(std::string_view name) const {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return field.first == name; });
}

int WireHead::status() const {
    std::uint64_t status = 0;
    if (!start_line.starts_with("HTTP/1.") || start_line.size() < 12) return 0;
    return parse_number(std::string_view(start_line).substr(9, 3), status, 10)
               ? static_cast<int>(status)
               : 0;
}

std::string parse_wire_head(std::string_view bytes, WireHead& head) {
    while (true) {
        const std::size_t end = bytes.find("\r\n");
        if (end == std::string_view::npos) return "a head without an empty line";
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 2);
        if (line.empty() && !head.start_line.empty()) break;
        if (!is_printable(line)) return "a control character in a head";
        if (!head.start_line.empty()) {
            const std::string error = parse_field(line, head);
            if (!error.empty()) return error;
        } else {
            if (line.empty()) return "an empty start line";
            head.start_line = line;
        }
    }
    for (const char* name : {"content-length", "transfer-encoding", "host"}) {
        const auto count = std::count_if(head.fields.begin(), head.fields.end(),
                                         [&](const auto& field) { return field.first == name; });
        if (count > 1) return std::string("a repeated ") + name;
    }
    if (head.has("content-length") && head.has("transfer-encoding")) return "two framings";
    return "";
}

bool WireReader::fail(std::string why) {
    error_ = std::move(why);
    at_ = At::stopped;
    return false;
}

void WireReader::feed(std::string_view bytes) {
    if (at_ == At::stopped) return;
    pending_ += bytes;
    while (step()) {
    }
}

bool WireReader::feed_end() {
    if (at_ == At::until_close) {
        at_ = At::stopped;
        sink_.on_end();
        return true;
    }
    return at_ == At::stopped || at_boundary();
}

// One step over pending_; false when more bytes are needed.
bool WireReader::step() {
    switch (at_) {
        case At::head:
            return read_head();
        case At::length:
            return read_counted(At::head);
        case At::until_close: {
            if (pending_.empty()) return false;
            const std::string bytes = std::exchange(pending_, {});
            sink_.on_body(bytes);
            return at_ != At::stopped;
        }
        case At::chunk_size:
            return read_chunk_size();
        case At::chunk_bytes:
            return read_counted(At::chunk_end);
        case At::chunk_end:
            if (pending_.size() < 2) return false;
            if (!pending_.starts_with("\r\n")) return fail("a chunk without its line end");
            pending_.erase(0, 2);
            at_ = At::chunk_size;
            return true;
        case At::trailers:
            return read_trailer();
        case At::stopped:
            return false;
    }
    return false;
}

bool WireReader::read_head() {
    const std::size_t end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) {
        return pending_.size() > 256 * 1024 ? fail("a head without an end") : false;
    }
    WireHead head;
    const std::string error = parse_wire_head(std::string_view(pending_).substr(0, end + 4), head);
    if (!error.empty())
        return fail(error + " in: " + pending_.substr(0, std::min<std::size_t>(end, 200)));
    pending_.erase(0, end + 4);
    if (side_ == Side::responses && head.status() == 0)
        return fail("no status line: " + head.start_line);
    if (side_ == Side::requests && !head.start_line.ends_with(" HTTP/1.1")) {
        return fail("no request line: " + head.start_line);
    }
    begin_body(head);
    return at_ != At::stopped;
}

// RFC 9112 6.3
void WireReader::begin_body(const WireHead& head) {
    const int status = head.status();
    const bool interim = status >= 100 && status < 200 && status != 101;
    const bool bodiless = side_ == Side::responses &&
                          (sink_.answers_head() || interim || status == 204 || status == 304);
    std::uint64_t length = 0;
    const std::string_view length_text = head.value("content-length");
    if (head.has("content-length") && !parse_number(length_text, length, 10)) {
        fail("a Content-Length of " + std::string(length_text));
        return;
    }
    const std::string coding = lower(head.value("transfer-encoding"));
    if (!coding.empty() && coding != "chunked") {
        fail("a Transfer-Encoding of " + coding);
        return;
    }
    sink_.on_head(head);
    if (at_ == At::stopped || interim) return;
    left_ = length;
    if (bodiless) {
        finish();
    } else if (!coding.empty()) {
        at_ = At::chunk_size;
    } else if (head.has("content-length")) {
        at_ = At::length;
    } else if (side_ == Side::responses) {
        at_ = At::until_close;
    } else {
        finish();
    }
}

bool WireReader::read_counted(At next) {
    if (left_ > 0) {
        if (pending_.empty()) return false;
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, pending_.size()));
        left_ -= size;
        const std::string bytes = pending_.substr(0, size);
        pending_.erase(0, size);
        sink_.on_body(bytes);
        return at_ != At::stopped;
    }
    if (next == At::head) {
        finish();
    } else {
        at_ = next;
    }
    return at_ != At::stopped;
}

bool WireReader::read_chunk_size() {
    const std::size_t end = pending_.find("\r\n");
    if (end == std::string::npos)
        return pending_.size() > 1024 ? fail("an endless chunk size") : false;
    const std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 2);
    const std::size_t extension = line.find(';');
    if (!parse_number(trimmed(std::string_view(line).substr(0, extension)), left_, 16)) {
        return fail("a chunk size of " + line);
    }
    at_ = left_ == 0 ? At::trailers : At::chunk_bytes;
    return true;
}

bool WireReader::read_trailer() {
    const std::size_t end = pending_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 2);
    WireHead ignored;
    if (line.empty()) {
        finish();
        return at_ != At::stopped;
    }
    const std::string error = parse_field(line, ignored);
    return error.empty() ? true : fail(error + " in a trailer");
}

void WireReader::finish() {
    at_ = At::head;
    sink_.on_end();
}

}  // namespace ringway::sim
