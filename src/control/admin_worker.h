// Runs what takes long (a reload, an upgrade) beside the admin server's loop, one thing at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ringway/control/admin_server.h"

namespace ringway::control {

/// A request that outlives the connection's buffers.
struct AdminJob {
    std::uint64_t connection = 0;
    const AdminEndpoint* endpoint = nullptr;
    std::string head;  // its bytes, whole
    std::string body;
    std::string what;  // "POST /reload", for the log
};

struct AdminDone {
    std::uint64_t connection = 0;
    std::string what;
    AdminReply reply;
};

class AdminWorker {
 public:
    static constexpr std::size_t kJobsMax = 16;

    AdminWorker() = default;
    AdminWorker(const AdminWorker&) = delete;
    AdminWorker& operator=(const AdminWorker&) = delete;
    ~AdminWorker() { stop(); }

    /// `on_done` is called on the worker's thread.
    void start(std::function<void()> on_done);
    /// False when kJobsMax wait already.
    bool submit(AdminJob job);
    std::vector<AdminDone> take_done();
    /// Drops the jobs that wait, and waits for the one that runs.
    void stop();

 private:
    void run();

    std::function<void()> on_done_;
    std::mutex mutex_;  // of what follows
    std::condition_variable wake_;
    std::deque<AdminJob> jobs_;
    std::vector<AdminDone> done_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ringway::control
