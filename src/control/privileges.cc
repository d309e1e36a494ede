// User, group and pid file. Main thread, during start and end.
#include "ringway/control/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "capabilities.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

constexpr std::size_t kEntryBytesMax = 64 * 1024;  // of a passwd or group entry

struct User {
    uid_t user;
    gid_t group;
};

std::optional<User> find_user(const std::string& name) {
    std::vector<char> text(kEntryBytesMax);
    passwd entry{};
    passwd* found = nullptr;
    getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (found == nullptr) return {};
    return User{found->pw_uid, found->pw_gid};
}

std::optional<gid_t> find_group(const std::string& name) {
    std::vector<char> text(kEntryBytesMax);
    group entry{};
    group* found = nullptr;
    getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (found == nullptr) return {};
    return found->gr_gid;
}

}  // namespace

std::expected<void, std::string> drop_privileges(const config::Process& process,
                                                 Capabilities kept) {
    if (process.user.empty() && process.group.empty()) return {};
    User wanted{geteuid(), getegid()};
    if (!process.user.empty()) {
        const auto user = find_user(process.user);
        if (!user)
            return std::unexpected("process.user: there is no user \"" + process.user + "\"");
        wanted = *user;
    }
    if (!process.group.empty()) {
        const auto group = find_group(process.group);
        if (!group)
            return std::unexpected("process.group: there is no group \"" + process.group + "\"");
        wanted.group = *group;
    }
    const bool is_root = geteuid() == 0;
    if (!is_root && wanted.user == geteuid() && wanted.group == getegid()) return {};
    const std::string what = "cannot become user " + std::to_string(wanted.user) + ", group " +
                             std::to_string(wanted.group);
    // Groups first: after setuid() they can no longer be changed.
    const int groups = process.user.empty() ? setgroups(1, &wanted.group)
                                            : initgroups(process.user.c_str(), wanted.group);
    if (groups != 0) return std::unexpected(with_errno(what, errno));
    // Of this thread only; the others lose all capabilities with their user.
    if (kept != 0) keep_permitted_over_switch(true);
    if (setresgid(wanted.group, wanted.group, wanted.group) != 0 ||
        setresuid(wanted.user, wanted.user, wanted.user) != 0) {
        return std::unexpected(with_errno(what, errno));
    }
    keep_permitted_over_switch(false);
    if (wanted.user == 0) return {};
    if (const int error = limit_capabilities(kept, kept); error != 0)
        return std::unexpected(with_errno(what, error));
    if (setuid(0) == 0) return std::unexpected(what + ": root could be regained");
    allow_core_dumps(process.core_dumps);  // the switch left it as the system's setting says
    return {};
}

std::expected<PidFile, std::string> PidFile::write(const std::string& path) {
    PidFile file;
    if (path.empty()) return file;
    const std::string temporary = path + ".new";
    const std::string text = std::to_string(getpid()) + "\n";
    const int descriptor =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) return std::unexpected(with_errno("cannot write pid file " + path, errno));
    const bool written =
        ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int write_error = errno;
    close(descriptor);
    if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
        const int error_number = written ? errno : write_error;
        unlink(temporary.c_str());
        return std::unexpected(with_errno("cannot write pid file " + path, error_number));
    }
    file.path_ = path;
    return file;
}

PidFile::PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

PidFile::~PidFile() {
    if (path_.empty()) return;
    long pid = 0;
    std::ifstream(path_) >> pid;
    if (pid == getpid()) unlink(path_.c_str());
}

}  // namespace ringway::control
