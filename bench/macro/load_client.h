// The bench's HTTP client: many connections on one ring, one thread. It learns the length of the
// answer once and from then on counts bytes and looks at status lines, so that it costs less than
// any proxy it measures. Every answer of a run must be equally long.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/base/socket_address.h"
#include "ringway/observe/histogram.h"
#include "ringway/ring/ring.h"

namespace bench {

struct LoadSettings {
    ringway::base::SocketAddress connect;
    std::string path = "/";
    std::uint32_t connections = 64;
    bool new_connection = false;  // for each request, closed by the server
    double rate = 0;              // requests a second at Poisson times; 0: as fast as answers come
};

/// Counts since the last reset.
struct LoadCounts {
    std::uint64_t requests = 0;  // answered in full with status 200
    std::uint64_t bytes = 0;     // received
    std::uint64_t refused = 0;   // connections that could not be opened
    std::uint64_t broken = 0;    // connections that ended with an error
    std::uint64_t cut = 0;       // connections that ended where an answer was due
    std::uint64_t wrong = 0;     // answers with another status or length
    std::uint64_t connects = 0;
    // open loop: requests that waited for a free connection at one time
    std::uint64_t queue_max = 0;
    ringway::base::Duration lag_max{0};  // open loop: how late the latest request went out
    std::uint64_t errors() const { return refused + broken + cut + wrong; }
    std::unique_ptr<ringway::observe::Histogram> latency =
        std::make_unique<ringway::observe::Histogram>();
};

class LoadClient {
 public:
    LoadClient(const LoadSettings& settings, ringway::ring::Ring& ring);
    ~LoadClient();

    /// Makes one request and learns the answer; false when there is none within a second, or none
    /// with a length.
    bool learn();
    /// Opens all connections and starts the load.
    void start();
    /// One pass that does not last beyond `until`.
    void turn(ringway::base::Instant until);
    /// Ends all connections.
    void stop();

    LoadCounts& counts() { return counts_; }
    void reset_counts() { counts_ = LoadCounts(); }
    std::uint64_t answer_bytes() const { return answer_bytes_; }

 private:
    class Connection;

    void issue_due();
    void on_free(Connection& connection);

    LoadSettings settings_;
    ringway::ring::Ring& ring_;
    std::string request_;
    std::uint64_t answer_bytes_ = 0;  // of head and body; 0: not learned yet
    bool discards_ = false;           // true exactly when bodies are thrown away in the kernel
    bool stopping_ = false;
    LoadCounts counts_;
    std::deque<Connection> connections_;
    std::vector<Connection*> free_;                // open loop: connections without a request
    std::deque<ringway::base::Instant> intended_;  // open loop: due, but no connection is free
    ringway::base::Instant next_due_{};
    ringway::base::Prng prng_{1};
};

}  // namespace bench
