// What a run is to do: a value that the command line or a scenario fills and the engine reads.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/base/time.h"

namespace ringload {

using ringway::base::Duration;
using ringway::base::Instant;

/// Inclusive.
struct StatusRange {
    std::uint16_t first = 200;
    std::uint16_t last = 399;
    bool has(std::uint16_t status) const { return status >= first && status <= last; }
};

/// What the body of an answer must add up to.
struct BodyChecksum {
    enum class Kind : std::uint8_t {
        none,
        fnv1a64,  // FNV-1a, 64 bits
        crc32,    // of ISO 3309, as zlib has it
        field,    // FNV-1a 64 in hexadecimal, as the answer's own field `field_name` says
    };
    Kind kind = Kind::none;
    std::uint64_t value = 0;
    std::string field_name;
};

/// One kind of request of the mix.
struct RequestKind {
    std::string name;  // in reports; "GET /path" when it was not given
    std::string method = "GET";
    std::string target = "/";  // path and query; "{n}" in it becomes the number of the request
    std::vector<std::pair<std::string, std::string>> headers;  // Host and framing are added
    std::string body;
    std::uint32_t weight = 1;
    std::vector<StatusRange> expected = {StatusRange{}};
    BodyChecksum checksum;
    std::optional<Duration> timeout;  // else that of the plan
};

enum class Arrivals : std::uint8_t {
    closed,    // a connection sends its next request when it has the answer to one
    constant,  // open loop: at equal distances
    poisson,   // open loop: at exponentially distributed distances
};

/// A rate that is held for a time.
struct RateStep {
    double per_second = 0;
    Duration duration{0};
};

/// Clients that do not behave as a benchmark's do. What they measure stands apart from the others.
struct Misbehaviour {
    double slow_readers = 0;  // share of the connections, 0 to 1
    std::uint64_t read_bytes_per_s = 1024;
    double slow_senders = 0;  // share of the connections
    std::uint64_t send_bytes_per_s = 64;
    double aborts = 0;  // share of the requests whose client leaves before the answer
    Duration abort_after = std::chrono::milliseconds(10);
    double churn_per_s = 0;  // connections that are closed and opened anew
};

struct LoadPlan {
    ringway::base::SocketAddress connect;
    std::string url;        // as the user wrote it, for reports
    std::string authority;  // of the Host field
    std::vector<RequestKind> mix;

    std::uint32_t connections = 64;             // opened at the start, in all threads together
    std::uint32_t connections_max = 64;         // open loop: more are opened while all are busy
    std::uint32_t pipeline = 1;                 // requests under way on one connection
    std::uint32_t requests_per_connection = 0;  // then it is closed; 0: no bound
    std::uint32_t threads = 1;
    std::vector<int> cpus;  // thread i runs on cpus[i % size]; empty: anywhere

    Arrivals arrivals = Arrivals::closed;
    std::vector<RateStep> steps;  // open loop: one or more, held one after the other

    Instant begin{};              // of the warm-up; the epoch: at once
    Duration warm_up{0};          // at the rate of the first step; nothing of it is counted
    Duration duration{0};         // measured; that of all steps together; 0: until `requests`
    std::uint64_t requests = 0;   // measured; 0: until `duration`
    Duration timeout{0};          // of a request from when it was due
    Duration connect_timeout{0};  // of a connection
    Duration sample_interval{0};  // between two points of Result::series
    std::uint64_t seed = 1;
    Misbehaviour misbehaviour;

    bool keep_records = false;   // fill Result::records
    std::string origin_field;    // of answers, that names who answered; "" when records need none
    std::vector<pid_t> watched;  // processes whose CPU time is measured
    int watched_core = -1;       // CPU whose load is measured, interrupts included; -1: none
};

}  // namespace ringload
