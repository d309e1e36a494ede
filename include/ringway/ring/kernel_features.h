// What this kernel's io_uring can do. The best form is used where the kernel has it, the plain form
// where it has not; Linux 6.1 is the floor.
#pragma once

#include <array>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::ring {

struct KernelFeatures {
    bool single_issuer = false;     // 6.0: one submitting thread, cheaper locking
    bool defer_taskrun = false;     // 6.1: completions run when the owner asks for them
    bool multishot_accept = false;  // 5.19: one operation accepts for ever
    // 6.0, used only with recv_credit: one operation receives many times
    bool multishot_receive = false;
    bool recv_credit = false;  // 6.16: a multishot receive ends after a given number of bytes
    bool msg_ring = false;     // 5.18: rings wake each other without a descriptor
    // 5.10: a ring refuses operations that this program never asks for
    bool restrictions = false;
};

/// Name, whether it is used, and since which kernel; in the order of the struct.
struct FeatureLine {
    std::string_view name;
    bool KernelFeatures::* member;
    std::string_view since;
};
std::span<const FeatureLine> feature_lines();

/// Tries each on a small ring and a socket pair. An error says what the kernel lacks that cannot be
/// done without, and what to do. Any thread.
std::expected<KernelFeatures, std::string> probe_kernel_features();

/// Switches the named feature off; false when there is none of that name.
bool switch_off(KernelFeatures& features, std::string_view name);

/// A sentence for each name that switch_off() does not know.
std::vector<std::string> unknown_features(std::span<const std::string> names);

}  // namespace ringway::ring
