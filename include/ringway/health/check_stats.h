// What the checks of one upstream came to: written by the shard that makes them, read by the
// control plane at any time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/health/probe.h"

namespace ringway::health {

/// The last word of one layer of a check.
struct LayerResult {
    bool known = false;
    bool passed = false;
    base::Instant at{};
    std::string detail;  // of a failure
};

/// A copy for reading.
struct CheckReport {
    std::string name;
    std::uint16_t shard = 0;  // that makes it
    std::uint64_t total = 0, passed = 0, failed = 0, rate_limited = 0, credentials = 0;
    base::Duration ewma{0}, p95{0}, last_latency{-1};
    // of the time from request to first byte beyond the network's round trip (as RFC 6298 has it),
    // so that a shard which never made this check knows how long its answer may take
    base::Duration thinking_srtt{0}, thinking_rttvar{0};
    std::uint16_t last_status = 0;
    ProbeEnd last_end = ProbeEnd::passed;
    base::Instant last_at{};
    std::uint32_t failures_in_row = 0, successes_in_row = 0;
    std::array<LayerResult, kLayers> layers;
};

/// What one check of one upstream came to, behind a lock of its own: it is written a few times a
/// second at most, and never on the request path.
class CheckRecord {
 public:
    CheckReport read() const {
        const std::lock_guard lock(mutex_);
        return report_;
    }
    template <class Change>
    void change(Change&& change_report) {
        const std::lock_guard lock(mutex_);
        change_report(report_);
    }

 private:
    mutable std::mutex mutex_;
    CheckReport report_;
};

/// The records of all checks, by upstream and name. Any thread.
class CheckStats {
 public:
    CheckStats() = default;
    CheckStats(const CheckStats&) = delete;
    CheckStats& operator=(const CheckStats&) = delete;

    /// Made when it is not there.
    std::shared_ptr<CheckRecord> record(cluster::Place upstream, const std::string& check);
    /// As long as nobody made one: of zeros, with its name.
    CheckReport read(cluster::Place upstream, const std::string& check) const;
    /// Forgets the records of checks that this configuration does not have.
    void keep_only(const config::Config& config);

 private:
    // pool, upstream, name of the check
    using Key = std::tuple<std::uint16_t, std::uint16_t, std::string>;
    static Key key_of(cluster::Place upstream, const std::string& check) {
        return {upstream.pool.value, upstream.upstream.value, check};
    }
    mutable std::mutex mutex_;
    std::map<Key, std::shared_ptr<CheckRecord>> records_;
};

}  // namespace ringway::health
