// The life of the serving process. Main thread.
#pragma once

#include <string>

#include "ringway/config/config.h"
#include "ringway/config/load.h"
#include "ringway/ring/kernel_features.h"

namespace ringway {

/// Prints "ringway: sentence" to stderr; 1, for an exit status.
int fail(const std::string& sentence);

/// Why this process, started by an older one for an upgrade, will not serve; nothing else.
void tell_predecessor(const std::string& reason);

/// Starts every part, serves until a signal ends it, and ends every part: SIGTERM and SIGQUIT drain
/// within Process::graceful_timeout, SIGINT stops at once, SIGUSR1 opens the access log anew,
/// SIGUSR2 upgrades to the binary on disk, SIGHUP reloads the file of `loaded`
/// (control/reloader.h). The exit status: 0, or 1 when a part could not start, which is then said
/// on stderr.
int run_process(const config::Config& loaded, const config::Machine& machine,
                const ring::KernelFeatures& features);

}  // namespace ringway
