// The process log. Any thread; owned by main.
#include "ringway/control/log.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "ringway/observe/timestamp.h"

namespace ringway::control {
namespace {

const char* name_of(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return "error";
        case LogLevel::warn:
            return "warn";
        case LogLevel::info:
            return "info";
        case LogLevel::debug:
            return "debug";
    }
    return "error";
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

}  // namespace

Log::Log(LogLevel level, int descriptor) : level_(level), descriptor_(descriptor) {}

void Log::line(LogLevel level, std::string_view room, std::string_view message) {
    if (!wants(level)) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    std::string text;
    observe::append_timestamp(text,
                              std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    text += ' ';
    text += name_of(level);
    text += ' ';
    text += room;
    text += ": ";
    append_printable(text, message);
    text += '\n';
    const std::lock_guard lock(mutex_);
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t size = write(descriptor_, left.data(), left.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(size));
    }
}

}  // namespace ringway::control
