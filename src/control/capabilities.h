// The calling thread's capabilities: the kernel's interface in terms of sets.
#pragma once

#include "ringway/control/privileges.h"

namespace ringway::control {

constexpr Capabilities bit_of(int capability) { return Capabilities{1} << capability; }

/// Those that it may make effective.
Capabilities permitted_capabilities();

/// Reduces what is permitted and effective to `kept`, of which those are inherited by threads and
/// programs that are in `inherited`. 0 or an errno.
int limit_capabilities(Capabilities kept, Capabilities inherited);

/// Bounds what executing a file could ever give back; without CAP_SETPCAP it is bounded by whoever
/// started the process. 0 or an errno.
int bound_capabilities(Capabilities kept);

/// Whether what is permitted stays so when the user is switched from root. Of this thread.
void keep_permitted_over_switch(bool keep);

/// Whether a crash may leave a core file, and others of the same user may look into the process.
void allow_core_dumps(bool allowed);

}  // namespace ringway::control
