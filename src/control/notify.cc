#include "ringway/control/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "ringway/base/assert.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

/// A message is lines of NAME=value.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (c == '\n') c = ' ';
    }
    return line;
}

}  // namespace

Notifier Notifier::from_environment() { return Notifier(variable("NOTIFY_SOCKET")); }

void Notifier::ready(std::string_view status) const { send("READY=1\nSTATUS=" + one_line(status)); }

void Notifier::reloading(base::Instant now) const {
    const auto at = std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch());
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", at.count()));
}

void Notifier::stopping(std::string_view status) const {
    send("STOPPING=1\nSTATUS=" + one_line(status));
}

void Notifier::main_pid(pid_t pid, std::string_view status) const {
    send(fmt::format("MAINPID={}\nREADY=1\nSTATUS={}", pid, one_line(status)));
}

void Notifier::status(std::string_view status) const { send("STATUS=" + one_line(status)); }

void Notifier::send(const std::string& lines) const {
    sockaddr_un to{};
    if (address_.empty() || address_.size() >= sizeof(to.sun_path)) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    if (address_[0] == '@') to.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    [[maybe_unused]] const ssize_t sent =
        sendto(socket, lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&to), size);
    close(socket);
}

base::Duration watchdog_period_from_environment() {
    const auto microseconds = number_of(variable("WATCHDOG_USEC"));
    if (!microseconds || *microseconds == 0) return {};
    const std::string pid = variable("WATCHDOG_PID");
    if (!pid.empty() && number_of(pid) != static_cast<std::uint64_t>(getpid())) return {};
    // A day is as good as any longer time, and its half is far from overflow.
    constexpr std::uint64_t kMost = 86'400'000'000;
    return std::chrono::microseconds(std::min(*microseconds, kMost)) / 2;
}

void Watchdog::start() {
    if (period_ == base::Duration{} || !notifier_.heard()) return;
    RW_ASSERT(!thread_.joinable());
    thread_ = std::thread([this] { run(); });
}

void Watchdog::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

void Watchdog::run() {
    set_up_thread("rw-watchdog");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        if (alive_()) notifier_.watchdog();
        lock.lock();
        wake_.wait_for(lock, period_, [this] { return stopping_; });
    }
}

}  // namespace ringway::control
