#include "answer.h"

#include <fmt/format.h>

#include <charconv>

#include "pattern.h"
#include "ringway/base/hash.h"
#include "ringway/base/units.h"
#include "ringway/http/head.h"

namespace ringorigin {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDatePlace = "Thu, 01 Jan 1970 00:00:00 GMT";

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number least, Number most) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    if (value < least || value > most) return {};
    return value;
}

bool set_kind(Answer& answer, std::string_view kind) {
    if (kind == "fixed") return true;
    if (kind == "slow") {
        answer.health_apart = true;
        if (answer.delay == Duration{0}) answer.delay = milliseconds(500);
    } else if (kind == "fail") {
        answer.status = 503;
    } else if (kind == "429") {
        answer.health_apart = true;
        answer.status = 429;
        answer.retry_after_s = 1;
    } else if (kind == "chunked") {
        answer.mode = Mode::chunked;
    } else if (kind == "sse") {
        answer.mode = Mode::sse;
        answer.interval = milliseconds(50);
    } else if (kind == "reset") {
        answer.mode = Mode::reset;
    } else if (kind == "stall") {
        answer.mode = Mode::stall;
    } else if (kind == "close") {
        answer.mode = Mode::close;
    } else if (kind == "echo") {
        answer.mode = Mode::echo;
    } else if (kind == "headers") {
        answer.mode = Mode::headers;
    } else {
        return false;
    }
    return true;
}

template <class Number, class Target>
bool assign(Target& target, const std::optional<Number>& value) {
    // NOLINTNEXTLINE(bugprone-optional-value-conversion): some targets are plain numbers
    if (value) target = *value;
    return value.has_value();
}

enum class Parameter : std::uint8_t { set, bad_value, unknown };

Parameter set_parameter(Answer& answer, std::string_view name, std::string_view value) {
    bool good = false;
    if (name == "status") {
        good = assign(answer.status, parse_number<std::uint16_t>(value, 200, 599));
    } else if (name == "bytes") {
        good = assign(answer.bytes, parse_number<std::uint64_t>(value, 0, kBytesMax));
    } else if (name == "chunk") {
        good = assign(answer.chunk_bytes, parse_number<std::uint64_t>(value, 1, kChunkBytesMax));
    } else if (name == "events") {
        good = assign(answer.events, parse_number<std::uint32_t>(value, 0, 1'000'000'000));
    } else if (name == "after") {
        good = assign(answer.after, parse_number<std::uint64_t>(value, 0, kBytesMax - 1));
    } else if (name == "retry_after") {
        good = assign(answer.retry_after_s, parse_number<std::uint32_t>(value, 0, 86'400));
    } else if (name == "interval") {
        good = assign(answer.interval, ringway::base::parse_duration(value));
    } else if (name == "delay") {
        good = assign(answer.delay, ringway::base::parse_duration(value));
    } else if (name == "health") {
        good = value == "ok" || value == "same";
        answer.health_apart = value == "ok";
    } else {
        return Parameter::unknown;
    }
    return good ? Parameter::set : Parameter::bad_value;
}

/// Calls visit(name, value) for each parameter until it returns false.
template <class Visit>
void for_each_parameter(std::string_view query, Visit&& visit) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view value =
            equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
        if (!pair.empty() && !visit(pair.substr(0, equals), value)) return;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
}

std::string pattern_checksum(std::uint64_t bytes) {
    ringway::base::Fnv1a64 checksum;
    for (std::uint64_t at = 0; at < bytes;) {
        const std::string_view piece = pattern_at(at, bytes - at);
        checksum.add(piece);
        at += piece.size();
    }
    return fmt::format("{:016x}", checksum.value());
}

std::string describe(const Answer& answer) {
    return fmt::format(
        R"("mode":"{}","status":{},"bytes":{},"chunk":{},"events":{},"interval_us":{},"delay_us":{},"after":{},"retry_after":{},"health":"{}")",
        name_of(answer.mode), answer.status, answer.bytes, answer.chunk_bytes, answer.events,
        ringway::base::to_us(answer.interval), ringway::base::to_us(answer.delay),
        answer.after ? fmt::to_string(*answer.after) : "null",
        answer.retry_after_s ? fmt::to_string(*answer.retry_after_s) : "null",
        answer.health_apart ? "ok" : "same");
}

}  // namespace

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::fixed:
            return "fixed";
        case Mode::chunked:
            return "chunked";
        case Mode::sse:
            return "sse";
        case Mode::reset:
            return "reset";
        case Mode::stall:
            return "stall";
        case Mode::close:
            return "close";
        case Mode::echo:
            return "echo";
        case Mode::headers:
            return "headers";
    }
    return "";
}

std::expected<Answer, std::string> choose_answer(const Answer& standard, std::string_view kind,
                                                 std::string_view query, bool strict) {
    Answer answer = standard;
    if (!set_kind(answer, kind) && strict)
        return std::unexpected(fmt::format("unknown mode '{}'", kind));
    std::string error;
    for_each_parameter(query, [&](std::string_view name, std::string_view value) {
        if (strict && name == "mode") return true;
        switch (set_parameter(answer, name, value)) {
            case Parameter::set:
                return true;
            case Parameter::bad_value:
                error = fmt::format("bad value '{}' of {}", value, name);
                return false;
            case Parameter::unknown:
                if (strict) error = fmt::format("unknown parameter '{}'", name);
                return !strict;
        }
        return false;
    });
    if (!error.empty()) return std::unexpected(error);
    return answer;
}

Prepared prepare(const Answer& answer, std::string_view origin_name) {
    Prepared prepared;
    prepared.answer = answer;
    std::string& head = prepared.head;
    head = fmt::format("HTTP/1.1 {} {}\r\nDate: ", answer.status,
                       ringway::http::reason_phrase(answer.status));
    prepared.date_at = head.size();
    head += fmt::format(
        "{}\r\nServer: ringorigin/{}\r\nX-Origin: {}\r\nX-Answer: {}\r\nCache-Control: "
        "no-store\r\n",
        kDatePlace, RINGWAY_VERSION, origin_name, name_of(answer.mode));
    if (answer.retry_after_s) head += fmt::format("Retry-After: {}\r\n", *answer.retry_after_s);
    if (answer.status == 204 || answer.status == 304) return prepared;
    switch (answer.mode) {
        case Mode::sse:
            head += "Content-Type: text/event-stream\r\n";
            return prepared;
        case Mode::echo:
            head += "Content-Type: application/octet-stream\r\n";
            return prepared;
        case Mode::headers:
            head += "Content-Type: application/json\r\n";
            return prepared;
        case Mode::fixed:
        case Mode::chunked:
        case Mode::reset:
        case Mode::stall:
        case Mode::close:
            break;
    }
    head += "Content-Type: text/plain\r\n";
    std::uint64_t length = answer.bytes;
    // a cut answer must be one that is longer than what is sent of it
    if (answer.mode == Mode::reset || answer.mode == Mode::stall)
        length = std::max(length, answer.after.value_or(0) + 1);
    if (length <= kChecksumBytesMax)
        head += fmt::format("X-Checksum: {}\r\n", pattern_checksum(length));
    if (answer.mode != Mode::chunked && answer.mode != Mode::close)
        head += fmt::format("Content-Length: {}\r\n", length);
    if (answer.mode == Mode::fixed && length <= kSmallBytesMax)
        prepared.body = pattern_at(0, length);
    return prepared;
}

std::expected<const Prepared*, std::string> AnswerBook::find(std::string_view target,
                                                             std::string_view path,
                                                             std::string_view query) {
    if (const std::uint64_t version = everywhere_.version(); version != version_) {
        version_ = version;
        override_.reset();
        if (const auto answer = everywhere_.get()) override_ = prepare(*answer, origin_name_);
    }
    if (override_ && !(override_->answer.health_apart && path == kHealthPath)) return &*override_;
    if (const auto found = by_target_.find(target); found != by_target_.end())
        return &found->second;

    const std::string_view kind = path.empty() ? path : path.substr(1);
    const auto answer = choose_answer(standard_, kind, query, false);
    if (!answer) return std::unexpected(answer.error());
    if (by_target_.size() >= kEntriesMax) by_target_.clear();
    return &by_target_.emplace(target, prepare(*answer, origin_name_)).first->second;
}

std::expected<std::string, std::string> AnswerBook::control(bool change, std::string_view query) {
    if (change) {
        std::string_view kind;
        for_each_parameter(query, [&](std::string_view name, std::string_view value) {
            if (name == "mode") kind = value;
            return true;
        });
        if (kind.empty()) return std::unexpected("mode= is missing");
        if (kind == "default") {
            everywhere_.set({});
        } else {
            const auto answer = choose_answer(standard_, kind, query, true);
            if (!answer) return std::unexpected(answer.error());
            everywhere_.set(*answer);
        }
    }
    const auto answer = everywhere_.get();
    return fmt::format("{{\"origin\":{},\"override\":{},{}}}\n", json_string(origin_name_),
                       answer.has_value(), describe(answer.value_or(standard_)));
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte > 0x7e) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out += '"';
}

}  // namespace ringorigin
