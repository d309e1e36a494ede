#include "ringway/control/activation.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "ringway/ring/listening_socket.h"

namespace ringway::control {
namespace {

constexpr int kFirst = 3;      // SD_LISTEN_FDS_START
constexpr long kMost = 16384;  // more listeners and shards than a configuration can have

long number_of(const char* text) {
    if (text == nullptr) return -1;
    const std::string_view digits(text);
    long value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? value : -1;
}

}  // namespace

std::vector<accept::InheritedSocket> take_activation_sockets() {
    const long pid = number_of(std::getenv("LISTEN_PID"));
    const long count = number_of(std::getenv("LISTEN_FDS"));
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
    std::vector<accept::InheritedSocket> sockets;
    if (pid != getpid() || count <= 0 || count > kMost) return sockets;
    for (int descriptor = kFirst; descriptor < kFirst + static_cast<int>(count); ++descriptor) {
        if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) continue;
        sockets.push_back({descriptor, ring::bound_address(descriptor)});
    }
    return sockets;
}

}  // namespace ringway::control
