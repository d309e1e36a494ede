// Rings that do only what this program asks of them: whoever takes the process over cannot make
// such a ring open files, send to new places or load anything that is not in its list, and cannot
// lift the restriction. seccomp does not see what a ring does (docs/threat-model.md).
#pragma once

#include <span>

#include "uapi.h"

namespace ringway::ring {

/// What a ring may do once it runs: operations, and flags of its submission entries (IOSQE_*). The
/// only thing that may still be registered is the end of its registered descriptor.
struct RingRules {
    std::span<const io_uring_op> operations;
    unsigned entry_flags = 0;
};

/// What KernelRing asks for. `reads`: it is woken through an eventfd, which it reads.
RingRules kernel_ring_rules(bool reads);
/// What wakes other rings.
RingRules waker_rules();

/// Sets the rules of a ring that was opened with IORING_SETUP_R_DISABLED, and lets it run; 0 or a
/// negative errno. What the ring needs registered is registered before. The calling thread becomes
/// its submitter.
int restrict_and_enable(io_uring& ring, const RingRules& rules);

/// Whether this kernel keeps to such rules: one operation in the list passes, another is refused.
bool kernel_keeps_rules();

}  // namespace ringway::ring
