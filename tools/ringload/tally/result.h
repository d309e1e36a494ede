// What a run found: a value, made when it ends. Reports, assertions and comparisons read it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "tally/tally.h"

namespace ringload {

/// Sums over the threads. Every count is of requests that were due within the measured time.
struct Counts {
    std::uint64_t due = 0;
    std::uint64_t answered = 0;       // whole answers of any status
    std::uint64_t answered_late = 0;  // of those, after the measured time
    // whole answers within the measured time, to requests due before it: part of the rate alone
    std::uint64_t answered_of_warm_up = 0;
    std::array<std::uint64_t, kFailures> failures{};
    std::uint64_t aborted = 0;
    std::uint64_t unfinished = 0;
    std::uint64_t slow_cut = 0;  // slow clients that the server ended, or that took too long
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t connects = 0;
    std::uint64_t backlog_max = 0;

    std::uint64_t errors() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t n : failures) sum += n;
        return sum;
    }
    std::uint64_t of(Failure failure) const { return failures[static_cast<std::size_t>(failure)]; }
};

/// What ended between two readings of the tallies.
struct Sample {
    Duration at{0};      // end of the interval, from the begin of the measured time
    Duration length{0};  // of the interval
    double rate = 0;     // whole answers a second, those to requests of the warm-up included
    double offered = 0;  // requests due a second
    std::uint64_t answered = 0;
    std::uint64_t errors = 0;
    std::uint64_t in_flight = 0;
    // of answers and time-outs; 0 when there were none
    std::uint64_t p50_ns = 0;
    std::uint64_t p90_ns = 0;
    std::uint64_t p99_ns = 0;
    std::uint64_t max_ns = 0;
};

/// A moment worth a line in a plot.
struct Mark {
    Duration at{0};  // from the begin of the measured time
    std::string text;
};

/// What became of one kind of request.
struct KindResult {
    std::string name;
    LatencySum latency;
    std::uint64_t failed = 0;
};

/// One rate of a ramp or of a search.
struct StepResult {
    double rate = 0;  // wanted, requests a second
    Duration duration{0};
    double answered_rate = 0;
    std::uint64_t errors = 0;
    std::uint64_t p50_ns = 0;
    std::uint64_t p99_ns = 0;
    std::uint64_t p999_ns = 0;
    std::uint64_t max_ns = 0;
    std::optional<bool> met;  // of a search: the bound was met
};

/// Times are ns of the monotonic clock.
struct Record {
    std::int64_t due_ns = 0;
    std::int64_t sent_ns = 0;        // 0: never
    std::int64_t first_byte_ns = 0;  // 0: none came
    std::int64_t done_ns = 0;        // answered, failed or given up
    std::uint32_t connection = 0;    // number, unique over all threads
    std::uint16_t status = 0;        // 0: none came
    std::uint16_t kind = 0;          // index in the mix
    Failure failure = Failure::none;
    bool aborted = false;
    std::uint8_t origin = kNoOrigin;  // index in Result::origins

    static constexpr std::uint8_t kNoOrigin = 255;
    static constexpr std::uint32_t kNoConnection = 0xffffffff;  // it never had one
};

/// A process that was watched, or ringload itself.
struct CpuUse {
    pid_t pid = 0;
    Duration user_and_system{0};  // within the measured time
    std::uint64_t switches = 0;   // context switches of its threads, voluntary or not
};

/// A CPU that was watched, whoever ran on it. The kernel counts in steps of 10 ms.
struct CoreUse {
    int cpu = 0;
    Duration busy{0};   // user, system and interrupts
    Duration steal{0};  // taken by the machine below
};

/// Of `--find-max`.
struct FoundMax {
    std::string bound;       // as written
    double rate = 0;         // the highest that met it; 0: none did
    double next_failed = 0;  // the lowest that did not; 0: none failed
};

/// Of one `--assert`.
struct AssertionOutcome {
    std::string text;  // as written
    bool holds = false;
    std::string found;  // what was measured, with its unit
};

/// What clients noticed of one fault of a scenario. Times are counted from when it took effect.
struct FaultFigures {
    std::string origin;
    std::string kind;  // "kill", "stop", "blackhole", "429", ...
    Duration at{0};    // from the begin of the measured time
    Duration until{0};

    std::uint64_t requests = 0;            // under way when it came, or due before its end
    std::uint64_t errors = 0;              // of those
    std::vector<std::string> error_kinds;  // names of failures, or statuses
    std::uint64_t slow = 0;                // answered, but later than normal + round trip + 2 ms
    std::uint64_t errors_before = 0;       // between the fault before it, or the begin, and it
    double normal_ms = 0;                  // median before it
    double p99_before_ms = 0;
    double worst_added_ms = 0;  // worst latency over normal
    double noise_ms = 0;        // the same before it, or how late the client itself was

    // From the wire: the last request or connect that the origin was tried with before it was left
    // alone for 250 ms; nothing when nobody watched or it was never left alone.
    std::optional<double> detected_ms;
    std::optional<double> halved_ms;            // until its traffic fell to half of its share
    std::optional<std::uint64_t> sent_after;    // tries between detection and its return
    std::optional<std::uint64_t> sent_cooling;  // requests before Retry-After was over
    std::optional<double> told_ms;              // until ringway's own events say that it is out
    std::optional<double> overdue_ms;  // from when ringway held a request overdue before it
    std::optional<double> shown_ms;    // until its end showed on the wire (FIN, RST)

    double recovered_ms = 0;               // until the last request with an error or 50 ms late
    std::optional<double> taken_back_ms;   // from its return until it answers half of its share
    std::uint64_t requests_on_return = 0;  // due from its return on
    std::uint64_t errors_on_return = 0;
    std::vector<std::string> error_kinds_on_return;
    double worst_added_on_return_ms = 0;
};

struct Result {
    LoadPlan plan;
    std::int64_t begun_unix_ns = 0;  // of the measured time
    std::int64_t begun_ns = 0;       // the same of the monotonic clock
    Duration measured{0};
    bool interrupted = false;

    Counts counts;
    LatencySum latency;      // from when they were due: answers of all statuses and time-outs
    LatencySum uncorrected;  // answers only, from when they were sent
    LatencySum first_byte;
    LatencySum connect;
    LatencySum lag;
    LatencySum slow;
    std::map<std::uint16_t, LatencySum> by_status;
    std::vector<KindResult> by_kind;  // as in the mix

    std::vector<Sample> series;
    std::vector<Mark> marks;
    std::vector<StepResult> steps;
    std::optional<FoundMax> found_max;
    std::vector<AssertionOutcome> assertions;

    CpuUse own_cpu;
    double busiest_thread = 0;  // share of the measured time that it was on a CPU: 1 is all of it
    std::vector<CpuUse> watched_cpu;
    std::optional<CoreUse> core;

    std::vector<Record> records;       // by due_ns, when the plan wants them
    std::vector<std::string> origins;  // that records name

    std::vector<FaultFigures> faults;  // of a scenario

    /// Answers a second of the measured time, whenever their requests were due. A server that
    /// cannot keep up with an open loop goes on answering behind it; that is not what it can do in
    /// a second.
    double rate() const {
        const std::uint64_t in_time =
            counts.answered - counts.answered_late + counts.answered_of_warm_up;
        return measured.count() > 0
                   ? static_cast<double>(in_time) * 1e9 / static_cast<double>(measured.count())
                   : 0.0;
    }
};

}  // namespace ringload
