// Events: their names and severities.
#include "ringway/observe/event.h"

#include <algorithm>

namespace ringway::observe {

namespace {

struct Described {
    const char* name;
    const char* severity;
};

constexpr std::array<Described, kEventKinds> kKinds = {{
    {"healthy", "info"},
    {"unhealthy", "critical"},
    {"degraded", "warning"},
    {"recovered", "info"},
    {"draining", "info"},
    {"maintenance", "info"},
    {"ejected", "warning"},
    {"readmitted", "info"},
    {"rate_limited", "warning"},
    {"rate_limit_over", "info"},
    {"credentials_refused", "critical"},
    {"credentials_accepted", "info"},
    {"breaker_open", "warning"},
    {"breaker_half_open", "info"},
    {"breaker_closed", "info"},
    {"weight_set", "info"},
    {"failover", "warning"},
    {"panic", "critical"},
    {"panic_over", "info"},
    {"total_failure", "critical"},
    {"total_recovery", "info"},
}};

}  // namespace

const char* name_of(EventKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }
const char* severity_of(EventKind kind) { return kKinds[static_cast<std::size_t>(kind)].severity; }

void Event::set_evidence(std::string_view text) {
    evidence_size = static_cast<std::uint8_t>(std::min(text.size(), evidence.size()));
    std::copy_n(text.data(), evidence_size, evidence.data());
}

}  // namespace ringway::observe
