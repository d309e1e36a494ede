// The admin listener's socket, and the file of a unix one. Main thread, during start and end.
#include "admin_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ringway/ring/listening_socket.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

constexpr int kBacklog = 64;

/// Path of a unix socket that has a file; "" for others (IP, abstract names).
std::string file_of(const base::SocketAddress& address) {
    const std::string text = address.text();
    if (address.family() != AF_UNIX || text.starts_with("unix:@")) return "";
    return text.substr(5);
}

/// Removes a socket file that nobody listens on.
std::expected<void, std::string> remove_stale(const base::SocketAddress& address,
                                              const std::string& path) {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) return {};
    if (!S_ISSOCK(status.st_mode)) {
        return std::unexpected(path +
                               " exists and is not a socket; remove it or choose another path");
    }
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return std::unexpected(with_errno("cannot open a socket", errno));
    const int result = connect(probe, address.raw(), address.raw_size());
    const int error_number = errno;
    close(probe);
    // Refused is the one sure sign that the file has no listener; a full backlog (EAGAIN) has one.
    if (result == 0 || error_number != ECONNREFUSED) {
        return std::unexpected("another process listens on " + path);
    }
    if (unlink(path.c_str()) != 0)
        return std::unexpected(with_errno("cannot remove stale " + path, errno));
    return {};
}

void know_file(AdminSocket& socket, const std::string& path) {
    struct stat status{};
    if (path.empty() || lstat(path.c_str(), &status) != 0) return;
    socket.device = status.st_dev;
    socket.inode = status.st_ino;
}

}  // namespace

std::expected<AdminSocket, std::string> open_admin_socket(const base::SocketAddress& address) {
    const std::string path = file_of(address);
    if (!path.empty()) {
        if (auto removed = remove_stale(address, path); !removed)
            return std::unexpected(removed.error());
    }
    const std::string what = "cannot listen on admin address " + address.text();
    AdminSocket result;
    result.descriptor = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (result.descriptor < 0) return std::unexpected(with_errno(what, errno));
    const int on = 1;
    setsockopt(result.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    // unix(7): on Linux the file gets the mode of the socket, so it is never open to others, not
    // even between two calls.
    if (!path.empty()) fchmod(result.descriptor, 0660);
    if (bind(result.descriptor, address.raw(), address.raw_size()) != 0) {
        const int error_number = errno;
        close(result.descriptor);
        return std::unexpected(with_errno(what, error_number));
    }
    know_file(result, path);
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (listen(result.descriptor, kBacklog) != 0 ||
        getsockname(result.descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        const int error_number = errno;
        close_admin_socket(result);
        return std::unexpected(with_errno(what, error_number));
    }
    result.address =
        base::SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&bound), size);
    return result;
}

AdminSocket adopt_admin_socket(const base::SocketAddress& address, int descriptor) {
    AdminSocket socket;
    socket.descriptor = descriptor;
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    socket.address = address.is_ip() ? ring::bound_address(descriptor) : address;
    return socket;
}

void claim_admin_socket(AdminSocket& socket) { know_file(socket, file_of(socket.address)); }

void close_admin_socket(AdminSocket& socket) {
    if (socket.descriptor < 0) return;
    close(socket.descriptor);
    socket.descriptor = -1;
    const std::string path = file_of(socket.address);
    struct stat status{};
    if (path.empty() || lstat(path.c_str(), &status) != 0) return;
    if (status.st_dev == socket.device && status.st_ino == socket.inode) unlink(path.c_str());
}

}  // namespace ringway::control
