// Who the process is: its user and group after binding, and its pid file.
#pragma once

#include <expected>
#include <string>

#include "ringway/config/config.h"

namespace ringway::control {

/// Switches the whole process (every thread) to Process::user and Process::group for good:
/// supplementary groups are those of the user, and the way back is checked to be closed. Empty
/// names: stay. Nothing to do when the process is that user already. A sentence for a human when a
/// name is unknown or the switch is not permitted.
std::expected<void, std::string> drop_privileges(const config::Process& process);

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
