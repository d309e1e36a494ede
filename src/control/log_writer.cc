// The access log's thread. All members but the counts and the two requests are its own once it
// runs.
#include "ringway/control/log_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "ringway/observe/access_line.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

constexpr std::chrono::milliseconds kAdoption{200};
constexpr std::size_t kBatchBytes = 16 * 1024;  // stays in the nearest cache
constexpr std::chrono::milliseconds kTick(10);
constexpr int kStopWaitMs = 1000;
constexpr int kPollMs = 50;

/// O_NONBLOCK, because a FIFO without a reader must not hold the start up.
int open_for_append(const std::string& path) {
    return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

bool is_regular(int descriptor) {
    struct stat status{};
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LogWriter::LogWriter(std::shared_ptr<const config::Config> config,
                     std::vector<observe::AccessRing*> rings, Log& log)
    : rings_(std::move(rings)), log_(log), config_(std::move(config)) {}

LogWriter::~LogWriter() { stop(); }

std::expected<void, std::string> LogWriter::start() {
    const std::string& path = config_->log.access_path;
    if (path.empty()) return {};
    if (path == "stdout" || path == "stderr") {
        descriptor_ = path == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    } else {
        descriptor_ = open_for_append(path);
        if (descriptor_ < 0)
            return std::unexpected(with_errno("cannot open access log " + path, errno));
        owns_descriptor_ = true;
    }
    regular_ = is_regular(descriptor_);
    thread_ = std::thread([this] { run(); });
    return {};
}

void LogWriter::reopen() {
    const std::lock_guard lock(mutex_);
    reopen_asked_ = true;
    wake_.notify_one();
}

void LogWriter::adopt(std::shared_ptr<const config::Config> next) {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) {
        config_ = std::move(next);
        return;
    }
    next_config_ = std::move(next);
    wake_.notify_one();
    // A visit under way names places by the one before; one that hangs on a full pipe may.
    taken_.wait_for(lock, kAdoption, [this] { return next_config_ == nullptr; });
}

void LogWriter::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
    if (owns_descriptor_) close(descriptor_);
    owns_descriptor_ = false;
    descriptor_ = -1;
}

LogWriter::Counts LogWriter::counts() const {
    return {lines_.load(std::memory_order_relaxed), lines_lost_.load(std::memory_order_relaxed),
            write_failures_.load(std::memory_order_relaxed)};
}

void LogWriter::run() {
    set_up_thread("rw-access-log");
    std::unique_lock lock(mutex_);
    bool stopping = false;
    while (!stopping) {
        wake_.wait_for(lock, kTick,
                       [this] { return stopping_ || reopen_asked_ || next_config_ != nullptr; });
        stopping = stopping_;
        const bool reopen_now = reopen_asked_;
        reopen_asked_ = false;
        if (next_config_ != nullptr) config_ = std::exchange(next_config_, nullptr);
        taken_.notify_all();
        lock.unlock();
        if (reopen_now) carry_out_reopen();
        drain_rings();
        lock.lock();
    }
}

void LogWriter::drain_rings() {
    for (observe::AccessRing* ring : rings_) {
        ring->drain(
            [](void* self, const observe::AccessRecord& record) {
                static_cast<LogWriter*>(self)->take(record);
            },
            this);
    }
    write_batch();
}

void LogWriter::take(const observe::AccessRecord& record) {
    if (config_->log.access_format == config::AccessFormat::combined) {
        observe::append_combined_line(batch_, record);
    } else {
        observe::append_access_line(batch_, record, *config_);
    }
    ++batch_lines_;
    if (batch_.size() >= kBatchBytes) write_batch();
}

void LogWriter::write_batch() {
    if (batch_.empty()) return;
    // After a failure in the middle of a line, its rest is lost: the next line starts on its own.
    const bool mended = torn_;
    if (mended) batch_.insert(batch_.begin(), '\n');
    int error_number = 0;
    const std::size_t written = write_bytes(batch_, error_number);
    const std::string_view all = batch_;
    std::uint64_t whole = std::exchange(batch_lines_, 0);
    if (written < all.size()) {
        const auto ends = std::ranges::count(all.substr(0, written), '\n');
        const auto left = whole;
        whole = static_cast<std::uint64_t>(ends) - (mended && written > 0 ? 1 : 0);
        lines_lost_.fetch_add(left - whole, std::memory_order_relaxed);
    }
    lines_.fetch_add(whole, std::memory_order_relaxed);
    if (written > 0) torn_ = all[written - 1] != '\n';
    const bool failed = written < all.size();
    if (failed) write_failures_.fetch_add(1, std::memory_order_relaxed);
    if (failed && !failing_) {
        log_.error("access_log", with_errno("cannot write to " + config_->log.access_path +
                                                "; lines are lost until it can be written again",
                                            error_number));
    }
    if (!failed && failing_)
        log_.info("access_log", config_->log.access_path + " is written again");
    failing_ = failed;
    batch_.clear();
}

/// How many bytes were written; on fewer than all, error_number says why.
std::size_t LogWriter::write_bytes(std::string_view bytes, int& error_number) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        std::size_t size = bytes.size() - done;
        if (!regular_) {
            pollfd ready{descriptor_, POLLOUT, 0};
            if (poll(&ready, 1, stop_waited_ms_ < kStopWaitMs ? kPollMs : 0) == 0) {
                const std::lock_guard lock(mutex_);
                if (stopping_) stop_waited_ms_ += kPollMs;
                if (stop_waited_ms_ < kStopWaitMs) continue;
                error_number = ETIMEDOUT;
                return done;
            }
            // pipe(7): a writable pipe takes this much without blocking.
            size = std::min<std::size_t>(size, PIPE_BUF);
        }
        const ssize_t result = write(descriptor_, bytes.data() + done, size);
        if (result > 0) {
            done += static_cast<std::size_t>(result);
        } else if (result < 0 && errno != EINTR && errno != EAGAIN) {
            error_number = errno;
            return done;
        }
    }
    return done;
}

void LogWriter::carry_out_reopen() {
    if (!owns_descriptor_) return;
    drain_rings();  // what came before the request goes to the old file
    const int next = open_for_append(config_->log.access_path);
    if (next < 0) {
        log_.error("access_log", with_errno("cannot reopen " + config_->log.access_path +
                                                "; the old file stays in use",
                                            errno));
        return;
    }
    close(descriptor_);
    descriptor_ = next;
    regular_ = is_regular(next);
    torn_ = false;
    log_.info("access_log", config_->log.access_path + " reopened");
}

}  // namespace ringway::control
