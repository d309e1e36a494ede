#include "load/run.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "load/gather.h"
#include "load/process_sample.h"
#include "load/worker.h"
#include "ringway/ring/kernel_features.h"
#include "ringway/ring/kernel_ring.h"

namespace ringload {

namespace ring = ringway::ring;

namespace {

// How often a request to stop is looked for; also the least distance between two samples.
constexpr Duration kTick = std::chrono::milliseconds(20);
// From when all threads are there to the first connection.
constexpr Duration kLeadTime = std::chrono::milliseconds(5);
constexpr Duration kNoStep = Duration::max();

/// CPU times at one moment; two of them are a result.
struct CpuReading {
    Duration own{0};
    std::vector<Duration> threads;
    std::vector<ProcessSample> watched;
    ProcessSample core;
};

CpuReading read_cpu(const std::deque<Worker>& workers, const LoadPlan& plan) {
    CpuReading reading;
    for (const Worker& worker : workers) {
        reading.threads.push_back(worker.cpu_time());
        reading.own += reading.threads.back();
    }
    for (const pid_t pid : plan.watched) reading.watched.push_back(sample_processes({pid}, -1));
    if (plan.watched_core >= 0) reading.core = sample_processes({}, plan.watched_core);
    return reading;
}

/// The thread that called run_load(): waits, reads, stops.
class Run {
 public:
    Run(const LoadPlan& plan, const StopSwitch& stop, const OnSample& on_sample)
        : stop_(stop), on_sample_(on_sample), shared_{plan, {}, {}, {}} {
        result_.plan = plan;
    }

    std::expected<Result, std::string> run() {
        if (auto started = start(); !started) {
            stop_workers();
            return std::unexpected(started.error());
        }
        wait_until(measure_begin_);
        result_.begun_ns = measure_begin_.time_since_epoch().count();
        result_.begun_unix_ns = result_.begun_ns + ring::read_unix_offset_ns();
        const CpuReading before = read_cpu(workers_, shared_.plan);
        const CpuReading after = watch();
        result_.interrupted = is_stopped() && !is_over();
        stop_workers();
        gather(workers_, result_);
        note_measured_time();
        gather_records(workers_, result_);
        note_cpu(before, after);
        return std::move(result_);
    }

 private:
    std::expected<void, std::string> start() {
        const LoadPlan& plan = shared_.plan;
        const auto features = ring::probe_kernel_features();
        if (!features) return std::unexpected(features.error());
        shared_.features = *features;
        for (const RequestKind& kind : plan.mix) shared_.texts.emplace_back(kind, plan.authority);
        shared_.gaits =
            deal_gaits(plan.misbehaviour, std::max(plan.connections, plan.connections_max));
        // a thread without a brisk connection could never make its part of the requests
        const std::uint32_t threads =
            std::clamp(brisk_at_start(plan, shared_.gaits), 1u, plan.threads);
        result_.plan.threads = threads;
        for (std::uint32_t i = 0; i < threads; ++i) {
            auto started = workers_.emplace_back(shared_, i, threads).start();
            if (!started) return started;
        }
        const Instant begin = std::max(plan.begin, ring::read_clock() + kLeadTime);
        measure_begin_ = begin + plan.warm_up;
        for (Worker& worker : workers_) worker.begin(begin, measure_begin_);
        return {};
    }

    bool is_stopped() const { return stop_.stop.load(std::memory_order_relaxed); }
    bool is_over() const {
        return std::ranges::all_of(workers_, [](const Worker& worker) { return worker.is_over(); });
    }
    Duration since_begin() const { return ring::read_clock() - measure_begin_; }

    void wait_until(Instant at) const {
        while (ring::read_clock() < at && !is_stopped()) {
            std::this_thread::sleep_for(std::min(kTick, at - ring::read_clock()));
        }
    }

    /// Samples until every request has ended. CPU times at the end of the measured time.
    CpuReading watch() {
        const Duration duration = shared_.plan.duration;
        const Duration end = duration.count() > 0 ? duration : Duration::max();
        const Duration interval = std::max(shared_.plan.sample_interval, kTick);
        Sampler sampler(workers_), step_sampler(workers_);
        Duration step_end = step_end_after({});
        std::optional<CpuReading> at_end;
        for (Duration next = interval; !is_over() && !is_stopped();) {
            const Duration now = since_begin();
            if (now >= end && !at_end) at_end = read_cpu(workers_, shared_.plan);
            if (now >= next) {
                sample(sampler);
                next += interval;
            }
            if (now >= step_end) {
                note_step(step_sampler, step_end);
                step_end = step_end_after(step_end);
            }
            const Duration wake = std::min({next, step_end, now < end ? end : next, now + kTick});
            std::this_thread::sleep_for(wake - since_begin());
        }
        if (step_end < kNoStep && result_.steps.size() < shared_.plan.steps.size()) {
            note_step(step_sampler, since_begin());
        }
        stopped_after_ = std::max(since_begin(), Duration(0));  // 0: while it warmed up
        if (!at_end) at_end = read_cpu(workers_, shared_.plan);
        if (stopped_after_.count() > 0) sample(sampler);  // of what came since the last one
        return *at_end;
    }

    void sample(Sampler& sampler) {
        result_.series.push_back(sampler.take(since_begin()));
        if (on_sample_) on_sample_(result_.series.back());
    }

    /// The end of the first step of a ramp that ends after `at`; kNoStep when there is none.
    Duration step_end_after(Duration at) const {
        Duration end{0};
        if (shared_.plan.steps.size() < 2) return kNoStep;
        for (const RateStep& step : shared_.plan.steps) {
            end += step.duration;
            if (end > at) return end;
        }
        return kNoStep;
    }

    /// What ended during a step. Answers to its last requests count in the next one.
    void note_step(Sampler& sampler, Duration at) {
        const Sample sample = sampler.take(at);
        StepResult step;
        step.rate = shared_.plan.steps[result_.steps.size()].per_second;
        step.duration = sample.length;
        step.answered_rate = sample.rate;
        step.errors = sample.errors;
        step.p50_ns = sample.p50_ns;
        step.p99_ns = sample.p99_ns;
        step.p999_ns = sampler.latency().quantile_ns(0.999);
        step.max_ns = sample.max_ns;
        result_.steps.push_back(step);
    }

    void stop_workers() {
        for (Worker& worker : workers_) worker.request_stop();
        for (Worker& worker : workers_) worker.join();
    }

    void note_measured_time() {
        const Duration planned = shared_.plan.duration;
        result_.measured = stopped_after_;
        if (planned.count() > 0) result_.measured = std::min(result_.measured, planned);
        if (shared_.plan.requests == 0 || result_.counts.due < shared_.plan.requests) return;
        // so many requests: their time is that of the last one
        Instant last = measure_begin_;
        for (const Worker& worker : workers_) last = std::max(last, worker.last_done());
        result_.measured = std::min(result_.measured, last - measure_begin_);
    }

    void note_cpu(const CpuReading& before, const CpuReading& after) {
        const auto measured =
            static_cast<double>(std::max<std::int64_t>(result_.measured.count(), 1));
        result_.own_cpu.pid = getpid();
        result_.own_cpu.user_and_system = after.own - before.own;
        for (std::size_t i = 0; i < before.threads.size(); ++i) {
            const Duration used = after.threads[i] - before.threads[i];
            result_.busiest_thread =
                std::max(result_.busiest_thread, static_cast<double>(used.count()) / measured);
        }
        for (std::size_t i = 0; i < before.watched.size(); ++i) {
            const ProcessSample& from = before.watched[i];
            const ProcessSample& to = after.watched[i];
            if (to.cpu_ns < from.cpu_ns) continue;  // it ended meanwhile: what it used is not known
            result_.watched_cpu.push_back(
                {shared_.plan.watched[i], Duration(to.cpu_ns - from.cpu_ns),
                 static_cast<std::uint64_t>(to.switches - from.switches)});
        }
        if (shared_.plan.watched_core < 0) return;
        result_.core = {shared_.plan.watched_core,
                        Duration(after.core.core_busy_ns - before.core.core_busy_ns),
                        Duration(after.core.core_steal_ns - before.core.core_steal_ns)};
    }

    const StopSwitch& stop_;
    const OnSample& on_sample_;
    Shared shared_;
    Instant measure_begin_{};
    Result result_;
    std::deque<Worker> workers_;
    Duration stopped_after_{0};  // of the measured time
};

}  // namespace

std::expected<Result, std::string> run_load(const LoadPlan& plan, const StopSwitch& stop,
                                            const OnSample& on_sample) {
    return Run(plan, stop, on_sample).run();
}

}  // namespace ringload
