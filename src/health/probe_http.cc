#include "probe_http.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ringway/health/retry_after.h"

namespace ringway::health {

namespace {

constexpr http::HeadLimits kHeadLimits{.bytes_max = 64 * 1024, .fields_max = base::kFieldsMax};
constexpr std::uint32_t kInterimMax = 16;  // 1xx heads before the final one
constexpr std::size_t kTargetBytesMax = 8 * 1024;
constexpr std::size_t kReasonBytesMax = 64;  // of what is told

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// The lines of a request while they are edited.
class Lines {
 public:
    void remove(std::string_view name) {
        std::erase_if(lines_, [&](const auto& line) { return same_name(line.first, name); });
    }
    void add(std::string_view name, std::string_view value) { lines_.emplace_back(name, value); }
    void set(std::string_view name, std::string_view value) {
        remove(name);
        add(name, value);
    }
    void edit(const std::vector<config::HeaderEdit>& edits) {
        for (const config::HeaderEdit& edit : edits) {
            switch (edit.kind) {
                case config::HeaderEdit::Kind::set:
                    set(edit.name, edit.value);
                    break;
                case config::HeaderEdit::Kind::add:
                    add(edit.name, edit.value);
                    break;
                case config::HeaderEdit::Kind::remove:
                    remove(edit.name);
                    break;
            }
        }
    }
    void write_to(std::string& out) const {
        for (const auto& [name, value] : lines_) {
            out.append(name).append(": ").append(value).append("\r\n");
        }
    }

 private:
    std::vector<std::pair<std::string, std::string>> lines_;
};

bool is_among(std::uint16_t status, const std::vector<config::StatusRange>& ranges) {
    return std::ranges::any_of(ranges, [status](const config::StatusRange& range) {
        return range.first <= status && status <= range.last;
    });
}

bool may_be_asked(std::string_view target) {
    return target.starts_with('/') && target.size() <= kTargetBytesMax &&
           std::ranges::none_of(target, [](char c) { return c <= ' ' || c == '\x7f'; });
}

}  // namespace

std::string host_of(const config::HealthCheck& check, const config::Upstream& upstream) {
    if (!check.host.empty()) return check.host;
    if (!upstream.host_header.empty()) return upstream.host_header;
    return upstream.address.starts_with("unix:") ? "localhost" : upstream.address;
}

std::string write_check_request(const config::HealthCheck& check, const config::Upstream& upstream,
                                const ProbeIdentity& identity, const CheckTarget& asked) {
    Lines lines;
    lines.add("Host", host_of(check, upstream));
    lines.add("User-Agent", "ringway");
    lines.add("Accept", "*/*");
    lines.edit(upstream.request_headers);
    lines.edit(check.headers);
    lines.set("X-Health-Check", "true");
    lines.set("X-Instance-ID", identity.instance_id);
    lines.set("X-App-Name", identity.app_name);
    lines.remove("Connection");
    lines.remove("Transfer-Encoding");
    lines.remove("Content-Length");
    if (!check.keep_alive) lines.add("Connection", "close");
    const bool has_body = asked.method == "POST" || asked.method == "PUT";
    if (has_body) lines.add("Content-Length", std::to_string(check.body.size()));
    std::string request = asked.method + " " + asked.target + " HTTP/1.1\r\n";
    lines.write_to(request);
    request.append("\r\n");
    if (has_body) request.append(check.body);
    return request;
}

std::optional<CheckTarget> follow(const CheckTarget& asked, std::uint16_t status,
                                  std::string_view location, std::string_view host) {
    location = location.substr(0, location.find('#'));
    constexpr std::string_view kScheme = "http://";
    const bool absolute =
        location.size() >= kScheme.size() && same_name(location.substr(0, kScheme.size()), kScheme);
    if (absolute || location.starts_with("//")) {
        location.remove_prefix(absolute ? kScheme.size() : 2);
        const std::size_t end = std::min(location.find_first_of("/?"), location.size());
        if (!same_name(location.substr(0, end), host)) return std::nullopt;
        location.remove_prefix(end);
        if (location.empty()) location = "/";
    } else if (location.substr(0, location.find_first_of("/?")).find(':') !=
               std::string_view::npos) {
        return std::nullopt;  // another scheme
    }
    CheckTarget next{asked.method, std::string(location)};
    const std::string_view path = std::string_view(asked.target).substr(0, asked.target.find('?'));
    if (location.empty()) {
        next.target = asked.target;
    } else if (location.starts_with('?')) {
        next.target = std::string(absolute ? "/" : path).append(location);
    } else if (!location.starts_with('/')) {
        next.target = std::string(path.substr(0, path.rfind('/') + 1)).append(location);
    }
    if (!may_be_asked(next.target)) return std::nullopt;
    // RFC 9110 15.4: 303 asks for the result by GET; 301 and 302 have always made a GET of a POST.
    const bool becomes_get = (status == 303 && asked.method != "HEAD") ||
                             ((status == 301 || status == 302) && asked.method == "POST");
    if (becomes_get) next.method = "GET";
    return next;
}

void AnswerReader::start(const config::HealthCheck& check, std::string_view method,
                         std::int64_t unix_now_ns) {
    *this = AnswerReader();
    check_ = &check;
    method_ = http::method_of(method);
    unix_now_ns_ = unix_now_ns;
}

AnswerReader::Progress AnswerReader::take(std::string_view bytes) {
    if (has_head_) return take_body(bytes);
    head_.append(bytes);
    for (;;) {
        switch (read_head()) {
            case Read::incomplete:
                return Progress::more;
            case Read::malformed:
                return Progress::malformed;
            case Read::interim:
                head_.erase(0, head_size_);
                continue;
            case Read::final: {
                const std::string whole = std::exchange(head_, {});
                return take_body(std::string_view(whole).substr(head_size_));
            }
        }
    }
}

AnswerReader::Read AnswerReader::read_head() {
    http::ResponseHead head;
    const http::HeadError error =
        http::parse_response_head(head_, kHeadLimits, method_, scanned_, head);
    if (error == http::HeadError::incomplete) return Read::incomplete;
    if (error != http::HeadError::none) {
        fault_ = http::name_of(error);
        return Read::malformed;
    }
    head_size_ = head.size;
    if (head.status == 101) {
        fault_ = "switches protocols unasked";
        return Read::malformed;
    }
    if (head.status < 200) {
        if (++interim_count_ <= kInterimMax) return Read::interim;
        fault_ = "too many interim answers";
        return Read::malformed;
    }
    note(head);
    return Read::final;
}

void AnswerReader::note(const http::ResponseHead& head) {
    has_head_ = true;
    status_ = head.status;
    reason_ = head.reason.substr(0, kReasonBytesMax);
    is_expected_ = is_among(status_, check_->expected_statuses);
    keep_alive_ = head.keep_alive;
    framing_ = head.framing;
    left_ = head.framing == http::Framing::length ? head.content_length : 0;
    body_done_ =
        framing_ == http::Framing::none || (framing_ == http::Framing::length && left_ == 0);
    if (const http::Field* location = head.fields.find("Location")) location_ = location->value;
    if (status_ == 429) {
        retry_after_ = health::retry_after(head.fields, unix_now_ns_).value_or(kRetryAfterDefault);
    }
}

AnswerReader::Progress AnswerReader::take_body(std::string_view bytes) {
    while (!body_done_ && !bytes.empty()) {
        switch (framing_) {
            case http::Framing::none:
                break;
            case http::Framing::until_close:
                keep(std::exchange(bytes, {}));
                break;
            case http::Framing::length: {
                const auto size =
                    static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
                keep(bytes.substr(0, size));
                bytes.remove_prefix(size);
                left_ -= size;
                body_done_ = left_ == 0;
                break;
            }
            case http::Framing::chunked: {
                const auto step = chunked_.next(bytes);
                if (step.state == http::ChunkedDecoder::State::error) {
                    fault_ = "broken chunked coding";
                    return Progress::malformed;
                }
                keep(step.payload);
                bytes.remove_prefix(step.consumed);
                body_done_ = step.state == http::ChunkedDecoder::State::done;
                break;
            }
        }
    }
    if (body_done_) {
        if (!bytes.empty()) keep_alive_ = false;  // an answer to nothing
        return Progress::whole;
    }
    return is_cut_ || !is_expected_ ? Progress::enough : Progress::more;
}

void AnswerReader::keep(std::string_view payload) {
    const std::size_t room =
        check_->max_body - std::min<std::size_t>(check_->max_body, body_.size());
    if (payload.size() > room) is_cut_ = true;
    body_.append(payload.substr(0, room));
}

AnswerReader::Progress AnswerReader::end() {
    keep_alive_ = false;
    if (!has_head_ || framing_ != http::Framing::until_close) return Progress::more;
    body_done_ = true;
    return Progress::whole;
}

}  // namespace ringway::health
