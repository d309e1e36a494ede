#include "capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

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

}  // namespace ringway::control
