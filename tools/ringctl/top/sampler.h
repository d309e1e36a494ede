// Reads the server at an interval on a thread of its own, so that a server that hangs holds up no
// key. What it found last waits under a lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "client/client.h"
#include "top/screen.h"

namespace ringctl {

/// The pages that `top` shows, as they come: status, shards, pools, upstreams.
struct Pages {
    std::string status, shards, pools, upstreams;

    /// {"status":...,"shards":...,"pools":...,"upstreams":...} in one line.
    std::string json() const;
};
Result<Pages> fetch_pages(Client& client, std::chrono::milliseconds timeout);
Result<Reading> parse_pages(const Pages& pages);

class Sampler {
 public:
    /// `client` outlives it, and is nobody else's meanwhile.
    Sampler(Client& client, std::chrono::milliseconds interval);
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;
    /// Ends what is under way, within a second.
    ~Sampler();

    /// Readable when there is something to take.
    int descriptor() const { return ready_; }
    /// The last reading, or why there is none; nothing when there is nothing new.
    std::optional<Result<Reading>> take();

 private:
    void work();

    Client& client_;
    std::chrono::milliseconds interval_;
    int ready_ = -1;
    std::mutex mutex_;
    std::condition_variable stopping_;
    bool stopped_ = false;                 // guarded by mutex_
    std::optional<Result<Reading>> last_;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace ringctl
