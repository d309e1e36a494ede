// The process log: lines for the operator, "2026-01-02T03:04:05.678Z level room: message
// key=value", or JSON objects with the same. Owned by main; any thread writes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/config/config.h"

namespace ringway::control {

using config::LogLevel;

/// One key and its value, valid during the call.
struct LogField {
    using Value = std::variant<std::string_view, std::uint64_t, base::Duration>;

    std::string_view key;
    Value value;         // durations in milliseconds
    bool names = false;  // what the line is about: lines that differ in it are not like one another
    bool told = false;   // the message says it already: only JSON has it
};

/// Any thread. Lines go out whole, in one write where the kernel takes it; control characters are
/// escaped, so that what a peer sent cannot forge a line.
///
/// Nothing waits for a reader: a line that a pipe, socket or terminal has no room for is dropped
/// and counted, and how many there were is said once there is room. A regular file takes as long as
/// the disk does.
class Log {
 public:
    using Fields = std::initializer_list<LogField>;

    /// `descriptor` stays the caller's. Plain text, every repeat, until open().
    explicit Log(LogLevel level, int descriptor = 2);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    /// Goes on as these settings say: at the start, and after a reload. A sentence when the file
    /// cannot be opened; everything stays as it was then. Where stderr or stdout is the journal,
    /// each line begins with its priority (sd-daemon(3)).
    std::expected<void, std::string> open(const config::Log& settings);
    /// Opens the file anew by its name, for rotation; the old one stays in use when that fails.
    void reopen();

    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    bool wants(LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }

    void line(LogLevel level, std::string_view room, std::string_view message,
              std::span<const LogField> fields);
    void line(LogLevel level, std::string_view room, std::string_view message, Fields fields = {}) {
        line(level, room, message, std::span(fields.begin(), fields.size()));
    }
    void error(std::string_view room, std::string_view message, Fields fields = {}) {
        line(LogLevel::error, room, message, fields);
    }
    void warn(std::string_view room, std::string_view message, Fields fields = {}) {
        line(LogLevel::warn, room, message, fields);
    }
    void info(std::string_view room, std::string_view message, Fields fields = {}) {
        line(LogLevel::info, room, message, fields);
    }
    void debug(std::string_view room, std::string_view message, Fields fields = {}) {
        line(LogLevel::debug, room, message, fields);
    }

    /// Says what was held back in windows that are over. Once a second, by whoever has a clock.
    void sum_up() { sum_up(std::chrono::steady_clock::now()); }

    struct Counts {
        std::uint64_t lines = 0;      // written whole
        std::uint64_t lost = 0;       // for which there was no room
        std::uint64_t held_back = 0;  // repeats
    };
    Counts counts() const;

 private:
    using Clock = std::chrono::steady_clock;

    /// Where lines go.
    struct Target {
        int descriptor = -1;
        bool owned = false;
        bool socket = false;   // sent to, without waiting
        bool asks = false;     // a pipe or terminal: asked whether it has room
        bool journal = false;  // takes a priority in front of each line
    };
    /// Lines like one another, since the first of them.
    struct Repeats {
        Clock::time_point since;
        std::uint64_t lines = 0;
        std::uint64_t held_back = 0;
        // of the first one that was held back
        LogLevel level = LogLevel::info;
        std::string room, message;
        std::vector<std::pair<std::string, std::string>> names;
    };

    static std::expected<Target, std::string> open_target(const std::string& path);
    void sum_up(Clock::time_point now);
    bool hold_back(LogLevel level, std::string_view room, std::string_view message,
                   std::span<const LogField> fields);
    void tell_held_back(const Repeats& repeats);
    void compose(LogLevel level, std::string_view room, std::string_view message,
                 std::span<const LogField> fields);
    void put(LogLevel level, std::string_view room, std::string_view message,
             std::span<const LogField> fields);
    bool write_out();
    std::size_t write_some(std::string_view bytes);

    std::atomic<LogLevel> level_;

    mutable std::mutex mutex_;  // of what follows
    Target target_;
    std::string path_;  // of target_, when it is a file
    config::LogFormat format_ = config::LogFormat::text;
    std::uint32_t repeats_max_ = 0;
    base::Duration repeats_window_{0};
    std::unordered_map<std::string, Repeats> repeats_;
    std::string text_;  // the line being written
    std::string rest_;  // of a line that the kernel took a part of
    std::uint64_t lost_untold_ = 0;
    Counts counts_;
};

}  // namespace ringway::control
