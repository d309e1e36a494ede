// What the checks of one upstream came to: written by the shard that makes them, read by the
// control plane at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ringway/base/time.h"
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

/// [pool][upstream][check]; one entry each, behind a lock of its own: it is written a few times a
/// second at most, and never on the request path.
class CheckStats {
 public:
    explicit CheckStats(const config::Config& config);
    CheckStats(const CheckStats&) = delete;
    CheckStats& operator=(const CheckStats&) = delete;

    CheckReport read(std::size_t pool, std::size_t upstream, std::size_t check) const;
    template <class Change>
    void change(std::size_t pool, std::size_t upstream, std::size_t check, Change&& change_report) {
        Entry& entry = *entries_[pool][upstream][check];
        const std::lock_guard lock(entry.mutex);
        change_report(entry.report);
    }

 private:
    struct Entry {
        mutable std::mutex mutex;
        CheckReport report;
    };
    std::vector<std::vector<std::vector<std::unique_ptr<Entry>>>> entries_;
};

}  // namespace ringway::health
