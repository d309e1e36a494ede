// Who the process is and what it may: its capabilities, its user and group after binding, and its
// pid file.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "ringway/config/config.h"

namespace ringway::control {

/// A set of capabilities: bit n is that of number n in capabilities(7).
using Capabilities = std::uint64_t;

/// What the process needs for good: CAP_NET_BIND_SERVICE exactly when a listener has a port below
/// 1024, so that a reload can bind it again; and when it stays root, what root's work is made of
/// (files of others, locked memory, limits, congestion control).
Capabilities capabilities_needed(const config::Config& config);

/// Gives up what neither the start nor the work after it needs: capabilities but for `kept` and
/// what switching the user takes, new privileges by executing a file, and core dumps unless the
/// configuration wants them. Before any thread starts, since threads inherit it. A sentence when
/// the kernel refuses.
std::expected<void, std::string> bound_privileges(const config::Process& process,
                                                  Capabilities kept);

/// Switches the whole process (every thread) to Process::user and Process::group for good:
/// supplementary groups are those of the user, and the way back is checked to be closed. Empty
/// names: stay. Nothing to do when the process is that user already. Of the capabilities only those
/// of `kept` are left, and only to the calling thread and those that it starts from then on. A
/// sentence for a human when a name is unknown or the switch is not permitted.
std::expected<void, std::string> drop_privileges(const config::Process& process, Capabilities kept);

/// A file with the process id. Removed at the end by the process that wrote it, when it still names
/// that process.
class PidFile {
 public:
    PidFile() = default;
    PidFile(PidFile&& other) noexcept;
    PidFile& operator=(PidFile&& other) noexcept;
    ~PidFile();

    /// Writes the file anew (by a rename, so that a reader sees a whole number or nothing). An
    /// empty path: no file. Where the folder may not be written any more since privileges were
    /// dropped, `inherited`, the older process's open file, is written in place; it is this
    /// object's from now on.
    static std::expected<PidFile, std::string> write(const std::string& path, int inherited = -1);

    /// The open file, for a successor; -1: none.
    int descriptor() const { return descriptor_; }

 private:
    // empty: nothing to remove
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace ringway::control
