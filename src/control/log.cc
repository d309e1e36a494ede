// The process log. Any thread; owned by main.
#include "ringway/control/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "ringway/observe/json.h"
#include "ringway/observe/timestamp.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

/// Kinds of lines that are watched for repeats at once; what comes beyond is not limited.
constexpr std::size_t kRepeatsKnownMax = 512;

const char* name_of(LogLevel level) {
    constexpr const char* kNames[] = {"error", "warn", "info", "debug"};
    return kNames[static_cast<std::size_t>(level)];
}

/// syslog(3) priorities, as sd-daemon(3) writes them.
std::string_view priority_of(LogLevel level) {
    constexpr std::string_view kPriorities[] = {"<3>", "<4>", "<6>", "<7>"};
    return kPriorities[static_cast<std::size_t>(level)];
}

std::int64_t wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

void append_printable(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
            out.append(escape, sizeof(escape));
        }
    }
}

/// As it is when it is one word, else in quotes.
void append_value(std::string& out, std::string_view text) {
    const bool is_word = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
    if (is_word) return append_printable(out, text);
    out += '"';
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"' || text[at] == '\\') out += '\\';
        append_printable(out, text.substr(at, 1));
    }
    out += '"';
}

void append_field(std::string& out, const LogField& field) {
    out += ' ';
    out += field.key;
    out += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        append_value(out, *text);
    } else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
        out += std::to_string(*number);
    } else {
        observe::JsonWriter(out).milliseconds(std::get<base::Duration>(field.value));
    }
}

void put_field(observe::JsonWriter& json, const LogField& field) {
    json.key(field.key);
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        json.text(*text);
    } else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
        json.number(*number);
    } else {
        json.milliseconds(std::get<base::Duration>(field.value));
    }
}

/// What lines that are like one another have in common: all but the numbers of the message, and
/// the names of what they are about.
std::string skeleton_of(std::string_view room, std::string_view message,
                        std::span<const LogField> fields) {
    std::string key(room);
    key += '\n';
    bool in_number = false;
    for (const char c : message) {
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit) key += c;
        if (is_digit && !in_number) key += '#';
        in_number = is_digit;
    }
    for (const LogField& field : fields) {
        if (!field.names) continue;
        key += '\n';
        if (const auto* text = std::get_if<std::string_view>(&field.value)) key += *text;
    }
    return key;
}

/// systemd says by device and inode what it made a service's output.
bool is_journal(const struct stat& status) {
    const char* stream = std::getenv("JOURNAL_STREAM");
    return stream != nullptr && stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

/// A pipe as a description of our own that does not block. The one that we were given is shared
/// with whoever gave it, and must not be changed.
int own_pipe(int descriptor) {
    const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
    return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

Log::Log(LogLevel level, int descriptor) : level_(level) { target_.descriptor = descriptor; }

Log::~Log() {
    sum_up(Clock::time_point::max());
    if (target_.owned) close(target_.descriptor);
}

std::expected<Log::Target, std::string> Log::open_target(const std::string& path) {
    Target target;
    const bool standard = path == "stderr" || path == "stdout";
    if (standard) {
        target.descriptor = path == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    } else {
        // O_NONBLOCK, because a FIFO without a reader must not hold the start up.
        target.descriptor = ::open(
            path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
        if (target.descriptor < 0)
            return std::unexpected(with_errno("cannot open log " + path, errno));
        target.owned = true;
    }
    struct stat status{};
    if (fstat(target.descriptor, &status) != 0) return target;
    target.journal = standard && is_journal(status);
    target.socket = S_ISSOCK(status.st_mode);
    target.asks = !S_ISREG(status.st_mode) && !target.socket;
    if (standard && S_ISFIFO(status.st_mode)) {
        if (const int own = own_pipe(target.descriptor); own >= 0) {
            target.descriptor = own;
            target.owned = true;
        }
    }
    return target;
}

std::expected<void, std::string> Log::open(const config::Log& settings) {
    auto target = open_target(settings.path);
    if (!target) return std::unexpected(target.error());
    set_level(settings.level);
    const std::lock_guard lock(mutex_);
    if (target_.owned) close(target_.descriptor);
    target_ = *target;
    path_ = settings.path == "stderr" || settings.path == "stdout" ? "" : settings.path;
    format_ = settings.format;
    repeats_max_ = settings.repeats_max;
    repeats_window_ = settings.repeats_window;
    rest_.clear();
    return {};
}

void Log::reopen() {
    std::string failure;
    {
        const std::lock_guard lock(mutex_);
        if (path_.empty()) return;
        if (const auto target = open_target(path_)) {
            close(target_.descriptor);
            target_ = *target;
            rest_.clear();
        } else {
            failure = target.error();
        }
    }
    if (failure.empty()) {
        info("log", "reopened");
    } else {
        error("log", "the old file stays in use: " + failure);
    }
}

void Log::line(LogLevel level, std::string_view room, std::string_view message,
               std::span<const LogField> fields) {
    if (!wants(level)) return;
    const std::lock_guard lock(mutex_);
    if (repeats_max_ > 0 && hold_back(level, room, message, fields)) return;
    put(level, room, message, fields);
}

/// Counts the line; true when there were enough like it.
bool Log::hold_back(LogLevel level, std::string_view room, std::string_view message,
                    std::span<const LogField> fields) {
    const auto now = Clock::now();
    std::string key = skeleton_of(room, message, fields);
    const auto at = repeats_.find(key);
    if (at == repeats_.end() || now - at->second.since >= repeats_window_) {
        if (at != repeats_.end()) {
            tell_held_back(at->second);
            repeats_.erase(at);
        }
        if (repeats_.size() < kRepeatsKnownMax)
            repeats_.emplace(std::move(key), Repeats{.since = now, .lines = 1});
        return false;
    }
    Repeats& repeats = at->second;
    if (++repeats.lines <= repeats_max_) return false;
    if (++repeats.held_back == 1) {
        repeats.level = level;
        repeats.room = room;
        repeats.message = message;
        for (const LogField& field : fields) {
            const auto* text = std::get_if<std::string_view>(&field.value);
            if (field.names && text != nullptr) repeats.names.emplace_back(field.key, *text);
        }
    }
    ++counts_.held_back;
    return true;
}

void Log::tell_held_back(const Repeats& repeats) {
    if (repeats.held_back == 0) return;
    std::vector<LogField> fields{
        {.key = "held_back", .value = repeats.held_back, .names = false, .told = true}};
    for (const auto& [key, text] : repeats.names) {
        fields.push_back({.key = key, .value = std::string_view(text), .told = true});
    }
    put(repeats.level, repeats.room,
        fmt::format("and {} more like it: {}", repeats.held_back, repeats.message), fields);
}

void Log::sum_up(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(repeats_, [&](const auto& entry) {
        const bool over = now - entry.second.since >= repeats_window_;
        if (over) tell_held_back(entry.second);
        return over;
    });
}

void Log::compose(LogLevel level, std::string_view room, std::string_view message,
                  std::span<const LogField> fields) {
    text_.clear();
    if (target_.journal) text_ += priority_of(level);
    if (format_ == config::LogFormat::json) {
        observe::JsonWriter json(text_);
        json.open_object();
        json.key("time").time(wall_clock_ns());
        json.key("level").text(name_of(level));
        json.key("room").text(room);
        json.key("message").text(message);
        for (const LogField& field : fields) put_field(json, field);
        json.close_object();
    } else {
        observe::append_timestamp(text_, wall_clock_ns());
        for (const std::string_view part : {std::string_view(" "), std::string_view(name_of(level)),
                                            std::string_view(" "), room, std::string_view(": ")})
            text_ += part;
        append_printable(text_, message);
        for (const LogField& field : fields) {
            if (!field.told) append_field(text_, field);
        }
    }
    text_ += '\n';
}

/// Writes a line, and before it what is owed: the rest of one that was cut, and how many were lost.
void Log::put(LogLevel level, std::string_view room, std::string_view message,
              std::span<const LogField> fields) {
    if (!rest_.empty()) rest_.erase(0, write_some(rest_));
    if (rest_.empty() && lost_untold_ > 0) {
        compose(LogLevel::warn, "log", std::to_string(lost_untold_) + " lines found no room", {});
        if (write_out()) lost_untold_ = 0;
    }
    if (rest_.empty() && lost_untold_ == 0) {
        compose(level, room, message, fields);
        if (write_out()) return;
    }
    ++counts_.lost;
    ++lost_untold_;
}

/// True when the line is on its way; what the kernel did not take of it goes before the next.
bool Log::write_out() {
    const std::size_t size = write_some(text_);
    if (size == 0) return false;
    rest_.assign(text_, size);
    ++counts_.lines;
    return true;
}

/// Bytes that could be written without waiting.
std::size_t Log::write_some(std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        std::size_t size = bytes.size() - done;
        if (target_.asks) {
            pollfd ready{target_.descriptor, POLLOUT, 0};
            if (poll(&ready, 1, 0) <= 0) break;
            // pipe(7): a writable pipe takes this much without blocking.
            size = std::min<std::size_t>(size, PIPE_BUF);
        }
        const ssize_t result =
            target_.socket
                ? send(target_.descriptor, bytes.data() + done, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                : write(target_.descriptor, bytes.data() + done, size);
        if (result < 0 && errno == EINTR) continue;
        if (result <= 0) break;
        done += static_cast<std::size_t>(result);
    }
    return done;
}

Log::Counts Log::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

}  // namespace ringway::control
