// Which capabilities the process needs, and how it gives up the others. Main thread, during start.
#include "capabilities.h"

#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "thread_setup.h"

namespace ringway::control {
namespace {

/// Both halves of each set, as capget(2) has them.
struct Sets {
    __user_cap_data_struct halves[_LINUX_CAPABILITY_U32S_3];

    bool read() {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        return syscall(SYS_capget, &header, halves) == 0;
    }
    bool write() const {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        return syscall(SYS_capset, &header, halves) == 0;
    }
};

constexpr std::uint16_t kUnprivilegedPortMin = 1024;

bool is_privileged(const base::SocketAddress& address) {
    return address.is_ip() && address.port() > 0 && address.port() < kUnprivilegedPortMin;
}

bool stays_root(const config::Process& process) {
    if (geteuid() != 0) return false;
    if (process.user.empty()) return true;
    const passwd* user = getpwnam(process.user.c_str());
    return user != nullptr && user->pw_uid == 0;
}

}  // namespace

Capabilities permitted_capabilities() {
    Sets sets;
    if (!sets.read()) return 0;
    return sets.halves[0].permitted | Capabilities{sets.halves[1].permitted} << 32;
}

int limit_capabilities(Capabilities kept, Capabilities inherited) {
    kept &= permitted_capabilities();
    inherited &= kept;
    Sets sets;
    for (const int half : {0, 1}) {
        const auto part = static_cast<__u32>(kept >> (32 * half));
        sets.halves[half] = {.effective = part,
                             .permitted = part,
                             .inheritable = static_cast<__u32>(inherited >> (32 * half))};
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
    if (!sets.write()) return errno;
    for (int capability = 0; capability < 64; ++capability) {
        if ((inherited & bit_of(capability)) == 0) continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return errno;
    }
    return 0;
}

int bound_capabilities(Capabilities kept) {
    if ((permitted_capabilities() & bit_of(CAP_SETPCAP)) == 0) return 0;
    for (int capability = 0; capability < 64; ++capability) {
        if ((kept & bit_of(capability)) != 0) continue;
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) continue;  // not there, or unknown
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return errno;
    }
    return 0;
}

void keep_permitted_over_switch(bool keep) { prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0); }

void allow_core_dumps(bool allowed) { prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0); }

Capabilities capabilities_needed(const config::Config& config) {
    Capabilities needed = 0;
    bool privileged = config.admin.listen && is_privileged(*config.admin.listen);
    bool controlled = false;
    for (const config::Listener& listener : config.listeners) {
        privileged |= is_privileged(listener.address);
        controlled |= !listener.congestion_control.empty();
    }
    if (privileged) needed |= bit_of(CAP_NET_BIND_SERVICE);
    if (stays_root(config.process)) {
        needed |= bit_of(CAP_DAC_OVERRIDE) | bit_of(CAP_IPC_LOCK) | bit_of(CAP_SYS_RESOURCE);
        // tcp(7): an algorithm that is not open to everybody
        if (controlled) needed |= bit_of(CAP_NET_ADMIN);
    }
    return needed;
}

std::expected<void, std::string> bound_privileges(const config::Process& process,
                                                  Capabilities kept) {
    const std::string what = "cannot give up privileges";
    // What rings lock counts against it; whoever may lift it may not any more afterwards.
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &unlimited);
    Capabilities for_start = kept;
    if (!process.group.empty()) for_start |= bit_of(CAP_SETGID);
    if (geteuid() == 0 && !stays_root(process)) {
        // until the switch of the user, which takes them from every thread
        for (const int capability : {CAP_SETUID, CAP_SETGID, CAP_DAC_OVERRIDE, CAP_CHOWN,
                                     CAP_FOWNER, CAP_IPC_LOCK, CAP_SYS_RESOURCE, CAP_NET_ADMIN}) {
            for_start |= bit_of(capability);
        }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return std::unexpected(with_errno(what, errno));
    if (!process.core_dumps) allow_core_dumps(false);
    if (const int error = bound_capabilities(kept); error != 0)
        return std::unexpected(with_errno(what, error));
    // Root regains what is bounded when it executes a file; others what they inherit.
    const Capabilities inherited = geteuid() == 0 ? 0 : kept;
    if (const int error = limit_capabilities(for_start, inherited); error != 0)
        return std::unexpected(with_errno(what, error));
    return {};
}

}  // namespace ringway::control
