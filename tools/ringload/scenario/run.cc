#include "scenario/run.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <future>
#include <optional>
#include <thread>
#include <tuple>

#include "cli/url.h"
#include "plan/mix.h"
#include "plan/request.h"
#include "ringway/ring/kernel_ring.h"
#include "scenario/exchange.h"
#include "scenario/figures.h"
#include "scenario/proxy_word.h"
#include "scenario/stage.h"

namespace ringload {

namespace {

using ringway::ring::read_clock;
using std::chrono::milliseconds;
using Done = std::expected<void, std::string>;

// From when everything is up to the warm-up: the threads of the load are there by then.
constexpr Duration kLeadTime = milliseconds(100);
// ringway is asked what it holds overdue so long before a fault, and has less time to answer.
constexpr Duration kLookAhead = milliseconds(300);
constexpr Duration kLookPatience = milliseconds(250);
constexpr Duration kWordPatience = std::chrono::seconds(2);
constexpr Duration kTick = milliseconds(20);

std::int64_t now_ns() { return read_clock().time_since_epoch().count(); }

/// What is known of a fault while and after it lasts.
struct FaultCourse {
    const FaultPlan* plan;
    std::optional<std::int64_t> begun_ns;  // it took effect then, at the earliest
    std::optional<std::int64_t> ended_ns;
    std::optional<double> overdue_ms;
};

struct Moment {
    enum class What : std::uint8_t { end, look, begin };
    Duration at;
    What what;
    FaultCourse* fault;
};

class Round {
 public:
    Round(const Scenario& scenario, LoadPlan plan, const StopSwitch& stop, const ScenarioEars& ears)
        : scenario_(scenario), plan_(std::move(plan)), stop_(stop), ears_(ears), stage_(scenario) {
        for (const FaultPlan& fault : scenario.faults) courses_.push_back({&fault, {}, {}, {}});
    }

    std::expected<Result, std::string> run();

 private:
    std::vector<Moment> moments();
    Done act(const Moment& moment);
    /// False when the run ends before.
    bool wait_until(Instant moment);
    Done play_faults();
    void hear_proxy();
    void set_figures(Result& result);
    std::optional<std::int64_t> return_of(const FaultCourse& course, const Result& result) const;
    FaultMoments moments_of(const FaultCourse& course, const Result& result) const;
    FaultFigures figures_of_course(const FaultCourse& course, const Result& result) const;
    std::string name_of_origin(const FaultPlan& fault) const;
    void say(const std::string& line) const {
        if (ears_.say) ears_.say(line);
    }
    void warn(const std::string& line) const {
        if (ears_.warn) ears_.warn(line);
    }

    const Scenario& scenario_;
    LoadPlan plan_;
    const StopSwitch& stop_;
    const ScenarioEars& ears_;
    Stage stage_;
    std::vector<FaultCourse> courses_;
    StopSwitch end_load_;
    Instant measure_begin_{};
    std::future<std::expected<Result, std::string>> load_;
    std::string events_;  // as ringway's admin API has them
    std::optional<std::vector<Sight>> sights_;
};

std::expected<Result, std::string> Round::run() {
    const std::string& ready = scenario_.proxy.ready;
    auto target = parse_url(ready.empty() ? scenario_.load.url : ready);
    if (!target) return std::unexpected(target.error());
    if (ready.empty()) target->connect = plan_.connect;
    if (auto up = stage_.set_up(*target, stop_); !up) return std::unexpected(up.error());
    if (const auto pid = stage_.proxy_pid()) plan_.watched.push_back(*pid);

    plan_.begin = read_clock() + kLeadTime;
    measure_begin_ = plan_.begin + plan_.warm_up;
    load_ = std::async(std::launch::async, [this] {
        if (scenario_.load.realtime) {  // its threads inherit it
            const sched_param priority{.sched_priority = 1};
            sched_setscheduler(0, SCHED_RR, &priority);
        }
        return run_load(plan_, end_load_, ears_.on_sample);
    });
    const Done played = play_faults();
    if (!played) end_load_.stop = true;
    while (load_.wait_for(kTick) != std::future_status::ready) {
        if (stop_.stop) end_load_.stop = true;
    }
    auto result = load_.get();
    if (!played) return std::unexpected(played.error());
    if (!result) return result;
    hear_proxy();
    if (const std::string missing = stage_.missing(); !missing.empty()) warn(missing);
    set_figures(*result);
    return result;
}

std::vector<Moment> Round::moments() {
    std::vector<Moment> all;
    for (FaultCourse& course : courses_) {
        const FaultPlan& plan = *course.plan;
        if (scenario_.proxy.admin && plan.origin)
            all.push_back({plan.at - kLookAhead, Moment::What::look, &course});
        all.push_back({plan.at, Moment::What::begin, &course});
        if (plan.until) all.push_back({*plan.until, Moment::What::end, &course});
    }
    // what ends comes before what begins at the same time
    std::ranges::sort(all, {}, [](const Moment& m) { return std::tuple(m.at, m.what, m.fault); });
    return all;
}

bool Round::wait_until(Instant moment) {
    for (;;) {
        if (stop_.stop) end_load_.stop = true;
        const bool is_over = load_.wait_for(Duration(0)) == std::future_status::ready;
        if (end_load_.stop || is_over) return false;
        const Duration left = moment - read_clock();
        if (left <= Duration(0)) return true;
        std::this_thread::sleep_for(std::min(left, kTick));
    }
}

Done Round::play_faults() {
    for (const Moment& moment : moments()) {
        if (!wait_until(measure_begin_ + moment.at)) return {};
        if (auto done = act(moment); !done) return done;
    }
    return {};
}

std::string Round::name_of_origin(const FaultPlan& fault) const {
    return fault.origin ? scenario_.origins[*fault.origin].name : std::string();
}

Done Round::act(const Moment& moment) {
    FaultCourse& course = *moment.fault;
    const FaultPlan& plan = *course.plan;
    const std::string name = name_of_origin(plan);
    switch (moment.what) {
        case Moment::What::look:
            if (const auto answer =
                    ask(*scenario_.proxy.admin, "GET", "/upstreams", "ringway", kLookPatience)) {
                course.overdue_ms = overdue_ms(answer->body, name);
            }
            return {};
        case Moment::What::begin: {
            const std::int64_t at = now_ns();
            if (auto done = stage_.begin(plan); !done) return done;
            course.begun_ns = at;
            say(fmt::format("{}{}{}", name, name.empty() ? "" : ": ", name_of(plan.kind)));
            return {};
        }
        case Moment::What::end: {
            const std::int64_t at = now_ns();
            if (auto done = stage_.end(plan); !done) return done;
            course.ended_ns = at;
            say(fmt::format("{}{}{} is over", name, name.empty() ? "" : ": ", name_of(plan.kind)));
            return {};
        }
    }
    return {};
}

void Round::hear_proxy() {
    if (scenario_.proxy.admin) {
        const auto answer =
            ask(*scenario_.proxy.admin, "GET", "/events?limit=1024", "ringway", kWordPatience);
        if (answer && answer->status == 200) {
            events_ = answer->body;
        } else {
            say(fmt::format(
                "ringway's events are not known: {}",
                answer ? fmt::format("it answers {}", answer->status) : answer.error()));
        }
    }
    if (Watch* watch = stage_.watch()) {
        sights_ = watch->stop();
        if (watch->lost() > 0)
            warn(fmt::format("the watch lost {} packets: its figures are incomplete",
                             watch->lost()));
    }
}

/// Nothing where the fault lasts until the end: as planned, though its end and that of the load are
/// two clocks' business, or as it came.
std::optional<std::int64_t> Round::return_of(const FaultCourse& course,
                                             const Result& result) const {
    const auto& until = course.plan->until;
    const bool planned = until && (plan_.duration == Duration(0) || *until < plan_.duration);
    const std::int64_t end = result.begun_ns + result.measured.count();
    return planned && course.ended_ns && *course.ended_ns < end ? course.ended_ns : std::nullopt;
}

FaultMoments Round::moments_of(const FaultCourse& course, const Result& result) const {
    const std::int64_t end = result.begun_ns + result.measured.count();
    FaultMoments moments{result.begun_ns, *course.begun_ns, return_of(course, result).value_or(end),
                         end};
    for (const FaultCourse& other : courses_) {
        if (&other == &course || !other.begun_ns) continue;
        if (other.ended_ns && *other.ended_ns <= moments.fault_ns)
            moments.calm_ns = std::max(moments.calm_ns, *other.ended_ns);
        if (*other.begun_ns >= moments.back_ns)
            moments.end_ns = std::min(moments.end_ns, *other.begun_ns);
    }
    return moments;
}

FaultFigures Round::figures_of_course(const FaultCourse& course, const Result& result) const {
    const FaultPlan& plan = *course.plan;
    FaultSettings settings{.round_trip = scenario_.round_trip};
    settings.origins = scenario_.origins.size();
    if (!plan_.steps.empty()) settings.rate = plan_.steps.front().per_second;
    const std::string name = name_of_origin(plan);
    if (plan.origin) {
        settings.origin = static_cast<std::uint16_t>(*plan.origin);
        settings.latency = scenario_.origins[*plan.origin].latency;
        const auto known = std::ranges::find(result.origins, name);
        if (known != result.origins.end())
            settings.record_origin = static_cast<std::uint8_t>(known - result.origins.begin());
    }
    if (plan.kind == FaultKind::rate_limit) settings.retry_after = plan.retry_after;
    const FaultMoments moments = moments_of(course, result);
    FaultFigures figures =
        figures_of(result.records, sights_ ? &*sights_ : nullptr, moments, settings);
    figures.origin = name;
    figures.kind = name_of(plan.kind);
    figures.at = Duration(moments.fault_ns - result.begun_ns);
    figures.until = Duration(moments.back_ns - result.begun_ns);
    figures.overdue_ms = course.overdue_ms;
    if (!events_.empty() && plan.origin) {
        const std::int64_t offset = ringway::ring::read_unix_offset_ns();
        figures.told_ms =
            told_ms(events_, name, moments.fault_ns + offset, moments.end_ns + offset);
    }
    return figures;
}

void Round::set_figures(Result& result) {
    const auto mark = [&](std::int64_t at_ns, const FaultPlan& plan, std::string_view text) {
        const std::string name = name_of_origin(plan);
        result.marks.push_back({Duration(at_ns - result.begun_ns),
                                fmt::format("{}{}{}", name, name.empty() ? "" : " ", text)});
    };
    const std::int64_t end = result.begun_ns + result.measured.count();
    for (const FaultCourse& course : courses_) {
        if (!course.begun_ns || *course.begun_ns >= end) continue;
        mark(*course.begun_ns, *course.plan, name_of(course.plan->kind));
        if (const auto back = return_of(course, result)) mark(*back, *course.plan, "back");
        result.faults.push_back(figures_of_course(course, result));
    }
    std::ranges::sort(result.marks, {}, [](const Mark& m) { return std::tie(m.at, m.text); });
}

}  // namespace

std::expected<Result, std::string> run_scenario(const Scenario& scenario, LoadPlan plan,
                                                const StopSwitch& stop, const ScenarioEars& ears) {
    return Round(scenario, std::move(plan), stop, ears).run();
}

Duration phase_of(std::uint32_t round) { return milliseconds(25) * (round * 7 % 20); }

std::expected<LoadPlan, std::string> plan_of(const Scenario& scenario) {
    const LoadSettings& load = scenario.load;
    const auto target = parse_url(load.url);
    if (!target) return std::unexpected("`url`: " + target.error());
    LoadPlan plan;
    plan.url = load.url;
    plan.connect = target->connect;
    plan.authority = target->authority;
    if (!load.connect.empty()) {
        const auto address = parse_connect(load.connect);
        if (!address) return std::unexpected("`connect`: " + address.error());
        plan.connect = *address;
    }
    if (load.mix.empty()) {
        RequestKind kind{.target = target->path};
        complete(kind);
        plan.mix.push_back(std::move(kind));
    } else {
        auto mix = load_mix(load.mix);
        if (!mix) {
            std::string lines;
            for (const ringway::config::Error& error : mix.error())
                lines += (lines.empty() ? "" : "\n") + error.text();
            return std::unexpected(lines);
        }
        plan.mix = std::move(*mix);
    }
    if (load.rate > 0) {
        plan.arrivals = load.poisson ? Arrivals::poisson : Arrivals::constant;
        plan.steps.push_back({load.rate, load.duration});
    }
    plan.connections = load.connections;
    plan.connections_max = load.rate > 0 ? load.connections_max : load.connections;
    plan.pipeline = load.pipeline;
    plan.requests_per_connection = load.requests_per_connection;
    plan.threads = load.threads;
    plan.cpus = load.cpus;
    plan.warm_up = load.warm_up;
    plan.duration = load.duration;
    plan.timeout = load.timeout;
    plan.connect_timeout = load.connect_timeout;
    plan.sample_interval = load.sample_interval;
    plan.seed = load.seed;
    plan.keep_records = true;
    plan.origin_field = load.origin_field;
    return plan;
}

}  // namespace ringload
