// The access log: takes the records of all shards from their rings and writes them as lines.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ringway/config/config.h"
#include "ringway/control/log.h"
#include "ringway/observe/access_record.h"

namespace ringway::control {

/// Has a thread of its own, so that a slow disk or a full pipe delays nothing but the log: the
/// rings fill up, and the shards count what they drop. Rings are visited every 10 ms; a ring has to
/// hold what its shard logs in that time. Sampling is the shards' business.
class LogWriter {
 public:
    /// The rings and log outlive it.
    LogWriter(std::shared_ptr<const config::Config> config, std::vector<observe::AccessRing*> rings,
              Log& log);
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;
    ~LogWriter();

    /// Opens Config::log.access_path ("stdout", "stderr" or a file, created with mode 0640 and
    /// appended to) and starts the thread; nothing to do when the path is empty. A sentence for a
    /// human when the file cannot be opened.
    std::expected<void, std::string> start();

    /// Asks for the file to be opened again by its name, for rotation; the old one stays in use
    /// when that fails. Any thread, but not a signal handler.
    void reopen();

    /// Names places by this configuration from now on. Before any shard goes by it; any thread.
    void adopt(std::shared_ptr<const config::Config> next);

    /// Writes what was pushed before the call and ends the thread. Waits at most 1 s for a pipe
    /// that nobody reads.
    void stop();

    struct Counts {
        std::uint64_t lines = 0;       // written whole
        std::uint64_t lines_lost = 0;  // taken from a ring, but not written
        std::uint64_t write_failures = 0;
    };
    /// Any thread.
    Counts counts() const;

 private:
    void run();
    void drain_rings();
    void take(const observe::AccessRecord& record);
    void write_batch();
    std::size_t write_bytes(std::string_view bytes, int& error_number);
    void carry_out_reopen();

    const std::vector<observe::AccessRing*> rings_;
    Log& log_;

    // The writer thread's, after start().
    std::shared_ptr<const config::Config> config_;
    int descriptor_ = -1;
    bool owns_descriptor_ = false;
    bool regular_ = false;    // a file: never blocks for long, taken whole
    bool failing_ = false;    // true exactly when the last write failed
    bool torn_ = false;       // true exactly when the last byte written is not the end of a line
    int stop_waited_ms_ = 0;  // since stop(), for a descriptor that takes nothing
    std::string batch_;
    std::uint64_t batch_lines_ = 0;

    std::atomic<std::uint64_t> lines_{0};
    std::atomic<std::uint64_t> lines_lost_{0};
    std::atomic<std::uint64_t> write_failures_{0};

    mutable std::mutex mutex_;  // of the requests below
    std::condition_variable wake_;
    std::condition_variable taken_;  // next_config_ was
    bool stopping_ = false;
    bool reopen_asked_ = false;
    std::shared_ptr<const config::Config> next_config_;  // nullptr: none since the last visit
    std::thread thread_;
};

}  // namespace ringway::control
