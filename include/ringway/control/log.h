// The process log: lines for the operator, "2026-01-02T03:04:05.678Z level room: message".
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

#include "ringway/config/config.h"

namespace ringway::control {

using config::LogLevel;

/// Any thread. Each line goes out in one write; control characters of the message are escaped, so
/// that what a peer sent cannot forge a line. A line that cannot be written is lost in silence:
/// there is nowhere to say so.
class Log {
 public:
    /// `descriptor` stays the caller's.
    explicit Log(LogLevel level, int descriptor = 2);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    bool wants(LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }

    void line(LogLevel level, std::string_view room, std::string_view message);
    void error(std::string_view room, std::string_view message) {
        line(LogLevel::error, room, message);
    }
    void warn(std::string_view room, std::string_view message) {
        line(LogLevel::warn, room, message);
    }
    void info(std::string_view room, std::string_view message) {
        line(LogLevel::info, room, message);
    }
    void debug(std::string_view room, std::string_view message) {
        line(LogLevel::debug, room, message);
    }

 private:
    std::atomic<LogLevel> level_;
    const int descriptor_;
    std::mutex mutex_;  // keeps lines whole where the kernel takes one in two writes
};

}  // namespace ringway::control
